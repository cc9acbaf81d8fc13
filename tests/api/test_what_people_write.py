# Licensed under the Apache License, Version 2.0; see LICENSE.
"""What people write in a template and give as inputs is what IM makes of it, or they are told before IM is asked."""

import json

import pytest
from deployed import body, frozen, pointers, store  # noqa: F401

from harness.client import expect, unique

HEAD = "tosca_definitions_version: tosca_simple_yaml_1_0\nmetadata: {{ template_name: {name} }}\n"
ECHO = HEAD + """\
topology_template:
  inputs:
    x: {{ {declaration} }}
    other: {{ type: string, default: NO }}
  node_templates:
    machine: {{ type: tosca.nodes.Compute }}
  outputs:
    x: {{ value: {{ get_input: x }} }}
"""
COUNTED = HEAD + """\
capability_types:
  lab.capabilities.Scalable:
    derived_from: tosca.capabilities.Scalable
    properties: {{ count: {{ type: integer, required: false, default: 1 }} }}
node_types:
  lab.nodes.Compute:
    derived_from: tosca.nodes.Compute
    capabilities: {{ scalable: {{ type: lab.capabilities.Scalable }} }}
topology_template:
  inputs:
    count: {{ {declaration} }}
  node_templates:
    machine:
      type: lab.nodes.Compute
      capabilities: {{ scalable: {{ properties: {{ {property}: {{ get_input: count }}{more} }} }} }}
"""
NODES = HEAD + """\
topology_template:
  inputs: {{ a: {{ type: string, default: x }} }}
  node_templates:
    machine: {{ type: tosca.nodes.Compute }}
    app: {{ type: tosca.nodes.SoftwareComponent, requirements: [ host: machine ] }}
"""


def exact(value):
    """Python takes 1, 1.0 and True for equal, and -0.0 for 0.0."""
    return json.dumps(value, sort_keys=True)


@pytest.mark.parametrize("declaration, given, value", [
    ("type: version, default: 1.10", {}, "1.10"),
    ("type: version, default: 7, constraints: [ valid_values: [ 7, 16.04 ] ]", {}, "7"),
    ("type: version, default: 16.04, constraints: [ valid_values: [ 7, 16.04 ] ]", {"x": "7"}, "7"),
    ("type: version", {"x": "1.20"}, "1.20"),
    ("type: string, default: NO", {}, "NO"),
    ("type: string, default: 0640", {}, "0640"),
    ("type: string", {"x": "yes"}, "yes"),
    ("type: timestamp, default: 2026-01-01", {}, "2026-01-01"),
    ("type: integer, default: 010", {}, 8),
    ('type: integer, default: "010"', {}, 8),
    ('type: boolean, default: "yes"', {}, True),
    ("type: float, default: 1", {}, 1.0),
    ("type: float", {"x": 1}, 1.0),
    ("type: float", {"x": -0.0}, 0.0),  # the sign of what IM gives back is PostgreSQL's
    ("type: list, entry_schema: { type: version }, default: [ 1.10, 2.0 ]", {}, ["1.10", "2.0"]),
    ("type: map, entry_schema: { type: string }, default: { yes: NO, 010: 1.0 }", {}, {"yes": "NO", "010": "1.0"}),
    ("type: string, default: { get_input: other }", {}, "NO"),
    ("type: string, default: { concat: [ { get_input: other }, -, 1.10 ] }", {"other": "b"}, "b-1.10"),
])
def test_an_input_has_at_im_the_value_that_was_written(stack, declaration, given, value):
    person = stack.person()
    made = person.deploy(person.store_template(ECHO.format(name=unique(), declaration=declaration)), given)
    deployment = person.wait_for_status(made, "CREATE_COMPLETE")
    assert exact(deployment["template_outputs"]["x"]) == exact(value)
    assert exact(deployment["template_inputs"]) == exact(given)


@pytest.mark.parametrize("declaration, given", [
    ("type: string, required: false", {"x": None}), ("type: string, required: false, default: null", {}),
    ("type: string, required: false, default: a", {"x": None})])
def test_an_input_without_a_value_has_none_at_im(stack, declaration, given):
    person = stack.person()
    content = ECHO.format(name=unique(), declaration=declaration).replace("{ get_input: x }", "done")
    made = person.deploy(person.store_template(content), given)
    assert person.wait_for_status(made, "CREATE_COMPLETE")["template_outputs"] == {"x": "done"}


@pytest.mark.parametrize("property_", ["count", "default_instances"])
@pytest.mark.parametrize("declaration, given, machines", [
    ("type: integer, default: 010", {}, 8), ('type: integer, default: "010"', {}, 8),
    ('type: integer, default: "3"', {}, 3), ('type: string, default: "2"', {}, 2), ("type: string", {"count": "3"}, 3),
    ("type: integer", {"count": 2}, 2)])
def test_im_makes_as_many_machines_as_we_count(stack, declaration, given, machines, property_):
    person = stack.person()
    more = "" if property_ == "count" else ", min_instances: 0, max_instances: 9"  # IM wants all three of them
    content = COUNTED.format(name=unique(), declaration=declaration, property=property_, more=more)
    made = person.deploy(person.store_template(content), given)
    person.wait_for_status(made, "CREATE_COMPLETE")
    resources = expect(person.get("/deployments/%s/resources?size=500" % made), 200).json()["data"]
    assert sorted(int(one["im_vm_idx"]) for one in resources) == list(range(machines))


def test_a_container_application_is_a_machine(stack):
    person = stack.person()
    content = HEAD.format(name=unique()) + "topology_template:\n  node_templates:\n" \
        "    app:\n      type: tosca.nodes.Container.Application.Docker\n" \
        "      artifacts: { image: { type: tosca.artifacts.Deployment.Image.Container.Docker, file: nginx } }\n"
    made = person.deploy(person.store_template(content))
    person.wait_for_status(made, "CREATE_COMPLETE")
    (resource,) = expect(person.get("/deployments/%s/resources" % made), 200).json()["data"]
    assert resource["im_vm_idx"] == "0"


def detail_of(answer, pointer):
    assert pointers(answer) == [pointer]
    return answer.json()["errors"][0]["detail"]


@pytest.mark.parametrize("declaration, given, words", [
    ("type: version", {"x": "1.2.x.y"}, "is no version"),
    ("type: float", {"x": "1.0"}, "is no number"),
    ("type: integer, constraints: [ { greater_than: 5 }, { valid_values: [ 7 ] } ]", {"x": 1},
     "must be greater than 5"),
    ("type: integer", {"x": 10 ** 30}, "out of range"),
    ("type: string", {"x": "random(20)"}, "would be replaced by the Infrastructure Manager"),
    ("type: map", {"x": {"get_input": "other"}}, "would be run as the function get_input"),
    ("type: string, default: { get_attribute: [ machine, ip ] }", {}, "is the function get_attribute"),
    ("type: string, default: { get_input: x }", {}, "needs itself"),
])
def test_a_value_that_can_not_be_is_named_once(frozen, declaration, given, words):
    alice = frozen.person()
    answer = alice.post("/deployments", json=body(frozen, alice, ECHO.format(name=unique(), declaration=declaration),
                                                  template_inputs=given))
    assert words in detail_of(answer, "/template_inputs/x")


@pytest.mark.parametrize("more, words", [
    ("  groups: { g: { type: tosca.groups.Root, members: [ machine, nobody ] } }\n",
     'line 8, column 63: a group has the missing'),
    ("  policies: [ p: { type: tosca.policies.Placement, targets: [ machine ], properties: { c: { get_input: nope } } "
     "} ]\n",
     'get_input names the missing input "nope"'),
    ("  relationship_templates: { r: { type: t, properties: { c: { get_input: nope } } } }\n", "the missing input"),
    ("  substitution_mappings: { node_type: t, requirements: { r: [ nobody, host ] } }\n", "the missing node"),
])
def test_a_name_that_is_not_there_makes_a_part_of_a_template(frozen, more, words):
    alice = frozen.person()
    template_id = store(alice, NODES.format(name=unique()) + more)
    answer = alice.post("/deployments", json=body(frozen, alice, template_id=template_id))
    assert words in detail_of(answer, "/template_id")


@pytest.mark.parametrize("content, words", [
    (NODES + "  node_template: {{ x: 1 }}\n", 'line 8, column 3: TOSCA has no "node_template" in topology_template'),
    (NODES + "node_type: {{}}\n", 'line 8, column 1: TOSCA has no "node_type" at the root'),
    (NODES.replace("    app:", "\u00a0   app:"), "has a no-break space"),
    (NODES + "    machine: {{ type: x }}\n", "duplicate key"),
    ("tosca_definitions_version: tosca_2_0\nmetadata: {{ template_name: {name} }}\nservice_template: {{}}\n",
     "line 3, column 19: the document has a service_template (TOSCA 2.0)"),
])
def test_a_slip_of_the_pen_is_refused_with_its_place(frozen, content, words):
    answer = frozen.person().post("/templates", json={"content": content.format(name=unique())})
    assert words in detail_of(answer, "/content")


def test_an_unknown_keyname_of_an_input_is_taken(stack):
    person = stack.person()
    made = person.deploy(person.store_template(ECHO.format(name=unique(),
                                                           declaration="type: string, default: a, descritpion: b")))
    person.wait_for_status(made, "CREATE_COMPLETE")


@pytest.mark.parametrize("version",
                         ["tosca_simple_yaml_1_1", "tosca_simple_yaml_1_2", "tosca_simple_yaml_1_3", "tosca_2_0"])
def test_every_version_is_deployed(stack, version):
    person = stack.person()
    content = NODES.format(name=unique()).replace("tosca_simple_yaml_1_0", version)
    template_id = person.store_template(content)
    made = person.deploy(template_id)
    person.wait_for_status(made, "CREATE_COMPLETE")
    template = expect(person.get("/templates/" + template_id), 200).json()
    assert template["content"] == content and template["tosca_definition_version"] == version


def test_what_is_new_in_tosca_2_0_is_stored_and_not_deployed(frozen):
    alice = frozen.person()
    content = NODES.format(name=unique()).replace("tosca_simple_yaml_1_0", "tosca_2_0").replace(
        "machine: { type", "machine: { count: 2, type")
    answer = alice.post("/deployments", json=body(frozen, alice, template_id=store(alice, content)))
    assert '"count" of a node template' in detail_of(answer, "/template_id")


@pytest.mark.parametrize("node", ["tosca.nodes.SoftwareComponent", "tosca.nodes.network.Network"])
def test_a_template_that_makes_no_machine_is_not_deployed(frozen, node):
    alice = frozen.person()
    content = HEAD.format(name=unique()) + "topology_template: { node_templates: { n: { type: %s } } }\n" % node
    answer = alice.post("/deployments", json=body(frozen, alice, content))
    assert "makes no machine" in detail_of(answer, "/template_id")


def test_counts_that_make_no_machine_are_named(frozen):
    alice = frozen.person()
    content = COUNTED.format(name=unique(), declaration="type: integer", property="count", more="")
    answer = alice.post("/deployments", json=body(frozen, alice, content, template_inputs={"count": 0}))
    assert "all counts are 0" in detail_of(answer, "/template_inputs/count")
