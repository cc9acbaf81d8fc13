# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Daemons of two versions at one database: the newer one (newer_kinds.c) knows a phase and a kind more."""

import uuid

import pytest

from harness.client import template
from harness.live import HELD

OLDER, NEWER = "run_engine", "run_newer_engine"
ONLY_NEWER = "(kind = 'census' OR phase = 'reviewing')"


@pytest.fixture
def versions(rig):
    """The database as the newer version's migrations leave it."""
    rig.sql("ALTER TYPE operation_phase ADD VALUE IF NOT EXISTS 'reviewing' BEFORE 'ended'")
    return rig


def begin_census(rig, person):
    """Work of the kind that only the newer version knows."""
    rig.sql("""WITH s AS (INSERT INTO sweeps (id, user_id, user_group, user_group_issuer, endpoint)
        VALUES (%s, %s, %s, %s, %s)
            RETURNING id)
        INSERT INTO work (id, kind, is_begun) SELECT id, 'census', true FROM s""",
            (str(uuid.uuid4()), person.id, person.group, person.issuer, "http://another.example"))
    rig.notify()


def only_newer(rig, what="to_jsonb(work)"):
    return rig.sql("SELECT %s FROM work WHERE %s ORDER BY id" % (what, ONLY_NEWER))


def finish_all(rig, ids, type="CREATE"):
    for id in ids:
        rig.finish(id, type=type)


def test_what_the_older_version_does_not_know_is_left_to_the_newer_one(versions):
    rig = versions
    newer = rig.engine(NEWER, delete_repeat=HELD)
    alice = rig.person()
    reviewed = alice.create()
    rig.finish(reviewed)
    alice.delete(reviewed)
    begin_census(rig, alice)
    rig.wait_for(lambda: sorted(only_newer(rig, "phase")) == [("counting",), ("reviewing",)], 10, "both under way")
    newer.kill()
    rig.engine(OLDER)
    rig.wait_for(lambda: only_newer(rig, "due_at <= now()") == [(True,), (True,)], 10, "both taken from who is gone")
    before = only_newer(rig)
    other = alice.create()
    rig.finish(other)
    alice.delete(other)
    rig.finish(other, type="DELETE")
    assert only_newer(rig) == before
    rig.engine(NEWER)
    rig.finish(reviewed, type="DELETE")
    rig.wait_for(lambda: not only_newer(rig), 10, "the end of the census")
    rig.wait_until_gone(alice)


@pytest.mark.parametrize("first, then", [(OLDER, NEWER), (NEWER, OLDER)], ids=["up", "down"])
def test_hosts_change_their_version_one_by_one(versions, first, then):
    """Both ways nothing is lost and nothing doubled; what the older one can't do waits until somebody can."""
    rig = versions
    first_host, second_host = rig.engine(first, delete_repeat=HELD), rig.engine(first, delete_repeat=HELD)
    alice = rig.person()
    unwanted = [alice.create() for _ in range(8)]
    finish_all(rig, unwanted)
    wanted = [alice.create(template(im_simulator={"boot_ms": HELD})) for _ in range(6)]
    for id in unwanted[:4]:
        alice.delete(id)
    for id in wanted:
        rig.wait_for_phase(id, "provisioning")
    first_host.stop()
    rig.engine(then, delete_repeat=HELD)
    for id in unwanted[4:]:
        alice.delete(id)
    wanted += [alice.create() for _ in range(6)]
    second_host.kill()
    rig.engine(then, delete_repeat=HELD)
    rig.control.release()
    finish_all(rig, wanted)
    rig.wait_for(lambda: rig.sql("""SELECT bool_and(o.ended_at IS NOT NULL OR o.phase = 'reviewing') FROM operations o
        WHERE deployment_id = ANY (%s::uuid[]) AND type = 'DELETE'""", (unwanted,))[0][0], 20, "ends, and reviews")
    rig.engine(NEWER)
    rig.sql("UPDATE work SET due_at = now(), is_hurried = true WHERE " + ONLY_NEWER)
    finish_all(rig, unwanted, "DELETE")
    assert [len(rig.alive(id)) for id in wanted] == [1] * len(wanted)
    assert len(rig.infrastructures(alice)) == len(wanted + unwanted)
    assert len(rig.infrastructures(alice, alive="true")) == len(wanted)
