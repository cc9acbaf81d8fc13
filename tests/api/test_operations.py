# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Operations of a deployment."""

import json

import pytest
from deployed import ABSENT, done, frozen, parameters, person_id, put, submit  # noqa: F401

from harness.client import expect


def operations(client, deployment, **query):
    return expect(client.get("/deployments/%s/operations" % deployment, params=query), 200).json()["data"]


def test_a_new_operation_has_every_fact_and_null_for_those_that_are_absent(frozen):
    alice = frozen.person()
    made = submit(frozen, alice)
    [value] = operations(alice, made)
    path = "/deployments/%s/operations/%s" % (made, value["id"])
    assert expect(alice.get(path), 200).json() == value
    resource = alice.get("/deployments/%s/resources" % made).json()["data"][0]["id"]
    assert (value.pop("created_at") == value.pop("updated_at") and value.pop("correlation_id")
            and value.pop("description"))
    assert value == {
        "id": alice.deployment(made)["last_operation"], "type": "CREATE", "state": "pending", "ready": False,
        "resource_id": made, "resource_type": "deployments", "deployment_id": made,
        "transitive_resources": [{"id": resource, "type": "resources", "operation_type": "CREATE",
                                  "criteria": "simple_node"}],
        "platform_id": None, "reschedule": False, "deletion_scheduled": None, "errors": [], "labels": {},
        "parent_id": None, "orchestration_id": None, "dry_run": False,
        "created_by": person_id(frozen, alice), "started_at": None, "ended_at": None}


@pytest.mark.parametrize("type_, state, phase, ready, reschedule", [
    ("CREATE", "in progress", "submitting", False, False), ("CREATE", "in progress", "provisioning", False, True),
    ("CREATE", "succeeded", "ended", True, False), ("CREATE", "failed", "ended", False, False),
    ("CREATE", "canceled", "ended", False, False), ("UPDATE", "succeeded", "ended", True, False),
    ("DELETE", "succeeded", "ended", False, False)])
def test_ready_and_reschedule_follow_the_work(frozen, type_, state, phase, ready, reschedule):
    alice = frozen.person()
    made = submit(frozen, alice)
    put(frozen, made, type_, state, phase)
    [value] = operations(alice, made)
    assert (value["type"], value["state"], value["ready"], value["reschedule"]) == (type_, state, ready, reschedule)
    assert (value["ended_at"] is not None) == (phase == "ended")


def test_errors_tell_why(frozen):
    alice = frozen.person()
    made = submit(frozen, alice)
    put(frozen, made, state="failed")
    errors = [{"error": "im.refused", "description": "No such image."}]
    frozen.sql("UPDATE operations SET errors = %s, platform_id = 'cloud-a', started_at = now() WHERE deployment_id = "
               "%s",
               (json.dumps(errors), made))
    [value] = operations(alice, made)
    assert value["errors"] == errors and value["platform_id"] == "cloud-a" and value["started_at"]


def test_an_operation_of_a_resource_names_it(frozen):
    alice = frozen.person()
    made = submit(frozen, alice)
    resource = alice.get("/deployments/%s/resources" % made).json()["data"][0]["id"]
    frozen.sql("UPDATE operations SET resource_id = %s, type = 'START' WHERE deployment_id = %s", (resource, made))
    [value] = operations(alice, made)
    assert (value["resource_id"], value["resource_type"], value["deployment_id"]) == (resource, "resources", made)


def test_each_action_is_one_operation(frozen):
    alice = frozen.person()
    made = done(frozen, alice)
    location = expect(alice.delete("/deployments/" + made), 202).headers["Location"]
    deletion, creation = operations(alice, made)
    assert (deletion["type"], creation["type"]) == ("DELETE", "CREATE")
    assert location.endswith(deletion["id"])
    assert deletion["transitive_resources"][0]["operation_type"] == "DELETE"
    assert [one["id"] for one in operations(alice, made, sort="created_at")] == [creation["id"], deletion["id"]]


def test_a_client_that_has_the_version_gets_304(frozen):
    alice = frozen.person()
    answer = expect(alice.delete("/deployments/" + done(frozen, alice)), 202)
    path = answer.headers["Location"]
    tag = expect(alice.get(path), 200).headers["ETag"]
    expect(alice.get(path, headers={"If-None-Match": tag}), 304)
    put(frozen, alice.get(path).json()["deployment_id"], "DELETE", "in progress", "deleting")
    expect(alice.get(path, headers={"If-None-Match": tag}), 200)


def test_every_scalar_attribute_filters_and_sorts(frozen):
    alice = frozen.person()
    made = done(frozen, alice)
    expect(alice.delete("/deployments/" + made), 202)
    value = operations(alice, made, type="CREATE")[0]
    for name, held in value.items():
        answer = alice.get("/deployments/%s/operations?sort=-%s" % (made, name))
        if isinstance(held, (dict, list)):
            assert parameters(answer) == ["sort"]
            continue
        assert len(expect(answer, 200).json()["data"]) == 2
        if held is not None and not name.endswith("_at"):  # a null is found by nothing
            given = str(held).lower() if isinstance(held, bool) else held
            assert value in operations(alice, made, **{name: given}), name
    assert operations(alice, made, state="succeeded,failed") == [value]
    assert operations(alice, made, ended_before=value["ended_at"]) == []
    assert operations(alice, made, ended_after=value["created_at"]) == [value]


@pytest.mark.parametrize("query",
                         ["errors=x", "labels=x", "type=create", "state=done", "ready=1", "options=x", "sort=errors"])
def test_a_bad_parameter_is_named(frozen, query):
    alice = frozen.person()
    made = submit(frozen, alice)
    assert parameters(alice.get("/deployments/%s/operations?%s" % (made, query))) == [query.partition("=")[0]]


def test_an_operation_is_found_below_its_own_deployment_only(frozen):
    alice = frozen.person()
    one, other = submit(frozen, alice), submit(frozen, alice)
    operation = operations(alice, one)[0]["id"]
    expect(alice.get("/deployments/%s/operations/%s" % (other, operation)), 404)
    expect(alice.get("/deployments/%s/operations/%s" % (one, ABSENT)), 404)
    expect(alice.get("/deployments/%s/operations" % ABSENT), 404)
    assert parameters(alice.get("/deployments/%s/operations/x" % one)) == ["operation_id"]
