# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Start, stop, reboot and reset-status of resources."""

import pytest
from deployed import ABSENT, CLUSTER, done, frozen, own, parameters, person_id, pointers, put, submit  # noqa: F401
from test_resources import CODES, resources

from harness.client import expect, template, unique
from harness.live import HELD



def public(**metadata):
    """The small template with a public address."""
    return template(**metadata).replace(
        "        host:", "        endpoint: { properties: { network_name: PUBLIC } }\n        host:") + (
            "    public_ip: { value: { get_attribute: [ simple_node, public_address ] } }\n")


def machine(stack, client, status="STARTED", **fields):
    """A complete deployment with one machine in a status; path of its resource."""
    made = done(stack, client, **fields)
    [one] = resources(client, made)
    stack.sql("UPDATE resources SET status = %s, im_vm_idx = '0', row_version = row_version + 1 WHERE id = %s",
              (CODES.index(status), one["id"]))
    stack.sql("UPDATE deployments SET im_infra_id = 'infra-1', im_endpoint = 'http://im', target_provider = 'one' "
              "WHERE id = %s", (made,))
    return "/deployments/%s/resources/%s" % (made, one["id"])


def operation(client, answer):
    return expect(client.get(expect(answer, 202).headers["Location"]), 200).json()


# ---- what is asked for ----

ALLOWED = {"start": {"CONFIGURED": "STARTING", "STOPPED": "STARTING", "STARTED": "STARTING"},
           "stop": {"CONFIGURED": "STOPPING", "STOPPED": "STOPPING", "STARTED": "STOPPING"},
           "reboot": {"STARTED": "STARTING"}}


@pytest.mark.parametrize("action", sorted(ALLOWED))
def test_the_status_decides(frozen, action):
    alice = frozen.person()
    path = machine(frozen, alice)
    for code, status in enumerate(CODES):
        frozen.sql("UPDATE resources SET status = %s WHERE id = %s", (code, path.rpartition("/")[2]))
        answer = alice.patch("%s/%s" % (path, action))
        if status in ALLOWED[action]:
            assert int(expect(answer, 202).headers["Retry-After"]) >= 1
            made = operation(alice, answer)
            assert (made["type"], made["state"]) == (action.upper(), "pending")
            assert (made["resource_id"], made["resource_type"]) == (path.rpartition("/")[2], "resources")
            assert made["deployment_id"] == path.split("/")[2] and made["created_by"] == person_id(frozen, alice)
            assert alice.get(path).json()["status_name"] == ALLOWED[action][status]
            frozen.sql("DELETE FROM operations WHERE id = %s", (made["id"],))
        else:
            assert status in expect(answer, 409).json()["detail"] and "Location" not in answer.headers


def test_it_leaves_the_deployment_as_it_is(frozen):
    alice = frozen.person()
    path = machine(frozen, alice)
    before = alice.deployment(path.split("/")[2])
    expect(alice.patch(path + "/stop"), 202)
    after = alice.deployment(path.split("/")[2])
    assert (before["status_name"], before["last_operation"]) == (after["status_name"], after["last_operation"])


def test_one_at_a_time_of_a_machine_and_the_other_is_named(frozen):
    alice = frozen.person()
    path = machine(frozen, alice)
    first = expect(alice.patch(path + "/stop"), 202).headers["Location"]
    for action in ("stop", "start", "reboot"):
        assert expect(alice.patch("%s/%s" % (path, action)), 409).headers["Location"] == first


def test_several_machines_at_a_time(frozen):
    alice = frozen.person()
    made = submit(frozen, alice, CLUSTER.format(name=unique()), template_inputs={"password": "x", "workers": 2})
    put(frozen, made)
    frozen.sql("UPDATE resources SET status = 8, im_vm_idx = position WHERE deployment_id = %s AND is_compute", (made,))
    frozen.sql("UPDATE deployments SET im_infra_id = 'infra-1' WHERE id = %s", (made,))
    machines = [one for one in resources(alice, made) if one["im_vm_idx"] is not None]
    assert len(machines) == 3
    for one in machines:
        expect(alice.patch("/deployments/%s/resources/%s/reboot" % (made, one["id"])), 202)


@pytest.mark.parametrize("type_", ["CREATE", "UPDATE", "DELETE", "ADD_OWNER"])
def test_nothing_while_the_whole_is_at_work(frozen, type_):
    alice = frozen.person()
    path = machine(frozen, alice)
    deployment = path.split("/")[2]
    put(frozen, deployment, type=type_, state="in progress", phase="confirming")
    answer = expect(alice.patch(path + "/stop"), 409)
    assert answer.headers["Location"].endswith(alice.deployment(deployment)["last_operation"])


def test_what_is_no_machine_can_not_be_asked_for_anything(frozen):
    alice = frozen.person()
    made = submit(frozen, alice, CLUSTER.format(name=unique()), template_inputs={"password": "x", "workers": 1})
    put(frozen, made)
    frozen.sql("UPDATE resources SET status = 8 WHERE deployment_id = %s", (made,))
    frozen.sql("UPDATE deployments SET im_infra_id = 'infra-1' WHERE id = %s", (made,))
    for node in ("network", "software", "port"):
        [one] = resources(alice, made, tosca_node_name=node)
        for action in ("start", "stop", "reboot", "reset-status"):
            answer = alice.patch("/deployments/%s/resources/%s/%s" % (made, one["id"], action))
            assert expect(answer, 409).json()["detail"] == "The resource is no machine."
    [front] = resources(alice, made, tosca_node_name="front")
    expect(alice.patch("/deployments/%s/resources/%s/stop" % (made, front["id"])), 409)  # never made at IM


@pytest.mark.parametrize("action", ["start", "stop", "reboot", "reset-status"])
def test_who_may(frozen, action):
    alice, bob, carol, admin = frozen.person(), frozen.person(), frozen.person(), frozen.person(admin=True)
    path = machine(frozen, alice)
    own(frozen, path.split("/")[2], carol)
    expect(frozen.client(None).patch("%s/%s" % (path, action)), 401)
    expect(bob.patch("%s/%s" % (path, action)), 403)
    expect(bob.patch("%s/%s" % (path.replace(path.rpartition("/")[2], ABSENT), action)), 403)
    expect(alice.patch("%s/%s" % (path.replace(path.rpartition("/")[2], ABSENT), action)), 404)
    expect(alice.patch("/deployments/%s/resources/%s/%s" % (ABSENT, ABSENT, action)), 404)
    assert parameters(alice.patch("/deployments/7/resources/8/" + action)) == ["deployment_id", "resource_id"]
    for person in (alice, carol, admin):
        expect(person.patch("%s/%s" % (path, action)), 202)
        frozen.sql("UPDATE operations SET state = 'failed', ended_at = now() "
                   "WHERE resource_id = %s AND ended_at IS NULL", (path.rpartition("/")[2],))
        frozen.sql("UPDATE resources SET status = 8 WHERE id = %s", (path.rpartition("/")[2],))


def test_a_stale_version_is_refused(frozen):
    alice = frozen.person()
    path = machine(frozen, alice)
    tag = alice.get(path).headers["ETag"]
    expect(alice.patch(path + "/stop", headers={"If-Match": '"1.x"'}), 412)
    expect(alice.patch(path + "/stop", headers={"If-Match": tag}), 202)
    expect(alice.patch(path + "/reset-status", headers={"If-Match": tag}), 412)


# ---- reset-status ----

def test_a_reset_ends_what_is_at_work_with_it(frozen):
    alice = frozen.person()
    path = machine(frozen, alice)
    asked = expect(alice.patch(path + "/stop"), 202).headers["Location"]
    answer = expect(alice.patch(path + "/reset-status"), 202)
    assert answer.headers["Location"] == asked and int(answer.headers["Retry-After"]) >= 1
    ended = alice.get(asked).json()
    assert ended["state"] == "failed" and ended["ended_at"] and ended["errors"][0]["error"] == "status.reset"
    assert alice.get(path).json()["status_name"] == "ERROR"
    assert frozen.sql("SELECT count(*) FROM work WHERE id = %s", (ended["id"],)) == [(0,)]


@pytest.mark.parametrize("status", [name for name in CODES if name != "DELETED"])
def test_a_reset_of_what_is_at_rest_names_the_last_operation(frozen, status):
    alice = frozen.person()
    path = machine(frozen, alice, status)
    answer = expect(alice.patch(path + "/reset-status", json={"status": "error"}), 202)
    assert answer.headers["Location"].endswith(alice.deployment(path.split("/")[2])["last_operation"])
    assert alice.get(path).json()["status_name"] == "ERROR"


def test_what_is_gone_stays_so(frozen):
    alice = frozen.person()
    path = machine(frozen, alice, "DELETED")
    answer = expect(alice.patch(path + "/reset-status"), 409)
    assert answer.json()["detail"] == "A machine that is DELETED is gone and stays so."
    assert alice.get(path).json()["status_name"] == "DELETED"


@pytest.mark.parametrize("body", [{"status": "ok"}, {"status": None}, {"status": 6}, {"other": "error"}])
def test_a_reset_knows_one_status_only(frozen, body):
    alice = frozen.person()
    path = machine(frozen, alice)
    assert pointers(alice.patch(path + "/reset-status", json=body)) == ["/" + list(body)[0]]
    expect(alice.patch(path + "/reset-status", json={}), 202)


# ---- with an engine ----

def complete(stack, client, **settings):
    """A complete deployment of one machine with a public address; it, and the path of its resource."""
    id = client.deploy(client.store_template(public(im_simulator=settings)))
    client.wait_for_status(id, "CREATE_COMPLETE")
    [one] = resources(client, id)
    return id, "/deployments/%s/resources/%s" % (id, one["id"])


def finish(stack, client, answer, state="succeeded"):
    location = expect(answer, 202).headers["Location"]
    ended = stack.wait_for(lambda: [one for one in [client.get(location).json()] if one["ended_at"]], 20,
                           "the end of " + location)[0]
    assert ended["state"] == state, ended
    return ended


def power(stack, deployment):
    """What was done to machines of a deployment."""
    return next(one["power"] for one in stack.control.ledger()
                if one["metadata"].get("PAAS_DEP_UUID") == deployment and one["alive"])


def addresses(client, path):
    properties = client.get(path).json()["metadata"]["VirtualMachineInfo"]["vmProperties"]
    return [value for part in properties for key, value in part.items() if key == "net_interface.1.ip"]


def test_a_stop_and_a_start_show_the_new_address(stack):
    alice, admin = stack.person(), stack.person(admin=True)
    id, path = complete(stack, alice, power_ms=300, new_ip=1)
    [before] = addresses(alice, path)
    stopped = finish(stack, alice, alice.patch(path + "/stop"))
    assert (stopped["description"], stopped["ready"]) == ("Machine 0 (simple_node) is stopped.", False)
    assert alice.get(path).json()["status_name"] == "STOPPED"
    started = finish(stack, alice, alice.patch(path + "/start"))
    assert started["ready"] and started["platform_id"]
    [after] = addresses(alice, path)
    assert after != before and alice.get(path).json()["status_name"] == "STARTED"
    assert alice.deployment(id)["template_outputs"]["public_ip"] == after
    assert alice.deployment(id)["status_name"] == "CREATE_COMPLETE"
    assert "Machine 0 (simple_node) is started." in alice.get("/deployments/%s/logs" % id).json()["orchestrator_logs"]
    # what is secret in the description is sealed again
    for person, shown in ((alice, "password"), (admin, None)):
        properties = person.get(path).json()["metadata"]["VirtualMachineInfo"]["vmProperties"]
        [password] = [part["disk.0.os.credentials.password"] for part in properties if part["class"] == "system"]
        assert (password == "password") == (shown is not None)


def test_a_reboot_is_asked_for_once(stack):
    alice = stack.person()
    id, path = complete(stack, alice)
    finish(stack, alice, alice.patch(path + "/reboot"))
    assert power(stack, id) == {"start": 0, "stop": 0, "reboot": 1}
    assert alice.get(path).json()["status_name"] == "STARTED"


def test_what_im_refuses_is_an_error_with_its_reason(stack):
    alice = stack.person()
    id, path = complete(stack, alice, power_refused=1)
    failed = finish(stack, alice, alice.patch(path + "/stop"), "failed")
    assert "the cloud refuses it" in failed["errors"][0]["description"]
    assert alice.get(path).json()["status_name"] == "ERROR"
    assert alice.deployment(id)["status_name"] == "CREATE_COMPLETE"
    expect(alice.patch(path + "/start"), 409)


def test_what_takes_too_long_fails(stack):
    alice = stack.person()
    id, path = complete(stack, alice, power_ms=HELD)
    answer = expect(alice.patch(path + "/stop"), 202)
    stack.wait_for(lambda: power(stack, id)["stop"], 20, "the stop")
    stack.sql("UPDATE operations SET deadline = now() WHERE resource_id = %s", (path.rpartition("/")[2],))
    failed = finish(stack, alice, answer, "failed")
    assert "its time is over" in failed["errors"][0]["description"]
    assert alice.get(path).json()["status_name"] == "ERROR"


def test_a_deletion_ends_it(stack):
    alice = stack.person()
    id, path = complete(stack, alice, power_ms=HELD)
    answer = expect(alice.patch(path + "/stop"), 202)
    stack.wait_for(lambda: power(stack, id)["stop"], 20, "the stop")
    expect(alice.delete("/deployments/" + id), 202)
    expect(alice.patch(path + "/start"), 409)
    alice.wait_for_status(id, "DELETE_COMPLETE")
    finish(stack, alice, answer, "canceled")
    assert alice.get(path).json()["status_name"] == "DELETED"


def test_two_machines_at_once(stack):
    alice = stack.person()
    content = template(im_simulator={"power_ms": HELD}).replace(
        "        host:", "        scalable: { properties: { count: 2 } }\n        host:")
    id = alice.deploy(alice.store_template(content))
    alice.wait_for_status(id, "CREATE_COMPLETE")
    paths = ["/deployments/%s/resources/%s" % (id, one["id"]) for one in resources(alice, id)]
    answers = [expect(alice.patch(path + "/stop"), 202) for path in paths]
    stack.wait_for(lambda: power(stack, id)["stop"] == 2, 20, "both")
    assert {alice.get(path).json()["status_name"] for path in paths} == {"STOPPING"}
    stack.control.release()
    for path, answer in zip(paths, answers):
        finish(stack, alice, answer)
        assert alice.get(path).json()["status_name"] == "STOPPED"


def test_a_reboot_whose_answer_got_lost_is_told(stack):
    alice = stack.person()
    id, path = complete(stack, alice, faults=[{"fault": "lost", "on": "power", "first": 1}])
    failed = finish(stack, alice, alice.patch(path + "/reboot"), "failed")
    assert "nothing tells whether it was carried out" in failed["errors"][0]["description"]
    assert power(stack, id)["reboot"] == 1 and alice.get(path).json()["status_name"] == "STARTED"


@pytest.mark.parametrize("fault", ["lost", "reset_before", "http_503"])
def test_a_stop_whose_answer_got_lost_is_found_out(stack, fault):
    alice = stack.person()
    id, path = complete(stack, alice, faults=[{"fault": fault, "on": "power", "first": 1}])
    finish(stack, alice, alice.patch(path + "/stop"))
    assert power(stack, id)["stop"] == 1 and alice.get(path).json()["status_name"] == "STOPPED"
