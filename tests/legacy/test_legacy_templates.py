# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Templates that come with a deployment, as their text: found or stored with it, what is not taken as it was given, and
that they go with what uses them."""
import hashlib
import threading

import pytest
from old import Old

from harness.client import expect, template, unique
from stack import local

INPUTS = """\
tosca_definitions_version: tosca_simple_yaml_1_0
metadata: {{ template_name: {name} }}
topology_template:
  inputs:
    cpus: {{ type: integer, default: 1 }}
    cpus: {{ type: integer, default: 2, constraints: [ in_range: [ 1, 4 ] ] }}
    open: {{ type: boolean, default: false }}
    ports: {{ type: list, entry_schema: {{ type: integer }}, default: [ 22 ] }}
    users: {{ type: map, entry_schema: {{ type: string }}, default: {{}} }}
    size: {{ type: float, default: 1 }}
    word: {{ type: string, default: x }}
  node_templates:
    machine:
      type: tosca.nodes.Compute
      capabilities: {{ host: {{ properties: {{ num_cpus: {{ get_input: cpus }} }} }} }}
"""
FRAGMENT = template().split("  node_templates:")[0]


@pytest.fixture(scope="module")
def bound(make_stack):
    return make_stack(local.bindings() + "OrchestratorMaxTemplates 2\n")


@pytest.fixture
def alice(bound):
    return bound.person()


def ask(person, text, status=201, **fields):
    """Asks for a deployment as the dashboard does; the answer's JSON."""
    body = {"template": text, "parameters": {}, "userGroup": person.group, **fields}
    return Old(person).dashboard("POST", "/deployments/", status, json=body).json()


def stored(stack, text):
    return stack.sql("SELECT id::text, name, is_kept FROM templates WHERE checksum = %s",
                     (hashlib.sha256(text.encode()).hexdigest(),))


def log(person, made):
    return Old(person).ask("GET", "/deployments/%s/log" % made).text


def gone(person, made):
    """Deletes a deployment, and its row with it."""
    root = person.stack.person(admin=True)
    root.delete("/deployments/" + made, params={"force": "true"})
    person.stack.wait_for(lambda: root.get("/deployments/" + made).status_code == 404, 30, "no row")


def test_a_text_is_stored_with_its_deployment_and_goes_with_it(bound, alice):
    text = template()
    made = ask(alice, text)["uuid"]
    [(template_id, name, is_kept)] = stored(bound, text)
    assert (alice.deployment(made)["template_id"], is_kept) == (template_id, False)
    assert name in text
    assert Old(alice).ask("GET", "/deployments/%s/template" % made).text == text
    assert expect(alice.get("/templates/" + template_id), 200).json()["content"] == text
    alice.wait_for_status(made, "CREATE_COMPLETE")
    again = ask(bound.person(), text)
    assert [one[0] for one in stored(bound, text)] == [template_id]
    expect(alice.delete("/templates/" + template_id), 409)
    gone(alice, made)
    assert stored(bound, text), "another deployment has it"
    gone(alice, again["uuid"])
    assert not stored(bound, text)


def test_one_that_somebody_stored_stays(bound, alice):
    text = template()
    template_id = alice.store_template(text)
    made = ask(bound.person(), text)["uuid"]
    gone(alice, made)
    assert stored(bound, text) == [(template_id, stored(bound, text)[0][1], True)]


def listed(person, template_id):
    page = expect(person.get("/templates", params={"created_by": stored_by(person, template_id), "size": 100}), 200)
    return template_id in [one["id"] for one in page.json()["data"]]


def stored_by(person, template_id):
    return person.stack.sql("SELECT created_by::text FROM templates WHERE id = %s", (template_id,))[0][0]


def deploy_it(person, template_id, status):
    body = {"template_id": template_id, "template_inputs": {}, "user_group": person.group}
    return expect(person.post("/deployments", json=body), status).json()


def test_one_that_came_with_a_deployment_is_as_private_as_that(bound, alice):
    text, bob, root = template(), bound.person(), bound.person(admin=True)
    made = ask(alice, text)["uuid"]
    [(template_id, _, _)] = stored(bound, text)
    expect(bob.get("/templates/" + template_id), 404)
    assert deploy_it(bob, template_id, 422)["errors"][0]["pointer"] == "/template_id"
    assert not any(listed(person, template_id) for person in (alice, bob, root))
    for person in (alice, root):
        assert expect(person.get("/templates/" + template_id), 200).json()["content"] == text
        deploy_it(person, template_id, 202)
    # Who owns the deployment sees it, and changes nothing by the same text.
    alice.wait_for_status(made, "CREATE_COMPLETE")
    bound.sql("INSERT INTO deployment_owners (deployment_id, user_id, deployment_created_at)"
              " SELECT id, %s, created_at FROM deployments WHERE id = %s", (bob.id, made))
    expect(bob.get("/templates/" + template_id), 200)
    body = {"template": text, "parameters": {}}
    assert Old(bob).dashboard("PUT", "/deployments/" + made, 202, json=body).json()["status"] == "CREATE_COMPLETE"


def test_who_stores_a_text_that_came_with_a_deployment_keeps_it(bound, alice):
    text, bob = template(), bound.person()
    made = ask(alice, text)["uuid"]
    [(brought, _, _)] = stored(bound, text)
    kept = bob.store_template(text)
    assert kept != brought and listed(alice, kept)
    expect(alice.post("/templates", json={"content": text}), 409)
    assert alice.deployment(ask(alice, text)["uuid"])["template_id"] == kept
    alice.wait_for_status(made, "CREATE_COMPLETE")
    body = {"template": text, "parameters": {}}
    assert Old(alice).dashboard("PUT", "/deployments/" + made, 202, json=body).json()["status"] == "CREATE_COMPLETE"
    assert alice.deployment(made)["template_id"] == brought
    gone(alice, made)
    assert [one[0] for one in stored(bound, text)] == [kept]


def test_a_refused_one_leaves_none(bound, alice):
    for text, fields in ((template(), {"parameters": {"num_cpus": "many"}}), (FRAGMENT, {}),
                         (template(), {"userGroup": "strangers"})):
        ask(alice, text, 403 if "userGroup" in fields else 400, **fields)
        assert not stored(bound, text)


def test_a_name_is_made_when_there_is_none(bound, alice):
    text = "\n".join(line for line in template().split("\n") if "template_name" not in line)
    ask(alice, text)
    assert stored(bound, text)[0][1] == "template-" + hashlib.sha256(text.encode()).hexdigest()[:12]


def test_they_count_for_nobodys_limit(alice):
    for _ in range(4):
        ask(alice, template())
    alice.store_template()
    alice.store_template()
    expect(alice.post("/templates", json={"content": template()}), 429)
    ask(alice, template())


def test_the_same_text_from_many_at_once_is_one(bound):
    text, made = template(), []

    def one(person):
        made.append(ask(person, text)["uuid"])
    threads = [threading.Thread(target=one, args=(bound.person(),)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 6 and len(stored(bound, text)) == 1


def test_one_that_comes_while_the_last_deployment_goes(bound, alice):
    """Whoever is first: the other one's template is there."""
    text, bob = template(), bound.person()
    made = ask(alice, text)["uuid"]
    for _ in range(8):
        going = threading.Thread(target=gone, args=(alice, made))
        going.start()
        made = ask(bob, text)["uuid"]
        going.join()
        assert Old(bob).ask("GET", "/deployments/%s/template" % made).text == text
        assert len(stored(bound, text)) == 1
    gone(bob, made)
    assert not stored(bound, text)


def test_a_key_twice_is_taken_and_told(bound, alice):
    text = INPUTS.format(name=unique())
    made = ask(alice, text)["uuid"]
    words = 'line 6, column 5: duplicate key "cpus" (first at line 5, column 5)'
    assert words in log(alice, made)
    assert words in expect(alice.get("/deployments/%s/logs" % made), 200).json()["orchestrator_logs"]
    assert Old(alice).ask("GET", "/deployments/%s/template" % made).text == text
    answer = expect(alice.post("/templates", json={"content": text.replace("word:", "words:")}), 422)
    assert [one["pointer"] for one in answer.json()["errors"]] == ["/content"]
    alice.wait_for_status(made, "CREATE_COMPLETE")
    # Stored once, it is deployed by v1, too.
    other = alice.deploy(stored(bound, text)[0][0], {"cpus": 3})
    alice.wait_for_status(other, "CREATE_COMPLETE")
    assert words in expect(alice.get("/deployments/%s/logs" % other), 200).json()["orchestrator_logs"]


def test_inputs_are_what_their_declaration_says(alice):
    made = ask(alice, INPUTS.format(name=unique()), parameters={
        "cpus": "3", "open": "true", "ports": "[80, \"81\"]", "users": "{\"a\": \"b\"}", "size": "1.5", "word": 7,
        "additional_description": "mine"})["uuid"]
    assert alice.deployment(made)["template_inputs"] == {
        "cpus": 3, "open": True, "ports": [80, 81], "users": {"a": "b"}, "size": 1.5, "word": "7"}
    assert 'The input "additional_description" is left out' in log(alice, made)
    made = ask(alice, INPUTS.format(name=unique()), parameters={"cpus": "", "ports": "", "word": "", "open": None})[
        "uuid"]
    assert alice.deployment(made)["template_inputs"] == {"word": ""}
    made = ask(alice, INPUTS.format(name=unique()), parameters={"x" + 40 * "\u00e9": "mine"})["uuid"]
    assert 'The input "x%s?" is left out' % (31 * "\u00e9") in log(alice, made)
    made = ask(alice, INPUTS.format(name=unique()), parameters=None)["uuid"]
    assert alice.deployment(made)["template_inputs"] == {}
    error = ask(alice, INPUTS.format(name=unique()), 400, parameters={"cpus": "9", "ports": "no"})
    assert "parameters/cpus" in error["message"] and "parameters/ports" in error["message"]


def test_times_are_cut(alice):
    made = ask(alice, template(), timeoutMins="20000", providerTimeoutMins=14401)["uuid"]
    value = alice.deployment(made)
    assert (value["tot_timeout_mins"], value["per_provider_timeout_mins"]) == (14400, 14400)
    assert "The time of the whole is cut to 14400 minutes." in log(alice, made)
    assert "The time of one provider is cut to 14400 minutes." in log(alice, made)
    ask(alice, template(), 400, timeoutMins=10, providerTimeoutMins=20)


def test_the_only_group_is_meant(bound):
    one = bound.person()
    made = ask(one, template(), userGroup=None)
    assert made["userGroup"] == one.group
    many = bound.person(groups=["users", "others"])
    error = ask(many, template(), 403, userGroup=None)
    assert "users,others" in error["message"]


def test_force_of_an_owner_is_an_ordinary_deletion(alice):
    made = ask(alice, template())["uuid"]
    alice.wait_for_status(made, "CREATE_COMPLETE")
    Old(alice).dashboard("DELETE", "/deployments/" + made, 204, params={"force": "true"}, json=["force=true"])
    alice.wait_for_status(made, "DELETE_COMPLETE")
    assert "Only administrators may use force: this is an ordinary deletion." in log(alice, made)
    expect(alice.delete("/deployments/" + made, params={"force": "true"}), 403)


def test_a_note_tells_of_a_name_that_is_cut(alice):
    name = "x" + "\u00e9" * 60
    twice = "metadata:\n" + "  %s: 1\n" % name * 2
    told = log(alice, ask(alice, template().replace("metadata:\n", twice), parameters={name: 1})["uuid"])
    cut = name[:32]  # 63 bytes, and half a character
    assert 'The input "%s?" is left out' % cut in told and 'duplicate key "%s?"' % cut in told
