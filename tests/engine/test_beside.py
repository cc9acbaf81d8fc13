# Licensed under the Apache License, Version 2.0; see LICENSE.
"""What goes on beside the work: others' transactions that last, connections that are not to be had, tables that
somebody has locked. None of it holds up what has nothing to do with it."""

import contextlib
import datetime
import os
import signal

import psycopg2

from harness.live import HELD

DEAD = 5000


@contextlib.contextmanager
def transaction(url, statement):
    """A transaction that stays open."""
    connection = psycopg2.connect(url)
    try:
        connection.set_session(isolation_level="REPEATABLE READ")
        with connection.cursor() as cursor:
            cursor.execute(statement)
        yield connection
    finally:
        connection.close()


@contextlib.contextmanager
def daemon(rig, **config):
    made = rig.engine(**config)
    try:
        yield made
    finally:
        made.stop()
        rig.engines.remove(made)


def entries_of(rig, index):
    """How often an index was walked over, and how many of its entries that took."""
    return rig.sql("SELECT idx_scan, idx_tup_read FROM pg_stat_user_indexes WHERE indexrelname = %s", (index,))[0]


def test_what_watching_left_behind_is_not_walked_over_again(bare_rig):
    """While some transaction is old, each look at a deployment leaves an entry of the schedule behind."""
    rig = bare_rig
    with daemon(rig, watch_interval=1000):
        id = rig.person().create()
        rig.finish(id)
        with transaction(rig.postgres.url, "SELECT count(*) FROM work"):
            rig.sql("""DO $$ BEGIN FOR i IN 1..%d LOOP
                UPDATE work SET due_at = now() - interval '1 minute' + i * interval '10 milliseconds' WHERE id = '%s';
                END LOOP; END $$""" % (DEAD, id))

            def looks():
                rig.notify()
                return rig.sql("SELECT lease_number FROM work WHERE id = %s", (id,))[0][0]
            first = looks()
            rig.wait_for(lambda: looks() > first + 1, 20, "two looks")

            def claims(number):
                """What was read by the time that so many more are counted, which happens some time later."""
                scans = entries_of(rig, "work_idle")[0] + number
                rig.wait_for(lambda: rig.notify() or entries_of(rig, "work_idle")[0] > scans, 20, "claims")
                return entries_of(rig, "work_idle")[1]
            claims(10)
            read = claims(10)
            # housekeeping looks at all of it now and then
            assert claims(40) - read < 4 * DEAD


def test_what_was_locked_when_its_watch_was_due_is_looked_at_all_the_same(bare_rig):
    """Claims look no further back than to what they found last; housekeeping finds the rest."""
    rig = bare_rig
    with daemon(rig, watch_interval=1000):
        first, other = (rig.person().create() for _ in range(2))
        rig.finish(first)
        rig.finish(other)

        def looks(id):
            return rig.sql("SELECT lease_number FROM work WHERE id = %s", (id,))[0][0]
        rig.wait_for(lambda: looks(other) > 1, 10, "a look")
        rig.sql("UPDATE work SET due_at = now() - interval '1 minute' WHERE id = %s", (first,))
        seen = looks(first)
        rig.wait_for(lambda: looks(first) > seen, 70, "a look at what was left behind")


def test_a_connection_that_is_not_to_be_had_holds_up_nobody_else(bare_rig, make_pgbouncer):
    """All of a pooler's connections are taken when the daemon wants the one that tokens are renewed with."""
    rig = bare_rig
    pooler = make_pgbouncer(rig.postgres, "session", size=3)
    url = pooler.url("orchestrator")
    with transaction(url, "SELECT") as taken, daemon(rig, database=url) as engine:
        rig.finish(rig.person().create())
        rig.wait_for(lambda: rig.sql("""SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()""")[0][0] == 3, 10, "housekeeping's")
        away = rig.person(ttl=1, refresh=True).create()
        rig.wait_for(lambda: "a token is not renewed: no answer within 2000 ms" in engine.text(), 5,
                     "the end of the daemon's patience")
        rig.finish(rig.person().create())
        assert rig.operation(away)["state"] == "in progress"
        assert engine.text().count("no answer within") < 3
        taken.close()
        rig.finish(away, timeout=30)


# Who waits for the table that transactions of the next tests have locked: housekeeping, and nobody else.
WAITS = """SELECT pid FROM pg_stat_activity
    WHERE wait_event_type = 'Lock' AND query LIKE '%idempotency_keys%' AND pid <> pg_backend_pid()"""


def test_who_waits_for_a_locked_table_lives(bare_rig):
    """Who is taken for dead after ten seconds leaves the whole window of each IM to the others, and uses its own."""
    rig = bare_rig
    with transaction(rig.postgres.url, "LOCK TABLE idempotency_keys"), daemon(rig):
        rig.wait_for(lambda: rig.sql(WAITS), 10, "housekeeping that waits")

        def lived():
            return rig.sql("SELECT max(lived_at) FROM engines")[0][0]
        before = lived()
        rig.wait_for(lambda: lived() > before, 10, "a sign of life")
        assert lived() - before < datetime.timedelta(seconds=10)


def test_who_ends_hands_work_back_though_housekeeping_waits(bare_rig):
    """The daemon is killed when it takes too long to end, and then its work would wait for the end of its leases."""
    rig = bare_rig
    patient = {"lease": HELD, "im_create_timeout": HELD}
    with transaction(rig.postgres.url, "LOCK TABLE idempotency_keys"), daemon(rig, **patient) as engine:
        rig.control.fault(on="create", fault="slow", ms=HELD)
        id = rig.person().create()
        rig.wait_for_creation()
        (waiter,), = rig.wait_for(lambda: rig.sql(WAITS), 10, "housekeeping that waits")
        os.kill(waiter, signal.SIGSTOP)  # from now on it does so for as long as the test lasts
        try:
            engine.process.terminate()
            rig.wait_for(lambda: rig.sql("SELECT due_at <= now() FROM work WHERE id = %s",
                                         (rig.operation(id)["id"],))[0][0], 5, "work that is handed back")
        finally:
            os.kill(waiter, signal.SIGCONT)
        engine.kill()
        rig.control.release()
