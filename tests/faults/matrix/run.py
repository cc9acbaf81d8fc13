# Licensed under the Apache License, Version 2.0; see LICENSE.
"""The way of a cell."""

import concurrent.futures
import json
import os
import random
import shlex
import signal
import subprocess
import time

from harness import live
from harness.client import expect, template, unique
from harness.fixtures import BUILD
from harness.rig import Engine, configuration
from stack import local, process

from .cells import DEPLOYMENTS, name
from .oracle import Oracle, Verdict
from .strike import Strike

SEED = int(os.environ.get("ORCHESTRATOR_SEED", "0")) or random.randrange(1, 10 ** 6)
# So long cells are begun, in each process of pytest, however slow the machine.
SECONDS, BEGAN = 14 * 60, time.monotonic()
# Every step takes a while, so that moments lie apart.
BEHAVIOUR = {"launch_ms": 60, "boot_ms": 60, "delete_ms": 60}
TIMES = {"lease": 1500, "im_timeout": 800, "im_create_timeout": 800, "looks": [300, 600, 1200, 2400, 4800, 9600]}
LINES = 40  # of a daemon's log, for whoever looks into a cell that failed
# All that is said of what is broken here. A crash is never expected.
ANY_LINE = r"^(?!.*(exit signal|Sanitizer|runtime error))"


PAIR = "two-ims"  # a group
# Machines in numbers, and owners' accounts on them.
WORKERS = """\
tosca_definitions_version: tosca_simple_yaml_1_0
metadata: {{ template_name: {name}, im_simulator: {settings} }}
topology_template:
  inputs:
    workers: {{ type: integer, default: 2 }}
    users: {{ type: list, default: [] }}
  node_templates:
    worker:
      type: tosca.nodes.indigo.Compute
      properties: {{ os_users: {{ get_input: users }} }}
      capabilities: {{ scalable: {{ properties: {{ count: {{ get_input: workers }} }} }} }}
  outputs:
    ips: {{ value: {{ get_attribute: [ worker, private_address ] }} }}
"""
# What becomes of it by another template: a node comes, another one has less.
TURNED = """\
  node_templates:
    other:
      type: tosca.nodes.indigo.Compute
"""
CHANGES = ("grow", "shrink", "owner", "turn")
MACHINES = ("stop", "reboot")


def providers(stack):
    """The harness's, and two that serve PAIR: the first one fails, the second one is at another IM."""
    value = live.providers(stack)
    other = stack.im_url.replace("127.0.0.1", "localhost")
    value["providers"] += [
        live.provider(stack, "first-im", [PAIR], "id = {name}; type = Dummy; behaviour = all_vms_failed"),
        live.provider(stack, "second-im", [PAIR], im=other)]
    return value


class Place:
    """A stack whose httpd serves the API only, and the daemons of a cell beside it."""

    def __init__(self, stack):
        self.stack = stack
        self.daemons, self.logs = [], []  # logs: of all daemons of this cell
        self.more = {}  # what all daemons of this cell are told
        self.build = BUILD or os.path.join(process.CHECKOUT, "build")
        self.wrapper = shlex.split(os.environ.get("ORCHESTRATOR_WRAPPER", ""))
        self.path = stack.path
        self._number = 0

    @staticmethod
    def has_time():
        return time.monotonic() - BEGAN < SECONDS

    def daemon(self, **config):
        """Starts one more."""
        self._number += 1
        self.daemons.append(Engine(self, self._number, configuration(
            self.stack, **{**TIMES, **self.more, **config})))
        self.logs.append(self.daemons[-1])

    def tell(self):
        """What the daemons of the last cell said at its end, and what they left."""
        for one in self.logs:
            print("\n".join(["--- " + one.log] + one.text().splitlines()[-LINES:]))
        for row in self.stack.sql("""SELECT to_jsonb(w), to_jsonb(i) - 'note' FROM work w
                                     LEFT JOIN infrastructures i USING (id) WHERE w.kind <> 'sweep'"""):
            print(*row)

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

    def begin(self):
        """A new cell."""
        self.logs.clear()
        # What former cells left is no business of this one; with a record of failures a provider would come last.
        for table in ("work", "infrastructures", "sweeps", "provider_records"):
            self.stack.sql("DELETE FROM " + table)

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
    place.begin()
    try:
        Way(place, cell, strike, verdict).go()
    finally:
        strike.let_go()
        place.mend()
        place.stack.control.release()
        if not place.end_daemons():
            verdict.stuck.append("a daemon died")
        strike.end()
        verdict.faults = strike.injected
        if not verdict.is_good():
            place.tell()
    return verdict


# What the deployments of a cell are told to do beside BEHAVIOUR, and what else daemons are told: by words of its name.
BEHAVIOURS = {"stuck": {"refuse": 6},  # three asynchronous deletions without effect, three that IM refuses
              "nameless": {"undocumented": 1, "nameless": 1}, "work_poll": {"boot_ms": 600, "delete_ms": 600},
              "again-delete": {"refuse": 6}, "again-stop": {"power_ms": 60, "power_refused": 1},
              "againbulk-stop": {"power_ms": 60, "power_refused": 1},
              **dict.fromkeys(("stop", "end-stop", "bulk-stop", "bulk-start", "endbulk-stop"), {"power_ms": 60})}
WATCHED = {"watch_interval": 300}
DAEMONS = {"stuck": {"looks": [300, 600, 1200]}, "work_renew": {"im_create_timeout": 3000},
           **dict.fromkeys(("stop", "reboot", "watch", "end-stop", "end-reboot", "again-stop", "bulk-stop",
                            "bulk-start", "endbulk-stop", "againbulk-stop"), WATCHED)}
# What fails at first, where something is asked for once more.
FIRST = {"again-create": {"fault": "bad_template", "on": "create"},
         **dict.fromkeys(("again-grow", "again-owner", "again-turn", "againbulk-grow"),
                         {"fault": "http_400", "on": "update"})}
BULK = {"stop": "STOP", "start": "START", "delete": "DELETE", "grow": "UPDATE"}
SOON = 1  # seconds that an answer of the API takes at most, when nothing is in its way


class Way:
    """From the deployments of a cell to their deletion. The fault comes while they are made, while they are deleted, or
    when all that is over: `gone`, `back` and `stuck` are about infrastructures that no operation is about any more."""

    def __init__(self, place, cell, strike, verdict):
        self.place, self.cell, self.strike, self.verdict = place, cell, strike, verdict
        self.stack, self.oracle = place.stack, None
        self.control = place.stack.control
        self.turned = {}  # deployment to the text that it may get
        self.manner, _, self.what = cell.during.rpartition("-")  # "end", "again", or "" for neither; so of "bulk"

    def go(self):
        during = self.cell.during
        self.place.more = self._words(DAEMONS)
        self.strike.prepare()
        is_early = during in ("create", "search", "retry", "cancel", "end-create", "end-search", "end-keep")
        # It is no notification that a daemon has missed because it was not there yet.
        is_second = is_early and self.cell.route == "notification"
        if is_early and not is_second:
            self.strike.arm(*self._other_faults())
        self._deploy(is_second)
        if during == "cancel":
            self._cancel()
        elif is_early:
            self._meet(is_ending=self.manner == "end")
            self._see_to_the_end("after its creation", "ended")
            self._delete()
            self._see_to_the_end("after its deletion", "deleted")
        else:
            if during != "again-create":
                self._see_to_the_end("after its creation", None)
            {"again-create": self._strike_at_retry, "again-delete": self._strike_at_retry,
             **dict.fromkeys(["end-" + one for one in CHANGES], self._strike_at_change),
             **dict.fromkeys(["again-" + one for one in CHANGES], self._strike_at_retry),
             **dict.fromkeys(["end-" + one for one in MACHINES], self._strike_at_machines),
             "again-stop": self._strike_at_retry,
             **dict.fromkeys([manner + what for manner in ("bulk-", "endbulk-", "againbulk-") for what in BULK],
                             self._strike_at_bulk),
             "delete": self._strike_at_deletion, "force": self._strike_at_deletion, "gone": self._strike_at_rest,
             "back": self._strike_at_return, "stuck": self._strike_at_rest, "stop": self._strike_at_machines,
             "reboot": self._strike_at_machines, "watch": self._strike_at_watching,
             **dict.fromkeys(CHANGES, self._strike_at_change)}[during]()
        self.verdict.operations = len(self.oracle.seen)

    def _words(self, table):
        """What a table has for the words of the cell's name."""
        return {key: value for word in self.cell for key, value in table.get(word, {}).items()}

    def _other_faults(self):
        lost = self.what == "search" or self.cell.route in ("list", "tosca")
        if self.cell.route == "work_renew":  # a lease is renewed while a call lasts
            return [{"fault": "slow", "on": "create", "ms": 2200}]
        return [{"fault": "lost", "on": "create", "first": DEPLOYMENTS}] if lost else []

    # what people ask for

    def _deploy(self, is_second):
        """`is_second`: the fault comes no sooner than the second one."""
        person = self.stack.person(groups=[PAIR] if self.cell.during == "retry" else None,
                                   admin=self.cell.during == "force")
        settings = {**BEHAVIOUR, **self._words(BEHAVIOURS)}
        texts = [WORKERS.format(name=unique(), settings=json.dumps(settings))
                 if self.what in CHANGES else template(im_simulator=settings) for _ in range(DEPLOYMENTS)]
        stored = [person.store_template(text) for text in texts]
        self.oracle = Oracle(self.stack, person, [], is_untold=self.cell.what == "nameless")
        if self.cell.during == "again-create":
            self.control.post("fault", FIRST["again-create"])
        for one in stored:
            self.oracle.ids.append(person.deploy(one, per_provider_max_retries=1,
                                                 keep_last_attempt=self.what == "keep"))
            self.turned[self.oracle.ids[-1]] = texts[len(self.turned)].replace("  node_templates:\n", TURNED)
            if is_second and one is stored[0]:
                self.oracle.wait_until_over(self.verdict, "at first")
                self.strike.arm()

    def _delete(self):
        force = "?force=true" if self.cell.during == "force" else ""
        for id in self.oracle.ids:
            self.stack.wait_for(lambda id=id: self.oracle.person.delete("/deployments/" + id + force).status_code in (
                202, 204), 20, "the DELETE")

    def _change(self):
        """More machines, fewer, one more owner, or another template."""
        during, admin = self.what, self.stack.person(admin=True)
        for id in self.oracle.ids:
            if during == "owner":
                asked = lambda id=id: admin.post("/deployments/%s/owners" % id, json={})
            elif during == "turn":
                asked = lambda id=id: self._turn(id)
            else:
                asked = lambda id=id: self.oracle.person.patch("/deployments/%s/inputs" % id,
                                                               json={"workers": {"grow": 3, "shrink": 1}[during]})
            self.stack.wait_for(lambda asked=asked: expect(asked(), 202), 20, "the change")

    def _turn(self, id):
        """One that was not answered may have been taken."""
        url = "%s%s/deployments/%s" % (self.stack.base_url, local.BESIDE["orchestrator-legacy"], id)
        answer = self.oracle.person.put(url, json={"template": self.turned[id], "parameters": {"workers": 1}})
        if answer.status_code == 202:
            assert answer.json()["status"].startswith("UPDATE_"), answer.text
        return answer

    # when it is struck

    def _strike_at_change(self):
        self.strike.arm()
        self._change()
        self._meet(is_ending=self.manner == "end")
        self._see_to_the_end("after its change", "ended")
        self._see_templates()
        self._delete()
        self._see_to_the_end("after its deletion", "deleted")

    def _strike_at_deletion(self):
        self.strike.arm()
        self._delete()
        self._meet()
        self._see_to_the_end("after its deletion", "ended")

    def _cancel(self):
        """As soon as IM was asked for all, or it is struck."""
        self.stack.wait_for(lambda: self.strike.has_struck() or len(self.oracle.alive()) == DEPLOYMENTS, 30,
                            "creations")
        self._delete()
        self._meet()
        self._see_to_the_end("after its deletion", "ended")

    def _strike_at_machines(self):
        self.strike.arm()
        self._ask_machines()
        self._meet(is_ending=self.manner == "end")
        self._see_machines("after it was asked for")

    def _ask_machines(self, what=None):
        for path in self.oracle.paths_of_machines():
            self.stack.wait_for(lambda path=path: self._asks("%s/%s" % (path, what or self.what)), 20, "the PATCH")

    def _asks(self, path):
        """An IM that was slow for long may have made a machine an ERROR until the next look."""
        return self.oracle.person.patch(path).status_code == 202

    def _strike_at_watching(self):
        self.strike.arm()
        for id in self.oracle.ids:
            self.control.force(self.oracle.deployment(id)["im_infra_id"], "stopped")
        self._meet(is_over=lambda: True)
        self._see_machines("after it was stopped at IM")

    def _see_machines(self, when):
        self._see_to_the_end(when, "ended")
        self.oracle.wait_until_machines_are_equal(self.verdict, when)
        self._delete()
        self._see_to_the_end("after its deletion", "deleted")

    def _strike_at_rest(self):
        """At one of the further looks; all that is gone comes back then, and has to be seen."""
        self._delete()
        self._see_to_the_end("after its deletion", None, is_equal=self.cell.during != "stuck")
        self.strike.arm()
        self._meet(is_over=lambda: True)
        if self.cell.during == "gone":
            self._bring_back()
        self._see_to_the_end("long after its deletion", None)

    def _strike_at_return(self):
        self._delete()
        self._see_to_the_end("after its deletion", None)
        self.strike.arm()
        self._bring_back()
        self._meet(is_over=lambda: True)
        self._see_to_the_end("after its return", None)

    def _bring_back(self):
        for one in self.control.ledger():
            if one["metadata"].get("PAAS_DEP_UUID") in self.oracle.ids:
                self.control.post("infrastructures/%s/back" % one["id"], {"ms": 0})

    def _strike_at_retry(self):
        if self.cell.during in FIRST and self.what != "create":
            self.control.post("fault", FIRST[self.cell.during])
        {"create": lambda: None, "delete": self._delete, "stop": self._ask_machines}.get(self.what, self._change)()
        self.oracle.wait_until_over(self.verdict, "at first")
        failed = self.oracle.failed()
        assert len(failed) == DEPLOYMENTS, "not all of it failed at first"
        self.control.mend()
        self.strike.arm()
        for one in failed:
            self.stack.wait_for(lambda one=one: expect(self.oracle.person.post(
                "/operations/%s/retry" % one["id"]), 202), 20, "the retry")
        self._meet()
        if self.what == "stop":
            self._see_machines("after its retry")
            return
        self._see_to_the_end("after its retry", "ended")
        self._see_templates()
        if self.what != "delete":
            self._delete()
            self._see_to_the_end("after its deletion", "deleted")

    def _strike_at_bulk(self):
        if self.what == "start":
            self._ask_machines("stop")
            self._see_to_the_end("after all were stopped", None)
        id_ = self._fail_at_bulk() if self.manner == "againbulk" else None
        self.strike.arm()
        if id_:
            self.stack.wait_for(lambda: expect(self.oracle.person.post("/orchestrations/%s/retry" % id_), 202), 20,
                                "the retry")
        else:
            id_ = self._orchestrate()
        self._meet(is_over=lambda: self.oracle.is_orchestrated(id_),
                   end=(lambda: self._cancel_bulk(id_)) if self.manner == "endbulk" else None)
        self.oracle.wait_until_orchestrated(self.verdict, id_, 1 + (self.manner == "againbulk"))
        if self.what in ("stop", "start"):
            self._see_machines("after all were asked for")
            return
        self._see_to_the_end("after all were asked for", "ended")
        if self.cell.during != "bulk-delete":
            self._delete()
            self._see_to_the_end("after its deletion", "deleted")

    def _orchestrate(self):
        body = {"type": BULK[self.what], "targets": {"include": [{"target": "all"}]},
                **({"parameters": {"template_inputs": {"workers": 3}}} if self.what == "grow" else {})}
        made = self.stack.wait_for(lambda: expect(self.oracle.person.post("/orchestrations", json=body), 202), 20,
                                   "the POST")
        return made.json()["orchestrationID"]

    def _fail_at_bulk(self):
        if self.cell.during in FIRST:
            self.control.post("fault", FIRST[self.cell.during])
        id_ = self._orchestrate()
        self.oracle.wait_until_orchestrated(self.verdict, id_)
        failed = self.oracle.orchestrated(id_)["operationStats"]
        assert failed == {"failed": DEPLOYMENTS}, "not all of it failed at first: %s" % failed
        self.oracle.wait_until_over(self.verdict, "at first")
        self.control.mend()
        if self.what == "stop":  # an ERROR can't be stopped until the next look
            self.oracle.wait_until_machines_are_equal(self.verdict, "at first")
        return id_

    def _cancel_bulk(self, id_):
        self.stack.wait_for(lambda: self.oracle.person.put("/orchestrations/%s/cancel" % id_).status_code == 200, 30,
                            "the cancellation")

    def _end_all(self):
        """Somebody asks for the end of all that is at work, until the API has taken or refused it."""
        [found] = self.stack.wait_for(lambda: [self.oracle.open_ones()], 30, "the API")
        for one in found:
            self.stack.wait_for(lambda one=one: self.oracle.person.post(
                "/operations/%s/cancel" % one["id"]).status_code in (202, 409), 30, "the cancellation")

    def _meet(self, is_over=None, is_ending=False, end=None):
        """Waits for the moment and acts. `is_over`: whether nothing is at work, if not the operations say it.
        `is_ending`: somebody asks for the end of it at that moment, by `end` or of each operation."""
        self.stack.wait_for(lambda: self.strike.has_struck() or (not is_over and self.oracle.is_over()), 30,
                            "the moment of the fault")
        assert self.strike.has_struck(), "no such call was made"
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            ending = pool.submit(end or (self._end_all if is_ending else bool))
            if not self.strike.proxy:  # what stands still there may hold the rows
                concurrent.futures.wait([ending], SOON)
            self.strike.act(is_over or self.oracle.is_over)
            ending.result()
        self.stack.wait_for(lambda: self.oracle.operations() is not None, 30, "the API")

    def _see_templates(self):
        """The other one has come together with its inputs, and where the update has succeeded. One that is canceled may
        have been carried out."""
        for id, text in self.turned.items() if self.what == "turn" else ():
            value = self.oracle.deployment(id)
            is_turned = value["template_inputs"] == {"workers": 1}
            found = expect(self.oracle.person.get("/deployments/%s/templates" % id), 200).json()["content"]
            if (found == text) != is_turned or (value["status_name"] == "UPDATE_COMPLETE" and not is_turned):
                self.verdict.lost.append("the template of deployment %s, %s with the inputs %s" % (
                    id, value["status_name"], value["template_inputs"]))

    def _see_to_the_end(self, when, moment, is_equal=True):
        self.oracle.wait_until_over(self.verdict, when)
        self.strike.let_go_at(moment)
        if is_equal:
            self.oracle.wait_until_equal(self.verdict, when)
