# Licensed under the Apache License, Version 2.0; see LICENSE.
"""What PATCH and PUT of a deployment's inputs are allowed and refused, with an engine that does nothing."""

import pytest
from deployed import ABSENT, CLUSTER, done, frozen, own, pointers, put, submit  # noqa: F401

from harness.client import expect, unique

INPUTS = {"password": "x", "workers": 2}
WAYS = {
    "patch": lambda client, made, inputs, **more: client.patch(
        "/deployments/" + made, json={"template_inputs": inputs}, **more),
    "patch inputs": lambda client, made, inputs, **more: client.patch(
        "/deployments/%s/inputs" % made, json=inputs, **more),
    "put": lambda client, made, inputs, **more: client.put(
        "/deployments/" + made, json={"template_inputs": inputs}, **more)}


@pytest.fixture(params=sorted(WAYS))
def way(request):
    return WAYS[request.param]


def running(frozen, client, inputs=None):  # noqa: F811
    """A deployment that is complete and has an infrastructure."""
    stored = client.store_template(CLUSTER.format(name=unique()))
    made = done(frozen, client, template_id=stored, template_inputs=inputs or INPUTS)
    frozen.sql("UPDATE deployments SET im_infra_id = 'infra', im_endpoint = 'http://im.invalid' WHERE id = %s", (made,))
    frozen.sql("UPDATE resources r SET status = 8, im_vm_idx = CASE WHEN is_compute THEN position::text END"
               " WHERE deployment_id = %s", (made,))
    return made


def everything(frozen, made):  # noqa: F811
    return [frozen.sql("SELECT to_jsonb(t) FROM %s t WHERE %s = '%s' ORDER BY 1" % (table, column, made))
            for table, column in (("deployments", "id"), ("operations", "deployment_id"),
                                  ("resources", "deployment_id"))]


def test_what_changes_is_an_operation(frozen, way):  # noqa: F811
    alice = frozen.person()
    made = running(frozen, alice)
    answer = expect(way(alice, made, {"password": "x", "workers": 3}), 202)
    value = alice.deployment(made)
    assert (value["status_name"], value["task_name"]) == ("UPDATE_IN_PROGRESS", "submitted")
    assert value["template_inputs"] == INPUTS, "until it has succeeded"
    assert int(answer.headers["Retry-After"]) >= 1
    operation = expect(alice.get(answer.headers["Location"]), 200).json()
    assert (operation["type"], operation["state"], operation["id"]) == ("UPDATE", "pending", value["last_operation"])
    assert sorted((one["criteria"], one["operation_type"]) for one in operation["transitive_resources"]) == [
        ("software", "CREATE"), ("worker", "CREATE")]
    again = expect(way(alice, made, {"password": "x", "workers": 4}), 409)
    assert again.headers["Location"] == answer.headers["Location"]


def test_what_changes_nothing_is_204(frozen, way):  # noqa: F811
    alice = frozen.person()
    made = running(frozen, alice)
    before = everything(frozen, made)
    expect(way(alice, made, INPUTS), 204)
    assert everything(frozen, made) == before
    put(frozen, made, "UPDATE", "failed", reason="no")
    expect(way(alice, made, INPUTS), 202)


def test_an_empty_patch_changes_nothing_and_an_empty_put_all(frozen):  # noqa: F811
    alice = frozen.person()
    made = running(frozen, alice)
    for name in ("patch", "patch inputs"):
        expect(WAYS[name](alice, made, {}), 204)
    assert pointers(WAYS["put"](alice, made, {})) == ["/template_inputs/password"]


def test_inputs_are_checked_as_at_submission(frozen, way):  # noqa: F811
    alice = frozen.person()
    made = running(frozen, alice)
    before = everything(frozen, made)
    outer = "" if way is WAYS["patch inputs"] else "/template_inputs"
    named = pointers(way(alice, made, {"password": 7, "workers": 9, "colour": 1}))
    assert named == [outer + "/colour", outer + "/password", outer + "/workers"]
    assert everything(frozen, made) == before


@pytest.mark.parametrize("body", [{"user_group": "g", "template_inputs": {}}, {}, {"template_inputs": None},
                                  {"template_inputs": []}])
def test_a_body_says_one_thing(frozen, body):  # noqa: F811
    admin = frozen.person(admin=True)
    made = running(frozen, admin)
    before = everything(frozen, made)
    pointers(admin.patch("/deployments/" + made, json=body))
    assert everything(frozen, made) == before


@pytest.mark.parametrize("type_, state", [("CREATE", "pending"), ("CREATE", "in progress"), ("UPDATE", "in progress"),
                                          ("DELETE", "in progress"), ("ADD_OWNER", "pending")])
def test_while_it_is_at_work_it_is_told_at_what(frozen, way, type_, state):  # noqa: F811
    alice = frozen.person()
    made = running(frozen, alice)
    put(frozen, made, type_, state, phase="queued")
    before = everything(frozen, made)
    answer = expect(way(alice, made, {"password": "y"}), 409)
    assert answer.headers["Location"] == "%s/deployments/%s/operations/%s" % (
        frozen.url, made, alice.deployment(made)["last_operation"])
    assert everything(frozen, made) == before


def test_what_is_not_there_can_not_be_changed(frozen, way):  # noqa: F811
    alice = frozen.person()
    made = running(frozen, alice)
    put(frozen, made, "DELETE")
    expect(way(alice, made, {"password": "y"}), 409)
    made = running(frozen, alice)
    frozen.sql("UPDATE deployments SET im_infra_id = NULL WHERE id = %s", (made,))
    expect(way(alice, made, {"password": "y"}), 409)
    assert pointers(way(alice, made, {"password": 1}))


def test_who_may(frozen, way):  # noqa: F811
    alice, bob, carol, admin = frozen.person(), frozen.person(), frozen.person(), frozen.person(admin=True)
    made = running(frozen, alice)
    own(frozen, made, carol)
    expect(way(bob, made, {"password": "y"}), 403)
    expect(way(bob, ABSENT, {"password": "y"}), 404)
    expect(way(carol, made, {"password": "y"}), 202)
    put(frozen, made, "UPDATE")
    expect(way(admin, made, {"password": "z"}), 202)
    value = alice.deployment(made)
    assert value["updated_by"] == admin.id and value["created_by"] == alice.id


def test_a_stale_version_is_not_changed(frozen, way):  # noqa: F811
    alice = frozen.person()
    made = running(frozen, alice)
    tag = alice.get("/deployments/" + made).headers["ETag"]
    put(frozen, made)
    expect(way(alice, made, {"password": "y"}, headers={"If-Match": tag}), 412)
    tag = alice.get("/deployments/" + made).headers["ETag"]
    expect(way(alice, made, {"password": "y"}, headers={"If-Match": tag}), 202)


def test_secrets_of_an_update_are_sealed(frozen):  # noqa: F811
    alice = frozen.person()
    made = running(frozen, alice)
    frozen.secret("hush-" + made)
    expect(WAYS["patch"](alice, made, {"password": "hush-" + made}), 202)
    [(shown, sealed)] = frozen.sql("SELECT inputs::text, inputs_sealed FROM operations WHERE inputs IS NOT NULL AND"
                                   " deployment_id = %s", (made,))
    assert "hush" not in shown and "REDACTED" in shown and "hush" not in sealed
