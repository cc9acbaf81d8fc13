# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Orchestrations that hang are nobody else's trouble, however many there are, and whatever they wait for."""

import contextlib
import uuid

import psycopg2

from harness import statements

EVERYTHING = '{"targets": {"include": [{"target": "all"}]}}'
IN_HAND = "SELECT count(*) FROM work WHERE kind = 'orchestration' AND lease_number > 0 AND due_at > now()"


def orchestrate(rig, person, workers=50):
    """A deletion of all that the person has, as POST leaves it; its id."""
    one = str(uuid.uuid4())
    rig.sql(*statements.together(("orchestration_insert", {
        "id": one, "type": "DELETE", "parameters": EVERYTHING, "inputs_sealed": None, "is_admin": False,
        "is_dry_run": False, "keeps_windows": False, "workers": workers, "begins_at": None, "correlation_id": None,
        "caller": person.id})))
    rig.notify()
    return one


def deployments(rig, person, count):
    """Whose creations have failed before they made anything."""
    ids = [person.create() for _ in range(count)]
    rig.sql("DELETE FROM work w USING operations o WHERE o.id = w.id AND o.deployment_id = ANY (%s::uuid[])", (ids,))
    rig.sql("""UPDATE operations SET state = 'failed', phase = 'ended', ended_at = now()
        WHERE deployment_id = ANY (%s::uuid[])""", (ids,))
    return ids


@contextlib.contextmanager
def locked(rig, table, ids):
    """Somebody has locked these rows; gives what waits until somebody waits for them."""
    connection = psycopg2.connect(rig.postgres.conninfo)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET idle_in_transaction_session_timeout = 0")
            cursor.execute("SELECT id FROM %s WHERE id = ANY (%%s::uuid[]) ORDER BY id FOR UPDATE" % table, (ids,))
        yield lambda: rig.wait_for(lambda: rig.sql(
            "SELECT FROM pg_stat_activity WHERE %s = ANY (pg_blocking_pids(pid))",
            (connection.info.backend_pid,)), 20, "who waits")
    finally:
        connection.close()


def wait_until_it_begins(rig, one):
    rig.wait_for(lambda: rig.sql("SELECT FROM orchestration_targets WHERE orchestration_id = %s AND is_begun", (one,)),
                 60, "its first operation")


def test_orders_that_hang_leave_hands_free(rig):
    """More orchestrations are due than a daemon has hands, and what they need is locked."""
    person = rig.person()
    ids = [orchestrate(rig, person) for _ in range(600)]
    with locked(rig, "orchestrations", ids) as wait_until_somebody_waits:
        engine = rig.engine()
        wait_until_somebody_waits()
        rig.finish(rig.person().create(), timeout=30)
        assert rig.sql(IN_HAND)[0][0] < 256
        engine.kill()


def test_who_has_an_order_in_hand_is_given_no_other(rig):
    """Each operation that ends wakes its orchestration, while its order waits."""
    other, person = rig.person(), rig.person()
    deployments(rig, other, 1)
    one = orchestrate(rig, person)
    with locked(rig, "orchestrations", [one]) as wait_until_somebody_waits:
        engine = rig.engine(lease=60000)
        wait_until_somebody_waits()
        for _ in range(30):
            rig.sql("SELECT orchestration_wake(%s::uuid)", (one,))
            rig.notify()
        wait_until_it_begins(rig, orchestrate(rig, other))
        assert engine.text().count("lock timeout") <= 10
        assert rig.sql("SELECT lease_number FROM work WHERE id = %s", (one,))[0][0] <= 10
        engine.kill()


def test_locked_deployments_hold_nobody_elses_orchestration_up(rig):
    """An order waits for one lock, not for each."""
    locking, other = rig.person(), rig.person()
    rows = deployments(rig, locking, 20)
    deployments(rig, other, 1)
    with locked(rig, "deployments", rows) as wait_until_somebody_waits:
        engine = rig.engine()
        orchestrate(rig, locking)
        wait_until_somebody_waits()
        wait_until_it_begins(rig, orchestrate(rig, other))
        assert engine.text().count("is put off") <= 10
        engine.kill()


def test_persons_have_their_turns_one_after_the_other(rig):
    """However much one of them asks for, and however long before."""
    many, few = rig.person(), rig.person()
    deployments(rig, many, 3)
    deployments(rig, few, 3)
    theirs = [orchestrate(rig, many) for _ in range(30)]
    one = orchestrate(rig, few)
    engine = rig.engine()
    wait_until_it_begins(rig, one)
    before = rig.sql("""SELECT count(*) FROM orchestrations WHERE id = ANY (%s::uuid[]) AND resolved_at <
        (SELECT min(o.created_at) FROM operations o JOIN orchestration_targets t USING (id)
         WHERE t.orchestration_id = %s)""", (theirs, one))[0][0]
    assert before <= 3
    rig.wait_for(lambda: not rig.sql("SELECT FROM orchestrations WHERE id = ANY (%s::uuid[]) AND resolved_at IS NULL",
                                     (theirs,)), 60, "all the others")
    engine.kill()


def test_what_waits_for_its_persons_turn_is_left_alone(rig):
    """Nothing is written of it, however many there are: its place is where it has been due."""
    person = rig.person()
    ids = [orchestrate(rig, person) for _ in range(200)]
    due = rig.sql("SELECT id, due_at FROM work WHERE id = ANY (%s::uuid[])", (ids,))
    with locked(rig, "orchestrations", ids) as wait_until_somebody_waits:
        engine = rig.engine()
        wait_until_somebody_waits()
        for _ in range(5):
            rig.finish(rig.person().create())
        left = dict(rig.sql("SELECT id, due_at FROM work WHERE id = ANY (%s::uuid[]) AND lease_number = 0", (ids,)))
        assert len(left) > 100 and left.items() <= dict(due).items()
        engine.kill()


def test_an_orchestration_that_is_busy_leaves_the_persons_others_their_turns(rig):
    """Each of its operations that ends wakes it."""
    person = rig.person()
    deployments(rig, person, 300)
    busy = orchestrate(rig, person, workers=20)
    engine = rig.engine()
    wait_until_it_begins(rig, busy)
    other = orchestrate(rig, person)
    rig.wait_for(lambda: rig.sql("SELECT FROM orchestrations WHERE id = %s AND resolved_at IS NOT NULL", (other,)), 60,
                 "a look at the other one")
    assert rig.sql("SELECT FROM orchestration_targets WHERE orchestration_id = %s AND NOT is_begun", (busy,))
    engine.kill()
