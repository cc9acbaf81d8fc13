# Licensed under the Apache License, Version 2.0; see LICENSE.
"""What the engine's looks cost: counted, never timed."""

import pytest

from harness.client import template
from harness.live import HELD
from harness.proxies import Far

# A rhythm is neither longer than a lease nor a small part of it.
STEADY = {"poll_min": 300, "poll_max": 300, "lease": 850}


@pytest.fixture
def versions(rig):
    """Counts the versions of rows of work, by id and lease."""
    rig.sql("""CREATE TABLE versions (id uuid, lease_number bigint);
        CREATE FUNCTION count_version() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN INSERT INTO versions VALUES (NEW.id, NEW.lease_number); RETURN NULL; END';
        CREATE TRIGGER versions AFTER UPDATE ON work FOR EACH ROW EXECUTE FUNCTION count_version()""")
    yield lambda id: dict(rig.sql("""SELECT lease_number, count(*) FROM versions JOIN operations USING (id)
        WHERE deployment_id = %s GROUP BY lease_number""", (id,)))
    rig.sql("DROP TRIGGER versions ON work; DROP FUNCTION count_version; DROP TABLE versions")


def test_a_look_that_finds_nothing_new_writes_one_version_of_a_row(rig, versions):
    rig.engine(**STEADY)
    id = rig.person().create(template(im_simulator={"boot_ms": HELD}))
    rig.wait_for_phase(id, "provisioning")

    def are_cheap():
        counted = versions(id)
        return sum(count == 1 for lease, count in counted.items() if lease < max(counted)) >= 5
    rig.wait_for(are_cheap, 20, "looks of one version each")
    rig.control.release()
    rig.finish(id)


def test_a_look_at_what_is_complete_writes_one_version_of_a_row(rig, versions):
    rig.engine(**STEADY, watch_interval=900)
    id = rig.person().create()
    rig.finish(id)

    def are_cheap():
        counted = dict(rig.sql("SELECT lease_number, count(*) FROM versions WHERE id = %s GROUP BY 1", (id,)))
        return sum(count == 1 for lease, count in counted.items() if lease < max(counted)) >= 5
    rig.wait_for(are_cheap, 30, "looks of one version each")
    assert rig.deployment(id)["status"] == 0


def test_what_nobody_waits_for_comes_last(rig):
    """While calls take their time, with one slot: what is complete is looked at behind what somebody waits for."""
    rig.engine(watch_interval=500, im_max_in_flight=1)
    alice = rig.person()
    watched = [alice.create() for _ in range(6)]
    for id in watched:
        rig.finish(id)
    rig.control.fault(fault="slow", on="state", ms=200)
    rig.sql("UPDATE work SET due_at = now() WHERE kind = 'watch'")
    rig.notify()
    rig.finish(alice.create())
    rig.wait_for(lambda: rig.sql("SELECT min(lease_number) FROM work WHERE kind = 'watch'")[0][0] > 0, 20, "all looks")


def test_what_is_looked_at_in_a_rhythm_hears_of_a_deletion_at_once(rig):
    rig.engine(**{**STEADY, "poll_min": 60000, "poll_max": 60000, "lease": 90000})
    alice = rig.person()
    id = alice.create(template(im_simulator={"boot_ms": HELD}))
    rig.wait_for(lambda: (rig.operation(id).get("rhythm") or 0) > 0, 10, "a rhythm")
    alice.delete(id)
    assert rig.wait_for_end(id)["state"] == "canceled"


def test_what_nobody_looked_at_when_its_turn_came_is_found_later(rig):
    """Its due_at lies before what claims look at: a row that was locked then, or a clock that was set back."""
    rig.engine(**STEADY)
    first, second = rig.person().create(template(im_simulator={"boot_ms": HELD})), rig.person().create()
    rig.finish(second)
    rig.wait_for_phase(first, "provisioning")
    rig.wait_for(lambda: rig.change_work(first, "due_at = now() - interval '1 hour'"), 10, "a row that is at work")
    rig.control.release()
    rig.finish(first, timeout=90)


CLOCK = """
    CREATE SCHEMA clock;
    CREATE TABLE clock.shift AS SELECT interval '0' AS shift;
    CREATE FUNCTION clock.now() RETURNS timestamptz LANGUAGE sql STABLE
        AS 'SELECT pg_catalog.now() + shift FROM clock.shift';
    CREATE FUNCTION clock.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
        AS 'SELECT pg_catalog.clock_timestamp() + shift FROM clock.shift'"""


def test_a_clock_that_was_set_back_holds_nothing_up_that_comes_then(rig):
    """Or a server with another clock took over: what is due by the new clock lies before what claims look at."""
    rig.sql(CLOCK)
    rig.engine(database=rig.postgres.conninfo.replace("options='",
                                                      "options='-c search_path=clock,public,pg_catalog "))
    rig.finish(rig.person().create())
    rig.sql("UPDATE clock.shift SET shift = '-1 hour'")
    id = rig.person().create()
    rig.sql("UPDATE work SET due_at = due_at - interval '1 hour' FROM operations o WHERE o.id = work.id "
            "AND deployment_id = %s AND NOT is_begun",
            (id,))
    rig.notify()
    rig.finish(id)
    rig.stop_engines()
    rig.sql("DROP SCHEMA clock CASCADE")


def test_what_many_creations_announce_goes_to_the_database_together(rig):
    far = Far(rig.postgres.port, 0.05, b"work_durably")
    ids = [rig.person().create() for _ in range(32)]
    rig.engine(database=rig.postgres.conninfo.replace("port=%d" % rig.postgres.port, "port=%d" % far.port),
               im_max_in_flight=32)
    for id in ids:
        rig.finish(id, timeout=40)
    far.close()
    assert all(len(rig.steps(id)) == 1 for id in ids)
    assert 0 < far.trips <= len(ids) / 2
