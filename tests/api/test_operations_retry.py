# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Operations that are asked for once more."""

import json

import pytest
from deployed import ABSENT, done, frozen, put, submit  # noqa: F401
from test_machines import complete, power
from test_operations_cancel import alive, cancel, ended, last, slow
from test_owners import ACCOUNTS, add, with_key
from test_updates import deploy, machines, patch, statuses, workers

from harness.client import expect, template, unique


def retry(client, path, **headers):
    """The path of the new operation, and the answer's place is the old one's."""
    answer = expect(client.post(path + "/retry", headers=headers), 202)
    location = answer.headers["Location"]
    assert int(answer.headers["Retry-After"]) > 0
    assert location.rpartition("/")[0].endswith(path.rpartition("/")[0]) and not location.endswith(path)
    return "/deployments/%s/operations/%s" % (path.split("/")[2], location.rpartition("/")[2])


def is_refused(client, path, part):
    answer = expect(client.post(path + "/retry"), 409)
    assert part in answer.json()["detail"]
    return answer


# ---- which ----

@pytest.mark.parametrize("state, phase", [("pending", "queued"), ("in progress", "placing"),
                                          ("canceling", "provisioning")])
def test_what_has_not_ended_is_not_retried(frozen, state, phase):
    alice = frozen.person()
    made = submit(frozen, alice)
    put(frozen, made, "CREATE", state, phase)
    answer = is_refused(alice, last(alice, made), "at work")
    assert answer.headers["Location"].endswith(last(alice, made))


def test_what_succeeded_is_not_retried(frozen):
    alice = frozen.person()
    is_refused(alice, last(alice, done(frozen, alice)), "succeeded")


def test_only_the_last_of_its_type_is_retried(frozen):
    alice = frozen.person()
    made = submit(frozen, alice)
    put(frozen, made, state="failed")
    first = last(alice, made)
    second = retry(alice, first)
    put(frozen, made, state="failed")
    is_refused(alice, first, "later")
    third = retry(alice, second)
    assert alice.get(third).json()["parent_id"] == second.rpartition("/")[2]
    assert alice.deployment(made)["last_operation"] == third.rpartition("/")[2]


def test_a_dry_run_is_neither_retried_nor_the_last(frozen):
    alice = frozen.person()
    made = submit(frozen, alice)
    put(frozen, made, state="failed")
    frozen.sql("""INSERT INTO operations (id, deployment_id, type, state, phase, user_group, user_group_issuer,
        created_by, is_dry_run, ended_at, created_at) SELECT %s, deployment_id, type, 'failed', 'ended', user_group,
        user_group_issuer, created_by, true, now(), now() + interval '1 second' FROM operations
        WHERE deployment_id = %s""", (ABSENT, made))
    dry = "/deployments/%s/operations/%s" % (made, ABSENT)
    assert alice.get(dry).json()["dry_run"] is True
    is_refused(alice, dry, "dry run")
    retry(alice, last(alice, made))
    frozen.sql("DELETE FROM operations WHERE id = %s", (ABSENT,))


@pytest.mark.parametrize("state", ["failed", "canceled"])
def test_a_creation_of_a_deleted_deployment_is_not_retried(frozen, state):
    alice = frozen.person()
    made = submit(frozen, alice)
    put(frozen, made, state=state)
    creation = last(alice, made)
    expect(alice.delete("/deployments/" + made), 202)
    put(frozen, made, "DELETE")
    is_refused(alice, creation, "deleted")


def test_a_creation_that_was_updated_since_is_not_retried(frozen):
    alice = frozen.person()
    made = submit(frozen, alice, keep_last_attempt=True)
    put(frozen, made, state="failed")
    creation = last(alice, made)
    frozen.sql("UPDATE deployments SET im_infra_id = 'x' WHERE id = %s", (made,))
    expect(alice.patch("/deployments/%s/inputs" % made, json={"num_cpus": 3}), 202)
    put(frozen, made, "UPDATE")
    is_refused(alice, creation, "updated since")


def test_a_key_makes_one_of_several_retries(frozen):
    alice = frozen.person()
    made = submit(frozen, alice)
    put(frozen, made, state="failed")
    path = last(alice, made)
    key = {"Idempotency-Key": unique()}
    first = retry(alice, path, **key)
    assert retry(alice, path, **key) == first
    expect(alice.post(path + "/retry", headers={"Idempotency-Key": unique()}), 409)
    assert frozen.sql("SELECT count(*) FROM operations WHERE deployment_id = %s", (made,))[0][0] == 2


def test_a_full_queue_takes_no_retry(frozen):
    alice = frozen.person()
    made = submit(frozen, alice)
    put(frozen, made, state="failed")
    for _ in range(4):
        submit(frozen, alice)
    answer = expect(alice.post(last(alice, made) + "/retry"), 429)
    assert int(answer.headers["Retry-After"]) > 0
    assert alice.deployment(made)["status_name"] == "CREATE_FAILED"
    assert frozen.sql("SELECT count(*) FROM operations WHERE deployment_id = %s", (made,))[0][0] == 1


def test_force_is_for_administrators_once_more(frozen):
    alice, admin = frozen.person(), frozen.person(admin=True)
    made = done(frozen, alice)
    expect(admin.delete("/deployments/%s?unsecure=true" % made), 202)
    put(frozen, made, "DELETE", "failed")
    path = last(alice, made)
    expect(alice.post(path + "/retry"), 403)
    new = retry(admin, path)
    [[options]] = frozen.sql("SELECT options FROM operations WHERE id = %s", (new.rpartition("/")[2],))
    assert options == {"force": False, "unsecure": True}
    assert alice.deployment(made)["status_name"] == "DELETE_IN_PROGRESS"


# ---- creations ----

def test_a_creation_begins_again_from_the_first_provider(frozen):
    alice = frozen.person()
    made = submit(frozen, alice)
    put(frozen, made, state="failed", reason="No.")
    frozen.sql("UPDATE deployments SET target_provider = 'x', target_region = 'y', target_iaas_project = 'z', "
               "im_infra_id = 'gone' WHERE id = %s", (made,))
    frozen.sql("UPDATE resources SET status = 6, im_vm_idx = '0' WHERE deployment_id = %s", (made,))
    old = alice.get(last(alice, made)).json()
    new = alice.get(retry(alice, last(alice, made))).json()
    found = alice.deployment(made)
    assert [found[key] for key in ("status_name", "status_reason", "task_name", "target_provider", "target_region",
                                   "target_iaas_project", "im_infra_id")] == [
        "CREATE_IN_PROGRESS", None, "submitted", None, None, None, None]
    assert statuses(alice, made) == {"INITIAL"}
    assert (new["type"], new["state"], new["parent_id"]) == ("CREATE", "pending", old["id"])
    assert new["transitive_resources"] == old["transitive_resources"]


def test_a_creation_that_failed_succeeds_once_more(stack):
    alice = stack.person()
    stack.control.post("fault", {"fault": "bad_template", "on": "create"})
    made = alice.deploy()
    alice.wait_for_status(made, "CREATE_FAILED")
    stack.control.mend()
    path = retry(alice, last(alice, made))
    found = alice.wait_for_status(made, "CREATE_COMPLETE")
    assert found["last_operation"] == path.rpartition("/")[2] and found["status_reason"] is None
    assert statuses(alice, made) == {"STARTED"} and len(alive(stack, made)) == 1


def test_what_a_former_creation_kept_goes(stack):
    alice = stack.person()
    made = slow(alice, keep_last_attempt=True)
    path = last(alice, made)
    kept = stack.wait_for(lambda: alice.deployment(made)["im_infra_id"], 30, "an infrastructure")
    cancel(alice, path)
    ended(stack, alice, path)
    assert alice.deployment(made)["im_infra_id"] == kept
    again = retry(alice, path)
    stack.wait_for(lambda: alice.deployment(made)["im_infra_id"] not in (None, kept), 30, "another one")
    stack.wait_for(lambda: [one["id"] for one in alive(stack, made)] == [alice.deployment(made)["im_infra_id"]], 30,
                   "nothing else")
    assert alice.get(again).json()["state"] == "in progress"
    stack.control.release()
    alice.wait_for_status(made, "CREATE_COMPLETE")


# ---- updates ----

def test_an_update_that_failed_is_done_once_more(stack):
    alice = stack.person()
    made = deploy(alice, {"secret_token": "hush-again"})
    stack.secret("hush-again")
    stack.secret("hush-other")
    old = workers(alice, made)
    leaving = sorted(old)[0]
    stack.control.post("fault", {"fault": "http_400", "on": "vm_delete"})
    expect(patch(alice, made, workers=1, gone=[leaving], secret_token="hush-other", ports=[7]), 202)
    alice.wait_for_status(made, "UPDATE_FAILED")
    stack.control.mend()
    path = retry(alice, last(alice, made))
    found = alice.wait_for_status(made, "UPDATE_COMPLETE")
    assert found["template_inputs"] == {"workers": 1, "secret_token": "hush-other", "ports": [7]}
    assert found["template_outputs"]["note"] == "n=hush-other" and found["template_outputs"]["ports"] == [7]
    assert set(workers(alice, made)) == set(old) - {leaving} and len(machines(stack, alice, made)) == 2
    assert alice.get(path).json()["state"] == "succeeded"


def test_an_update_that_was_canceled_when_it_was_done_is_sent_anew(stack):
    alice = stack.person()
    made = deploy(alice)
    stack.control.force(alice.deployment(made)["im_infra_id"], "running")
    path = expect(patch(alice, made, workers=3), 202).headers["Location"].replace(stack.url, "")
    stack.wait_for(lambda: alice.get(path).json()["reschedule"], 30, "an update that IM has taken")
    cancel(alice, path)
    stack.control.force(alice.deployment(made)["im_infra_id"], None)
    ended(stack, alice, path)
    retry(alice, path)
    found = alice.wait_for_status(made, "UPDATE_COMPLETE")
    assert found["template_inputs"] == {"workers": 3} and len(machines(stack, alice, made)) == 4


def test_what_is_not_possible_any_more_is_refused(frozen):
    alice = frozen.person()
    made = done(frozen, alice)
    frozen.sql("UPDATE deployments SET im_infra_id = 'x' WHERE id = %s", (made,))
    expect(alice.patch("/deployments/%s/inputs" % made, json={"num_cpus": 3}), 202)
    put(frozen, made, "UPDATE", "failed")
    path = last(alice, made)
    frozen.sql("UPDATE operations SET inputs = %s WHERE id = %s", (json.dumps({"none": 1}), path.rpartition("/")[2]))
    is_refused(alice, path, "not possible any more")
    frozen.sql("UPDATE deployments SET im_infra_id = NULL WHERE id = %s", (made,))
    is_refused(alice, path, "")


# ---- owners ----

def test_keys_come_once_more_and_the_status_is_what_it_was(stack):
    alice, bob, admin = with_key(stack, 3), with_key(stack, 4), stack.person(admin=True)
    made = alice.deploy(alice.store_template(ACCOUNTS.format(name=unique())))
    alice.wait_for_status(made, "CREATE_COMPLETE")
    stack.control.post("fault", {"fault": "http_400", "on": "update"})
    expect(add(admin, made, id=bob.id), 202)
    alice.wait_for_status(made, "UPDATE_FAILED")
    stack.control.mend()
    path = retry(bob, last(bob, made))
    ended(stack, alice, path, "succeeded")
    found = alice.deployment(made)
    assert (found["status_name"], found["owned_by"]) == ("CREATE_COMPLETE", [alice.id, bob.id])


def test_who_is_no_owner_any_more_does_not_become_one_by_a_retry(frozen):
    alice, bob, admin = frozen.person(), frozen.person(), frozen.person(admin=True)
    made = done(frozen, alice)
    expect(add(admin, made, id=bob.id), 202)
    put(frozen, made, "ADD_OWNER", "failed")
    path = last(alice, made)
    frozen.sql("DELETE FROM deployment_owners WHERE deployment_id = %s AND user_id = %s", (made, bob.id))
    retry(alice, path)
    assert alice.deployment(made)["owned_by"] == [alice.id]


# ---- machines ----

def test_a_machine_that_failed_is_asked_once_more(stack):
    alice = stack.person()
    id, path = complete(stack, alice, power_refused=1)
    old = expect(alice.patch(path + "/stop"), 202).headers["Location"].replace(stack.url, "")
    ended(stack, alice, old, "failed")
    assert alice.get(path).json()["status_name"] == "ERROR"
    new = retry(alice, old)
    ended(stack, alice, new, "succeeded")
    assert alice.get(path).json()["status_name"] == "STOPPED" and power(stack, id)["stop"] == 1


def test_a_machine_that_is_not_there_is_not_asked(frozen):
    alice = frozen.person()
    made = done(frozen, alice)
    frozen.sql("UPDATE deployments SET im_infra_id = 'x' WHERE id = %s", (made,))
    frozen.sql("UPDATE resources SET im_vm_idx = '0', status = 8 WHERE deployment_id = %s", (made,))
    [resource] = alice.get("/deployments/%s/resources" % made).json()["data"]
    path = expect(alice.patch("/deployments/%s/resources/%s/stop" % (made, resource["id"])), 202).headers["Location"]
    path = path.replace(frozen.url, "")
    cancel(alice, path)
    frozen.sql("UPDATE deployments SET im_infra_id = NULL WHERE id = %s", (made,))
    is_refused(alice, path, "not there")


# ---- deletions ----

def test_a_deletion_that_failed_is_done_once_more(stack):
    alice = stack.person()
    stack.expect_log("may be left at IM")
    made = alice.deploy(alice.store_template(template(im_simulator={"behaviour": "delete_409", "busy_ms": 3600000})))
    alice.wait_for_status(made, "CREATE_COMPLETE")
    expect(alice.delete("/deployments/" + made), 202)
    stack.sql("UPDATE operations SET deadline = now() WHERE deployment_id = %s AND type = 'DELETE'", (made,))
    alice.wait_for_status(made, "DELETE_FAILED")
    assert alice.get(last(alice, made)).json()["deletion_scheduled"]
    stack.control.release()
    retry(alice, last(alice, made))
    alice.wait_for_status(made, "DELETE_COMPLETE")
    assert not alive(stack, made)
