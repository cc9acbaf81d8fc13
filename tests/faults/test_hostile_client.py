# Licensed under the Apache License, Version 2.0; see LICENSE.
"""One person with many connections does the worst that the API allows; what somebody else sees of it. What each of
these requests costs by itself is said elsewhere: this one is about all of them at once, so it measures, and prints what
it measured."""

import collections
import itertools
import json
import multiprocessing
import random
import threading
import time

import pytest
import requests

from harness.client import expect, template, unique

CONNECTIONS = 40
PROCESSES = 4      # that make the requests: one Python alone is no load
SECONDS = 30
MOST_TIMES = 20    # the p99 of others, in times of that at rest
LEAST_MS = 10      # what counts as rest: less is a machine that nobody else uses
COLUMNS = ["created_at", "updated_at", "status", "user_group", "target_provider", "template_id", "last_operation", "id"]


def of_relations():
    """A template of as many relations between resources as there may be: 300 machines, 20000 relations."""
    machine = ("    m%d:\n      type: tosca.nodes.Compute\n      capabilities: { scalable: { properties: { count: 100 "
               "} } }\n")
    text = "".join(machine % number + ("      requirements: [ dependency: m0 ]\n" if number else "")
                   for number in range(3))
    return ("tosca_definitions_version: tosca_simple_yaml_1_0\nmetadata: { template_name: %s }\n"
            "topology_template:\n  node_templates:\n%s" % (unique(), text))


def of_patterns():
    """A template whose input is matched against patterns that take their time."""
    patterns = "".join("          - pattern: '(?:(?:a+)+[^c]*+b|.*)'\n" for _ in range(100))
    return template().replace("  node_templates:",
                              "    text:\n        type: string\n        default: x\n        constraints:\n%s"
                                                   "  node_templates:" % patterns, 1)


def of_size():
    """As large as a template may be, and another one each time."""
    return "# %s\n#%s\n" % (unique(), "x" * (1000 * 1000)) + template()


class Mallory:
    """What the person does, in a process of their own: `made` are things of theirs."""

    def __init__(self, url, token, group, made, seed):
        self.url, self.group, self.made = url, group, made
        self.headers = {"Authorization": "Bearer " + token}
        self.choose = random.Random(seed)

    def _post(self, session, path, value):
        return session.post(self.url + path, json=value, headers=self.headers, timeout=60)

    def _list(self, session):
        keys = ",".join(self.choose.choice(["", "-"]) + key
                        for key in self.choose.sample(COLUMNS, self.choose.randint(1, 4)))
        path = self.choose.choice(["/deployments?size=500&sort=" + keys,
                                   "/templates?size=500&page=%d" % self.choose.randint(1, 3),
                                   "/templates?name=" + "a" * self.choose.randint(1, 5),
                                   "/deployments?status=CREATE_FAILED",
                                   "/deployments/%s/resources?size=500" % self.made["deployment"]])
        return session.get(self.url + path, headers=self.headers, timeout=60)

    def _submit(self, session):
        kind = self.choose.choice(["relations", "patterns"])
        inputs = {"text": "a" * 4000} if kind == "patterns" else {}
        return self._post(session, "/deployments", {"template_id": self.made[kind], "template_inputs": inputs,
                                                    "user_group": self.group})

    def _store(self, session):
        return self._post(session, "/templates", {"content": of_size()})

    def _read_log(self, session):
        return session.get("%s/deployments/%s/logs" % (self.url, self.made["deployment"]), headers=self.headers,
                           timeout=60)

    def run(self, until):
        with requests.Session() as session:
            session.trust_env = False
            while time.monotonic() < until:
                act = self.choose.choice([self._list, self._list, self._submit, self._store, self._read_log])
                try:
                    yield act.__name__, act(session).status_code
                except requests.RequestException as error:
                    yield act.__name__, type(error).__name__


def attack(arguments, connections, seed, seconds, results):
    """A process with so many connections; puts what was answered how often."""
    counts, lock = collections.Counter(), threading.Lock()
    until = time.monotonic() + seconds

    def run(number):
        for answer in Mallory(*arguments, seed + number).run(until):
            with lock:
                counts[answer] += 1
    threads = [threading.Thread(target=run, args=(number,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    results.put(dict(counts))


def timed(person, is_over):
    """How long one request after the other took, in milliseconds, until it is over, and what else than 200 was
    answered. A connection of its own each time: httpd closes a kept one, without a word, when all its workers are
    busy."""
    took, wrong = [], collections.Counter()
    while not is_over():
        begun = time.perf_counter()
        status = person.get("/users/me", check=False, headers={"Connection": "close"}).status_code
        took.append((time.perf_counter() - begun) * 1000)
        wrong.update([status] if status != 200 else [])
    return sorted(took), dict(wrong)


def rest(person):
    """The same when nobody attacks; asked before and after, because others use the machine, too."""
    ends = itertools.count()
    took, wrong = timed(person, lambda: next(ends) > 500)
    assert not wrong
    return took


def percentile(values, percent):
    return values[min(len(values) - 1, len(values) * percent // 100)]


@pytest.mark.faults
def test_one_person_can_not_spoil_it_for_others(make_stack):
    stack = make_stack(expect=[])
    alice, mallory = stack.person(), stack.person()
    expect(alice.get("/users/me"), 200)
    made = {"relations": mallory.store_template(of_relations()), "patterns": mallory.store_template(of_patterns())}
    made["deployment"] = mallory.deploy(made["relations"])
    # What the attacker's requests end with is theirs alone.
    stack.expect_log(r"\[orchestrator:(warn|error)\]|\[mpm_event:")
    before = rest(alice)
    results, arguments = multiprocessing.Queue(), (stack.url, mallory.token, mallory.group, made)
    attackers = [multiprocessing.Process(target=attack,
                                         args=(arguments, CONNECTIONS // PROCESSES, 100 * number, SECONDS, results))
                 for number in range(PROCESSES)]
    for attacker in attackers:
        attacker.start()
    until = time.monotonic() + SECONDS
    beside, wrong = timed(alice, lambda: time.monotonic() > until)
    answers = sum((collections.Counter(results.get(timeout=120)) for _ in attackers), collections.Counter())
    for attacker in attackers:
        attacker.join()
    at_rest = sorted(before + rest(alice))
    print(json.dumps({"at rest": {"requests": len(at_rest), "p99 ms": percentile(at_rest, 99)},
                      "beside": {"requests": len(beside), "p50 ms": percentile(beside, 50),
                                 "p99 ms": percentile(beside, 99), "wrong": wrong},
                      "mallory": {"%s %s" % key: count for key, count in sorted(answers.items(), key=str)}}, indent=1))
    assert "exit signal" not in stack.log_text()
    assert not wrong
    assert percentile(beside, 99) < MOST_TIMES * max(percentile(at_rest, 99), LEAST_MS)
