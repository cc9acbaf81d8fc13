# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Complete deployments are looked at now and then."""

import pytest
from test_machines import addresses, finish, public
from test_resources import resources

from harness.client import expect, template

TWO = "        scalable: { properties: { count: 2 } }\n        host:"


@pytest.fixture(scope="module")
def watched(make_stack):
    return make_stack("OrchestratorWatchInterval 150ms\n")


def complete(stack, client, content):
    """A complete deployment: its id, and that of its infrastructure."""
    id = client.deploy(client.store_template(content))
    return id, client.wait_for_status(id, "CREATE_COMPLETE")["im_infra_id"]


def statuses(client, deployment):
    return [one["status_name"] for one in resources(client, deployment, sort="im_vm_idx")]


def wait_for(stack, client, deployment, expected, status="CREATE_COMPLETE"):
    def look():
        return (statuses(client, deployment), client.deployment(deployment)["status_name"]) == (expected, status)
    stack.wait_for(look, 20, "resources that are %s of what is %s" % (expected, status))


@pytest.mark.parametrize("state, status", [("stopped", "STOPPED"), ("failed", "ERROR"), ("off", "ERROR")])
def test_what_happens_to_a_machine_shows_up_and_back(watched, state, status):
    alice = watched.person()
    id, infrastructure = complete(watched, alice, template().replace("        host:", TWO))
    watched.control.force(infrastructure, "configured", vm_states={"1": state})
    wait_for(watched, alice, id, ["STARTED", status])
    log = alice.get("/deployments/%s/logs" % id).json()["orchestrator_logs"]
    assert "Machine 1 (simple_node) is %s." % state in log
    watched.control.force(infrastructure, None)
    wait_for(watched, alice, id, ["STARTED", "STARTED"])


def test_a_machine_that_was_stopped_behind_our_back_can_be_started(watched):
    alice = watched.person()
    id, infrastructure = complete(watched, alice, template())
    watched.control.force(infrastructure, "stopped")
    wait_for(watched, alice, id, ["STOPPED"])
    [one] = resources(alice, id)
    finish(watched, alice, alice.patch("/deployments/%s/resources/%s/start" % (id, one["id"])))
    wait_for(watched, alice, id, ["STARTED"])


def test_a_machine_that_is_lost_is_an_error(watched):
    alice = watched.person()
    id, _ = complete(watched, alice, template(im_simulator={"gone_ms": 10000}).replace("        host:", TWO))
    watched.control.post("advance", {"ms": 10000})
    wait_for(watched, alice, id, ["ERROR", "STARTED"])


def test_when_all_machines_are_lost_the_deployment_is_unknown_until_one_is_back(watched):
    alice = watched.person()
    id, infrastructure = complete(watched, alice, template().replace("        host:", TWO))
    watched.control.force(infrastructure, "failed")
    wait_for(watched, alice, id, ["ERROR", "ERROR"], "UNKNOWN")
    found = alice.deployment(id)
    assert found["status_reason"] == "None of its machines is there any more."
    assert found["task_name"] == "finished" and found["im_infra_id"] == infrastructure
    watched.control.force(infrastructure, "configured", vm_states={"1": "configured"})
    wait_for(watched, alice, id, ["ERROR", "STARTED"])
    assert alice.deployment(id)["status_reason"] is None


def test_an_infrastructure_that_im_does_not_know_any_more(watched):
    """Beside another one of the person, which IM lists."""
    alice = watched.person()
    id, infrastructure = complete(watched, alice, template())
    other, _ = complete(watched, alice, template())
    watched.control.force(infrastructure, "gone")
    wait_for(watched, alice, id, ["ERROR"], "UNKNOWN")
    assert "does not know the infrastructure" in alice.deployment(id)["status_reason"]
    assert alice.get("/deployments?status=UNKNOWN").json()["data"][0]["id"] == id
    wait_for(watched, alice, other, ["STARTED"])
    watched.control.post("infrastructures/%s/back" % infrastructure, {"ms": 0})
    wait_for(watched, alice, id, ["STARTED"])
    watched.control.force(infrastructure, "gone")
    wait_for(watched, alice, id, ["ERROR"], "UNKNOWN")
    expect(alice.delete("/deployments/" + id), 202)
    alice.wait_for_status(id, "DELETE_COMPLETE")


def test_an_im_without_its_database_is_not_believed(watched):
    alice = watched.person()
    made = [complete(watched, alice, template())[0] for _ in range(2)]
    watched.control.post("database", {"away": True, "forget": True})
    try:
        watched.wait_for(lambda: all(watched.sql(
            "SELECT (memory ->> 'misses')::integer >= 6 FROM work WHERE id = %s", (id,)) == [(True,)] for id in made),
                         20, "six looks at each")
        for id in made:
            assert (statuses(alice, id), alice.deployment(id)["status_name"]) == (["STARTED"], "CREATE_COMPLETE")
    finally:
        watched.control.post("database", {"away": False})
    for id in made:
        watched.wait_for(lambda id=id: watched.sql("SELECT memory ->> 'misses' FROM work WHERE id = %s", (id,)) == [
            (None,)], 20, "an IM that is believed")
        wait_for(watched, alice, id, ["STARTED"])


def test_an_address_that_changed_behind_our_back_shows_up(watched):
    alice = watched.person()
    id, infrastructure = complete(watched, alice, public())
    path = "/deployments/%s/resources/%s" % (id, resources(alice, id)[0]["id"])
    [before] = addresses(alice, path)
    watched.control.post("infrastructures/%s/move" % infrastructure)
    watched.wait_for(lambda: addresses(alice, path) != [before], 20, "another address")
    watched.wait_for(lambda: [alice.deployment(id)["template_outputs"]["public_ip"]] == addresses(alice, path), 20,
                     "the outputs")


def test_a_look_that_finds_nothing_new_changes_nothing(watched):
    alice = watched.person()
    id, _ = complete(watched, alice, template())
    number = "SELECT lease_number FROM work WHERE id = %s"
    first = watched.wait_for(lambda: watched.sql(number, (id,)), 20, "a watch")[0][0]
    # The first looks remember what they saw.
    watched.wait_for(lambda: watched.sql(number, (id,))[0][0] > first + 4, 20, "some looks")
    before = (alice.get("/deployments/" + id).headers["ETag"], resources(alice, id))
    watched.wait_for(lambda: watched.sql(number, (id,))[0][0] > first + 10, 20, "more looks")
    assert before == (alice.get("/deployments/" + id).headers["ETag"], resources(alice, id))


def test_it_ends_with_the_deployment(watched):
    alice = watched.person()
    id, _ = complete(watched, alice, template())
    expect(alice.delete("/deployments/" + id), 202)
    alice.wait_for_status(id, "DELETE_COMPLETE")
    watched.wait_for(lambda: not watched.sql("SELECT FROM work WHERE id = %s", (id,)), 20, "the end of the watch")


def test_0_is_off(make_stack):
    stack = make_stack("OrchestratorWatchInterval 0\n")
    alice = stack.person()
    id, infrastructure = complete(stack, alice, template())
    stack.sql("UPDATE work SET due_at = now() WHERE id = %s", (id,))
    stack.control.force(infrastructure, "stopped")
    other, _ = complete(stack, alice, template())
    assert statuses(alice, id) == ["STARTED"] and statuses(alice, other) == ["STARTED"]
    assert stack.sql("SELECT lease_number FROM work WHERE id = %s", (id,)) == [(0,)]
    stack.reconfigure("OrchestratorWatchInterval 150ms\n")
    wait_for(stack, alice, id, ["STOPPED"])
