# Licensed under the Apache License, Version 2.0; see LICENSE.
"""A daemon that says nothing for ten seconds is counted out, and its part of each window is the others': so it says
that it lives however much housekeeping has to do."""

import pytest

DAY = 86400 * 1000  # of the configuration
PORTION = 1000  # operations that housekeeping looks at in one statement


def make_old(rig, count):
    """So many operations on one deployment that ended a year ago; its creation stays."""
    person = rig.person()
    deployment = person.create()
    rig.sql("""INSERT INTO operations (id, deployment_id, type, state, phase, user_group, user_group_issuer, created_by,
                                       created_at, ended_at)
        SELECT gen_random_uuid(), %s, 'UPDATE', 'succeeded', 'ended', %s, %s, %s, old, old
        FROM generate_series(1, %s) AS n, LATERAL (SELECT now() - interval '1 year' - n * interval '1 s') AS x (old)""",
            (deployment, person.group, person.issuer, person.id, count))


@pytest.fixture(name="slow_deletions")
def _slow_deletions(rig):
    """Each statement that deletes operations takes longer than a daemon's interval between two signs."""
    rig.sql("""CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_sleep(2.5); RETURN NULL; END $$""")
    rig.sql("CREATE TRIGGER linger AFTER DELETE ON operations FOR EACH STATEMENT EXECUTE FUNCTION linger()")
    yield
    rig.stop_engines()
    rig.sql("DROP FUNCTION linger CASCADE")


@pytest.mark.usefixtures("slow_deletions")
def test_who_has_much_to_delete_says_that_it_lives(rig):
    make_old(rig, 3 * PORTION)
    rig.engine(retention=DAY)
    signs = set()

    def all_are_gone():
        left, sign = rig.sql("""SELECT count(*), (SELECT max(lived_at) FROM engines) FROM operations
            WHERE ended_at < now() - interval '1 month'""")[0]
        if 0 < left < 3 * PORTION:
            signs.add(sign)
        return not left

    rig.wait_for(all_are_gone, 30, "an end of all old operations")
    assert len(signs) > 1, "nothing was said between the first portion and the last one"
