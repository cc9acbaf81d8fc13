# Licensed under the Apache License, Version 2.0; see LICENSE.
"""One request over many deployments, with an engine and the IM simulator."""

import concurrent.futures
import datetime
import re

import pytest
from deployed import ABSENT, pointers

from harness.client import expect, template, unique
from harness.live import HELD

FINAL = {"succeeded", "failed", "canceled"}


def ask(client, type_, *include, exclude=(), status=202, headers=None, **fields):
    """Asks for one; its id."""
    targets = {"include": list(include), **({"exclude": list(exclude)} if exclude else {})}
    answer = expect(client.post("/orchestrations", headers=headers, json={"type": type_, "targets": targets, **fields}),
                    status)
    if status != 202:
        return answer
    made = answer.json()["orchestrationID"]
    assert answer.headers["Location"] == client.stack.url + "/orchestrations/" + made
    assert int(answer.headers["Retry-After"]) >= 1
    return made


def look(client, id_):
    return expect(client.get("/orchestrations/" + id_), 200).json()


def end(client, id_, state="succeeded", timeout=30):
    found = client.stack.wait_for(lambda: (lambda one: one if one["state"] in FINAL else None)(look(client, id_)),
                                  timeout, "the end of an orchestration")
    assert found["state"] == state, (found, operations(client, id_))
    return found


def operations(client, id_, **query):
    return expect(client.get("/orchestrations/%s/operations" % id_, params=query), 200).json()["data"]


def complete(client, number=1, **fields):
    """So many deployments that are complete; their ids."""
    made = [client.deploy(**fields) for _ in range(number)]
    for one in made:
        client.wait_for_status(one, "CREATE_COMPLETE")
    return made


def test_everything_of_a_person_is_deleted(stack):
    alice, bob = stack.person(), stack.person()
    hers, [his] = complete(alice, 3), complete(bob)
    id_ = ask(alice, "DELETE", {"target": "all"}, description="It is over")
    found = end(alice, id_)
    assert found["description"] == "Scheduled 3 operations" and found["type"] == "DELETE"
    assert found["operationStats"] == {"succeeded": 3}
    assert found["parameters"] == {
        "targets": {"include": [{"target": "all"}]}, "dryRun": False, "description": "It is over",
        "strategy": {"type": "parallel", "schedule": "immediate", "maintenanceWindow": False,
                     "parallel": {"workers": 1}}}
    for one in hers:
        assert alice.deployment(one)["status_name"] == "DELETE_COMPLETE"
    assert bob.deployment(his)["status_name"] == "CREATE_COMPLETE"
    listed = operations(alice, id_)
    assert [one["deploymentID"] for one in listed] == hers
    for one in listed:
        path = "/deployments/%s/operations/%s" % (one["deploymentID"], one["operationID"])
        made = expect(alice.get(path), 200).json()
        assert (made["type"], made["state"], made["orchestration_id"]) == ("DELETE", "succeeded", id_)
        assert one["state"] == "succeeded" and one["description"] == made["description"]


def test_nothing_at_all_is_a_success(stack):
    alice = stack.person()
    found = end(alice, ask(alice, "DELETE", {"target": "all"}))
    assert found["description"] == "Scheduled 0 operations" and found["operationStats"] == {}


def test_all_excluded(stack):
    alice = stack.person()
    [one] = complete(alice)
    id_ = ask(alice, "DELETE", {"target": "all"}, exclude=[{"deploymentID": one}])
    assert end(alice, id_)["operationStats"] == {}
    assert alice.deployment(one)["status_name"] == "CREATE_COMPLETE"


def test_machines_are_stopped_and_started(stack):
    alice = stack.person()
    made = complete(alice, 2)
    id_ = ask(alice, "STOP", {"target": "all"}, strategy={"parallel": {"workers": 5}})
    assert end(alice, id_)["operationStats"] == {"succeeded": 2}
    for one in made:
        [machine] = expect(alice.get("/deployments/%s/resources" % one), 200).json()["data"]
        assert machine["status_name"] == "STOPPED"
        assert alice.deployment(one)["status_name"] == "CREATE_COMPLETE"
    id_ = ask(alice, "START", {"tosca_node_name": "simple_*"}, strategy={"parallel": {"workers": 5}})
    assert end(alice, id_)["operationStats"] == {"succeeded": 2}
    assert end(alice, ask(alice, "START", {"tosca_node_name": "simple"}))["operationStats"] == {}


def test_inputs_come_over_those_that_there_are(stack):
    alice = stack.person()
    [one] = complete(alice)
    id_ = ask(alice, "UPDATE", {"deploymentID": one}, parameters={"template_inputs": {"num_cpus": 2}})
    end(alice, id_)
    assert alice.deployment(one)["template_inputs"] == {"num_cpus": 2}
    [target] = operations(alice, id_)
    detail = expect(alice.get("/orchestrations/%s/operations/%s" % (id_, target["operationID"])), 200).json()
    assert detail["kymaConfig"] == {"num_cpus": 2}
    assert detail["clusterConfig"]["im_infra_id"] == target["runtimeID"] == alice.deployment(one)["im_infra_id"]
    assert detail["clusterConfig"]["target_provider"] == target["servicePlanName"]


def test_inputs_that_a_template_does_not_have_fail(stack):
    alice = stack.person()
    [one] = complete(alice)
    id_ = ask(alice, "UPDATE", {"deploymentID": one}, parameters={"template_inputs": {"cores": 2}})
    end(alice, id_, "failed")
    [target] = operations(alice, id_)
    assert target["state"] == "failed" and "cores" in target["description"]
    assert alice.deployment(one)["status_name"] == "CREATE_COMPLETE"


# ---- dry runs ----

def test_a_dry_run_changes_nothing_and_says_what_would_happen(stack):
    alice = stack.person()
    [one] = complete(alice)
    before, calls = alice.deployment(one), len(stack.control.ledger())
    id_ = ask(alice, "DELETE", {"target": "all"}, dryRun=True)
    assert end(alice, id_)["operationStats"] == {"succeeded": 1}
    [target] = operations(alice, id_)
    assert target["dryRun"]
    assert target["description"] == "Would delete the infrastructure %s at %s, with simple_node." % (
        before["im_infra_id"], before["target_provider"])
    made = expect(alice.get("/deployments/%s/operations/%s" % (one, target["operationID"])), 200).json()
    assert (made["state"], made["type"], made["orchestration_id"]) == ("succeeded", "DELETE", id_)
    assert alice.deployment(one) == before and len(stack.control.ledger()) == calls
    id_ = ask(alice, "UPDATE", {"target": "all"}, dryRun=True, parameters={"template_inputs": {"num_cpus": 2}})
    end(alice, id_)
    assert '{"num_cpus":2}' in operations(alice, id_)[0]["description"].replace(" ", "")
    id_ = ask(alice, "STOP", {"target": "all"}, dryRun=True)
    end(alice, id_)
    assert operations(alice, id_)[0]["description"].startswith("Would stop the machine simple_node (0) of the infra")
    assert alice.deployment(one) == before


def test_a_dry_runs_operation_is_an_operation_as_any(stack):
    alice = stack.person()
    [one] = complete(alice)
    last = alice.deployment(one)["last_operation"]
    id_ = ask(alice, "DELETE", {"target": "all"}, dryRun=True)
    end(alice, id_)
    [target] = operations(alice, id_)
    path = "/operations/" + target["operationID"]
    made = expect(alice.get(path), 200).json()
    assert (made["dry_run"], made["orchestration_id"]) == (True, id_)
    assert [listed["id"] for listed in expect(alice.get("/operations", params={
        "orchestration_id": id_, "dry_run": "true"}), 200).json()["data"]] == [made["id"]]
    expect(alice.get(path + "/stages"), 200)
    assert target["description"] in expect(alice.get(path + "/logs"), 200).text
    assert alice.deployment(one)["last_operation"] == last
    expect(alice.post(path + "/retry"), 409)
    expect(stack.person(admin=True).delete(path), 204)
    assert look(alice, id_)["operationStats"] == {"succeeded": 1}  # the orchestration keeps what it was


def test_what_is_deleted_already_goes_by_force(stack):
    admin = stack.person(admin=True)
    [one] = complete(admin)
    expect(admin.delete("/deployments/" + one), 202)
    admin.wait_for_status(one, "DELETE_COMPLETE")
    fields = {"parameters": {"force": True}}
    selector = {"deploymentID": one, "status": "DELETE_COMPLETE"}
    id_ = ask(admin, "DELETE", selector, dryRun=True, **fields)
    end(admin, id_)
    assert operations(admin, id_)[0]["description"] == "Would remove the row of the deployment, which is deleted."
    expect(admin.get("/deployments/" + one), 200)
    id_ = ask(admin, "DELETE", selector, **fields)
    assert end(admin, id_)["description"] == "Scheduled 1 operations"
    assert operations(admin, id_)[0]["description"] == "The row of the deployment is removed."
    expect(admin.get("/deployments/" + one), 404)


# ---- what is wrong ----

@pytest.mark.parametrize("body, wrong", [
    ({"type": "DELETE"}, ["/targets"]),
    ({"targets": {"include": [{"target": "all"}]}}, ["/type"]),
    ({"type": "DESTROY", "targets": {"include": [{"target": "all"}]}}, ["/type"]),
    ({"type": "DELETE", "targets": {}}, ["/targets/include"]),
    ({"type": "DELETE", "targets": {"include": []}}, ["/targets/include"]),
    ({"type": "DELETE", "targets": {"include": [{}]}}, ["/targets/include/0"]),
    ({"type": "DELETE", "targets": {"include": [{"target": "all"}, {"shoot": "x"}]}}, ["/targets/include/1/shoot"]),
    ({"type": "DELETE", "targets": {"include": [{"target": "some"}]}}, ["/targets/include/0/target"]),
    ({"type": "DELETE", "targets": {"include": [{"target": "all"}], "exclude": [{}]}}, ["/targets/exclude/0"]),
    ({"type": "DELETE", "targets": {"include": [{"status": "GONE"}, {"status": 10}, {"deploymentID": "x"},
                                                {"created_before": "yesterday"}, {"planName": ""}]}},
     ["/targets/include/0/status", "/targets/include/1/status", "/targets/include/2/deploymentID",
      "/targets/include/3/created_before", "/targets/include/4/planName"]),
    ({"type": "DELETE", "targets": {"include": [{"target": "all"}]}, "dryrun": True}, ["/dryrun"]),
    ({"type": "DELETE", "targets": {"include": [{"target": "all"}]}, "strategy": {"parallel": {"workers": 0}}},
     ["/strategy/parallel/workers"]),
    ({"type": "DELETE", "targets": {"include": [{"target": "all"}]}, "strategy": {"parallel": {"workers": 101}}},
     ["/strategy/parallel/workers"]),
    ({"type": "DELETE", "targets": {"include": [{"target": "all"}]}, "strategy": {"type": "serial"}},
     ["/strategy/type"]),
    ({"type": "DELETE", "targets": {"include": [{"target": "all"}]}, "strategy": {"schedule": "maintenanceWindow"}},
     ["/strategy/schedule"]),
    ({"type": "DELETE", "targets": {"include": [{}]}, "strategy": {"schedule": "soon"}},
     ["/strategy/schedule", "/targets/include/0"]),
    ({"type": "STOP", "targets": {"include": [{"target": "all"}]}, "parameters": {"force": True}},
     ["/parameters/force"]),
    ({"type": "DELETE", "targets": {"include": [{"target": "all"}]}, "parameters": {"template_inputs": {}}},
     ["/parameters/template_inputs"]),
    ({"type": "UPDATE", "targets": {"include": [{"target": "all"}]},
      "parameters": {"template_inputs": {"text": "x" * 65536}}}, ["/parameters"]),
])
def test_each_mistake_is_named(stack, body, wrong):
    assert pointers(stack.person().post("/orchestrations", json=body)) == wrong


def test_force_is_for_administrators(stack):
    alice = stack.person()
    for option in ("force", "unsecure"):
        ask(alice, "DELETE", {"target": "all"}, parameters={option: True}, status=403)
    ask(alice, "DELETE", {"target": "all"}, parameters={"force": False})


def test_a_stranger_sees_nothing(stack):
    alice, bob, admin = stack.person(), stack.person(), stack.person(admin=True)
    [one] = complete(alice)
    id_ = ask(alice, "STOP", {"target": "all"})
    end(alice, id_)
    [target] = operations(alice, id_)
    paths = ["", "/operations", "/operations/" + target["operationID"]]
    for path in paths:
        expect(bob.get("/orchestrations/" + id_ + path), 403)
        expect(admin.get("/orchestrations/" + id_ + path), 200)
        expect(bob.get("/orchestrations/" + ABSENT + path), 404)
    for client, status in ((bob, 403), (admin, 200)):
        expect(client.put("/orchestrations/%s/cancel" % id_), status)
    expect(bob.post("/orchestrations/%s/retry" % id_), 403)
    expect(bob.put("/orchestrations/%s/cancel" % ABSENT), 404)
    expect(bob.post("/orchestrations/%s/retry" % ABSENT), 404)
    assert id_ not in [entry["orchestrationID"]
                       for entry in expect(bob.get("/orchestrations"), 200).json()["data"]]
    other = ask(alice, "STOP", {"target": "all"})
    expect(alice.get("/orchestrations/%s/operations/%s" % (other, target["operationID"])), 404)
    # An owner of one of the deployments sees what is done there.
    stack.sql("INSERT INTO deployment_owners (deployment_id, user_id) VALUES (%s, %s)", (one, bob.id))
    assert operations(bob, id_) == [target]
    expect(bob.get("/orchestrations/%s/operations/%s" % (id_, target["operationID"])), 200)
    expect(bob.get("/orchestrations/" + id_), 403)


@pytest.fixture(scope="module")
def narrow(make_stack):
    """Three orchestrations a person."""
    return make_stack("OrchestratorMaxOrchestrations 3\n")


def is_full(answer):
    assert int(expect(answer, 429).headers["Retry-After"]) >= 1
    assert "3 orchestrations" in answer.json()["detail"]


def test_a_person_has_so_many_that_have_not_ended(narrow):
    alice, bob = narrow.person(), narrow.person()
    body = {"type": "STOP", "targets": {"include": [{"target": "all"}]},
            "strategy": {"schedule": "2099-01-01T00:00:00Z"}}
    with concurrent.futures.ThreadPoolExecutor(9) as pool:
        answers = list(pool.map(lambda _: alice.post("/orchestrations", json=body), range(9)))
    assert sorted(answer.status_code for answer in answers) == [202] * 3 + [429] * 6
    key = {"Idempotency-Key": unique()}
    is_full(alice.post("/orchestrations", json=body, headers=key))
    end(bob, ask(bob, "STOP", {"target": "all"}))
    waiting = [one["orchestrationID"] for one in expect(alice.get("/orchestrations"), 200).json()["data"]]
    assert len(waiting) == 3
    expect(alice.put("/orchestrations/%s/cancel" % waiting[0]), 200)
    end(alice, waiting[0], "canceled")
    expect(alice.post("/orchestrations", json=body, headers=key), 202)  # a refusal is not kept
    is_full(alice.post("/orchestrations", json=body))


def test_another_try_counts_again(narrow):
    alice = narrow.person()
    complete(alice)
    failed = ask(alice, "UPDATE", {"target": "all"}, parameters={"template_inputs": {"cores": 2}})
    end(alice, failed, "failed")
    later = [ask(alice, "STOP", {"target": "all"}, strategy={"schedule": "2099-01-01T00:00:00Z"}) for _ in range(3)]
    before = look(alice, failed)
    is_full(alice.post("/orchestrations/%s/retry" % failed))
    assert look(alice, failed) == before
    expect(alice.put("/orchestrations/%s/cancel" % later[0]), 200)
    end(alice, later[0], "canceled")
    expect(alice.post("/orchestrations/%s/retry" % failed), 202)
    end(alice, failed, "failed")


def test_who_began_one_can_not_be_removed(stack):
    alice, admin = stack.person(), stack.person(admin=True)
    end(alice, ask(alice, "STOP", {"target": "all"}))
    assert "orchestrations" in expect(admin.delete("/users/" + alice.id), 409).json()["detail"]


def test_lists(stack):
    alice = stack.person()
    made = [ask(alice, type_, {"target": "all"}, strategy={"schedule": "2099-01-01T00:00:00Z"})
            for type_ in ("STOP", "DELETE", "STOP")]
    expect(alice.put("/orchestrations/%s/cancel" % made[1]), 200)
    end(alice, made[1], "canceled")

    def ids(**query):
        page = expect(alice.get("/orchestrations", params=query), 200).json()
        assert page["count"] == len(page["data"])
        return [one["orchestrationID"] for one in page["data"]], page["totalCount"]
    assert ids() == (made, 3)
    assert ids(page_size=2) == (made[:2], 3) and ids(page_size=2, page=2) == (made[2:], 3)
    assert ids(page=7) == ([], 3)
    assert ids(type="STOP") == ([made[0], made[2]], 2)
    assert ids(state="canceled") == ([made[1]], 1) and ids(state=["canceled", "pending"]) == (made, 3)
    assert ids(state="pending", type="DELETE") == ([], 0)
    for query in ({"page": 0}, {"page_size": 0}, {"page_size": 101}, {"state": "over"}, {"type": "stop"}, {"size": 3},
                  {"page": "x"}):
        answer = expect(alice.get("/orchestrations", params=query), 422).json()
        assert [error["parameter"] for error in answer["errors"]] == list(query)
    for one in made:
        expect(alice.put("/orchestrations/%s/cancel" % one), 200)


def test_the_same_key_is_the_same_orchestration(stack):
    alice = stack.person()
    key = {"Idempotency-Key": unique()}
    first = ask(alice, "STOP", {"target": "all"}, headers=key)
    assert ask(alice, "STOP", {"target": "all"}, headers=key) == first
    ask(alice, "START", {"target": "all"}, headers=key, status=422)


def test_the_same_key_is_the_same_try(stack):
    alice = stack.person()
    [one] = complete(alice)
    id_ = ask(alice, "UPDATE", {"target": "all"}, parameters={"template_inputs": {"cores": 2}})
    end(alice, id_, "failed")
    path, key = "/orchestrations/%s/retry" % id_, {"Idempotency-Key": unique()}
    first = expect(alice.post(path, headers=key), 202)
    assert first.json()["retryShoots"] == [one]
    end(alice, id_, "failed")
    again = expect(alice.post(path, headers=key), 202)
    assert (again.json(), again.headers["Location"]) == (first.json(), first.headers["Location"])
    assert look(alice, id_)["operationStats"] == {"failed": 2}
    expect(alice.post(path, headers=key, json={"immediate": True}), 422)
    assert expect(alice.post(path), 202).json()["retryShoots"] == [one]
    end(alice, id_, "failed")


def test_secrets_are_not_shown_and_reach_the_update(stack):
    alice = stack.person()
    content = template().replace("    num_cpus: {", "    admin_password: { type: string, default: x }\n    num_cpus: {")
    [one] = complete(alice, template_id=alice.store_template(content))
    secret = stack.secret(unique("secret"))
    id_ = ask(alice, "UPDATE", {"target": "all"}, parameters={"template_inputs": {"admin_password": secret}})
    end(alice, id_)
    assert look(alice, id_)["parameters"]["template_inputs"] == {"admin_password": "REDACTED"}
    [target] = operations(alice, id_)
    detail = expect(alice.get("/orchestrations/%s/operations/%s" % (id_, target["operationID"])), 200)
    assert detail.json()["kymaConfig"] == {"admin_password": "REDACTED"} and secret not in detail.text
    assert alice.deployment(one)["template_inputs"] == {"admin_password": secret}
    [[stored]] = stack.sql("SELECT parameters::text FROM orchestrations WHERE id = %s", (id_,))
    assert secret not in stored


# ---- schedule, cancel, retry ----

def test_one_of_later_waits_and_is_canceled(stack):
    alice = stack.person()
    [one] = complete(alice)
    when = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)).isoformat()
    id_ = ask(alice, "DELETE", {"target": "all"}, strategy={"schedule": when})
    assert look(alice, id_)["state"] == "pending"
    assert expect(alice.put("/orchestrations/%s/cancel" % id_), 200).json() == {"orchestrationID": id_}
    found = end(alice, id_, "canceled")
    assert re.fullmatch("Canceled by .+[.]", found["description"])
    expect(alice.put("/orchestrations/%s/cancel" % id_), 200)
    assert look(alice, id_) == found
    expect(alice.post("/orchestrations/%s/retry" % id_), 409)
    assert alice.deployment(one)["status_name"] == "CREATE_COMPLETE"


def test_one_of_the_past_is_now(stack):
    alice = stack.person()
    end(alice, ask(alice, "DELETE", {"target": "all"}, strategy={"schedule": "2001-01-01T00:00:00+01:00"}))



def held(alice, number):
    """So many complete deployments whose machines are started and stopped when the test says so."""
    content = [template(im_simulator={"power_ms": HELD}) for _ in range(number)]
    made = [alice.deploy(alice.store_template(one)) for one in content]
    for one in made:
        alice.wait_for_status(one, "CREATE_COMPLETE")
    return made


def let_go(client, id_, state="succeeded"):
    """Releases what is held, whenever it comes to IM, until the orchestration ends."""
    def look_again():
        client.stack.control.release()
        return look(client, id_)["state"] in FINAL
    client.stack.wait_for(look_again, 30, "the end of an orchestration")
    return end(client, id_, state)


def wait_for_states(client, id_, **states):
    wanted = {name.replace("_", " "): number for name, number in states.items()}
    client.stack.wait_for(lambda: look(client, id_)["operationStats"] == wanted, 20, "operations that are %r" % wanted)


def test_no_more_are_at_work_than_there_are_workers(stack):
    alice = stack.person()
    held(alice, 4)
    id_ = ask(alice, "STOP", {"target": "all"}, strategy={"parallel": {"workers": 2}})
    wait_for_states(alice, id_, in_progress=2, pending=2)
    stack.wait_for(lambda: stack.sql("SELECT due_at > now() FROM work WHERE id = %s AND phase = 'working'", (id_,)) == [
        (True,)], 10, "an orchestration that has looked at it")
    wait_for_states(alice, id_, in_progress=2, pending=2)
    stack.wait_for(lambda: stack.sql("SELECT count(*) FROM operations o JOIN orchestration_targets t USING (id)"
                                     " WHERE t.orchestration_id = %s AND o.phase = 'confirming'", (id_,)) == [(2,)], 20,
                   "two that IM has taken")
    stack.control.release()
    wait_for_states(alice, id_, in_progress=2, succeeded=2)
    assert let_go(alice, id_)["operationStats"] == {"succeeded": 4}


def test_a_cancel_lets_what_is_at_work_end(stack):
    alice = stack.person()
    made = held(alice, 3)
    id_ = ask(alice, "STOP", {"target": "all"})
    wait_for_states(alice, id_, in_progress=1, pending=2)
    expect(alice.put("/orchestrations/%s/cancel" % id_), 200)
    assert look(alice, id_)["operationStats"] == {"in progress": 1, "canceled": 2}
    assert look(alice, id_)["state"] == "canceling"
    expect(alice.put("/orchestrations/%s/cancel" % id_), 200)
    expect(alice.post("/orchestrations/%s/retry" % id_), 409)
    assert let_go(alice, id_, "canceled")["operationStats"] == {"succeeded": 1, "canceled": 2}
    assert [one["deploymentID"] for one in operations(alice, id_, state="succeeded")] == made[:1]
    for one in operations(alice, id_, state="canceled"):
        expect(alice.get("/deployments/%s/operations/%s" % (one["deploymentID"], one["operationID"])), 404)


def test_what_is_gone_when_its_turn_comes_is_skipped(stack):
    alice = stack.person()
    first, second = held(alice, 2)
    id_ = ask(alice, "STOP", {"target": "all"})
    wait_for_states(alice, id_, in_progress=1, pending=1)
    expect(alice.delete("/deployments/" + second), 202)  # a person goes before what waits
    alice.wait_for_status(second, "DELETE_COMPLETE")
    found = let_go(alice, id_)
    assert found["description"] == "Scheduled 1 operations, 1 skipped"
    one, other = operations(alice, id_)
    assert (one["deploymentID"], one["state"]) == (first, "succeeded")
    assert (other["state"], other["deploymentID"]) == ("succeeded", second)
    assert other["description"].startswith("skipped: ")


def test_what_somebody_else_is_at_work_with_waits(stack):
    alice = stack.person()
    first, second = held(alice, 2)
    [machine] = expect(alice.get("/deployments/%s/resources" % first), 200).json()["data"]
    expect(alice.patch("/deployments/%s/resources/%s/stop" % (first, machine["id"])), 202)
    id_ = ask(alice, "DELETE", {"target": "all"})
    wait_for_states(alice, id_, pending=1, succeeded=1)
    assert alice.deployment(second)["status_name"] == "DELETE_COMPLETE"
    assert let_go(alice, id_)["operationStats"] == {"succeeded": 2}
    assert alice.deployment(first)["status_name"] == "DELETE_COMPLETE"


def test_what_failed_is_tried_again(stack):
    alice = stack.person()
    made = complete(alice, 3)
    stack.control.fault(on="update", fault="http_400", first=2)
    id_ = ask(alice, "UPDATE", {"target": "all"})
    assert end(alice, id_, "failed")["operationStats"] == {"failed": 2, "succeeded": 1}
    failed = [one["operationID"] for one in operations(alice, id_, state="failed")]
    [fine] = [one["operationID"] for one in operations(alice, id_, state="succeeded")]
    answer = expect(alice.post("/orchestrations/%s/retry" % id_, json={"operation-id": [failed[0], fine, ABSENT]}), 202)
    assert answer.json() == {"orchestrationID": id_, "retryShoots": [made[0]], "oldOperations": [],
                             "invalidOperations": [fine, ABSENT], "msg": "1 operation is tried again."}
    assert answer.headers["Location"].endswith("/orchestrations/" + id_)
    assert end(alice, id_, "failed")["operationStats"] == {"failed": 2, "succeeded": 2}
    form = "operation-id=%s&operation-id=%s&immediate=true" % (failed[0], failed[1].upper())
    answer = expect(alice.post("/orchestrations/%s/retry" % id_, data=form,
                               headers={"Content-Type": "application/x-www-form-urlencoded"}), 202).json()
    assert answer["retryShoots"] == [made[1]] and answer["oldOperations"] == [failed[0]]
    assert end(alice, id_)["operationStats"] == {"failed": 2, "succeeded": 3}
    answer = expect(alice.post("/orchestrations/%s/retry" % id_), 202).json()
    assert answer["retryShoots"] == [] and sorted(answer["oldOperations"]) == sorted(failed)
    assert answer["msg"].startswith("Nothing is tried again") and look(alice, id_)["state"] == "succeeded"


def test_mistakes_in_a_retry(stack):
    alice = stack.person()
    id_ = ask(alice, "STOP", {"target": "all"})
    end(alice, id_)
    path = "/orchestrations/%s/retry" % id_
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert pointers(alice.post(path, json={"operation_id": [], "immediate": 1})) == ["/immediate", "/operation_id"]
    assert pointers(alice.post(path, data="immediate=yes&x=1", headers=form)) == ["/immediate", "/x"]
    assert pointers(alice.post(path, data="operation-id=%s" % ("x" * 101), headers=form)) == ["/operation-id/0"]
    for broken in ("immediate=false\0&operation-id=x", "operation-id=%00", "operation-id=%ff", "operation-id=%f",
                   "immediate=true&immediate=false"):
        assert "form" in expect(alice.post(path, data=broken, headers=form), 400).json()["detail"]
    expect(alice.post(path, data="x", headers={"Content-Type": "text/plain"}), 415)


@pytest.mark.parametrize("content_type", ["application/json", "application/x-www-form-urlencoded"])
def test_a_retry_without_a_word_is_of_all(stack, content_type):
    alice = stack.person()
    [made] = complete(alice)
    id_ = ask(alice, "UPDATE", {"target": "all"}, parameters={"template_inputs": {"unknown": 1}})
    end(alice, id_, "failed")
    answer = alice.post("/orchestrations/%s/retry" % id_, data="", headers={"Content-Type": content_type})
    assert expect(answer, 202).json()["retryShoots"] == [made]


def test_an_operation_that_is_named_twice_is_tried_again_once(stack):
    alice = stack.person()
    [made] = complete(alice)
    id_ = ask(alice, "UPDATE", {"target": "all"}, parameters={"template_inputs": {"unknown": 1}})
    end(alice, id_, "failed")
    [failed] = operations(alice, id_)
    assert failed["description"] == "template_inputs/unknown is no input of the template."
    named = [failed["operationID"], failed["operationID"].upper(), ABSENT, ABSENT]
    answer = expect(alice.post("/orchestrations/%s/retry" % id_, json={"operation-id": named}), 202).json()
    assert (answer["retryShoots"], answer["invalidOperations"]) == ([made], [ABSENT])
    assert end(alice, id_, "failed")["operationStats"] == {"failed": 2}


def test_a_form_names_as_many_as_json(stack):
    alice = stack.person()
    id_ = ask(alice, "STOP", {"target": "all"})
    end(alice, id_)
    form = "&".join("operation-id=%d" % number for number in range(1100))
    answer = alice.post("/orchestrations/%s/retry" % id_, data=form,
                        headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert len(expect(answer, 202).json()["invalidOperations"]) == 1100


def test_a_cancel_follows_conditions(stack):
    alice = stack.person()
    id_ = ask(alice, "STOP", {"target": "all"}, strategy={"schedule": "2099-01-01T00:00:00Z"})
    path = "/orchestrations/%s/cancel" % id_
    tag = alice.get("/orchestrations/" + id_).headers["ETag"]
    expect(alice.put(path, headers={"If-Match": '"0.x"'}), 412)
    assert look(alice, id_)["state"] == "pending"
    expect(alice.put(path, headers={"If-Match": tag}), 200)
    end(alice, id_, "canceled")
    expect(alice.put(path, headers={"If-Match": tag}), 412)


def test_a_time_zone_that_the_database_lacks_is_told(make_stack):
    stack = make_stack("OrchestratorMaintenanceWindow * * 01:00-02:00 Europe/Rome\n")
    # A system's PostgreSQL may have time zones of its own: one without this one.
    stack.sql("""ALTER FUNCTION window_after RENAME TO window_of_all_zones;
        CREATE FUNCTION window_after(integer, integer, integer, zone text, timestamptz,
            OUT window_begin timestamptz, OUT window_end timestamptz) RETURNS SETOF record LANGUAGE sql STABLE AS
            $$ SELECT * FROM window_of_all_zones($1, $2, $3, replace(zone, 'Rome', 'Nowhere'), $5) $$""")
    alice = stack.person()
    body = {"type": "STOP", "targets": {"include": [{"target": "all"}]}, "strategy": {"maintenanceWindow": True}}
    assert pointers(alice.post("/orchestrations", json=body)) == ["/strategy/maintenanceWindow"]
    end(alice, ask(alice, "STOP", {"target": "all"}))
    stack.sql("DROP FUNCTION window_after; ALTER FUNCTION window_of_all_zones RENAME TO window_after")
    end(alice, ask(alice, "STOP", {"target": "all"}, strategy={"maintenanceWindow": True}))


def test_a_window_is_waited_for_again_behind_a_try_that_waited_for_none(make_stack):
    begins = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=6)
    stack = make_stack("OrchestratorMaintenanceWindow * * %s-%s UTC\n" % (
        begins.strftime("%H:%M"), (begins + datetime.timedelta(hours=1)).strftime("%H:%M")))
    alice = stack.person()
    complete(alice)
    id_ = ask(alice, "UPDATE", {"target": "all"}, strategy={"maintenanceWindow": True},
              parameters={"template_inputs": {"unknown": 1}})
    stack.wait_for(lambda: operations(alice, id_), 15, "a target")
    assert operations(alice, id_)[0]["state"] == "pending"
    # Its window is open, and over behind the next try.
    stack.sql("UPDATE orchestration_targets SET due_at = now(), window_begin = now() - interval '1 hour',"
              " window_end = now() + interval '1 hour' WHERE orchestration_id = %s", (id_,))
    stack.sql("UPDATE work SET due_at = now(), is_hurried = true WHERE id = %s", (id_,))
    end(alice, id_, "failed")
    expect(alice.post("/orchestrations/%s/retry" % id_, json={"immediate": True}), 202)
    end(alice, id_, "failed")
    stack.sql("UPDATE orchestration_targets SET window_end = now() - interval '1 minute' WHERE orchestration_id = %s"
              " AND window_end IS NOT NULL", (id_,))
    expect(alice.post("/orchestrations/%s/retry" % id_), 202)
    stack.wait_for(lambda: operations(alice, id_)[-1]["description"] == "Waits for its maintenance window.", 15,
                   "the next window")
    last = operations(alice, id_)[-1]
    assert last["state"] == "pending" and last["maintenanceWindowBegin"].startswith(begins.strftime("%Y-%m-%dT%H:%M"))
    expect(alice.put("/orchestrations/%s/cancel" % id_), 200)
    end(alice, id_, "canceled")


def test_what_failed_of_a_person_is_made_again(stack):
    alice = stack.person(behaviour="all_vms_failed")
    made = alice.deploy(per_provider_max_retries=1)
    alice.wait_for_status(made, "CREATE_FAILED")
    id_ = ask(alice, "RETRY", {"status": "CREATE_FAILED"}, dryRun=True)
    end(alice, id_)
    assert operations(alice, id_)[0]["description"] == (
        "Would create it again, with the inputs {}. It would be at all_vms_failed in region-1.")
    assert alice.deployment(made)["status_name"] == "CREATE_FAILED"
    id_ = ask(alice, "RETRY", {"status": 1})
    end(alice, id_, "failed")
    [target] = operations(alice, id_)
    again = expect(alice.get("/deployments/%s/operations/%s" % (made, target["operationID"])), 200).json()
    assert (again["type"], again["state"], again["orchestration_id"]) == ("CREATE", "failed", id_)
    assert again["parent_id"] and alice.deployment(made)["last_operation"] == again["id"]


def test_a_retry_of_what_did_not_fail_is_skipped(stack):
    alice = stack.person()
    [made] = complete(alice)
    id_ = ask(alice, "RETRY", {"target": "all"})
    assert end(alice, id_)["description"] == "Scheduled 0 operations, 1 skipped"
    [target] = operations(alice, id_)
    assert target["description"].endswith(": the operation is succeeded.")
    assert alice.deployment(made)["status_name"] == "CREATE_COMPLETE"
