# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Graceful restarts in a row while modules come and go, so that ours is loaded at another address each time, and requests
run: nothing crashes, no request is lost, counters go on."""

import os
import random
import threading

import pytest
import requests

from stack import process

SEED = int(os.environ.get("ORCHESTRATOR_SEED") or random.randrange(10 ** 9))
# Large ones, which take the place that ours had.
SETS = [[], ["rewrite", "http2", "lua"], ["proxy", "dav", "lua"], ["proxy", "proxy_http", "http2", "dav", "lua", "cache", "session"],
        ["expires", "headers", "info"]]


class Load:
    def __init__(self, stack):
        self.wrong, self.answered = [], 0
        self._end = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(stack.person(),)) for _ in range(4)]
        for thread in self._threads:
            thread.start()

    def _ask(self, person):
        while not self._end.is_set():
            try:
                # A connection of its own each time: a kept one may be closed by the child that ends, which says nothing.
                answer = person.get("/users/me", headers={"Connection": "close"})
                if answer.status_code != 200:
                    self.wrong.append(answer.text[:200])
                self.answered += 1
            except Exception as error:  # pylint: disable=broad-except
                self.wrong.append(repr(error))

    def end(self):
        self._end.set()
        for thread in self._threads:
            thread.join()


def served(stack):
    return requests.get(stack.base_url + "/orchestrator-status?json", timeout=10).json()["responses_2xx"]


@pytest.mark.parametrize("restarts", [5, pytest.param(50, marks=pytest.mark.faults)])
def test_modules_come_and_go_around_us(make_stack, restarts):
    stack = make_stack()
    choose = random.Random(SEED)
    print("ORCHESTRATOR_SEED=%d" % SEED)
    load, before = Load(stack), served(stack)
    try:
        for number in range(restarts):
            chosen = SETS[3] if number == 0 else choose.choice(SETS)
            process.write(stack.path("modules.conf"), "".join('LoadModule %s_module "${modules}/mod_%s.so"\n' % (one, one) for one in chosen))
            parent = stack.httpd.pid
            stack.graceful()
            assert stack.httpd.pid == parent
            now = served(stack)
            assert now >= before, "the counters began anew"
            before = now
    finally:
        load.end()
    assert not load.wrong, load.wrong[:5]
    assert load.answered > restarts
