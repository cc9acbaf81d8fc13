# Licensed under the Apache License, Version 2.0; see LICENSE.
"""The daemon is killed at random moments while deployments are made: none is lost at IM, none is made twice."""

import collections
import os
import random

import pytest

from harness.client import template

DEPLOYMENTS = 50
MOST_CALLS = 25  # between two kills: about half a second
# Every step takes a while, so that kills fall into all of them.
BEHAVIOUR = {"launch_ms": 100, "boot_ms": 200, "config_ms": 200, "faults": [
    {"fault": "slow_create", "ms": 150, "fraction": 0.5},
    {"fault": "slow", "on": "outputs,vm,contmsg", "ms": 60, "fraction": 0.3}]}


def is_at_work(rig):
    return rig.sql("SELECT EXISTS (SELECT FROM operations WHERE ended_at IS NULL)")[0][0]


def kill_often(rig, times, choose, busy):
    """Kills a daemon `times` times, each time when IM has got some more calls, or none, since the last; work goes on
    meanwhile."""
    for _ in range(times):
        engine = choose.choice(rig.engines)
        wanted = rig.control.get("calls")["total"] + choose.randrange(MOST_CALLS)
        rig.wait_for(lambda: rig.control.get("calls")["total"] >= wanted or not is_at_work(rig), 60, "calls to IM",
                     interval=0.002)
        engine.kill()
        engine.start()
        busy()


@pytest.mark.parametrize("kills", [20, pytest.param(200, marks=pytest.mark.faults)])
@pytest.mark.parametrize("daemons", [1, 2])
def test_no_kill_loses_or_doubles_an_infrastructure(bare_rig, kills, daemons):
    rig, seed = bare_rig, int(os.environ.get("ORCHESTRATOR_SEED", "0")) or random.randrange(1, 10 ** 6)
    print("ORCHESTRATOR_SEED=%d" % seed)
    choose = random.Random(seed)
    while len(rig.engines) < daemons:
        rig.engine()
    people = [rig.person() for _ in range(5)]
    ids = [choose.choice(people).create(template(im_simulator=BEHAVIOUR)) for _ in range(DEPLOYMENTS)]
    owners = {row[0]: row[1]
              for row in rig.sql("SELECT id::text, created_by::text FROM deployments WHERE id = ANY (%s::uuid[])",
                                 (ids,))}
    by_id = {person.id: person for person in people}

    def keep_busy():
        """Kills that come when all is done would prove nothing: another deployment for each one that is complete."""
        open_ones = rig.sql("SELECT count(*) FROM operations WHERE deployment_id = ANY (%s::uuid[]) AND ended_at IS "
                            "NULL", (ids,))[0][0]
        for _ in range(max(0, 10 - open_ones)):
            person = choose.choice(people)
            ids.append(person.create(template(im_simulator=BEHAVIOUR)))
            owners[ids[-1]] = person.id
    kill_often(rig, kills, choose, keep_busy)
    for id in ids:
        rig.finish(id, timeout=120)

    ours = [one for one in rig.control.ledger() if one["metadata"].get("PAAS_DEP_UUID") in owners]
    alive = collections.Counter(one["metadata"]["PAAS_DEP_UUID"] for one in ours if one["alive"])
    assert set(alive) == set(ids), "lost"
    assert set(alive.values()) == {1}, "doubled: %r" % alive.most_common(3)
    known = {row[0] for row in rig.sql("SELECT im_infra_id FROM deployments WHERE id = ANY (%s::uuid[])", (ids,))}
    assert known == {one["id"] for one in ours if one["alive"]}

    for id in ids:
        by_id[owners[id]].delete(id)
    kill_often(rig, kills // 4, choose, lambda: None)
    for id in ids:
        rig.finish(id, type="DELETE", timeout=120)
    assert not [one for one in rig.control.ledger(alive="true") if one["metadata"].get("PAAS_DEP_UUID") in owners]
