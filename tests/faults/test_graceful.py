# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Graceful restarts in a row while modules come and go, so that ours is loaded at another address each time, and
requests run: nothing crashes, no request is lost, counters go on. Ours comes and goes, too."""

import os
import random
import threading

import pytest
import requests

from stack import process

SEED = int(os.environ.get("ORCHESTRATOR_SEED") or random.randrange(10 ** 9))
# Large ones, which take the place that ours had.
SETS = [[], ["rewrite", "http2", "lua"], ["proxy", "dav", "lua"],
        ["proxy", "proxy_http", "http2", "dav", "lua", "cache", "session"], ["expires", "headers", "info"],
        # Many at once, with libraries of their own and with some of ours.
        ["access_compat", "actions", "alias", "allowmethods", "auth_basic", "auth_digest", "authn_file", "autoindex",
         "buffer", "cgid", "dav", "dir", "env", "expires", "ext_filter", "headers", "http2", "include", "info", "ldap",
         "lua", "macro", "negotiation", "proxy", "proxy_http", "ratelimit", "remoteip", "rewrite", "session",
         "setenvif", "socache_shmcb", "ssl", "substitute", "unique_id", "vhost_alias", "xml2enc"]]
# Uses most of our libraries, and keeps them loaded where we leave. Not in a set: see httpd/README.md.
OPENIDC = 'LoadModule auth_openidc_module "${modules}/mod_auth_openidc.so"'


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
                # A connection of its own each time: one that is kept may be closed by the child that ends.
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


def count(stack, what):
    return requests.get(stack.base_url + "/orchestrator-status?json", timeout=10).json()[what]


def load_around(stack, modules):
    """Which modules the next (graceful) start loads before ours."""
    process.write(stack.path("modules.conf"),
                  "".join('LoadModule %s_module "${modules}/mod_%s.so"\n' % (one, one) for one in modules))


@pytest.mark.parametrize("beside", ["", OPENIDC], ids=["alone", "openidc"])
@pytest.mark.parametrize("restarts", [5, pytest.param(50, marks=pytest.mark.faults)])
def test_modules_come_and_go_around_us(make_stack, restarts, beside):
    stack = make_stack(beside)
    stack.expect_log("AH01873: .*Session Cache is not configured")
    choose = random.Random(SEED)
    print("ORCHESTRATOR_SEED=%d" % SEED)
    load, before = Load(stack), count(stack, "responses_2xx")
    try:
        for number in range(restarts):
            chosen = SETS[3] if number == 0 else SETS[-1] if number == 1 else choose.choice(SETS)
            load_around(stack, chosen)
            parent = stack.httpd.pid
            stack.graceful()
            assert stack.httpd.pid == parent
            now = count(stack, "responses_2xx")
            assert now >= before, "the counters began anew"
            before = now
    finally:
        load.end()
    assert not load.wrong, load.wrong[:5]
    assert load.answered > restarts


def without_us(stack):
    """The template of a stack's httpd, but for our module."""
    with open(stack.httpd.template, encoding="utf-8") as file:
        text = file.read()
    path = stack.path("without.conf")
    process.write(path, text.replace("LoadModule orchestrator_module", "#").replace(" orchestrator:info", ""))
    return path


def loaded(stack, name):
    """Whether a library is in the memory of httpd's parent."""
    with open("/proc/%d/maps" % stack.httpd.pid, encoding="utf-8") as file:
        return name in file.read()


@pytest.mark.parametrize("beside", ["", OPENIDC], ids=["alone", "openidc"])
def test_we_come_and_go(make_stack, beside):
    """An httpd that began without us gets us by a graceful restart, loses us, and gets us at another address."""
    stack = make_stack(beside)
    person, with_us = stack.person(), (stack.httpd.template, stack.httpd.more)
    stack.httpd.stop()
    stack.httpd.template, stack.httpd.more = away = without_us(stack), beside
    stack.httpd.start()
    parent = stack.httpd.pid
    for number, modules in enumerate(([], SETS[2]), 1):
        assert not loaded(stack, "mod_orchestrator.so") and not loaded(stack, "libsodium")
        assert stack.daemon_pid() is None
        assert requests.get(stack.base_url + "/server-status", timeout=10).status_code == 200
        load_around(stack, modules)
        stack.httpd.template, stack.httpd.more = with_us
        stack.httpd.write_configuration()
        stack.graceful()
        assert person.get("/users/me").status_code == 200
        assert requests.get(stack.url + "/users/me", timeout=10).status_code == 401
        assert count(stack, "responses_4xx") == number, "the counters began anew"
        stack.httpd.template, stack.httpd.more = away
        stack.httpd.write_configuration()
        stack.httpd.graceful()
    assert stack.httpd.pid == parent
