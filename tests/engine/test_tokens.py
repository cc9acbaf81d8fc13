# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Tokens that end while an operation is at work."""

import pytest

from harness.client import template


def calls(rig):
    return rig.issuer.control("calls").get("/token", 0)


def sealed(rig, person):
    return rig.sql("SELECT c.access_token, u.refresh_token FROM credentials c JOIN users u ON u.id = c.user_id WHERE "
                   "u.id = %s",
                   (person.id,))[0]


def test_a_token_at_its_end_is_renewed_with_the_refresh_token_which_rotates(engine_rig):
    alice = engine_rig.person(ttl=30, refresh=True)
    before = sealed(engine_rig, alice)
    engine_rig.finish(alice.create())
    after = sealed(engine_rig, alice)
    assert after[0] != before[0] and after[1] != before[1]


def test_a_token_that_still_lives_is_exchanged_when_there_is_no_refresh_token(engine_rig):
    alice = engine_rig.person(ttl=30)
    engine_rig.finish(alice.create())
    assert sealed(engine_rig, alice)[1]


def test_an_expired_token_is_renewed_too(engine_rig):
    alice = engine_rig.person(ttl=-10, refresh=True)
    engine_rig.finish(alice.create())


def test_many_operations_renew_a_token_once(engine_rig):
    alice = engine_rig.person(ttl=-10, refresh=True)
    before = calls(engine_rig)
    ids = [alice.create() for _ in range(10)]
    for id in ids:
        engine_rig.finish(id)
    assert calls(engine_rig) - before == 1


def test_im_s_rejection_is_answered_with_a_fresh_token(engine_rig):
    alice = engine_rig.person(ttl=600, refresh=True)
    before = sealed(engine_rig, alice)
    id = alice.create(template(im_simulator={"fault": "token_expired", "on": "state", "first": 1}))
    engine_rig.finish(id)
    assert sealed(engine_rig, alice) != before
    assert [step["status"] for step in engine_rig.steps(id)] == ["succeeded"]


def test_an_operation_waits_for_its_person_says_so_and_goes_on_at_once(engine_rig):
    alice = engine_rig.person(ttl=-10)
    id = alice.create()
    engine_rig.wait_for(lambda: engine_rig.operation(id)["waits_for_token"], 5, "an operation that waits")
    operation = engine_rig.operation(id)
    assert operation["state"] == "in progress" and operation["description"] == "Waits for a fresh token of the owner."
    alice.bring_token()
    engine_rig.finish(id)
    assert not engine_rig.operation(id)["waits_for_token"]


def test_the_deadline_counts_while_it_waits(engine_rig):
    alice = engine_rig.person(ttl=-10)
    id = alice.create(deadline=1.0)
    operation = engine_rig.finish(id, "failed")
    assert "time of the whole" in operation["reason"]


@pytest.mark.parametrize("status", [500, 0])
def test_an_issuer_that_is_away_is_waited_for(engine_rig, status):
    alice = engine_rig.person(ttl=-10, refresh=True)
    engine_rig.issuer.control("fault", {"route": "/token", "status": status, "times": 2})
    id = alice.create()
    engine_rig.finish(id, timeout=30)


def test_force_needs_no_token(engine_rig):
    alice = engine_rig.person()
    id = alice.create()
    engine_rig.finish(id)
    alice.bring_token(ttl=-10)
    alice.delete(id, force=True)
    engine_rig.wait_for(lambda: not engine_rig.sql("SELECT FROM deployments WHERE id = %s", (id,)), 15, "the row's end")


def test_no_token_stands_in_a_log(bare_rig, engine_rig):
    alice = engine_rig.person(ttl=30, refresh=True)
    engine_rig.finish(alice.create())
    text = bare_rig.engines[0].text()
    assert alice.token not in text and alice.token.split(".")[1] not in text and "eyJ" not in text
