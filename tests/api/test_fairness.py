# Licensed under the Apache License, Version 2.0; see LICENSE.
"""One person's requests take nothing from the others: they wait for one another, and at last are told 429."""

import concurrent.futures
import contextlib
import os
import select
import signal
import socket
import threading

import psycopg2
import pytest

from harness.client import expect, template

CROWD = 40
COSTLY = 2   # of one person on a host
TURNS = 4    # of one person in a child: half of DBDMax
SERVED = 20  # at once, whatever they cost
WORKERS = 64
# What hangs at a lock, or for its body, hangs until the test lets go.
DIRECTIVES = ("DBDParams \"${conninfo} options='-c lock_timeout=0 -c statement_timeout=0'\"\n"
              "OrchestratorDatabaseTimeout 10min\nRequestReadTimeout header=10-20,MinRate=500 body=0\n")
CHEAP, DEAR = "/templates/%s", "/templates?sort=name"


@pytest.fixture(scope="module")
def _own(make_stack):
    return make_stack(DIRECTIVES)


@pytest.fixture
def own(_own):
    return _own


@contextlib.contextmanager
def held(stack, table):
    """Nobody reads the table meanwhile."""
    with contextlib.closing(psycopg2.connect(stack.postgres.url)) as connection:
        connection.cursor().execute("LOCK TABLE %s" % table)
        yield
        connection.rollback()


def at_the_lock(stack):
    """How many requests wait for the templates; the daemon waits for them, too."""
    return stack.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE "
                     "'%%v1_templates%%'", ())[0][0]


def children(stack):
    return len(stack.httpd.children()) - 1


class Crowd:
    """So many requests of a person at once, each over a connection of its own."""

    def __init__(self, person, path, number=CROWD):
        self.person, self.path, self.answers = person, path, []
        self._together = threading.Barrier(number)
        self._threads = concurrent.futures.ThreadPoolExecutor(number)
        self._asked = [self._threads.submit(self._ask) for _ in range(number)]

    def _ask(self):
        self._together.wait()
        self.answers.append(self.person.get(self.path, timeout=600))

    def end(self):
        """All answers."""
        self._threads.shutdown()
        for one in self._asked:
            one.result()
        return self.answers


@pytest.mark.parametrize("path, served", [(CHEAP, lambda children: TURNS * children), (DEAR, lambda children: COSTLY)],
                         ids=["cheap", "costly"])
def test_a_person_whose_requests_hang_is_alone_with_that(own, path, served):
    attacker, victim = own.person(), own.person()
    path = path.replace("%s", attacker.store_template(template()))
    expect(victim.get("/users/me"), 200)
    with held(own, "templates"):
        crowd = Crowd(attacker, path)
        own.wait_for(lambda: len(crowd.answers) >= CROWD - served(children(own)), 60, "the crowd to be turned away")
        for _ in range(20):
            expect(victim.get("/users/me"), 200)
        assert at_the_lock(own) <= served(children(own))
    answers = crowd.end()
    refused = [answer for answer in answers if answer.status_code == 429]
    assert {answer.status_code for answer in answers} == {200, 429} and refused
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in refused)
    assert all(answer.headers["Content-Type"] == "application/problem+json" for answer in refused)
    expect(attacker.get(path), 200)


def test_who_waits_for_what_costs_much_is_served_with_what_does_not(own):
    person = own.person()
    person.store_template(template())
    with held(own, "templates"):
        crowd = Crowd(person, DEAR, SERVED)
        own.wait_for(lambda: at_the_lock(own) == COSTLY, 60, "two at work")
        expect(person.get("/users/me"), 200)
    crowd.end()


@pytest.mark.parametrize("path", ["/users/me", DEAR])
def test_a_person_who_asks_much_at_once_is_served(own, path):
    answers = Crowd(own.person(), path, SERVED).end()
    assert [answer.status_code for answer in answers] == [200] * SERVED


def test_whose_bodies_are_long_in_coming_holds_no_more_than_their_share_of_the_workers(own):
    attacker, victim = own.person(), own.person()
    head = ("POST /api/v1/templates HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: text/yaml\r\n"
            "Content-Length: 1000000\r\n\r\na" % attacker.token)
    with contextlib.ExitStack() as connections:
        opened = []
        for _ in range(WORKERS):
            opened.append(connections.enter_context(socket.create_connection(("127.0.0.1", own.httpd.port))))
            opened[-1].sendall(head.encode())
        answered = own.wait_for(lambda: select.select(opened, [], [], 0)[0], 60, "one to be turned away")
        assert answered[0].recv(100).startswith(b"HTTP/1.1 429 ")
        expect(victim.get("/users/me"), 200)


def test_what_was_at_work_in_a_killed_child_is_forgotten(own):
    person = own.person()
    own.expect_log(r"exit signal Killed|AH00052|AH10392")
    with held(own, "templates"):
        crowd = Crowd(person, DEAR, COSTLY)
        own.wait_for(lambda: at_the_lock(own) == COSTLY, 60, "two at work")
        for pid in own.httpd.children() - {own.daemon_pid()}:
            os.kill(pid, signal.SIGKILL)
    with pytest.raises(Exception):
        crowd.end()
    own.wait_for(lambda: person.get("/users/me").status_code == 200, 60, "new children")
    expect(person.get(DEAR), 200)


def test_a_person_has_their_share_of_many_children(make_stack):
    """In each of so many children one request; nobody else is turned away for that."""
    workers = 60
    stack = make_stack(DIRECTIVES + "ServerLimit %d\nMaxRequestWorkers %d\nStartServers %d\n" % ((workers,) * 3) +
                       "MaxSpareServers %d\nKeepAlive Off\nDBDMin 0\nDBDKeep 1\nDBDMax 1\n" % workers, mpm="prefork")
    stack.expect_log("server reached MaxRequestWorkers")
    attacker, victims = stack.person(), [stack.person() for _ in range(4)]
    path = CHEAP % attacker.store_template(template())
    with held(stack, "templates"):
        crowd = Crowd(attacker, path, workers)
        stack.wait_for(lambda: len(crowd.answers) >= workers // 4, 120, "the crowd to be turned away")
        stack.wait_for(lambda: at_the_lock(stack) == workers - workers // 4, 120, "the rest at work")
        for victim in victims:
            expect(victim.get("/users/me"), 200)
    assert sorted(answer.status_code
                  for answer in crowd.end()) == [200] * (workers - workers // 4) + [429] * (workers // 4)
