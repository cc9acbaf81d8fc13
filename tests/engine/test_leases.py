# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Daemons that share a database: leases, fences, and what happens when one is killed, stopped or frozen."""

import collections
import signal
import time

import pytest

from harness.client import template


@pytest.fixture
def daemons(bare_rig):
    """Starts daemons; all of them are stopped after the test."""
    yield bare_rig.engine
    bare_rig.stop_engines()
    bare_rig.control.mend()


def test_two_daemons_share_the_work_and_never_do_it_twice(bare_rig, daemons):
    daemons(), daemons()
    alice = bare_rig.person()
    ids = [alice.create(template(im_simulator={"boot_ms": 300})) for _ in range(60)]
    owners = collections.Counter()

    def look():
        rows = bare_rig.sql("SELECT lease_owner, ended_at IS NULL FROM operations WHERE deployment_id = ANY (%s::uuid[])", (ids,))
        owners.update(row[0] for row in rows if row[0])
        return not any(row[1] for row in rows)
    bare_rig.wait_for(look, 60, "the end of all")
    assert len(owners) == 2
    assert len(bare_rig.infrastructures(alice)) == 60
    assert all(len(bare_rig.steps(id)) == 1 for id in ids)


def test_a_killed_daemon_costs_its_host_about_a_second(bare_rig, daemons):
    first = daemons(lease=30000)
    alice = bare_rig.person()
    id = alice.create(template(im_simulator={"fault": "slow", "on": "state", "ms": 1200, "first": 1}))
    bare_rig.wait_for_phase(id, "provisioning")
    bare_rig.wait_for(lambda: bare_rig.sql("SELECT due_at > now() + interval '5 seconds' FROM operations WHERE deployment_id = %s",
                                           (id,))[0][0], 5, "a call under way")
    first.kill()
    began = time.monotonic()
    first.start()
    bare_rig.wait_for(lambda: bare_rig.operation(id)["lease_owner"] not in (None, "") and "%d." % first.process.pid in
                      bare_rig.operation(id)["lease_owner"], 10, "the new daemon")
    assert time.monotonic() - began < 1.5
    bare_rig.finish(id)


def test_a_neighbour_takes_over_from_a_killed_daemon(bare_rig, daemons):
    daemons(lease=30000)
    alice = bare_rig.person()
    id = alice.create(template(im_simulator={"boot_ms": 1000, "fault": "slow", "on": "state", "ms": 1000, "first": 1}))
    bare_rig.wait_for_phase(id, "provisioning")
    daemons(lease=30000)
    bare_rig.engines[0].kill()
    bare_rig.finish(id, timeout=15)
    assert len(bare_rig.infrastructures(alice)) == 1


@pytest.mark.parametrize("moment", ["create", "state", "rest"])
def test_a_frozen_daemon_is_fenced_off_when_it_thaws(bare_rig, daemons, moment):
    first = daemons(lease=600)
    alice = bare_rig.person()
    fault = {"create": {"fault": "slow_create", "ms": 400}, "state": {"fault": "slow", "on": "state", "ms": 400},
             "rest": {"boot_ms": 1500}}[moment]
    ids = [alice.create(template(im_simulator=fault)) for _ in range(6)]
    bare_rig.wait_for_phase(ids[0], "submitting" if moment == "create" else "provisioning")
    first.signal(signal.SIGSTOP)
    second = daemons(lease=600)
    for id in ids:
        bare_rig.finish(id, timeout=30)
    before = [bare_rig.operation(id) for id in ids]
    assert all("%d." % second.process.pid in one["lease_owner"] for one in before)
    first.signal(signal.SIGCONT)
    second.stop()
    bare_rig.finish(bare_rig.person().create())  # by the thawed one: it has stored whatever it still held in hand
    assert [bare_rig.operation(id) for id in ids] == before
    for id in ids:
        alice.delete(id)
    for id in ids:
        bare_rig.finish(id, type="DELETE")
    assert not bare_rig.infrastructures(alice, alive="true")


def test_a_lease_is_renewed_while_a_call_takes_longer(bare_rig, daemons):
    daemons(lease=500, im_timeout=5000, im_create_timeout=5000), daemons(lease=500, im_timeout=5000, im_create_timeout=5000)
    alice = bare_rig.person()
    id = alice.create(template(im_simulator={"fault": "slow_create", "ms": 2000}))
    bare_rig.finish(id)
    (step,) = bare_rig.steps(id)
    assert len(bare_rig.infrastructures(alice)) == 1 and step["status"] == "succeeded"
    assert not any("by its tag" in line for line in bare_rig.log_lines(id))


def test_a_daemon_ends_within_a_second_and_hands_its_leases_back(bare_rig, daemons):
    first = daemons(lease=30000)
    alice = bare_rig.person()
    ids = [alice.create(template(im_simulator={"fault": "slow", "on": "state", "ms": 1200, "first": 1})) for _ in range(5)]
    bare_rig.wait_for_phase(ids[0], "provisioning")
    bare_rig.wait_for(lambda: bare_rig.sql("SELECT max(due_at) > now() + interval '5 seconds' FROM operations WHERE deployment_id = "
                                           "ANY (%s::uuid[])", (ids,))[0][0], 5, "a call under way")
    assert first.stop() < 1
    assert bare_rig.sql("SELECT count(*) FROM operations WHERE deployment_id = ANY (%s::uuid[]) AND due_at > now() + interval '1 second'",
                        (ids,)) == [(0,)]
    daemons()
    for id in ids:
        bare_rig.finish(id)


def test_a_daemon_at_rest_uses_hardly_any_processor_time(bare_rig, daemons):
    first = daemons()
    alice = bare_rig.person()
    bare_rig.finish(alice.create())

    def ticks():
        with open("/proc/%d/stat" % first.process.pid, encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])
    before = ticks()
    time.sleep(2)
    assert ticks() - before <= 10  # hundredths of a second


def test_what_is_too_old_is_deleted(bare_rig, daemons):
    alice = bare_rig.person()
    for age in ("25 hours", "1 hour"):
        bare_rig.sql("""INSERT INTO idempotency_keys (user_id, method, path, key, body_sha256, status, headers, body, created_at)
            VALUES (%s, 'POST', '/templates', %s, '', 201, '{}', '', now() - %s::interval)""", (alice.id, age, age))
    for age in ("8 days", "1 day"):
        bare_rig.sql("INSERT INTO outbox (topic, key, payload, created_at) VALUES (%s, %s, '{}', now() - %s::interval)",
                     (age, alice.id, age))
    daemons()
    bare_rig.wait_for(lambda: bare_rig.sql("SELECT key FROM idempotency_keys") == [("1 hour",)], 10, "the young key alone")
    bare_rig.wait_for(lambda: bare_rig.sql("SELECT topic FROM outbox") == [("1 day",)], 10, "the young message alone")


def test_what_waits_for_a_token_takes_no_place_of_others(bare_rig, daemons):
    daemons(max_operations=1)
    absent = bare_rig.person(ttl=-10)
    waiting = absent.create()
    bare_rig.wait_for(lambda: bare_rig.operation(waiting)["waits_for_token"], 10, "an operation that waits")
    bare_rig.finish(bare_rig.person().create())
    absent.bring_token()
    bare_rig.finish(waiting)
