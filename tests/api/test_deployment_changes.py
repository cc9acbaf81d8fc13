# Licensed under the Apache License, Version 2.0; see LICENSE.
"""PATCH of a deployment's group and POST .../reset-status."""

import pytest
from deployed import ABSENT, body, done, frozen, own, person_id, pointers, put, submit  # noqa: F401

from harness.client import expect


def patch(client, deployment, value, **options):
    return client.patch("/deployments/" + deployment, json=value, **options)


def reset(client, deployment):
    return client.post("/deployments/%s/reset-status" % deployment)


# ---- the group ----

def test_an_administrator_gives_a_deployment_to_another_group(frozen):
    alice, admin = frozen.person(), frozen.person(admin=True)
    made = submit(frozen, alice)
    before = alice.deployment(made)
    expect(patch(admin, made, {"user_group": "another"}), 204)
    after = alice.deployment(made)
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"user_group", "updated_at", "updated_by"}
    assert (after["user_group"], after["updated_by"]) == ("another", person_id(frozen, admin))
    assert frozen.sql("SELECT count(*) FROM operations WHERE deployment_id = %s", (made,)) == [(1,)]


def test_the_same_group_changes_nothing(frozen):
    alice, admin = frozen.person(), frozen.person(admin=True)
    made = submit(frozen, alice)
    tag = alice.get("/deployments/" + made).headers["ETag"]
    expect(patch(admin, made, {"user_group": "/" + alice.group}), 204)
    assert alice.get("/deployments/" + made).headers["ETag"] == tag


def test_nobody_else_gives_it_away(frozen):
    alice, bob, admin = frozen.person(), frozen.person(), frozen.person(admin=True)
    made = submit(frozen, alice)
    for client in (alice, bob):
        expect(patch(client, made, {"user_group": "another"}), 403)
        expect(patch(client, ABSENT, {"user_group": "another"}), 404)
    expect(patch(admin, ABSENT, {"user_group": "another"}), 404)
    assert alice.deployment(made)["user_group"] == alice.group


@pytest.mark.parametrize("value, named", [
    ({"user_group": ""}, ["/user_group"]), ({"user_group": None}, ["/user_group"]), ({}, [""]),
    ({"user_group": "g" * 256}, ["/user_group"]), ({"user_group": "g", "colour": 1}, ["", "/colour"])])
def test_a_wrong_change_is_named(frozen, value, named):
    alice, admin = frozen.person(), frozen.person(admin=True)
    assert pointers(patch(admin, submit(frozen, alice), value)) == named


def test_a_stale_version_is_not_changed(frozen):
    alice, admin = frozen.person(), frozen.person(admin=True)
    made = submit(frozen, alice)
    tag = admin.get("/deployments/" + made).headers["ETag"]
    put(frozen, made)
    expect(patch(admin, made, {"user_group": "another"}, headers={"If-Match": tag}), 412)
    tag = admin.get("/deployments/" + made).headers["ETag"]
    expect(patch(admin, made, {"user_group": "another"}, headers={"If-Match": tag}), 204)


# ---- the status ----

@pytest.mark.parametrize("type_, state, name", [
    ("CREATE", "pending", "CREATE_FAILED"), ("CREATE", "in progress", "CREATE_FAILED"),
    ("CREATE", "canceling", "CREATE_FAILED"), ("UPDATE", "in progress", "UPDATE_FAILED"),
    ("ADD_OWNER", "pending", "UPDATE_FAILED"), ("DELETE", "in progress", "DELETE_FAILED")])
def test_what_is_at_work_ends_as_failed(frozen, type_, state, name):
    alice = frozen.person()
    made = submit(frozen, alice)
    put(frozen, made, type_, state, phase="queued")
    tag = alice.get("/deployments/" + made).headers["ETag"]
    answer = expect(reset(alice, made), 202)
    value = alice.deployment(made)
    assert (value["status_name"], value["task_name"]) == (name, "finished")
    assert value["status_reason"] == "Its status was reset by hand."
    assert alice.get("/deployments/" + made).headers["ETag"] != tag
    operation = expect(alice.get(answer.headers["Location"]), 200).json()
    assert operation["id"] == value["last_operation"] and operation["state"] == "failed" and operation["ended_at"]
    assert operation["errors"] == [{"error": "operation.reset", "description": "Its status was reset by hand."}]
    assert frozen.sql("SELECT count(*) FROM work WHERE id = %s", (operation["id"],)) == [(0,)]
    assert "reset by hand" in alice.get("/deployments/%s/logs" % made).json()["orchestrator_logs"]


def test_what_is_at_nothing_has_no_status_to_reset(frozen):
    alice = frozen.person()
    made = done(frozen, alice)
    expect(reset(alice, made), 409)
    put(frozen, made, "UPDATE", "failed", reason="no")
    expect(reset(alice, made), 409)


def test_who_may_reset_a_status(frozen):
    alice, bob, carol, admin = frozen.person(), frozen.person(), frozen.person(), frozen.person(admin=True)
    made = submit(frozen, alice)
    own(frozen, made, carol)
    expect(reset(bob, made), 403)
    for client in (alice, bob, admin):
        expect(reset(client, ABSENT), 404)
    for client in (carol, admin):
        put(frozen, made, "CREATE", "pending", phase="queued")
        expect(reset(client, made), 202)
        expect(reset(client, made), 409)


def infrastructure(frozen, made):
    """What a creation has made at IM, as the engine writes it."""
    frozen.sql("INSERT INTO infrastructures (id, deployment_id, operation_id, step, user_id, user_group,"
               " user_group_issuer, endpoint, infra_id, standing, answer_until)"
               " SELECT gen_random_uuid(), id, last_operation_id, 1, created_by, user_group, user_group_issuer,"
               " 'http://im.invalid', 'infra', 'made', now() FROM deployments WHERE id = %s", (made,))
    frozen.sql("UPDATE deployments SET im_infra_id = 'infra', im_endpoint = 'http://im.invalid' WHERE id = %s", (made,))


@pytest.mark.parametrize("type_, keeps, is_left", [("CREATE", False, False), ("CREATE", True, True),
                                                   ("UPDATE", False, True), ("ADD_OWNER", False, True)])
def test_only_what_a_creation_made_goes(frozen, type_, keeps, is_left):
    alice = frozen.person()
    made = submit(frozen, alice, keep_last_attempt=keeps)
    infrastructure(frozen, made)
    frozen.sql("UPDATE resources SET status = 8 WHERE deployment_id = %s", (made,))
    put(frozen, made, type_, "in progress", phase="provisioning")
    expect(reset(alice, made), 202)
    rows = frozen.sql("SELECT standing, unwanted_at IS NULL, kind FROM infrastructures i LEFT JOIN work w USING (id)"
                      " WHERE deployment_id = %s", (made,))
    assert rows == [("made", True, None) if is_left else ("unwanted", False, "infrastructure")]
    assert (alice.deployment(made)["im_infra_id"] == "infra") is is_left
    status = alice.get("/deployments/%s/resources" % made).json()["data"][0]["status_name"]
    assert status == ("ERROR" if type_ == "CREATE" else "STARTED")


def test_a_reset_holds_against_an_engine_that_has_it_in_hand(stack):
    alice = stack.person(behaviour="slow_boot")
    made = alice.deploy()
    alice.wait_for_status(made, "CREATE_IN_PROGRESS")
    stack.wait_for(lambda: alice.deployment(made)["im_infra_id"], 15, "an infrastructure")
    infra = alice.deployment(made)["im_infra_id"]
    expect(reset(alice, made), 202)
    stack.wait_for(lambda: infra not in [one["id"] for one in stack.control.ledger(alive="true")], 15, "its removal")
    value = alice.deployment(made)
    assert value["status_name"] == "CREATE_FAILED" and value["im_infra_id"] is None
    expect(alice.delete("/deployments/" + made), 202)
    alice.wait_for_status(made, "DELETE_COMPLETE")
