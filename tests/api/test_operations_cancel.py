# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Operations that somebody cancels, in every place, by every kind of person, at every moment."""

import re

import pytest
from deployed import ABSENT, done, frozen, own, put, still, submit  # noqa: F401
from test_machines import complete, power
from test_owners import ACCOUNTS, add, with_key
from test_updates import WORKERS, deploy, machines, patch, resources, statuses, workers

from harness.client import expect, template, unique
from harness.live import HELD

REASON = re.compile(r"Canceled by [^,]+\.$")


def last(client, made):
    """The deployment's last operation."""
    return "/deployments/%s/operations/%s" % (made, client.deployment(made)["last_operation"])


def cancel(client, path):
    """Asks for the end; the answer, which leads to the operation itself."""
    answer = expect(client.post(path + "/cancel"), 202)
    assert answer.headers["Location"].endswith(path) and int(answer.headers["Retry-After"]) > 0
    return answer


def ended(stack, client, path, state="canceled"):
    """Waits for the operation's end."""
    found = stack.wait_for(lambda: (lambda one: one["ended_at"] and one)(expect(client.get(path), 200).json()), 30,
                           "the end")
    assert found["state"] == state, found
    return found


def is_canceled(found):
    """Whether an operation says who ended it."""
    assert found["state"] == "canceled" and found["ended_at"], found
    assert REASON.match(found["description"]), found["description"]
    assert found["errors"][0] == {"error": "operation.canceled", "description": found["description"]}


def alive(stack, made):
    return [one for one in stack.control.ledger(alive="true") if one["metadata"].get("PAAS_DEP_UUID") == made]


# ---- who, and where ----

@pytest.fixture(scope="module")
def places(frozen):
    """alice's deployment with an operation of a machine; the three paths of that, and of the creation."""
    alice = frozen.person()
    made = done(frozen, alice)
    [resource] = alice.get("/deployments/%s/resources" % made).json()["data"]
    creation = alice.deployment(made)["last_operation"]
    frozen.sql("UPDATE deployments SET im_infra_id = 'x' WHERE id = %s", (made,))
    frozen.sql("UPDATE resources SET im_vm_idx = '0', status = 8 WHERE deployment_id = %s", (made,))
    return alice, made, resource["id"], creation


@pytest.mark.parametrize("place", ["/operations/%(op)s", "/deployments/%(made)s/operations/%(op)s",
                                   "/deployments/%(made)s/resources/%(resource)s/operations/%(op)s"])
def test_each_place_leads_to_the_same_operation(frozen, places, place):
    alice, made, resource, creation = places
    bob, admin, machine = frozen.person(), frozen.person(admin=True), "/deployments/%s/resources/%s" % (made, resource)
    location = expect(alice.patch(machine + "/stop"), 202).headers["Location"]
    facts = {"made": made, "resource": resource, "op": location.rpartition("/")[2]}
    path, missing = place % facts, place % {**facts, "op": ABSENT}
    for action in ("cancel", "retry"):
        expect(bob.post("%s/%s" % (path, action)), 403)
        expect(frozen.client(None).post("%s/%s" % (path, action)), 401)
        expect(alice.post("%s/%s" % (missing, action)), 404)
        expect(alice.post("%s/%s" % (place % {**facts, "op": "x"}, action)), 422)
        expect(alice.post("%s/%s" % (path, action), headers={"If-Match": '"0"'}), 412)
        expect(alice.get("%s/%s" % (path, action)), 405)
    busy = expect(alice.post(path + "/retry"), 409)
    assert busy.headers["Location"] == location
    tag = alice.get(location).headers["ETag"]
    expect(admin.post(path + "/cancel", headers={"If-Match": tag}), 202)
    found = alice.get(location).json()
    is_canceled(found)
    assert alice.get(machine).json()["status_name"] == "STARTED"
    expect(alice.post(path + "/cancel"), 409)
    again = expect(alice.post(path + "/retry"), 202).headers["Location"]
    assert again != location and place.count("/") == again.replace(frozen.url, "").count("/")
    new = again.rpartition("/")[2]
    found = alice.get("/deployments/%s/operations/%s" % (made, new)).json()
    assert (found["parent_id"], found["type"], found["state"]) == (facts["op"], "STOP", "pending")
    expect(alice.post("/operations/%s/cancel" % new), 202)
    if "resources" in place:
        expect(alice.post(place % {**facts, "op": creation} + "/cancel"), 404)
        expect(alice.post((place % facts).replace(resource, ABSENT) + "/cancel"), 404)
    elif made in path:
        expect(alice.post("/deployments/%s/operations/%s/cancel" % (done(frozen, alice), facts["op"])), 404)


def test_an_owner_may(frozen):
    alice, bob = frozen.person(), frozen.person()
    made = submit(frozen, alice)
    path = last(alice, made)
    expect(bob.post(path + "/cancel"), 403)
    own(frozen, made, bob)
    cancel(bob, path)
    is_canceled(bob.get(path).json())


# ---- what waits for its turn ----

def test_a_creation_that_waits_is_over_at_once(frozen):
    alice = frozen.person()
    made = submit(frozen, alice)
    path = last(alice, made)
    cancel(alice, path)
    is_canceled(alice.get(path).json())
    found = alice.deployment(made)
    assert found["status_name"] == "CREATE_FAILED" and REASON.match(found["status_reason"])
    assert (found["task_name"], found["im_infra_id"]) == ("finished", None)
    assert statuses(alice, made) == {"ERROR"}
    assert not frozen.sql("SELECT FROM work WHERE id = %s", (path.rpartition("/")[2],))
    told = expect(alice.post(path + "/cancel"), 409).json()["detail"]
    assert "it is canceled" in told


@pytest.mark.parametrize("state", ["succeeded", "failed"])
def test_what_has_ended_stays_so(frozen, state):
    alice = frozen.person()
    made = done(frozen, alice)
    put(frozen, made, state=state)
    assert state in expect(alice.post(last(alice, made) + "/cancel"), 409).json()["detail"]
    assert alice.get(last(alice, made)).json()["state"] == state


def test_what_is_at_work_is_canceling_and_asking_again_changes_nothing(frozen):
    alice = frozen.person()
    made = submit(frozen, alice)
    put(frozen, made, "CREATE", "in progress", "provisioning")
    path = last(alice, made)
    cancel(alice, path)
    found = expect(alice.get(path), 200)
    assert (found.json()["state"], found.json()["ended_at"]) == ("canceling", None)
    assert alice.deployment(made)["status_name"] == "CREATE_IN_PROGRESS"
    cancel(alice, path)
    assert alice.get(path).headers["ETag"] == found.headers["ETag"]


def test_an_update_that_waits_leaves_the_former_status(frozen):
    alice = frozen.person()
    made = done(frozen, alice)
    frozen.sql("UPDATE deployments SET im_infra_id = 'x' WHERE id = %s", (made,))
    former = alice.deployment(made)
    answer = expect(alice.patch("/deployments/%s/inputs" % made, json={"num_cpus": 3}), 202)
    cancel(alice, answer.headers["Location"].replace(frozen.url, ""))
    found = alice.deployment(made)
    for key in ("status_name", "status_reason", "last_operation", "template_inputs", "task_name"):
        assert found[key] == former[key]
    is_canceled(alice.get(answer.headers["Location"]).json())


@pytest.mark.parametrize("count", [1, 4])
def test_machines_of_an_update_that_waits_never_were(frozen, count):
    alice = frozen.person()
    made = done(frozen, alice, template_id=alice.store_template(WORKERS.format(name=unique(), behaviour="")))
    frozen.sql("UPDATE deployments SET im_infra_id = 'x' WHERE id = %s", (made,))
    frozen.sql("UPDATE resources SET status = 8 WHERE deployment_id = %s", (made,))
    former = resources(alice, made)
    expect(patch(alice, made, workers=count), 202)
    assert statuses(alice, made) > {"STARTED"}
    cancel(alice, last(alice, made))
    after = resources(alice, made)
    assert [(one["id"], one["status_name"], one["required_by"]) for one in after] == [
        (one["id"], "STARTED", one["required_by"]) for one in former]


# ---- deletions ----

def test_a_deletion_that_waits_leaves_the_former_status(frozen):
    alice = frozen.person()
    made = done(frozen, alice)
    path = expect(alice.delete("/deployments/" + made), 202).headers["Location"].replace(frozen.url, "")
    cancel(alice, path)
    is_canceled(alice.get(path).json())
    assert alice.deployment(made)["status_name"] == "CREATE_COMPLETE"
    again = expect(alice.delete("/deployments/" + made), 202).headers["Location"]
    assert not again.endswith(path)


def test_a_deletion_ends_what_waits_at_once(frozen):
    alice = frozen.person()
    made = submit(frozen, alice)
    creation = last(alice, made)
    expect(alice.delete("/deployments/" + made), 202)
    found = alice.get(creation).json()
    assert found["state"] == "canceled" and found["description"].endswith(", who deletes the deployment.")


@pytest.mark.parametrize("phase", ["queued", "deleting", "confirming"])
def test_a_deletion_that_is_at_work_goes_on(frozen, phase):
    alice = frozen.person()
    made = done(frozen, alice)
    path = expect(alice.delete("/deployments/" + made), 202).headers["Location"].replace(frozen.url, "")
    put(frozen, made, "DELETE", "in progress", phase)
    expect(alice.post(path + "/cancel"), 409)
    assert alice.get(path).json()["state"] == "in progress"


@pytest.mark.parametrize("keep", [False, True])
def test_what_a_deletion_ended_goes_though_it_is_canceled(stack, keep):
    alice = stack.person()
    stack.control.post("fault", {"fault": "slow", "on": "create", "ms": HELD})
    made = alice.deploy(keep_last_attempt=keep)
    creation = last(alice, made)
    stack.wait_for(lambda: stack.control.get("fault")[0]["struck"], 15, "the call")
    with still(stack):
        expect(alice.delete("/deployments/" + made), 202)
        deletion = last(alice, made)
        cancel(alice, deletion)
    stack.control.release()
    ended(stack, alice, creation)
    assert alice.wait_for_status(made, "CREATE_FAILED")["last_operation"] == creation.rpartition("/")[2]
    is_canceled(alice.get(deletion).json())
    stack.wait_for(lambda: not alive(stack, made), 30, "nothing at IM")


# ---- creations ----

def slow(person, **fields):
    return person.deploy(person.store_template(template(im_simulator={"boot_ms": HELD})), **fields)


def test_a_creation_at_work_leaves_nothing(stack):
    alice = stack.person()
    made = slow(alice)
    path = last(alice, made)
    stack.wait_for(lambda: alice.deployment(made)["im_infra_id"], 30, "an infrastructure")
    cancel(alice, path)
    is_canceled(ended(stack, alice, path))
    found = alice.deployment(made)
    assert (found["status_name"], found["im_infra_id"]) == ("CREATE_FAILED", None)
    assert REASON.match(found["status_reason"]) and statuses(alice, made) == {"ERROR"}
    stack.wait_for(lambda: not alive(stack, made), 30, "nothing at IM")
    stack.wait_for(lambda: alice.get(path).json()["deletion_scheduled"] is None, 30, "nothing that has to go")
    expect(alice.post(path + "/cancel"), 409)
    expect(alice.delete("/deployments/" + made), 202)
    alice.wait_for_status(made, "DELETE_COMPLETE")


def test_what_is_left_is_told_until_it_is_gone(stack):
    alice = stack.person()
    made = slow(alice)
    path = last(alice, made)
    stack.wait_for(lambda: alice.deployment(made)["im_infra_id"], 30, "an infrastructure")
    stack.control.post("fault", {"fault": "hang", "on": "delete", "ms": HELD})
    cancel(alice, path)
    found = ended(stack, alice, path)
    tag = alice.get(path).headers["ETag"]
    assert re.match(r"\d{4}-\d\d-\d\dT.*Z$", found["deletion_scheduled"])
    stack.control.release()
    stack.control.mend()
    stack.wait_for(lambda: alice.get(path).json()["deletion_scheduled"] is None, 30, "nothing that has to go")
    assert alice.get(path, headers={"If-None-Match": tag}).status_code == 200


def test_the_last_attempt_is_kept_where_that_is_asked_for(stack):
    alice = stack.person()
    made = slow(alice, keep_last_attempt=True)
    path = last(alice, made)
    stack.wait_for(lambda: alice.deployment(made)["im_infra_id"], 30, "an infrastructure")
    cancel(alice, path)
    is_canceled(ended(stack, alice, path))
    found = alice.deployment(made)
    [kept] = alive(stack, made)
    assert (found["status_name"], found["im_infra_id"]) == ("CREATE_FAILED", kept["id"])
    assert alice.get(path).json()["deletion_scheduled"] is None
    expect(alice.delete("/deployments/" + made), 202)
    alice.wait_for_status(made, "DELETE_COMPLETE")
    assert not alive(stack, made)


@pytest.mark.parametrize("keep", [False, True])
def test_an_answer_that_comes_behind_is_no_loss(stack, keep):
    """Between IM's answer and its storing."""
    alice = stack.person()
    stack.control.post("fault", {"fault": "slow", "on": "create", "ms": HELD})
    made = alice.deploy(keep_last_attempt=keep)
    path = last(alice, made)
    stack.wait_for(lambda: stack.control.get("fault")[0]["struck"], 15, "the call")
    cancel(alice, path)
    stack.control.release()
    is_canceled(ended(stack, alice, path))
    if keep:
        [kept] = alive(stack, made)
        assert alice.deployment(made)["im_infra_id"] == kept["id"]
    else:
        stack.wait_for(lambda: not alive(stack, made), 30, "nothing at IM")
        assert alice.deployment(made)["im_infra_id"] is None


# ---- updates ----

def test_an_update_that_im_has_taken_ends_when_it_is_done(stack):
    alice = stack.person()
    made = deploy(alice)
    stack.control.force(alice.deployment(made)["im_infra_id"], "running")
    path = expect(patch(alice, made, workers=3, ports=[81]), 202).headers["Location"].replace(stack.url, "")
    stack.wait_for(lambda: alice.get(path).json()["reschedule"], 30, "an update that IM has taken")
    cancel(alice, path)
    assert alice.get(path).json()["state"] == "canceling"
    stack.control.force(alice.deployment(made)["im_infra_id"], None)
    is_canceled(ended(stack, alice, path))
    found = alice.deployment(made)
    assert found["status_name"] == "UPDATE_FAILED" and REASON.match(found["status_reason"])
    assert found["template_inputs"] == {"workers": 3, "ports": [81]} and found["template_outputs"]["ports"] == [81]
    assert statuses(alice, made) == {"STARTED"} and len(workers(alice, made)) == 3
    assert len(machines(stack, alice, made)) == 4


def test_an_update_that_im_was_not_asked_for_leaves_the_former_status(stack):
    alice = stack.person()
    made = deploy(alice)
    stack.control.post("fault", {"fault": "http_503", "on": "state"})
    former = alice.deployment(made)
    path = expect(patch(alice, made, workers=3), 202).headers["Location"].replace(stack.url, "")
    stack.wait_for(lambda: any(one["struck"] for one in stack.control.get("fault")), 15, "the call")
    cancel(alice, path)
    is_canceled(ended(stack, alice, path))
    found = alice.deployment(made)
    for key in ("status_name", "status_reason", "last_operation", "template_inputs"):
        assert found[key] == former[key]
    assert len(machines(stack, alice, made)) == 3
    stack.control.mend()


def test_an_update_that_im_never_did_is_undone(stack):
    alice = stack.person()
    made = deploy(alice)
    stack.control.post("fault", {"fault": "hang", "on": "update", "ms": HELD})
    path = expect(patch(alice, made, ports=[1], workers=1), 202).headers["Location"].replace(stack.url, "")
    stack.wait_for(lambda: stack.control.get("fault")[0]["struck"], 15, "the call")
    cancel(alice, path)
    stack.sql("UPDATE work SET memory = jsonb_set(memory, '{until}', '1'), lease_number = lease_number + 1, due_at = "
              "now() WHERE id = %s", (path.rpartition("/")[2],))
    stack.control.mend()
    is_canceled(ended(stack, alice, path))
    found = alice.deployment(made)
    assert (found["status_name"], found["template_inputs"]) == ("UPDATE_FAILED", {})
    assert len(workers(alice, made)) == 1 and len(machines(stack, alice, made)) == 2
    stack.control.release()


def test_keys_that_im_has_taken_end_when_it_is_done(stack):
    alice, bob, admin = with_key(stack, 1), with_key(stack, 2), stack.person(admin=True)
    made = alice.deploy(alice.store_template(ACCOUNTS.format(name=unique())))
    alice.wait_for_status(made, "CREATE_COMPLETE")
    stack.control.force(alice.deployment(made)["im_infra_id"], "running")
    path = expect(add(admin, made, id=bob.id), 202).headers["Location"].replace(stack.url, "")
    stack.wait_for(lambda: alice.get(path).json()["reschedule"], 30, "keys that IM has taken")
    cancel(bob, path)
    stack.control.force(alice.deployment(made)["im_infra_id"], None)
    is_canceled(ended(stack, alice, path))
    found = alice.deployment(made)
    assert found["status_name"] == "UPDATE_FAILED" and found["owned_by"] == [alice.id, bob.id]


# ---- machines ----

@pytest.mark.parametrize("action, status", [("stop", "STOPPED"), ("reboot", "STARTED")])
def test_a_machine_that_im_has_taken_ends_when_it_is_done(stack, action, status):
    alice = stack.person()
    id, path = complete(stack, alice, power_ms=HELD)
    location = expect(alice.patch("%s/%s" % (path, action)), 202).headers["Location"].replace(stack.url, "")
    stack.wait_for(lambda: alice.get(location).json()["reschedule"] or action == "reboot" and power(stack, id)[action],
                   20, "IM's yes")
    cancel(alice, location)
    stack.control.release()
    is_canceled(ended(stack, alice, location))
    assert alice.get(path).json()["status_name"] == status and power(stack, id)[action] == 1
    assert alice.deployment(id)["status_name"] == "CREATE_COMPLETE"


def test_a_machine_that_im_was_not_asked_for_stays_as_it_was(stack):
    alice = stack.person()
    id, path = complete(stack, alice)
    stack.control.post("fault", {"fault": "http_503", "on": "state"})
    location = expect(alice.patch(path + "/stop"), 202).headers["Location"].replace(stack.url, "")
    stack.wait_for(lambda: stack.control.get("fault")[0]["struck"], 15, "the call")
    cancel(alice, location)
    is_canceled(ended(stack, alice, location))
    assert alice.get(path).json()["status_name"] == "STARTED" and not power(stack, id)["stop"]
    stack.control.mend()


def test_a_deletion_behind_a_cancellation_waits_for_nothing(stack):
    alice = stack.person()
    made = deploy(alice)
    stack.control.force(alice.deployment(made)["im_infra_id"], "running")
    path = expect(patch(alice, made, workers=3), 202).headers["Location"].replace(stack.url, "")
    stack.wait_for(lambda: alice.get(path).json()["reschedule"], 30, "an update that IM has taken")
    cancel(alice, path)
    expect(alice.delete("/deployments/" + made), 202)
    alice.wait_for_status(made, "DELETE_COMPLETE")
    assert alice.get(path).json()["state"] == "canceled" and not alive(stack, made)
