# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Every example of the published reference of the DataCloud API v1, sent as it stands there, and what it says of the
answer; with ids that exist. Where it contradicts itself or this service differs, the line says so."""

import pytest
from deployed import done, frozen, own, person_id, put, store  # noqa: F401

from harness.client import expect, template, unique

FORM = {"Accept": "application/json"}
KEY = ("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC7vbqajDhA1kTq0bqeOSkLQJ6vxJx2Hn5Zp4V0m7bYv3mWm0iVx2wT1uGqS0t0O0nX4nS9Yb"
       "3kN4cVd2hQfXo5u5c0h0cUJj5J2aQx1r3aYv2Hn7kG3m0q3dVq1mJc8kQ1q7wV0w8aC2wVvJ8mX9u1v5V9v2b1Yt0w2vJw3Z6Q== mrossi")
PERSON = {"id", "created_at", "sub", "issuer", "name", "username", "email", "picture", "public_ssh_key",
          "refresh_token"}
TEMPLATE = {"id", "created_at", "created_by", "updated_at", "updated_by", "content", "checksum", "name", "version",
            "target_provider_type", "tosca_definition_version"}
# The reference calls a deployment's id `uuid` in this one place.
DEPLOYMENT = {"id", "created_at", "created_by", "updated_at", "updated_by", "owned_by", "template_id",
              "template_inputs", "template_outputs", "user_group", "per_provider_max_retries", "max_providers",
              "per_provider_timeout_mins", "tot_timeout_mins", "keep_last_attempt", "target_provider", "target_region",
              "target_iaas_project", "status", "status_name", "status_reason", "task", "task_name", "links"}
# It calls a node's `tosca_node_type` and `tosca_node_name` `type` and `name` in the example, not in the list of fields.
RESOURCE = {"uuid", "created_at", "created_by", "updated_at", "updated_by", "im_vm_idx", "status", "status_name",
            "tosca_node_type", "tosca_node_name", "required_by", "metadata"}


@pytest.fixture
def mario(frozen):  # noqa: F811
    return frozen.person()


@pytest.fixture
def admin(frozen):  # noqa: F811
    return frozen.person(admin=True)


@pytest.fixture
def deployment(frozen, mario):  # noqa: F811
    """Complete, with an infrastructure and a machine that runs."""
    made = done(frozen, mario)
    frozen.sql("UPDATE deployments SET im_infra_id = %s, im_endpoint = %s WHERE id = %s", (
        unique("infra"), frozen.im_url, made))
    frozen.sql("UPDATE resources SET im_vm_idx = '0', status = 8 WHERE deployment_id = %s", (made,))
    return "/deployments/" + made


def fields(answer, status=200):
    return set(expect(answer, status).json())


def members_of_page(answer):
    page = expect(answer, 200).json()
    assert set(page) == {"data", "links", "page"} and set(page["links"]) == {"first", "prev", "next", "last"}
    assert set(page["page"]) == {"size", "total_elements", "total_pages", "number"}
    return set(page["data"][0])


def test_health(frozen):  # noqa: F811
    value = expect(frozen.client(None).get("/health", headers=FORM), 200).json()
    assert {"status", "db_connection", "timestamp"} <= set(value)


def test_users(frozen, mario, admin):  # noqa: F811
    made = expect(mario.post("/users/"), 201)  # the list of codes says 204, the example 201
    assert made.headers["Location"].endswith("/users/" + made.json()["id"])
    path = "/users/" + made.json()["id"]
    assert fields(mario.get(path, headers={"Accept": "/*"})) == PERSON
    # A refresh token is the person's own to read: no list has it.
    assert members_of_page(admin.get("/users", headers=FORM)) == PERSON - {"refresh_token"}
    value = {"picture": "https://www.gravatar.com/avatar/e4ac6dabf304314d7b3e624fd11a29d8?d=identicon&s=21",
             "refresh_token": "eyJhbGciOiJub25lIn0.eyJqdGkiOiIzNGI3In0."}
    expect(mario.patch(path, json=value), 204)
    expect(admin.delete(path, headers={"Accept": "/*"}), 204)


def test_a_key_that_is_none_is_told(mario):
    """The reference's own example is broken over lines, and cut."""
    expect(mario.patch("/users/me", json={"public_ssh_key": KEY}), 422)


def test_templates(frozen, mario):  # noqa: F811
    text = template()
    # Under text/x-yaml the reference sends JSON in one place, YAML in another: the content is what is sent.
    expect(mario.post("/templates", data='{"content": "Template in YAML format"}',
                      headers={"Content-Type": "text/x-yaml"}), 422)
    made = expect(mario.post("/templates", data=text, headers={"Content-Type": "text/x-yaml"}), 201)
    assert made.json() == {"id": made.headers["Location"].rpartition("/")[2]}
    path = "/templates/" + made.json()["id"]
    assert fields(mario.get(path)) == TEMPLATE
    assert members_of_page(mario.get("/templates", headers=FORM)) == TEMPLATE
    expect(mario.patch(path, json={"version": "v1.2.3"}), 204)
    expect(mario.delete(path), 204)


def test_deployments(frozen, mario, deployment):  # noqa: F811
    # The example has `template` for the document; the list of fields says `template_id`.
    value = {"template_inputs": {"num_cpus": 1}, "user_group": mario.group, "per_provider_max_retries": 2,
             "max_providers": 3, "per_provider_timeout_mins": 10, "tot_timeout_mins": 25, "keep_last_attempt": False,
             "target_provider": "cloud-a", "target_region": "region-1"}
    assert expect(mario.post("/deployments", json={"template": "template in YAML format", **value}), 422).json()[
        "errors"]
    made = mario.post("/deployments", json={"template_id": store(mario), **value})
    assert fields(made, 202) == {"id"}
    shown = expect(mario.get("/deployments/" + made.json()["id"]), 200).json()
    assert DEPLOYMENT <= set(shown) and {"template", "resources", "logs"} <= set(shown["links"])
    assert DEPLOYMENT <= members_of_page(mario.get("/deployments", headers=FORM))
    expect(mario.get(deployment + "/templates"), 200)
    expect(mario.delete(deployment), 202)


def test_a_deleted_deployment_is_deleted(frozen, mario, deployment):  # noqa: F811
    put(frozen, deployment.rpartition("/")[2], type="DELETE")
    expect(mario.delete(deployment), 204)


def test_the_reference_s_own_ids_are_none(mario):
    """They are no UUIDs."""
    for path in ("/deployments/34483-d937-4578-bfdb-ebe196bf82dd", "/templates/34483-d937-4578-bfdb-ebe196bf82dd",
                 "/deployments/173aaaf8b-0cbd-4309-b30c-fb160024f5cc/resources/9c77b87f-18f7-4cfb-8782-f7052932b69f"):
        expect(mario.get(path), 422)


def test_changes_of_a_deployment(frozen, mario, admin, deployment):  # noqa: F811
    expect(admin.patch(deployment, json={"user_group": "admins/catch-all"}), 204)
    expect(mario.patch(deployment + "/inputs", json={"num_cpus": 2}), 202)
    made = deployment.rpartition("/")[2]
    put(frozen, made, type="UPDATE")
    expect(mario.patch(deployment + "/inputs", json={}), 204)
    expect(admin.post(deployment + "/owners", json={"id": person_id(frozen, frozen.person())}), 202)
    put(frozen, made)
    carol = frozen.person()
    own(frozen, made, carol)
    expect(admin.delete("%s/owners/%s" % (deployment, person_id(frozen, carol))), 202)
    # Its example of this one is that of the owners.
    put(frozen, made, type="DELETE", state="in progress", phase="deleting")
    expect(mario.post(deployment + "/reset-status"), 202)
    assert mario.deployment(made)["status_name"] == "DELETE_FAILED"


@pytest.mark.parametrize("action, shown", [("start", "STARTING"), ("stop", "STOPPING"), ("reboot", "STARTING"),
                                           ("reset-status", "ERROR")])
def test_machines(mario, deployment, action, shown):
    page = mario.get(deployment + "/resources", headers=FORM)
    assert RESOURCE <= members_of_page(page)
    path = "%s/resources/%s" % (deployment, page.json()["data"][0]["uuid"])
    assert RESOURCE <= fields(mario.get(path))
    body = {"json": {"status": "error"}} if action == "reset-status" else {
        "headers": {"Content-Type": "application/json"}}
    expect(mario.patch("%s/%s" % (path, action), **body), 202)
    assert mario.get(path).json()["status_name"] == shown


def test_logs(mario, admin, deployment):
    assert fields(mario.get(deployment + "/logs", headers=FORM)) == {"timestamp", "im_logs", "orchestrator_logs"}
    expect(admin.delete("/deployment/%s/logs" % deployment.rpartition("/")[2]), 204)  # in the singular, as there
