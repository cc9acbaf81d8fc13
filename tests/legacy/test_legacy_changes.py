# Licensed under the Apache License, Version 2.0; see LICENSE.
"""What the former orchestrator's clients ask of deployments that are there: deletion, reset, machines."""
import json

import pytest
from old import Old, is_error, is_resource

from harness.client import Client, template
from harness.live import HELD
from stack import local

ABSENT = "00000000-0000-7000-8000-000000000000"


@pytest.fixture(scope="module")
def bound(make_stack):
    return make_stack(local.bindings())


def complete(person, **metadata):
    made = person.deploy(person.store_template(template(**metadata)))
    person.wait_for_status(made, "CREATE_COMPLETE")
    return made


# ---- 8: deletion ----

def test_a_deletion_is_answered_at_once_and_goes_on(bound):
    alice = bound.person()
    old = Old(alice)
    made = complete(alice)
    path = "/deployments/" + made
    assert old.dashboard("DELETE", path, 204, params={"force": "false"}, data=json.dumps(["force=false"]),
                         headers={"Content-Type": "application/json"}).content == b""
    assert old.show(made)["status"] in ("DELETE_IN_PROGRESS", "DELETE_COMPLETE")
    old.orpy("DELETE", path, 204)
    alice.wait_for_status(made, "DELETE_COMPLETE")
    old.orchent("DELETE", path, 204, params={"force": "false"})
    shown = old.show(made)
    assert shown["status"] == "DELETE_COMPLETE" and shown["cloudProviderEndpoint"] == {}
    assert old.ids() == [made] and old.ids(excludedStatus="DELETE_COMPLETE") == []
    assert {one["state"] for one in old.resources(made)} == {"DELETED"}


def test_force_of_an_owner_is_an_ordinary_deletion(bound):
    alice = bound.person()
    made = complete(alice)
    Old(alice).dashboard("DELETE", "/deployments/" + made, 204, params={"force": "true"}, data='["force=true"]',
                         headers={"Content-Type": "application/json"})
    alice.wait_for_status(made, "DELETE_COMPLETE")
    assert "force" in Old(alice).ask("GET", "/deployments/%s/log" % made).text
    boss = bound.person(groups=[alice.group], admin=True)
    Old(boss).ask("DELETE", "/deployments/" + made, 204, params={"force": "TRUE"})
    Old(alice).ask("GET", "/deployments/" + made, 404)


def test_who_deletes(bound):
    alice, other, boss = bound.person(), bound.person(), bound.person(admin=True)
    made = complete(alice)
    path = "/deployments/" + made
    Old(other).ask("DELETE", path, 403)
    Old(Client(bound)).ask("DELETE", path, 401)
    for person in (alice, other, boss):
        Old(person).ask("DELETE", "/deployments/" + ABSENT, 404)
    Old(boss).ask("DELETE", path, 204)
    alice.wait_for_status(made, "DELETE_COMPLETE")


# ---- 9: reset ----

RESET = {"status": "DELETE_FAILED"}


def test_a_deletion_that_does_not_end_is_reset(bound):
    alice, other = bound.person(behaviour="delete_lost"), bound.person()
    made = complete(alice, im_simulator={"delete_ms": HELD})
    path, old = "/deployments/" + made, Old(alice)
    refused = old.orchent("PATCH", path, 409, json=RESET)
    assert "Location" not in refused.headers
    old.ask("DELETE", path, 204)
    Old(other).ask("PATCH", path, 403, json=RESET)
    Old(Client(bound)).ask("PATCH", path, 401, json=RESET)
    answer = old.dashboard("PATCH", path, 204, json=RESET)
    assert answer.content == b""
    assert old.show(made)["status"] == "DELETE_FAILED"
    old.ask("PATCH", path, 409, json=RESET)
    # The deletion at IM goes on until it is gone; nothing is left for a later test to see in the log.
    bound.expect_log("may be left at IM")
    bound.wait_for(lambda: bound.control.release() or not bound.sql(
        "SELECT 1 FROM infrastructures WHERE user_id = %s AND unwanted_at IS NOT NULL", (alice.id,)), 30, "its end")


def test_a_creation_is_not_reset_to_a_failed_deletion(bound):
    alice = bound.person()
    made = alice.deploy(alice.store_template(template(im_simulator={"launch_ms": HELD})))
    Old(alice).ask("PATCH", "/deployments/" + made, 409, json=RESET)
    assert Old(alice).show(made)["status"] == "CREATE_IN_PROGRESS"
    bound.wait_for(lambda: alice.deployment(made)["im_infra_id"], 30, "an infrastructure")
    bound.control.release()
    alice.wait_for_status(made, "CREATE_COMPLETE")


@pytest.mark.parametrize("body", [{}, {"status": None}, {"status": "CREATE_FAILED"}, {"status": "delete_failed"}])
def test_no_other_status_may_be_set(bound, body):
    answer = Old(bound.person()).ask("PATCH", "/deployments/" + ABSENT, 400, json=body)
    assert "status" in is_error(answer)["message"]


# ---- 14: machines ----

def test_a_machine_is_stopped_and_started(bound):
    alice = bound.person()
    old = Old(alice)
    made = complete(alice)
    [one] = old.resources(made)
    path = "/deployments/%s/resources/%s" % (made, one["uuid"])

    def state(wanted):
        return lambda: is_resource(old.ask("GET", path).json())["state"] == wanted
    for ask, action, before, after in ((old.orchent, "stop", "STARTED", "STOPPED"),
                                       (old.dashboard, "start", "STOPPED", "STARTED")):
        assert state(before)()
        answer = ask("POST", path + "/actions", 202, json={"type": action})
        assert answer.content == b"" and "Location" not in answer.headers
        bound.wait_for(state(after), 30, after)


def test_who_acts_and_on_what(bound):
    alice, other = bound.person(), bound.person()
    made = complete(alice)
    [one] = Old(alice).resources(made)
    path = "/deployments/%s/resources/%s/actions" % (made, one["uuid"])
    stop = {"type": "stop"}
    Old(other).ask("POST", path, 403, json=stop)
    Old(Client(bound)).ask("POST", path, 401, json=stop)
    Old(alice).ask("POST", path.replace(one["uuid"], ABSENT), 404, json=stop)
    Old(alice).ask("POST", path.replace(made, ABSENT), 404, json=stop)
    for body in ({}, {"type": "reboot"}, {"type": 1}, []):
        Old(alice).ask("POST", path, 400, json=body)
    Old(alice).ask("POST", path, 400)
    Old(alice).ask("DELETE", "/deployments/" + made, 204)
    refused = Old(alice).ask("POST", path, 409, json=stop)
    assert "Location" not in refused.headers
