# Licensed under the Apache License, Version 2.0; see LICENSE.
"""PUT with another template: nodes come and go, counts change, machines go by a removal_list, and what fails is undone.
"""
import json

import pytest
import yaml
from old import Old

from harness.client import expect, template, unique
from stack import local

WORKERS = {"type": "tosca.nodes.indigo.Compute", "capabilities": {"scalable": {"properties": {"count": 2}}}}
FRONT = {"type": "tosca.nodes.indigo.Compute"}
SOFTWARE = {"type": "tosca.nodes.SoftwareComponent", "requirements": [{"host": "worker"}]}


def document(behaviour=None, inputs=None, outputs=None, **nodes):
    """A template of these nodes, as the dashboard writes one."""
    return yaml.dump({
        "tosca_definitions_version": "tosca_simple_yaml_1_0",
        "metadata": {"template_name": unique(), "im_simulator": behaviour or {}},
        "topology_template": {
            "inputs": inputs or {}, "node_templates": nodes,
            "outputs": outputs or {"ips": {"value": {"get_attribute": ["worker", "private_address"]}}}}})


def edited(text, count=None, removal_list=None, **nodes):
    """The text with another count of workers, and other nodes (None: without)."""
    value = yaml.safe_load(text)
    templates = value["topology_template"]["node_templates"]
    for name, node in nodes.items():
        templates.pop(name, None)
        if node:
            templates[name] = node
    if count is not None:
        templates["worker"]["capabilities"] = {"scalable": {"properties": {
            "count": count, **({} if removal_list is None else {"removal_list": removal_list})}}}
    return yaml.dump(value)


@pytest.fixture(scope="module")
def bound(make_stack):
    return make_stack(local.bindings())


@pytest.fixture
def alice(bound):
    return bound.person()


def deploy(person, text, **fields):
    body = {"template": text, "parameters": {}, "userGroup": person.group, **fields}
    made = Old(person).dashboard("POST", "/deployments/", 201, json=body).json()["uuid"]
    person.wait_for_status(made, "CREATE_COMPLETE")
    return made


def put(person, made, text, status=202, **parameters):
    body = {"template": text, "parameters": parameters, "keepLastAttempt": "true", "providerTimeoutMins": 600,
            "timeoutMins": 720}
    return Old(person).dashboard("PUT", "/deployments/" + made, status, json=body).json()


def update(person, made, text, status="UPDATE_COMPLETE", **parameters):
    assert put(person, made, text, **parameters)["status"] == "UPDATE_IN_PROGRESS"
    return person.wait_for_status(made, status)


def template_of(person, made):
    return Old(person).ask("GET", "/deployments/%s/template" % made).text


def nodes(person, made):
    """Resources that are there: their ids by node."""
    found = {}
    for one in Old(person).resources(made):
        if one["state"] != "DELETED":
            assert one["state"] == "STARTED", one
            found.setdefault(one["toscaNodeName"], set()).add(one["uuid"])
    return found


def vms(person, made):
    """im_vm_idx of each machine, by its resource."""
    found = expect(person.get("/deployments/%s/resources?size=100" % made), 200).json()["data"]
    return {one["id"]: one["im_vm_idx"] for one in found if one["im_vm_idx"] and one["status_name"] != "DELETED"}


def at_im(person, made):
    [found] = [one for one in person.stack.control.ledger(alive="true")
               if one["metadata"].get("PAAS_DEP_UUID") == made]
    return found


def machines(person, made):
    return {vm for vm, state in at_im(person, made)["vm_states"].items() if state != "off"}


def count_of(nodes_there):
    return {name: len(ids) for name, ids in nodes_there.items()}


# ---- what changes ----

def test_nodes_come_and_counts_change(alice):
    text = document(front=FRONT, worker=WORKERS, software=SOFTWARE)
    made = deploy(alice, text)
    before, infra = nodes(alice, made), alice.deployment(made)["im_infra_id"]
    more = edited(text, count=3, database=FRONT)
    value = update(alice, made, more)
    after = nodes(alice, made)
    assert count_of(after) == {"front": 1, "worker": 3, "software": 3, "database": 1}
    assert after["front"] == before["front"] and after["worker"] > before["worker"]
    assert value["im_infra_id"] == infra and set(vms(alice, made).values()) == machines(alice, made)
    assert len(machines(alice, made)) == 5
    assert template_of(alice, made) == more
    assert len(value["template_outputs"]["ips"]) == 3
    assert expect(alice.get("/deployments/%s/templates" % made), 200).json()["content"] == more


def test_nodes_and_outputs_go(bound, alice):
    text = document(front=FRONT, worker=WORKERS, software=SOFTWARE,
                    outputs={"front": {"value": {"get_attribute": ["front", "private_address"]}},
                             "ips": {"value": {"get_attribute": ["worker", "private_address"]}}})
    made = deploy(alice, text)
    less = document(front=FRONT, database=FRONT,
                    outputs={"front": {"value": {"get_attribute": ["front", "private_address"]}},
                             "new": {"value": {"get_attribute": ["database", "private_address"]}}})
    value = update(alice, made, less)
    assert count_of(nodes(alice, made)) == {"front": 1, "database": 1}
    assert set(value["template_outputs"]) == {"front", "new"}
    assert set(vms(alice, made).values()) == machines(alice, made) and len(machines(alice, made)) == 2
    # What is no more stays away in the next update, and comes back when it is there again.
    update(alice, made, edited(less, third=FRONT))
    assert count_of(nodes(alice, made)) == {"front": 1, "database": 1, "third": 1}
    assert len(machines(alice, made)) == 3
    value = update(alice, made, text)
    assert count_of(nodes(alice, made)) == {"front": 1, "worker": 2, "software": 2}
    assert set(value["template_outputs"]) == {"front", "ips"} and len(machines(alice, made)) == 3
    assert bound.sql("SELECT count(*) FROM templates t WHERE id NOT IN (SELECT template_id FROM deployments)"
                     " AND NOT EXISTS (SELECT FROM operations o WHERE o.template_id = t.id) AND NOT is_kept") == [(0,)]


@pytest.mark.parametrize("counts, how_many", [({}, 1), ({"max_instances": 3}, 1), ({"min_instances": 2}, 2),
                                              ({"min_instances": 1, "default_instances": 2, "max_instances": 3}, 2)])
def test_a_node_goes_whatever_said_how_many_there_are(alice, counts, how_many):
    plain = {"type": "tosca.nodes.Compute", "capabilities": {"scalable": {"properties": counts}}}
    text = document(front=plain, worker=WORKERS)
    made = deploy(alice, text)
    assert count_of(nodes(alice, made)) == {"front": how_many, "worker": 2}
    update(alice, made, edited(text, count=3, front=None))
    assert count_of(nodes(alice, made)) == {"worker": 3} and len(machines(alice, made)) == 3
    update(alice, made, edited(text, count=1, front=None))
    assert count_of(nodes(alice, made)) == {"worker": 1} and len(machines(alice, made)) == 1


def test_a_node_of_another_type_is_another_machine(alice):
    text = document(front=FRONT, worker=WORKERS)
    made = deploy(alice, text)
    before = nodes(alice, made)
    update(alice, made, edited(text, front={"type": "tosca.nodes.Compute"}))
    after = nodes(alice, made)
    assert count_of(after) == {"front": 1, "worker": 2}
    assert after["worker"] == before["worker"] and after["front"] != before["front"]
    assert len(machines(alice, made)) == 3


def test_inputs_come_over_those_that_are_stored(alice):
    inputs = {"a": {"type": "integer", "default": 1}, "b": {"type": "string", "default": "x"}}
    text = document(inputs=inputs, worker=WORKERS)
    made = deploy(alice, text, parameters={"a": "2", "b": "y"})
    less = document(inputs={"a": inputs["a"], "c": {"type": "boolean", "default": False}}, worker=WORKERS)
    value = update(alice, made, less, c="true", d="5")
    assert value["template_inputs"] == {"a": 2, "c": True}
    log = Old(alice).ask("GET", "/deployments/%s/log" % made).text
    assert 'The input "b" is left out' in log and 'The input "d" is left out' in log


def test_the_same_again_changes_nothing(bound, alice):
    text = document(worker=WORKERS)
    made = deploy(alice, text)
    before = alice.deployment(made)
    assert put(alice, made, text)["status"] == "CREATE_COMPLETE"
    assert alice.deployment(made) == before


def test_texts_of_former_updates_go(bound, alice):
    """However many texts somebody sends: what nobody can ask for once more is kept by nothing."""
    text = document(worker=WORKERS)
    made = deploy(alice, text)
    sent = [edited(text, count) for count in (3, 2, 1)]
    for one in sent:
        update(alice, made, one)
    kept = {row[0] for row in bound.sql("SELECT content FROM templates WHERE content = ANY (%s)", ([text] + sent,))}
    assert kept == {sent[-1]}


def test_another_callback_is_another_version(alice):
    text, old = document(worker=WORKERS), Old(alice)
    made = deploy(alice, text)
    path = "/deployments/" + made

    def tag():
        return old.ask("GET", path).headers["ETag"]
    for callback in ("http://one.example/", "http://two.example/"):
        before = tag()
        body = {"template": text, "parameters": {}, "callback": callback}
        assert old.dashboard("PUT", path, 202, json=body).json()["status"] == "CREATE_COMPLETE"
        answer = old.ask("GET", path, headers={"If-None-Match": before})
        assert answer.json()["callback"] == callback
        before = tag()
        old.dashboard("PUT", path, 202, json=body)
        assert tag() == before, "the same one"
    update(alice, made, edited(text, count=1))
    assert old.show(made)["callback"] == callback


# ---- machines that are named ----

def test_named_machines_go(alice):
    text = document(front=FRONT, worker=edited_count(3), software=SOFTWARE)
    made = deploy(alice, text)
    there = vms(alice, made)
    workers = sorted(nodes(alice, made)["worker"], key=there.get)
    less = edited(text, 2, [workers[0]])
    update(alice, made, less)
    assert nodes(alice, made)["worker"] == set(workers[1:])
    assert machines(alice, made) == set(there.values()) - {there[workers[0]]}
    # Its text is without the list, and so the same again is nothing.
    kept = yaml.safe_load(template_of(alice, made))
    assert kept == yaml.safe_load(edited(text, 2))
    assert put(alice, made, less)["status"] == "UPDATE_COMPLETE"
    # Ids of what is gone, or never was, are passed over.
    update(alice, made, edited(text, 1, [workers[0], workers[1], "01234567-0000-7000-8000-000000000000"]))
    assert nodes(alice, made)["worker"] == {workers[2]}
    # A list without a lower count gives another machine.
    update(alice, made, edited(text, 1, [workers[2]]))
    [fresh] = nodes(alice, made)["worker"]
    assert fresh not in workers and len(machines(alice, made)) == 2


def edited_count(count):
    return {**WORKERS, "capabilities": {"scalable": {"properties": {"count": count}}}}


def test_ids_of_others_are_wrong(bound, alice):
    text = document(front=FRONT, worker=WORKERS)
    made, other = deploy(alice, text), deploy(bound.person(), document(worker=WORKERS))
    before = alice.deployment(made)
    [front] = nodes(alice, made)["front"]
    foreign = bound.sql("SELECT id::text FROM resources WHERE deployment_id = %s LIMIT 1", (other,))[0][0]
    for one in (front, foreign):
        error = put(alice, made, edited(text, 1, [one]), 400)
        assert "template" in error["message"] and one in error["message"]
    assert alice.deployment(made) == before
    assert bound.sql("SELECT count(*) FROM templates WHERE created_by = %s", (alice.id,)) == [(1,)]


def test_a_list_may_come_as_an_input(bound, alice):
    worker = {**WORKERS, "capabilities": {"scalable": {"properties": {
        "count": {"get_input": "workers"}, "removal_list": {"get_input": "gone"}}}}}
    text = document(inputs={"workers": {"type": "integer", "default": 3}, "gone": {"type": "list", "default": []}},
                    front=FRONT, worker=worker)
    made = deploy(alice, text)
    [front], workers = nodes(alice, made)["front"], sorted(nodes(alice, made)["worker"])
    put(alice, made, text, 400, workers="2", gone=json.dumps([front]))
    update(alice, made, text, workers="2", gone=json.dumps([workers[0], "01234567-0000-7000-8000-000000000000"]))
    assert nodes(alice, made)["worker"] == set(workers[1:])
    assert alice.deployment(made)["template_inputs"] == {"workers": 2}


# ---- what goes wrong ----

@pytest.mark.parametrize("behaviour", [{"failed_adds": 1}, {"fault": "bad_template", "on": "update", "first": 1}])
def test_what_fails_is_undone_and_asked_for_once_more(bound, alice, behaviour):
    text = document(behaviour, front=FRONT, worker=WORKERS)
    made = deploy(alice, text)
    before, there, known = nodes(alice, made), machines(alice, made), alice.deployment(made)
    more = edited(text, 3, database=FRONT, front=FRONT)
    value = update(alice, made, more, "UPDATE_FAILED")
    assert template_of(alice, made) == text and value["template_id"] == known["template_id"]
    assert machines(alice, made) == there
    assert living(alice, made) == before
    if "fault" not in behaviour:
        return
    answer = expect(alice.post("/deployments/%s/operations/%s/retry" % (made, value["last_operation"])), 202)
    assert answer.headers["Location"]
    alice.wait_for_status(made, "UPDATE_COMPLETE")
    assert template_of(alice, made) == more
    assert count_of(nodes(alice, made)) == {"front": 1, "worker": 3, "database": 1}
    assert len(machines(alice, made)) == 5


def living(person, made):
    found = {}
    for one in Old(person).resources(made):
        if one["state"] == "STARTED":
            found.setdefault(one["toscaNodeName"], set()).add(one["uuid"])
    return found


@pytest.mark.parametrize("fault", ["reset_after", "lost", "update_half"])
def test_an_answer_that_is_lost_doubles_nothing(bound, alice, fault):
    text = document(front=FRONT, worker=WORKERS)
    made = deploy(alice, text)
    bound.control.post("fault", {"fault": fault, "on": "update", "first": 1})
    update(alice, made, edited(text, 3, front=None, database=FRONT))
    assert count_of(nodes(alice, made)) == {"worker": 3, "database": 1}
    assert set(vms(alice, made).values()) == machines(alice, made) and len(machines(alice, made)) == 4


def test_who_may_and_when(bound, alice):
    text = document(worker=WORKERS)
    made = deploy(alice, text)
    put(bound.person(), made, text, 403)
    put(alice, "01234567-0000-7000-8000-000000000000", text, 404)
    put(alice, made, "a: [", 400)
    put(alice, made, template().split("  node_templates:")[0], 400)
    update(bound.person(admin=True), made, edited(text, 3))
    expect(alice.delete("/deployments/" + made), 202)
    put(alice, made, text, 409)
    alice.wait_for_status(made, "DELETE_COMPLETE")
    put(alice, made, text, 409)
