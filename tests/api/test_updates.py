# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Updates of running deployments: other inputs, more and fewer machines, and what goes wrong on the way."""

import pytest
import requests
import yaml

from harness.client import expect, unique
from harness.live import HELD

WORKERS = """\
tosca_definitions_version: tosca_simple_yaml_1_0
metadata: {{ template_name: {name}, im_simulator: {{ {behaviour} }} }}
topology_template:
  inputs:
    workers: {{ type: integer, default: 2, constraints: [ in_range: [ 0, 5 ] ] }}
    gone: {{ type: list, entry_schema: {{ type: string }}, default: [] }}
    ports: {{ type: list, entry_schema: {{ type: integer }}, default: [ 80 ] }}
    password: {{ type: string, default: random(12) }}
    secret_token: {{ type: string, default: none }}
    note: {{ type: string, required: false }}
    users: {{ type: list, default: [] }}
  node_templates:
    front:
      type: tosca.nodes.indigo.Compute
    worker:
      type: tosca.nodes.indigo.Compute
      capabilities:
        scalable: {{ properties: {{ count: {{ get_input: workers }}, removal_list: {{ get_input: gone }} }} }}
    software:
      type: tosca.nodes.SoftwareComponent
      requirements: [ host: worker, dependency: front ]
  outputs:
    addresses: {{ value: {{ get_attribute: [ worker, private_address ] }} }}
    ports: {{ value: {{ get_input: ports }} }}
    made_up: {{ value: {{ get_input: password }} }}
    note: {{ value: {{ concat: [ "n=", {{ get_input: secret_token }} ] }} }}
"""


def deploy(person, inputs=None, behaviour="", **fields):
    """A deployment that is complete; its id."""
    stored = person.store_template(WORKERS.format(name=unique(), behaviour=behaviour))
    made = person.deploy(stored, inputs or {}, **fields)
    person.wait_for_status(made, "CREATE_COMPLETE")
    return made


def patch(client, made, **inputs):
    return client.patch("/deployments/%s" % made, json={"template_inputs": inputs})


def update(client, made, status="UPDATE_COMPLETE", **inputs):
    """Asks for other inputs, and waits for the end; the deployment."""
    expect(patch(client, made, **inputs), 202)
    return client.wait_for_status(made, status)


def resources(client, made, living=True):
    found = expect(client.get("/deployments/%s/resources?size=100&sort=created_at" % made), 200).json()["data"]
    return [one for one in found if not living or one["status_name"] != "DELETED"]


def workers(client, made):
    """im_vm_idx of each that is there, by its resource."""
    return {one["id"]: one["im_vm_idx"] for one in resources(client, made) if one["tosca_node_name"] == "worker"}


def statuses(client, made):
    return {one["status_name"] for one in resources(client, made)}


def at_im(stack, client, made):
    """What the simulator's ledger says of the deployment's infrastructure."""
    infra = client.deployment(made)["im_infra_id"]
    [found] = [one for one in stack.control.ledger(alive="true") if one["metadata"].get("PAAS_DEP_UUID") == made]
    assert found["id"] == infra
    return found


def machines(stack, client, made):
    return {vm for vm, state in at_im(stack, client, made)["vm_states"].items() if state != "off"}


# ---- other inputs ----

def test_other_inputs_reach_the_same_infrastructure(stack):
    alice = stack.person()
    made = deploy(alice)
    before = alice.deployment(made)
    after = update(alice, made, ports=[81, 82])
    assert after["im_infra_id"] == before["im_infra_id"]
    assert after["template_inputs"] == {"ports": [81, 82]}
    assert after["template_outputs"]["ports"] == [81, 82]
    assert after["template_outputs"]["made_up"] == before["template_outputs"]["made_up"]
    assert (after["task_name"], after["status_reason"]) == ("finished", None)
    assert statuses(alice, made) == {"STARTED"}
    after = update(alice, made, secret_token="x")
    assert after["template_inputs"] == {"ports": [81, 82], "secret_token": "x"}
    assert after["template_outputs"]["note"] == "n=x"


def test_what_became_less_leaves_nothing_behind(stack):
    alice = stack.person()
    made = deploy(alice, {"ports": [1, 2, 3]})
    for ports in ([3], [], [4, 5], [80]):
        assert update(alice, made, ports=ports)["template_outputs"]["ports"] == ports
    after = expect(alice.put("/deployments/" + made, json={"template_inputs": {"note": "x"}}), 202)
    assert after.headers["Location"].startswith("%s/deployments/%s/operations/" % (stack.url, made))
    after = alice.wait_for_status(made, "UPDATE_COMPLETE")
    assert after["template_inputs"] == {"note": "x"} and after["template_outputs"]["ports"] == [80]


def test_a_secret_stays_sealed_and_is_kept(stack):
    alice, admin = stack.person(), stack.person(admin=True)
    made = deploy(alice, {"secret_token": "hush-one"})
    stack.secret("hush-one")
    stack.secret("hush-two")
    assert update(alice, made, workers=1)["template_outputs"]["note"] == "n=hush-one"
    assert admin.deployment(made)["template_inputs"] == {"secret_token": "REDACTED", "workers": 1}
    expect(admin.put("/deployments/" + made, json={"template_inputs": {"secret_token": "REDACTED", "workers": 2}}), 202)
    after = alice.wait_for_status(made, "UPDATE_COMPLETE")
    assert after["template_inputs"] == {"secret_token": "hush-one", "workers": 2}
    assert update(alice, made, secret_token="hush-two")["template_outputs"]["note"] == "n=hush-two"


# ---- more and fewer machines ----

def test_a_scale_out_adds_rows_at_once_and_machines_in_the_end(stack):
    alice = stack.person()
    made = deploy(alice, behaviour="behaviour: slow_boot, boot_ms: 400, config_ms: 400")
    old = workers(alice, made)
    expect(patch(alice, made, workers=4), 202)
    rows = [one for one in resources(alice, made) if one["tosca_node_name"] == "worker"]
    assert [one["status_name"] for one in rows] == ["STARTED"] * 2 + ["CREATING"] * 2
    fresh = [one for one in rows if one["id"] not in old]
    for one in fresh:
        [software] = one["required_by"]
        assert [other["status_name"] for other in resources(alice, made) if other["id"] == software] == ["CREATING"]
    after = alice.wait_for_status(made, "UPDATE_COMPLETE")
    now = workers(alice, made)
    assert {id: now[id] for id in old} == old
    assert len(set(now.values())) == 4 and None not in now.values()
    assert statuses(alice, made) == {"STARTED"} and len(after["template_outputs"]["addresses"]) == 4
    assert len(machines(stack, alice, made)) == 5


def test_what_others_require_has_another_version(stack):
    alice = stack.person()
    made = deploy(alice, {"workers": 1}, behaviour="behaviour: slow_boot, boot_ms: 400, config_ms: 400")
    [front] = [one for one in resources(alice, made) if one["tosca_node_name"] == "front"]
    path = "/deployments/%s/resources/%s" % (made, front["id"])
    before = expect(alice.get(path), 200)
    expect(patch(alice, made, workers=3), 202)
    after = expect(alice.get(path, headers={"If-None-Match": before.headers["ETag"]}), 200)
    assert len(before.json()["required_by"]) == 1 and len(after.json()["required_by"]) == 3
    alice.wait_for_status(made, "UPDATE_COMPLETE")
    before = expect(alice.get(path), 200)
    update(alice, made, workers=1)
    after = expect(alice.get(path, headers={"If-None-Match": before.headers["ETag"]}), 200)
    assert len(after.json()["required_by"]) == 1


@pytest.mark.parametrize("by", ["id", "im_vm_idx"])
def test_a_scale_in_takes_the_machines_that_are_named(stack, by):
    alice = stack.person()
    made = deploy(alice, {"workers": 4})
    old = workers(alice, made)
    chosen = sorted(old, key=lambda id: int(old[id]))[1]
    after = update(alice, made, workers=3, gone=[chosen if by == "id" else old[chosen]])
    left = workers(alice, made)
    assert left == {id: vm for id, vm in old.items() if id != chosen}
    assert machines(stack, alice, made) == set(left.values()) | {"0"} or len(machines(stack, alice, made)) == 4
    assert old[chosen] not in machines(stack, alice, made)
    assert after["template_inputs"] == {"workers": 3}
    everything = resources(alice, made, living=False)
    gone = {one["id"] for one in everything if one["status_name"] == "DELETED"}
    assert chosen in gone and len(gone) == 2
    assert not [one for one in everything if gone & set(one["required_by"])]
    # A list counts for one update.
    update(alice, made, workers=2)
    assert len(workers(alice, made)) == 2 and statuses(alice, made) == {"STARTED"}


def test_without_a_list_the_youngest_go(stack):
    alice = stack.person()
    made = deploy(alice, {"workers": 4})
    old = workers(alice, made)
    update(alice, made, workers=2)
    assert sorted(workers(alice, made).values(), key=int) == sorted(old.values(), key=int)[:2]
    assert len(machines(stack, alice, made)) == 3


def test_to_nothing_and_back(stack):
    alice = stack.person()
    made = deploy(alice)
    update(alice, made, workers=0)
    assert workers(alice, made) == {} and len(machines(stack, alice, made)) == 1
    update(alice, made, workers=2)
    assert len(workers(alice, made)) == 2 and len(machines(stack, alice, made)) == 3
    assert statuses(alice, made) == {"STARTED"}


def pointers(answer):
    return [error["pointer"] for error in expect(answer, 422).json()["errors"]]


def test_a_wrong_list_is_named_and_changes_nothing(stack):
    alice = stack.person()
    made, other = deploy(alice, {"workers": 3}), deploy(alice)
    mine, foreign = list(workers(alice, made)), list(workers(alice, other))
    update(alice, made, workers=2)
    [dead] = set(mine) - set(workers(alice, made))
    alive = list(workers(alice, made))
    [front] = [one["id"] for one in resources(alice, made) if one["tosca_node_name"] == "front"]
    before = resources(alice, made, living=False)
    at = "/template_inputs/gone/"
    for entries, named in (([foreign[0]], [at + "0"]), ([dead], [at + "0"]), ([alive[0], alive[0]], [at + "1"]),
                           (["77"], [at + "0"]), (["x", front], [at + "0", at + "1"]), (alive, [at + "1"])):
        assert pointers(patch(alice, made, workers=1, gone=entries)) == named
    assert pointers(patch(alice, made, gone=alive[:1])) == [at + "0"]
    assert resources(alice, made, living=False) == before
    assert alice.deployment(made)["status_name"] == "UPDATE_COMPLETE"


def test_machines_that_are_stopped_stay_so(stack):
    alice = stack.person()
    made = deploy(alice)
    [(id, vm), _] = workers(alice, made).items()
    stack.control.post("infrastructures/%s/state" % alice.deployment(made)["im_infra_id"],
                       {"state": None, "vm_states": {vm: "stopped"}})
    stack.sql("UPDATE resources SET status = 10 WHERE id = %s", (id,))
    update(alice, made, ports=[1])
    assert {one["id"] for one in resources(alice, made) if one["status_name"] == "STOPPED"} == {id}


# ---- what goes wrong ----

@pytest.mark.parametrize("how", ["failed_adds: 2", "failed_adds: 1", "fault: bad_template, on: update, first: 1"])
def test_a_scale_out_that_fails_leaves_what_was_there(stack, how):
    """All machines fail, one of two does, or IM takes no such template."""
    alice = stack.person()
    made = deploy(alice, behaviour=how)
    before, old, there = alice.deployment(made), workers(alice, made), machines(stack, alice, made)
    expect(patch(alice, made, workers=4), 202)
    after = alice.wait_for_status(made, "UPDATE_FAILED")
    assert after["im_infra_id"] == before["im_infra_id"] and after["template_inputs"] == before["template_inputs"]
    assert after["status_reason"].startswith("The update failed: ")
    rows = resources(alice, made)
    assert {one["status_name"] for one in rows if one["id"] in old} == {"STARTED"}
    assert [one["status_name"] for one in rows if one["tosca_node_name"] == "worker"][2:] == ["ERROR", "ERROR"]
    assert machines(stack, alice, made) == there and at_im(stack, alice, made)["deletes"] == 0
    # Once more: what could not be added is gone, and nothing is failed any more.
    update(alice, made, ports=[5])
    assert statuses(alice, made) == {"STARTED"} and len(workers(alice, made)) == 2


def test_a_scale_in_that_fails_behind_the_removal_says_what_is_gone(stack):
    alice = stack.person()
    made = deploy(alice, behaviour="fault: bad_template, on: update, first: 1")
    old = workers(alice, made)
    expect(patch(alice, made, workers=1), 202)
    after = alice.wait_for_status(made, "UPDATE_FAILED")
    assert after["template_inputs"] == {}
    assert statuses(alice, made) == {"STARTED"} and len(resources(alice, made)) == 3
    [(id, vm)] = workers(alice, made).items()
    assert old[id] == vm and len(machines(stack, alice, made)) == 2
    # The same inputs as before bring back what they say.
    expect(patch(alice, made), 202)
    alice.wait_for_status(made, "UPDATE_COMPLETE")
    assert len(workers(alice, made)) == 2 and len(machines(stack, alice, made)) == 3


def test_an_update_that_im_never_answers_ends_in_time(stack):
    alice = stack.person()
    made = deploy(alice)
    stack.control.post("fault", {"fault": "http_503", "on": "update"})
    expect(patch(alice, made, ports=[1]), 202)
    stack.wait_for(lambda: stack.control.get("fault")[0]["struck"], 15, "the call")

    def is_over():
        """As if it had begun long ago; a step that is under way may write that down anew."""
        stack.sql("UPDATE work SET memory = memory || '{\"since\": 1}', due_at = now() WHERE kind = 'UPDATE' AND id ="
                  " (SELECT last_operation_id FROM deployments WHERE id = %s)", (made,))
        return alice.deployment(made)["status_name"] == "UPDATE_FAILED"
    stack.wait_for(is_over, 30, "the end", interval=0.2)
    after = alice.deployment(made)
    assert "longer than" in after["status_reason"]
    assert statuses(alice, made) == {"STARTED"} and at_im(stack, alice, made)["deletes"] == 0


@pytest.mark.parametrize("fault", ["reset_after", "lost", "reset", "bad_json", "update_half"])
def test_an_update_whose_answer_is_lost_is_done_once(stack, fault):
    alice = stack.person()
    made = deploy(alice)
    stack.control.post("fault", {"fault": fault, "on": "update", "first": 1})
    after = update(alice, made, workers=3, ports=[9])
    assert after["template_outputs"]["ports"] == [9]
    assert len(machines(stack, alice, made)) == 4 and len(workers(alice, made)) == 3


def test_a_configuration_that_fails_brings_the_former_one_back(stack):
    alice = stack.person()
    made = deploy(alice)
    infra, there = alice.deployment(made)["im_infra_id"], machines(stack, alice, made)
    stack.control.post("infrastructures/%s/state" % infra, {"state": "running"})  # until the machine is there
    expect(patch(alice, made, workers=3, ports=[7]), 202)
    stack.wait_for(lambda: len(at_im(stack, alice, made)["vm_states"]) == 4, 15, "the machine")
    alice.wait_for_status(made, "UPDATE_IN_PROGRESS")
    stack.control.post("infrastructures/%s/state" % infra, {"state": "unconfigured"})
    after = alice.wait_for_status(made, "UPDATE_FAILED")
    stack.control.post("infrastructures/%s/state" % infra, {"state": None})
    assert "unconfigured" in after["status_reason"] and after["template_inputs"] == {}
    assert machines(stack, alice, made) == there
    assert update(alice, made, secret_token="y")["template_outputs"]["ports"] == [80]


def test_what_an_update_left_that_was_given_up_goes_before_what_is_known(stack):
    alice = stack.person()
    made = deploy(alice)
    old = workers(alice, made)
    stack.control.post("fault", {"fault": "slow", "on": "update", "ms": HELD})
    expect(patch(alice, made, workers=4), 202)
    stack.wait_for(lambda: len(machines(stack, alice, made)) == 5, 15, "more machines")
    expect(alice.post("/deployments/%s/reset-status" % made), 202)
    assert alice.deployment(made)["status_name"] == "UPDATE_FAILED"
    stack.control.release()
    update(alice, made, ports=[1])
    assert workers(alice, made) == old and len(machines(stack, alice, made)) == 3
    assert statuses(alice, made) == {"STARTED"}


def test_a_deletion_ends_an_update(stack):
    alice = stack.person()
    made = deploy(alice)
    stack.control.post("fault", {"fault": "hang", "on": "update", "ms": HELD})
    answer = expect(patch(alice, made, ports=[1]), 202)
    stack.wait_for(lambda: stack.control.get("fault")[0]["struck"], 15, "the call")
    expect(alice.delete("/deployments/" + made), 202)
    stack.control.release()
    alice.wait_for_status(made, "DELETE_COMPLETE")
    assert expect(alice.get(answer.headers["Location"]), 200).json()["state"] == "canceled"
    assert statuses(alice, made) == set()


# ---- the document ----

def test_what_im_gets_is_the_whole_template(stack):
    alice = stack.person()
    made = deploy(alice, {"ports": [1, 2]})
    operation = expect(patch(alice, made, ports=[3]), 202).headers["Location"].rsplit("/", 1)[1]
    alice.wait_for_status(made, "UPDATE_COMPLETE")
    infra = alice.deployment(made)["im_infra_id"]
    answer = requests.get("%s/infrastructures/%s/tosca" % (stack.im_url, infra), timeout=10, headers={
        "Authorization": 'type = InfrastructureManager; token = "%s"' % alice.token, "Accept": "application/json"})
    document = yaml.safe_load(answer.json()["tosca"])
    assert document["metadata"]["PAAS_UPDATE"] == operation
    inputs = document["topology_template"]["inputs"]
    assert inputs["ports"]["default"] == [1, 2] and inputs["ports__2"]["default"] == [3]
    assert document["topology_template"]["outputs"]["ports"]["value"] == {"get_input": "ports__2"}
