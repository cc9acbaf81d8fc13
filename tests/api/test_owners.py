# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Owners of deployments: who may change them, and how their keys reach the machines."""

import pytest
import requests
import yaml
from deployed import ABSENT, done, frozen, person_id, pointers, put, submit  # noqa: F401

from harness.client import expect, unique
from harness.live import HELD

ACCOUNTS = """\
tosca_definitions_version: tosca_simple_yaml_1_0
metadata: {{ template_name: {name} }}
topology_template:
  inputs:
    users: {{ type: list, default: [] }}
  node_templates:
    node: {{ type: tosca.nodes.indigo.Compute, properties: {{ os_users: {{ get_input: users }} }} }}
  outputs:
    users: {{ value: {{ get_input: users }} }}
"""


def add(client, made, **body):
    return client.post("/deployments/%s/owners" % made, json=body)


def remove(client, made, user):
    return client.delete("/deployments/%s/owners/%s" % (made, user))


# ---- the rules ----

def test_an_owner_is_one_at_once(frozen):
    alice, bob, admin = frozen.person(), frozen.person(), frozen.person(admin=True)
    made = done(frozen, alice)
    answer = expect(add(admin, made, id=person_id(frozen, bob)), 202)
    assert bob.deployment(made)["owned_by"] == [person_id(frozen, alice), person_id(frozen, bob)]
    value = alice.deployment(made)
    assert (value["status_name"], value["updated_by"]) == ("UPDATE_IN_PROGRESS", person_id(frozen, admin))
    operation = expect(bob.get(answer.headers["Location"]), 200).json()
    assert (operation["type"], operation["state"], operation["id"]) == ("ADD_OWNER", "pending", value["last_operation"])
    busy = expect(remove(admin, made, bob.id), 409)
    assert busy.headers["Location"] == answer.headers["Location"]
    put(frozen, made, "ADD_OWNER", "failed", reason="no")
    answer = expect(remove(admin, made, bob.id), 202)
    expect(bob.get("/deployments/" + made), 403)
    assert expect(alice.get(answer.headers["Location"]), 200).json()["type"] == "REMOVE_OWNER"


def test_without_an_id_it_is_the_caller(frozen):
    alice, admin = frozen.person(), frozen.person(admin=True)
    made = done(frozen, alice)
    expect(add(admin, made), 202)
    assert admin.id in alice.deployment(made)["owned_by"]
    made = done(frozen, alice)
    expect(admin.post("/deployments/%s/owners" % made), 202)
    assert admin.id in alice.deployment(made)["owned_by"]


def test_what_is_so_already_is_no_work(frozen):
    alice, bob, admin = frozen.person(), frozen.person(), frozen.person(admin=True)
    made = done(frozen, alice)
    before = alice.deployment(made)
    for answer in (add(admin, made, id=alice.id), remove(admin, made, bob.id), remove(admin, made, ABSENT),
                   remove(admin, made, "me")):
        assert expect(answer, 202).headers["Location"].endswith("/operations/" + before["last_operation"])
    assert alice.deployment(made) == before
    busy = submit(frozen, alice)
    expect(add(admin, busy, id=alice.id), 202)


def test_who_is_refused(frozen):
    alice, bob, admin = frozen.person(), frozen.person(), frozen.person(admin=True)
    made = done(frozen, alice)
    for client in (alice, bob):
        expect(add(client, made, id=bob.id), 403)
        expect(remove(client, made, alice.id), 403)
    expect(add(admin, ABSENT, id=bob.id), 404)
    expect(remove(admin, ABSENT, bob.id), 404)
    assert pointers(add(admin, made, id=ABSENT)) == ["/id"]
    for wrong in ("x", None, 7, "me"):
        assert pointers(add(admin, made, id=wrong)) == ["/id"]
    expect(remove(admin, made, alice.id), 409)
    busy = submit(frozen, alice)
    answer = expect(add(admin, busy, id=bob.id), 409)
    assert answer.headers["Location"].endswith("/operations/" + alice.deployment(busy)["last_operation"])
    put(frozen, busy, "DELETE")
    expect(add(admin, busy, id=bob.id), 409)
    assert alice.deployment(made)["owned_by"] == [alice.id]


# ---- the keys ----

def with_key(stack, number):
    person = stack.person()
    expect(person.patch("/users/me", json={"public_ssh_key": key(number)}), 204)
    return person


def key(number):
    return "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI%s key-%d" % ("ABCDEFGHIJ"[number] * 43, number)


def keys_at_im(stack, client, made):
    """Of the accounts that IM is told of, by the input that the machines have."""
    infra = client.deployment(made)["im_infra_id"]
    answer = requests.get("%s/infrastructures/%s/tosca" % (stack.im_url, infra), timeout=10, headers={
        "Authorization": 'type = InfrastructureManager; token = "%s"' % client.token, "Accept": "application/json"})
    topology = yaml.safe_load(answer.json()["tosca"])["topology_template"]
    used = topology["node_templates"]["node"]["properties"]["os_users"]["get_input"]
    return [one["os_user_ssh_public_key"].split()[2] for one in topology["inputs"][used]["default"]]


def test_each_owners_key_reaches_the_machines_and_leaves_them(stack):
    alice, bob, carol, admin = with_key(stack, 0), with_key(stack, 1), with_key(stack, 2), stack.person(admin=True)
    made = alice.deploy(alice.store_template(ACCOUNTS.format(name=unique())))
    before = alice.wait_for_status(made, "CREATE_COMPLETE")
    assert keys_at_im(stack, alice, made) == ["key-0"]

    def change(answer, status="CREATE_COMPLETE"):
        location = expect(answer, 202).headers["Location"]
        value = alice.wait_for_status(made, status)
        assert expect(alice.get(location), 200).json()["state"] == "succeeded"
        return value
    after = change(add(admin, made, id=bob.id))
    assert keys_at_im(stack, alice, made) == ["key-0", "key-1"]
    assert (after["im_infra_id"], after["last_operation"]) == (before["im_infra_id"], before["last_operation"])
    assert len(after["template_outputs"]["users"]) == 2
    change(add(admin, made, id=carol.id))
    assert keys_at_im(stack, alice, made) == ["key-0", "key-1", "key-2"]
    change(remove(admin, made, bob.id))
    assert keys_at_im(stack, alice, made) == ["key-0", "key-2"]
    expect(alice.put("/deployments/" + made, json={"template_inputs": {"users": []}}), 202)
    alice.wait_for_status(made, "UPDATE_COMPLETE")
    change(remove(admin, made, carol.id), "UPDATE_COMPLETE")
    assert keys_at_im(stack, alice, made) == ["key-0"]


def test_what_is_so_already_names_the_operation_that_made_it_so(stack):
    alice, bob, admin = stack.person(), stack.person(), stack.person(admin=True)
    made = alice.deploy()
    alice.wait_for_status(made, "CREATE_COMPLETE")
    for change in (lambda: add(admin, made, id=bob.id), lambda: remove(admin, made, bob.id)):
        first = expect(change(), 202).headers["Location"]
        alice.wait_for_status(made, "CREATE_COMPLETE")
        assert expect(change(), 202).headers["Location"] == first


def test_an_owner_without_a_key_is_left_out(stack):
    alice, bob, admin = with_key(stack, 3), stack.person(), stack.person(admin=True)
    made = alice.deploy(alice.store_template(ACCOUNTS.format(name=unique())))
    alice.wait_for_status(made, "CREATE_COMPLETE")
    expect(add(admin, made, id=bob.id), 202)
    alice.wait_for_status(made, "CREATE_COMPLETE")
    assert keys_at_im(stack, alice, made) == ["key-3"]


def test_a_template_without_accounts_asks_im_for_nothing(stack):
    alice, bob, admin = with_key(stack, 4), with_key(stack, 5), stack.person(admin=True)
    made = alice.deploy()
    alice.wait_for_status(made, "CREATE_COMPLETE")
    before = stack.control.get("calls")["routes"].get("update", 0)
    expect(add(admin, made, id=bob.id), 202)
    alice.wait_for_status(made, "CREATE_COMPLETE")
    assert stack.control.get("calls")["routes"].get("update", 0) == before
    expect(remove(admin, made, alice.id), 202)
    bob.wait_for_status(made, "CREATE_COMPLETE")
    expect(alice.get("/deployments/" + made), 403)


def test_keys_that_im_does_not_take_are_told_of(stack):
    alice, bob, admin = with_key(stack, 6), with_key(stack, 7), stack.person(admin=True)
    made = alice.deploy(alice.store_template(ACCOUNTS.format(name=unique())))
    alice.wait_for_status(made, "CREATE_COMPLETE")
    stack.control.post("fault", {"fault": "http_400", "on": "update"})
    expect(add(admin, made, id=bob.id), 202)
    after = alice.wait_for_status(made, "UPDATE_FAILED")
    stack.control.mend()
    assert after["status_reason"].startswith("The owners' keys could not be changed: ")
    assert after["owned_by"] == [alice.id, bob.id]
    statuses = {one["status_name"] for one in alice.get("/deployments/%s/resources" % made).json()["data"]}
    assert statuses == {"STARTED"}


@pytest.mark.parametrize("what", ["patch", "owner", "group"])
def test_who_comes_while_owners_change_is_told_of_the_operation(stack, what):
    alice, bob, admin = with_key(stack, 8), with_key(stack, 9), stack.person(admin=True)
    made = alice.deploy(alice.store_template(ACCOUNTS.format(name=unique())))
    alice.wait_for_status(made, "CREATE_COMPLETE")
    stack.control.post("fault", {"fault": "hang", "on": "update", "ms": HELD})
    location = expect(add(admin, made, id=bob.id), 202).headers["Location"]
    stack.wait_for(lambda: stack.control.get("fault")[0]["struck"], 15, "the call")
    if what == "group":
        expect(admin.patch("/deployments/" + made, json={"user_group": "another"}), 204)
    elif what == "patch":
        answer = expect(alice.patch("/deployments/%s/inputs" % made, json={"users": []}), 409)
        assert answer.headers["Location"] == location
    else:
        assert expect(remove(admin, made, bob.id), 409).headers["Location"] == location
    expect(alice.delete("/deployments/" + made), 202)
    stack.control.release()
    alice.wait_for_status(made, "DELETE_COMPLETE")
    assert expect(alice.get(location), 200).json()["state"] == "canceled"
