# Licensed under the Apache License, Version 2.0; see LICENSE.
"""The URL that a client of the former orchestrator names is told what becomes of its deployment."""

import pytest
from old import Old, is_deployment

from harness.client import expect, template
from harness.receiver import Receiver
from stack import local


@pytest.fixture(scope="module")
def receiver():
    made = Receiver()
    yield made
    made.close()


@pytest.fixture(scope="module")
def bound(make_stack, receiver):
    return make_stack(local.bindings() + "OrchestratorCallbackHosts %s\n" % receiver.host)


def create(old, **fields):
    return is_deployment(old.ask("POST", "/deployments", 201, json={
        "template": template(), "parameters": {}, **fields}).json())["uuid"]


def test_a_life_is_told_as_it_is_read(bound, receiver):
    alice = bound.person()
    old = Old(alice)
    id = create(old, callback=receiver.url)
    alice.wait_for_status(id, "CREATE_COMPLETE")
    bound.wait_for(lambda: receiver.statuses(id)[-1:] == ["CREATE_COMPLETE"], 20, "the end of the creation")
    told = receiver.objects(id)[-1]
    read = old.show(id)
    without = {"links", "inputs"}
    assert {name: value for name, value in told.items() if name not in without} == {
        name: value for name, value in read.items() if name not in without}
    old.ask("DELETE", "/deployments/" + id, 204)
    bound.wait_for(lambda: receiver.statuses(id)[-1:] == ["DELETE_COMPLETE"], 20, "the end of the deletion")
    assert receiver.statuses(id) == ["CREATE_IN_PROGRESS", "CREATE_COMPLETE", "DELETE_IN_PROGRESS", "DELETE_COMPLETE"]


def test_an_update_names_another_one(bound, receiver):
    """One that is not listed is not called, and the deployment's log says so."""
    alice = bound.person()
    old = Old(alice)
    id = create(old, callback="https://else.example.org/callback")
    assert "else.example.org:443 is not among the hosts" in old.ask("GET", "/deployments/%s/log" % id).text
    alice.wait_for_status(id, "CREATE_COMPLETE")
    assert bound.sql("SELECT count(*) FROM callbacks WHERE deployment_id = %s", (id,))[0][0] == 0
    content = old.ask("GET", "/deployments/%s/template" % id).text
    old.ask("PUT", "/deployments/" + id, 202, json={"template": content, "parameters": {"num_cpus": 2},
                                                    "callback": receiver.url})
    alice.wait_for_status(id, "UPDATE_COMPLETE")
    bound.wait_for(lambda: receiver.statuses(id) == ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"], 20, "the update")
    assert old.show(id)["callback"] == receiver.url


def test_a_former_owner_is_told_no_more(bound, receiver):
    alice = bound.person()
    bob, admin = bound.person(), bound.person(admin=True)
    old = Old(alice)
    id = create(old)
    alice.wait_for_status(id, "CREATE_COMPLETE")
    owners = "/deployments/%s/owners" % id
    expect(admin.post(owners, json={"id": bob.id}), 202)
    bound.wait_for(lambda: bob.get("/deployments/" + id).status_code == 200, 20, "another owner")
    bound.wait_for(lambda: old.show(id)["status"].endswith("_COMPLETE"), 20, "the end of their coming")
    content = old.ask("GET", "/deployments/%s/template" % id).text
    Old(bob).ask("PUT", "/deployments/" + id, 202, json={"template": content, "parameters": {"num_cpus": 2},
                                                         "callback": receiver.url})
    alice.wait_for_status(id, "UPDATE_COMPLETE")
    bound.wait_for(lambda: receiver.statuses(id)[-1:] == ["UPDATE_COMPLETE"], 20, "the end of the update")
    expect(admin.delete(owners + "/" + bob.id), 202)
    bound.wait_for(lambda: "callback" not in old.show(id), 20, "no callback")
    told = receiver.count(id)
    old.ask("DELETE", "/deployments/" + id, 204)
    alice.wait_for_status(id, "DELETE_COMPLETE")
    assert receiver.count(id) == told
    assert bound.sql("SELECT count(*) FROM callbacks WHERE deployment_id = %s", (id,)) == [(0,)]
