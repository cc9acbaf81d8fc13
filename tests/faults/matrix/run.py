# Licensed under the Apache License, Version 2.0; see LICENSE.
"""The way of a cell."""

import os
import random
import shlex
import signal
import subprocess
import time

from harness.client import expect, template
from harness.fixtures import BUILD
from harness.rig import Engine, configuration
from stack import process

from .cells import DEPLOYMENTS, name
from .oracle import Oracle, Verdict
from .strike import Strike

SEED = int(os.environ.get("ORCHESTRATOR_SEED", "0")) or random.randrange(1, 10 ** 6)
SECONDS = 10 * 60  # so long cells are begun, in one process of pytest, however slow the machine
# Every step takes a while, so that moments lie apart.
BEHAVIOUR = {"launch_ms": 60, "boot_ms": 60, "delete_ms": 60}
TIMES = {"lease": 1500, "im_timeout": 800, "im_create_timeout": 800}
# All that is said of what is broken here. A crash is never expected.
ANY_LINE = r"^(?!.*(exit signal|Sanitizer|runtime error))"


class Place:
    """A stack whose httpd serves the API only, and the daemons of a cell beside it."""

    def __init__(self, stack):
        self.stack = stack
        self.began = time.monotonic()
        self.daemons = []
        self.build = BUILD or os.path.join(process.CHECKOUT, "build")
        self.wrapper = shlex.split(os.environ.get("ORCHESTRATOR_WRAPPER", ""))
        self.path = stack.path
        self._number = 0

    def has_time(self):
        return time.monotonic() - self.began < SECONDS

    def daemon(self, **config):
        """Starts one more."""
        self._number += 1
        self.daemons.append(Engine(self, self._number, configuration(self.stack, **{**TIMES, **config})))

    def wait_for_silence(self):
        """Until every call under way is answered or given up."""
        self.stack.wait_for(lambda: self.stack.control.get("calls")["in_flight"] == 0, 20, "no call under way")

    def end_daemons(self):
        """Whether all of them lived to their end."""
        lived = True
        for one in self.daemons:
            lived = lived and one.process.poll() is None
            if one.process.poll() is None:
                one.signal(signal.SIGCONT)
                one.process.terminate()
        for one in self.daemons:
            try:
                one.process.wait(15)
            except subprocess.TimeoutExpired:
                one.kill()
        self.daemons.clear()
        return lived

    def mend(self):
        """No fault any more, whatever a cell left."""
        if not self.stack.postgres.running():
            self.stack.start_postgres()
        for one in self.daemons:
            if one.process.poll() is None:
                one.signal(signal.SIGCONT)
        self.stack.control.post("database", {"away": False})
        self.stack.control.mend()


def run(place, cell, seed):
    """Runs a cell; the verdict."""
    choose, verdict = random.Random("%d %s" % (seed, name(cell))), Verdict()
    print("ORCHESTRATOR_SEED=%d" % seed)
    strike = Strike(place, cell, choose)
    place.stack.expect_log(ANY_LINE)
    try:
        _run(place, cell, strike, verdict)
    finally:
        strike.let_go()
        place.mend()
        place.stack.control.release()
        if not place.end_daemons():
            verdict.stuck.append("a daemon died")
        strike.end()
        verdict.faults = strike.injected
    return verdict


def _run(place, cell, strike, verdict):
    stack, person = place.stack, place.stack.person()
    settings = {**BEHAVIOUR, **({"undocumented": 1, "nameless": 1} if cell.what == "nameless" else {})}
    stored = [person.store_template(template(im_simulator=settings)) for _ in range(DEPLOYMENTS)]
    strike.prepare()
    if cell.during != "delete":
        strike.arm()
    oracle = Oracle(stack, person, [person.deploy(one) for one in stored])
    if cell.during != "delete":
        _meet(place, strike, oracle)
    _see_to_the_end(place, strike, oracle, verdict, "after its creation", "ended" if cell.during != "delete" else None)
    if cell.during == "delete":
        strike.arm()
    _delete(person, oracle)
    if cell.during == "delete":
        _meet(place, strike, oracle)
    _see_to_the_end(place, strike, oracle, verdict, "after its deletion",
                    "ended" if cell.during == "delete" else "deleted")
    verdict.operations = len(oracle.operations())


def _delete(person, oracle):
    for id in oracle.ids:
        person.stack.wait_for(lambda id=id: expect(person.delete("/deployments/" + id), 202), 20, "the DELETE")


def _meet(place, strike, oracle):
    """Waits for the moment and acts."""
    place.stack.wait_for(lambda: strike.has_struck() or oracle.is_over(), 30, "the moment of the fault")
    assert strike.has_struck(), "no such call was made"
    strike.act(oracle.is_over)
    place.stack.wait_for(lambda: oracle.operations() is not None, 30, "the API")


def _see_to_the_end(place, strike, oracle, verdict, when, moment):
    oracle.wait_until_over(verdict, when)
    if strike.is_held_until(moment):
        place.stack.control.release()
        place.wait_for_silence()
    oracle.wait_until_equal(verdict, when)
