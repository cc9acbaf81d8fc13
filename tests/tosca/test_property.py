# Licensed under the Apache License, Version 2.0; see LICENSE.
"""The document for IM says what the template and its inputs say to us, whatever the spelling: random cases against a
model of TOSCA's types in Python, and PyYAML's reading of the document."""

import os
import textwrap

import pytest

from cases import Case, Generator
from written import compose

SEED = os.environ.get("ORCHESTRATOR_SEED") or "tosca"
CASES = int(os.environ.get("ORCHESTRATOR_CASES") or 2000)
THOROUGH = 4  # every such case goes through IM's own reader, too
SHOWN = 3     # wrong cases that are told
# Small templates that the model and we once read in two ways.
ONCE = {
    "a quoted `required` is a boolean": """
        data_types: {Data: {properties: {a: {type: string, required: 'no'}}}}
        topology_template: {node_templates: {machine: {type: tosca.nodes.Compute}}}""",
    "a name like NO is a text where it is referred to": """
        topology_template:
          inputs: {NO: {type: string, default: x}}
          node_templates: {machine: {type: tosca.nodes.Compute}}
          outputs: {out: {value: {get_input: NO}}}""",
    "a property that a derived type declares once more is required as that type says": """
        data_types:
          Base: {properties: {a: {type: string}}}
          Data: {derived_from: Base, properties: {a: {type: string, required: false}}}
        topology_template:
          inputs: {value: {type: Data, default: {}}}
          node_templates: {machine: {type: tosca.nodes.Compute}}""",
}


def told(comparison, number, case):
    small = comparison.shrink(case)
    return "case %d\n%s\ninputs: %r, users: %r, tags: %r\n  %s" % (
        number, small.text(), small.given, small.users, small.tags, "\n  ".join(comparison.case(small)))


def test_the_document_says_what_the_template_and_its_inputs_say(comparison):
    wrong = []
    print("ORCHESTRATOR_SEED=%s ORCHESTRATOR_CASES=%d" % (SEED, CASES))
    for number in range(CASES):
        case = Generator(SEED, number).case()
        if comparison.case(case, thorough=number % THOROUGH == 0):
            wrong.append(told(comparison, number, case))
        if len(wrong) == SHOWN:
            break
    if wrong:
        pytest.fail("\n".join(["seed %s" % SEED, *wrong]), pytrace=False)
    assert comparison.taken > CASES / 2, "only %d of the cases are taken" % comparison.taken


@pytest.mark.parametrize("template", ONCE.values(), ids=list(ONCE))
def test_what_was_read_in_two_ways(comparison, template):
    template = compose("tosca_definitions_version: tosca_simple_yaml_1_0" + textwrap.dedent(template))
    taken = comparison.taken
    assert not comparison.case(Case(template, {}))
    assert comparison.taken == taken + 1
