# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Daemons that share a database: leases, fences, and what happens when one is killed, stopped or frozen."""

import contextlib
import signal

import psycopg2
import pytest

from harness.client import template
from harness.live import HELD
from harness.proxies import Standstill

# When a daemon last looked, as it does every two seconds, whether another one of its host is gone.
LAST_ROUND = """SELECT max(query_start) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%INTO engines%'"""


@pytest.fixture
def daemons(bare_rig):
    """Starts daemons; all of them are stopped after the test."""
    yield bare_rig.engine
    bare_rig.finish_work()


def owned_by(rig, daemon, ids):
    """How many of these operations a daemon holds, or was the last to hold. It logs an end when the database has
    answered, and others may see the end before: wait for it."""
    text, name = daemon.text(), "/%d." % daemon.process.pid
    owners = rig.sql("""SELECT deployment_id::text, lease_owner FROM operations LEFT JOIN work USING (id)
        WHERE deployment_id = ANY (%s::uuid[])""", (ids,))
    return sum(name in owner if owner else "of deployment %s succeeded" % id in text for id, owner in owners)


def wait_for_call(rig, ids, calls):
    """Waits until all of these are in hand, by leases of minutes, and so many calls are under way at IM."""
    rig.wait_for(lambda: rig.sql("""SELECT bool_and(w.phase = 'provisioning'
        AND due_at > now() + interval '1 minute') FROM work w
        JOIN operations USING (id) WHERE deployment_id = ANY (%s::uuid[])""", (ids,))[0][0], 10, "operations in hand")
    rig.wait_for_calls(calls)


def asking_for_states(rig, daemons, count):
    """(a daemon with a long lease, deployments whose states it asks for; the answers don't come)."""
    daemon = daemons(lease=HELD, im_timeout=HELD)
    person = rig.person()
    ids = [person.create(template(im_simulator={"fault": "slow", "on": "state", "ms": HELD, "first": 1}))
           for _ in range(count)]
    wait_for_call(rig, ids, count)
    return daemon, ids


def test_two_daemons_share_the_work_and_never_do_it_twice(bare_rig, daemons):
    both = daemons(), daemons()
    alice = bare_rig.person()
    ids = [alice.create(template(im_simulator={"boot_ms": HELD})) for _ in range(60)]
    for daemon in both:
        bare_rig.wait_for(lambda: owned_by(bare_rig, daemon, ids), 10, "something to do for each")
    for id in ids:
        bare_rig.wait_for_phase(id, "provisioning")
    bare_rig.control.release()
    for id in ids:
        bare_rig.finish(id)
    assert len(bare_rig.infrastructures(alice)) == 60
    assert all(len(bare_rig.steps(id)) == 1 for id in ids)


def test_a_killed_daemon_s_host_does_not_wait_for_its_leases(bare_rig, daemons):
    first, [id] = asking_for_states(bare_rig, daemons, 1)
    first.kill()
    first.start()
    bare_rig.wait_for(lambda: owned_by(bare_rig, first, [id]), 10, "the new daemon")
    bare_rig.finish(id)


@contextlib.contextmanager
def locked(rig, id):
    """Somebody has the work of a deployment's operation locked."""
    connection = psycopg2.connect(rig.postgres.url)
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT FROM work JOIN operations USING (id) WHERE deployment_id = %s FOR UPDATE OF work", (id,))
        yield
    connection.close()


def test_a_locked_row_keeps_nobody_from_taking_over_the_others(bare_rig, daemons):
    first, ids = asking_for_states(bare_rig, daemons, 4)
    with locked(bare_rig, ids[0]):
        first.kill()
        first.start()
        for id in ids[1:]:
            bare_rig.finish(id)
    bare_rig.finish(ids[0])


def test_a_locked_row_keeps_nobody_from_handing_the_others_back(bare_rig, daemons):
    first, ids = asking_for_states(bare_rig, daemons, 4)
    with locked(bare_rig, ids[0]):
        assert first.stop() < 3
    assert bare_rig.sql("SELECT deployment_id::text FROM work JOIN operations USING (id) WHERE deployment_id = ANY "
                        "(%s::uuid[]) AND due_at > now() + interval '1 second'",
                        (ids,)) == [(ids[0],)]


def test_what_is_given_back_while_its_row_is_locked_is_finished(bare_rig, daemons):
    """The note of a creation that waits for its turn meets the lock, and so does the lease that is handed back then."""
    first = daemons(lease=HELD, im_max_in_flight=1, im_create_timeout=HELD)
    alice = bare_rig.person()
    ahead = alice.create(template(im_simulator={"fault": "slow_create", "ms": HELD}))
    bare_rig.wait_for_calls(1)
    id = alice.create()
    bare_rig.wait_for(lambda: bare_rig.sql("""SELECT due_at > now() + interval '1 minute' FROM work
        JOIN operations USING (id) WHERE deployment_id = %s""", (id,)) == [(True,)], 10, "a creation in hand")
    with locked(bare_rig, id):
        bare_rig.control.release()
        bare_rig.wait_for(lambda: "a step is put off" in first.text(), 10, "a note that is refused")
        bare_rig.finish(ahead)
        bare_rig.finish(alice.create())  # claimed with a later trip than the one that gives back what was refused
        assert bare_rig.sql("SELECT phase FROM operations WHERE deployment_id = %s", (id,)) != [("ended",)]
    bare_rig.finish(id)
    assert len(bare_rig.infrastructures(alice)) == 3


def test_a_neighbour_takes_over_from_a_killed_daemon(bare_rig, daemons):
    first = daemons(lease=HELD, im_timeout=HELD)
    alice, bob = bare_rig.person(), bare_rig.person()
    id = alice.create(template(im_simulator={"fault": "slow", "on": "state", "ms": HELD, "first": 1}))
    wait_for_call(bare_rig, [id], 1)
    second = daemons(lease=HELD)

    def is_at_work():
        other = bob.create()
        bare_rig.finish(other)
        return owned_by(bare_rig, second, [other])
    bare_rig.wait_for(is_at_work, 20, "the neighbour at work")
    first.kill()
    bare_rig.finish(id)
    bare_rig.wait_for(lambda: owned_by(bare_rig, second, [id]), 10, "its log of the end")
    assert len(bare_rig.infrastructures(alice)) == 1


@pytest.mark.parametrize("moment", ["create", "state", "rest"])
def test_a_frozen_daemon_is_fenced_off_when_it_thaws(bare_rig, daemons, moment):
    first = daemons(im_timeout=HELD, im_create_timeout=HELD)
    alice = bare_rig.person()
    fault = {"create": {"fault": "slow_create", "ms": HELD, "first": 4},
             "state": {"fault": "slow", "on": "state", "ms": HELD, "first": 1}, "rest": {"boot_ms": HELD}}[moment]
    ids = [alice.create(template(im_simulator=fault)) for _ in range(6)]
    if moment == "rest":
        for id in ids:
            bare_rig.wait_for_phase(id, "provisioning")
    else:
        bare_rig.wait_for_calls(4)  # all that IM is asked at once
    first.signal(signal.SIGSTOP)
    second = daemons()
    bare_rig.wait_for(lambda: owned_by(bare_rig, second, ids) == 6, 10, "the second daemon")
    if moment == "rest":
        bare_rig.control.release()
    for id in ids:
        bare_rig.finish(id, timeout=30)
    before = [bare_rig.operation(id) for id in ids]
    bare_rig.wait_for(lambda: owned_by(bare_rig, second, ids) == 6, 10, "its log of the ends")
    first.signal(signal.SIGCONT)
    second.stop()
    bare_rig.control.release()
    bare_rig.wait_for_calls(0)
    bare_rig.finish(bare_rig.person().create())  # by the thawed one: it has stored whatever it still held in hand
    assert [bare_rig.operation(id) for id in ids] == before
    for id in ids:
        alice.delete(id)
    for id in ids:
        bare_rig.finish(id, type="DELETE")
    assert not bare_rig.infrastructures(alice, alive="true")


def test_a_step_whose_commit_was_not_answered_is_told_once(bare_rig, daemons):
    bare_rig.sql("DELETE FROM provider_records")  # who mostly failed would come last
    proxy = Standstill(bare_rig.postgres.port, b'"record"', 1, is_after=True)  # the end of an attempt
    id = bare_rig.person(group=bare_rig.pair()).create(max_providers=2)
    daemons(lease=HELD, database=bare_rig.postgres.conninfo.replace("port=%d" % bare_rig.postgres.port,
                                                                    "port=%d" % proxy.port))

    def failures():
        return [line for line in bare_rig.log_lines(id) if line.startswith("Attempt 1 at bad-one failed")]
    bare_rig.wait_for(proxy.stands.is_set, 20, "the end of an attempt")
    bare_rig.wait_for(failures, 10, "what the server did before its answer was lost")
    proxy.go.set()
    bare_rig.finish(id)
    proxy.close()
    assert len(failures()) == 1


def test_a_lease_is_renewed_while_a_call_takes_longer(bare_rig, daemons):
    daemons(lease=3000, im_create_timeout=HELD), daemons(lease=3000, im_create_timeout=HELD)
    alice = bare_rig.person()
    id = alice.create(template(im_simulator={"fault": "slow_create", "ms": HELD}))
    bare_rig.wait_for_creation()
    lease = "SELECT lease_owner, lease_number FROM work JOIN operations USING (id) WHERE deployment_id = %s"
    before = bare_rig.sql(lease, (id,))
    bare_rig.wait_for(lambda: bare_rig.sql("SELECT now() > started_at + interval '7 seconds' FROM operations WHERE "
                                           "deployment_id = %s",
                                           (id,))[0][0], 10, "more than two leases' time")
    assert bare_rig.sql(lease, (id,)) == before
    bare_rig.control.release()
    bare_rig.finish(id)
    (step,) = bare_rig.steps(id)
    assert len(bare_rig.infrastructures(alice)) == 1 and step["status"] == "succeeded"
    assert not any("by its tag" in line for line in bare_rig.log_lines(id))


def test_a_daemon_ends_before_httpd_would_kill_it_and_hands_its_leases_back(bare_rig, daemons):
    first = daemons(lease=HELD, im_timeout=HELD)
    alice = bare_rig.person()
    ids = [alice.create(template(im_simulator={"fault": "slow", "on": "state", "ms": HELD, "first": 1}))
           for _ in range(5)]
    wait_for_call(bare_rig, ids, 4)
    assert first.stop() < 3
    assert bare_rig.sql("SELECT count(*) FROM work JOIN operations USING (id) WHERE deployment_id = ANY (%s::uuid[]) "
                        "AND due_at > now() + interval '1 second'",
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

    def a_round_of_housekeeping():
        last = bare_rig.sql(LAST_ROUND)[0][0]
        bare_rig.wait_for(lambda: (bare_rig.sql(LAST_ROUND)[0][0] or last) != last, 10, "a round of housekeeping")
    a_round_of_housekeeping()
    before = ticks()
    a_round_of_housekeeping()
    assert ticks() - before <= 10  # hundredths of a second


def test_what_is_too_old_is_deleted(bare_rig, daemons):
    alice = bare_rig.person()
    for age in ("25 hours", "1 hour"):
        bare_rig.sql("""INSERT INTO idempotency_keys (user_id, method, path, key, body_sha256, status, headers, body,
            created_at)
            VALUES (%s, 'POST', '/templates', %s, '', 201, '{}', '', now() - %s::interval)""", (alice.id, age, age))
    bare_rig.sql("INSERT INTO outbox (topic, key, payload, created_at) VALUES ('t', %s, '{}', now() - interval '8 "
                 "days')",
                 (alice.id,))
    daemons()
    bare_rig.wait_for(lambda: bare_rig.sql("SELECT key FROM idempotency_keys WHERE user_id = %s",
                                           (alice.id,)) == [("1 hour",)], 10,
                      "the young key alone")
    # A message that was not sent is never too old.
    assert bare_rig.sql("SELECT topic FROM outbox WHERE key = %s", (alice.id,)) == [("t",)]


def test_what_waits_for_a_token_takes_no_place_of_others(bare_rig, daemons):
    daemons(max_operations=1)
    absent = bare_rig.person(ttl=-10)
    waiting = absent.create()
    bare_rig.wait_for(lambda: bare_rig.operation(waiting)["waits_for_token"], 10, "an operation that waits")
    bare_rig.finish(bare_rig.person().create())
    absent.bring_token()
    bare_rig.finish(waiting)


def test_the_database_goes_while_creations_wait_for_their_turn_at_im(bare_rig, daemons):
    first = daemons(im_max_in_flight=1, im_create_timeout=HELD)
    alice = bare_rig.person()
    ids = [alice.create(template(im_simulator={"fault": "slow_create", "ms": HELD, "first": 1})) for _ in range(6)]
    bare_rig.wait_for_creation()
    bare_rig.wait_for(lambda: owned_by(bare_rig, first, ids) == 6, 10, "creations in hand")
    bare_rig.stop_postgres()
    bare_rig.wait_for(lambda: "the database:" in first.text(), 10, "an engine that misses its database")
    bare_rig.control.release()
    bare_rig.wait_for(lambda: "a step is put off" in first.text(), 10, "a creation whose turn has come")
    bare_rig.start_postgres()
    for id in ids:
        bare_rig.finish(id, timeout=30)
    assert first.process.poll() is None
    assert len(bare_rig.infrastructures(alice, alive="true")) == 6


@pytest.mark.parametrize("is_after", [False, True])
def test_a_step_that_is_stored_alone_outlives_its_connection(bare_rig, daemons, is_after):
    """The daemon lives and has the lease: if it lost the step, it would renew the lease for ever, and nobody would do
    it."""
    port, alice = bare_rig.ports["postgresql"], bare_rig.person()
    proxy = Standstill(port, b'"unwanted":', 1, is_after)
    daemons(database=bare_rig.postgres.conninfo.replace("port=%d" % port, "port=%d" % proxy.port))
    id = alice.create()
    bare_rig.finish(id)
    alice.delete(id)
    assert proxy.stands.wait(60)
    proxy.go.set()
    bare_rig.finish(id, type="DELETE")
    bare_rig.wait_until_gone(alice)
    proxy.close()


@pytest.mark.parametrize("window", [1, 2])
def test_deletions_that_im_takes_minutes_for_leave_room_for_others(bare_rig, daemons, window):
    daemons(im_max_in_flight=window, im_timeout=30000, lease=30000)
    alice = bare_rig.person()
    slow = template(im_simulator={"refuse": 1000, "fault": "slow", "on": "delete", "after": 3, "ms": 100000})
    ids = [alice.create(slow) for _ in range(3)]
    for id in ids:
        bare_rig.finish(id)
        alice.delete(id)
    bare_rig.wait_for(lambda: bare_rig.sql("""SELECT count(*) FROM work JOIN infrastructures USING (id)
        WHERE deployment_id = ANY (%s::uuid[])
        AND (memory ->> 'sends')::integer >= 3 AND due_at > now() + interval '10 seconds'""", (ids,))[0][0] == 3, 20,
        "three deletions that are waited for")
    bare_rig.finish(bare_rig.person().create())
