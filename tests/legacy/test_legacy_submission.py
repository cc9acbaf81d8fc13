# Licensed under the Apache License, Version 2.0; see LICENSE.
"""POST and PUT of the former orchestrator's clients, which send the text of a template."""
import json

import pytest
from old import Old, is_deployment, is_error, is_template, subject_of

from harness.client import Client, template, unique
from stack import local

ABSENT = "00000000-0000-7000-8000-000000000000"
# A form of the dashboard: everything that somebody types is a text, and some is no input at all.
TYPED = """\
tosca_definitions_version: tosca_simple_yaml_1_0
metadata: {{ template_name: {name} }}
topology_template:
  inputs:
    num_cpus: {{ type: integer, default: 1 }}
    public: {{ type: boolean, default: false }}
    ports: {{ type: list, entry_schema: {{ type: integer }}, default: [] }}
    labels: {{ type: map, entry_schema: {{ type: string }}, default: {{}} }}
    title: {{ type: string, default: none }}
  node_templates:
    simple_node:
      type: tosca.nodes.Compute
      capabilities:
        host: {{ properties: {{ num_cpus: {{ get_input: num_cpus }}, mem_size: 1 GB }} }}
"""


@pytest.fixture(scope="module")
def bound(make_stack):
    return make_stack(local.bindings())


def typed():
    return TYPED.format(name=unique("typed"))


def create(ask, content=None, path="/deployments", **fields):
    body = {"template": content or template(), "parameters": {}, **fields}
    return is_deployment(ask("POST", path, 201, json=body).json())


def log_of(old, made):
    return old.ask("GET", "/deployments/%s/log" % made["uuid"]).text


# ---- 6: creation ----

def test_orchent_creates(bound):
    alice = bound.person()
    old = Old(alice)
    content = template(name=unique("orchent"))
    made = create(old.orchent, content, parameters={"num_cpus": 2}, keepLastAttempt="true", maxProvidersRetry=2,
                  userGroup=alice.group)
    assert made["status"] == "CREATE_IN_PROGRESS" and made["inputs"] == {"num_cpus": 2} and made["outputs"] == {}
    assert made["createdBy"]["subject"] == subject_of(alice) and made["userGroup"] == alice.group
    theirs = alice.deployment(made["uuid"])
    assert (theirs["keep_last_attempt"], theirs["max_providers"]) == (True, 2)
    assert is_template(old.ask("GET", "/deployments/%s/template" % made["uuid"]).text) == content
    alice.wait_for_status(made["uuid"], "CREATE_COMPLETE")
    assert old.show(made["uuid"])["outputs"]["node_ip"]


def test_orpy_creates_without_a_group_and_with_a_flag_that_it_misspells(bound):
    alice = bound.person()
    old = Old(alice)
    made = create(old.orpy, path="/deployments/", parameters={"num_cpus": "3"}, keepLastAttemp=True)
    assert made["userGroup"] == alice.group and made["inputs"] == {"num_cpus": 3}
    assert alice.deployment(made["uuid"])["keep_last_attempt"] is False
    assert "keepLastAttemp" in log_of(old, made)


def test_the_dashboard_creates_with_what_a_form_has(bound):
    alice = bound.person()
    old = Old(alice)
    made = create(old.dashboard, typed(), path="/deployments/", userGroup=alice.group, keepLastAttempt="false",
                  providerTimeoutMins="60", timeoutMins=720, callback="https://dashboard.example/callback",
                  parameters={"num_cpus": "2", "public": "true", "ports": "[80, 443]", "labels": '{"a": "b"}',
                              "title": "", "additional_description": "mine"})
    assert made["inputs"] == {"num_cpus": 2, "public": True, "ports": [80, 443], "labels": {"a": "b"}, "title": ""}
    assert made["callback"] == "https://dashboard.example/callback"
    theirs = alice.deployment(made["uuid"])
    assert (theirs["tot_timeout_mins"], theirs["per_provider_timeout_mins"]) == (720, 60)
    log = log_of(old, made)
    assert "additional_description" in log and "dashboard.example" in log


def test_what_is_empty_or_null_was_not_given(bound):
    alice = bound.person()
    old = Old(alice)
    made = create(old.ask, typed(), parameters=None, userGroup=None, callback=None, keepLastAttempt=None,
                  maxProvidersRetry="", timeoutMins=None, providerTimeoutMins="")
    assert made["inputs"] == {} and "callback" not in made
    made = create(old.ask, typed(), parameters={"num_cpus": "", "public": "", "ports": ""}, userGroup="", callback="")
    assert made["inputs"] == {}


def test_a_time_that_is_too_long_is_cut_with_a_note(bound):
    alice = bound.person()
    old = Old(alice)
    made = create(old.ask, timeoutMins=999999999999, providerTimeoutMins="99999")
    theirs = alice.deployment(made["uuid"])
    assert (theirs["tot_timeout_mins"], theirs["per_provider_timeout_mins"]) == (14400, 14400)
    assert "cut to 14400 minutes" in log_of(old, made)


def test_the_same_text_is_one_template(bound):
    alice, bob = bound.person(), bound.person()
    content = template()
    one, two = create(Old(alice).ask, content), create(Old(bob).ask, content)
    assert alice.deployment(one["uuid"])["template_id"] == bob.deployment(two["uuid"])["template_id"]


def test_a_key_twice_counts_the_last_time_with_a_note(bound):
    alice = bound.person()
    old = Old(alice)
    content = template().replace("mem_size: 1 GB", "mem_size: 1 GB, mem_size: 2 GB")
    made = create(old.ask, content)
    assert old.ask("GET", "/deployments/%s/template" % made["uuid"]).text == content
    assert "mem_size" in log_of(old, made)


@pytest.mark.parametrize("fields, named", [
    ({"template": None}, "template"), ({"template": ""}, "template"), ({"template": "a: ["}, "template"),
    ({"template": "a: 1"}, "template"), ({"template": 1}, "template"), ({"parameters": "x"}, "parameters"),
    ({"parameters": {"num_cpus": "many"}}, "parameters/num_cpus"), ({"keepLastAttempt": "maybe"}, "keepLastAttempt"),
    ({"maxProvidersRetry": 0}, "maxProvidersRetry"), ({"maxProvidersRetry": "x"}, "maxProvidersRetry"),
    ({"timeoutMins": -1}, "timeoutMins"), ({"providerTimeoutMins": "1.5"}, "providerTimeoutMins"),
    ({"timeoutMins": 10, "providerTimeoutMins": 20}, "providerTimeoutMins"),
    ({"callback": "ftp://a.example/"}, "callback"), ({"callback": "nonsense"}, "callback"),
    ({"callback": 1}, "callback"), ({"userGroup": 1}, "userGroup")])
def test_bad_input_is_named_as_the_client_wrote_it(bound, fields, named):
    alice = bound.person()
    old = Old(alice)
    body = {"template": template(), "parameters": {}, **fields}
    if body["template"] is None:
        del body["template"]
    assert named in is_error(old.ask("POST", "/deployments", 400, json=body))["message"]
    assert old.ids() == []


def test_everything_that_is_wrong_is_named_at_once(bound):
    body = {"template": template(), "parameters": {"num_cpus": "x"}, "timeoutMins": "x", "callback": "x",
            "keepLastAttempt": 1}
    message = is_error(Old(bound.person()).ask("POST", "/deployments", 400, json=body))["message"]
    for name in ("num_cpus", "timeoutMins", "callback", "keepLastAttempt"):
        assert name in message, message


def test_a_refused_one_leaves_no_template(bound):
    alice, bob = bound.person(), bound.person()
    content = template()
    before = bound.sql("SELECT count(*) FROM templates")[0][0]
    Old(alice).ask("POST", "/deployments", 403, json={"template": content, "userGroup": bob.group})
    Old(alice).ask("POST", "/deployments", 400, json={"template": content, "parameters": {"num_cpus": "x"}})
    assert bound.sql("SELECT count(*) FROM templates")[0][0] == before


def test_who_creates_and_for_which_group(bound):
    alice, bob = bound.person(), bound.person()
    both = bound.person(groups=[alice.group, bob.group])
    nobody = bound.person(groups=[])
    body = {"template": template(), "parameters": {}}
    Old(Client(bound)).ask("POST", "/deployments", 401, json=body)
    message = is_error(Old(both).ask("POST", "/deployments", 403, json=body))["message"]
    assert alice.group in message and bob.group in message
    Old(alice).ask("POST", "/deployments", 403, json={**body, "userGroup": bob.group})
    assert create(Old(both).ask, userGroup="/" + bob.group)["userGroup"] == bob.group
    Old(nobody).ask("POST", "/deployments", 403, json=body)


def test_what_is_no_json_object_is_refused(bound):
    old = Old(bound.person())
    kind = {"Content-Type": "application/json"}
    for data in (b"", b"{", b"[]", b"null", b'"x"'):
        old.ask("POST", "/deployments", 400, data=data, headers=kind)
    old.ask("POST", "/deployments", 415, data=b"{}", headers={"Content-Type": "text/yaml"})
    made = old.ask("POST", "/deployments", 201, data=json.dumps({"template": template()}),
                   headers={"Content-Type": "application/json;charset=UTF-8", "Accept": "text/html"})
    is_deployment(made.json())


# ---- 7: update ----

def complete(old, content=None, **fields):
    made = create(old.ask, content, **fields)
    old.person.wait_for_status(made["uuid"], "CREATE_COMPLETE")
    return made


@pytest.mark.parametrize("client", ["orchent", "orpy", "dashboard"])
def test_an_update_is_answered_with_the_deployment(bound, client):
    alice = bound.person()
    old = Old(alice)
    made = complete(old, typed())
    content = old.ask("GET", "/deployments/%s/template" % made["uuid"]).text
    answer = getattr(old, client)("PUT", "/deployments/" + made["uuid"], 202, json={
        "template": content, "parameters": {"num_cpus": "4"}, "keepLastAttempt": "true", "timeoutMins": "720"})
    assert is_deployment(answer.json())["uuid"] == made["uuid"]
    alice.wait_for_status(made["uuid"], "UPDATE_COMPLETE")
    assert old.show(made["uuid"])["inputs"] == {"num_cpus": 4}


def test_an_update_that_changes_nothing_is_answered_with_the_deployment(bound):
    alice = bound.person()
    old = Old(alice)
    content = template()
    made = complete(old, content, parameters={"num_cpus": 2})
    body = {"template": content, "parameters": None, "callback": "https://else.example/"}
    answer = old.orpy("PUT", "/deployments/" + made["uuid"], 202, json=body)
    assert is_deployment(answer.json())["status"] == "CREATE_COMPLETE"
    assert old.show(made["uuid"])["callback"] == "https://else.example/"


def test_who_updates(bound):
    alice, other = bound.person(), bound.person()
    made = complete(Old(alice))
    path, body = "/deployments/" + made["uuid"], {"template": template(), "parameters": {}}
    Old(other).ask("PUT", path, 403, json=body)
    Old(Client(bound)).ask("PUT", path, 401, json=body)
    Old(alice).ask("PUT", "/deployments/" + ABSENT, 404, json=body)
    for bad in ({"parameters": {}}, {**body, "parameters": {"num_cpus": "x"}}, {**body, "callback": "x"}):
        Old(alice).ask("PUT", path, 400, json=bad)
    Old(alice).ask("DELETE", path, 204)
    refused = Old(alice).ask("PUT", path, 409, json=body)
    assert "Location" not in refused.headers


CLUSTER = """\
tosca_definitions_version: tosca_simple_yaml_1_0
metadata: {{ template_name: {name} }}
topology_template:
  node_templates:
    worker:
      type: tosca.nodes.indigo.Compute
      capabilities:
        scalable: {{ properties: {{ count: {count}{more} }} }}
        host: {{ properties: {{ num_cpus: 1, mem_size: 1 GB }} }}
"""


def test_the_dashboard_removes_a_node_by_its_id(bound):
    alice = bound.person()
    old = Old(alice)
    name = unique("cluster")
    made = complete(old, CLUSTER.format(name=name, count=3, more=""))
    path = "/deployments/" + made["uuid"]
    going = old.resources(made["uuid"])[1]["uuid"]
    changed = CLUSTER.format(name=name, count=2, more=", removal_list: [ '%s' ]" % going)
    old.dashboard("PUT", path, 202, json={"template": changed, "parameters": {}})
    alice.wait_for_status(made["uuid"], "UPDATE_COMPLETE")
    left = [one["uuid"] for one in old.resources(made["uuid"]) if one["state"] != "DELETED"]
    assert len(left) == 2 and going not in left
    assert "removal_list" not in old.ask("GET", path + "/template").text
    added = CLUSTER.format(name=name, count=4, more="")
    old.dashboard("PUT", path, 202, json={"template": added, "parameters": {}})
    alice.wait_for_status(made["uuid"], "UPDATE_COMPLETE")
    now = [one["uuid"] for one in old.resources(made["uuid"]) if one["state"] != "DELETED"]
    assert len(now) == 4 and set(left) < set(now)


def test_nodes_of_others_are_not_removed(bound):
    alice = bound.person()
    old = Old(alice)
    name = unique("cluster")
    made, other = complete(old, CLUSTER.format(name=name, count=2, more="")), complete(old)
    [foreign] = old.resources(other["uuid"])
    body = {"template": CLUSTER.format(name=name, count=1, more=", removal_list: [ '%s' ]" % foreign["uuid"])}
    assert "template" in is_error(old.ask("PUT", "/deployments/" + made["uuid"], 400, json=body))["message"]
