# Licensed under the Apache License, Version 2.0; see LICENSE.
"""PostgreSQL is stopped and started again while requests run: 503 meanwhile, nothing that was answered is lost, healed
without a restart of httpd."""

import collections
import threading

import pytest

from harness.client import expect

CLIENTS = 6
# What httpd, its database modules and the engine say of a database that is away.
AWAY = r"ORC1000: the database|ORC1010: |ORC1031|AH00\d\d\d|dbd|statement_timeout"


class Load:
    """People who read and submit without a pause, and what they were answered."""

    def __init__(self, stack):
        self.stack = stack
        self.statuses = collections.Counter()
        self.accepted = []
        self.wrong = []
        self._end = threading.Event()
        self._lock = threading.Lock()
        people = [stack.person() for _ in range(CLIENTS)]
        self._threads = [threading.Thread(target=self._work, args=(person, person.store_template()))
                         for person in people]
        for thread in self._threads:
            thread.start()

    def _work(self, person, template):
        try:
            self._ask(person, template)
        except Exception as error:  # pylint: disable=broad-except
            self.wrong.append(repr(error))

    def _ask(self, person, template):
        mine = 0
        while not self._end.is_set():
            answers = [person.get("/deployments"), person.get("/users/me")]
            if mine < 15:  # within the group's queue
                answers.append(person.post("/deployments", json={
                    "template_id": template, "template_inputs": {}, "user_group": person.group}))
            with self._lock:
                for answer in answers:
                    self.statuses[answer.status_code] += 1
                    if answer.status_code not in (200, 202, 503):
                        self.wrong.append("%d: %s" % (answer.status_code, answer.text[:200]))
                if answers[-1].status_code == 202:
                    mine += 1
                    self.accepted.append((person, answers[-1].json()["id"]))

    def count(self, status):
        with self._lock:
            return self.statuses[status]

    def wait_for_more(self, status, number):
        before = self.count(status)
        self.stack.wait_for(lambda: self.count(status) >= before + number, 30, "%d answers %d more" % (number, status))

    def stop(self):
        self._end.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_requests_run_while_postgresql_goes_and_comes_back(make_stack, mode):
    stack = make_stack()
    stack.expect_log(AWAY)
    # what was noted when the connection broke is not sent by who can't know that it was noted
    stack.expect_log("its creation was never answered, and it was not found")
    load = Load(stack)
    try:
        for _ in range(3):
            load.wait_for_more(200, 20)
            stack.stop_postgres(mode)
            load.wait_for_more(503, 20)
            stack.start_postgres()
        load.wait_for_more(200, 40)
    finally:
        load.stop()
    assert not load.wrong, load.wrong[:5]
    for person, deployment in load.accepted:
        person.wait_for_status(deployment, "CREATE_COMPLETE", timeout=60)
        expect(person.get("/deployments/" + deployment), 200)
    assert len(load.accepted) >= CLIENTS
