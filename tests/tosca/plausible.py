# Licensed under the Apache License, Version 2.0; see LICENSE.
"""What a person could give for a template's inputs: the same at each call."""

from model import Schema
from reading import word
from written import List, Map

BY_KIND = {"string": "plausible", "integer": 1, "float": 1, "boolean": True, "timestamp": "2026-01-01T10:00:00Z",
           "version": "1.10", "range": [1, 2], "scalar-unit.size": "4 GB", "scalar-unit.time": "1 h",
           "scalar-unit.frequency": "2 GHz", "list": [], "map": {}}


def ask(speaker, types, template, text, everything, **more):
    """The answer to a template, and what was given: for what it can't do without, or for everything (the last of the
    valid values, else the default). What a constraint forbids is taken back."""
    inputs = template.get("topology_template", "inputs")
    given = {}
    for key, declared in inputs.pairs if isinstance(inputs, Map) else ():
        value = _value(Schema(types, declared), declared, everything)
        if value is not None:
            given[key.text] = value
    answer = speaker.ask(text, given, **more)
    for mistake in answer.get("mistakes", ()):
        given.pop(mistake["pointer"].removeprefix("/template_inputs/").partition("/")[0], None)
    return (speaker.ask(text, given, **more) if "mistakes" in answer else answer), given


def _value(schema, declared, everything):
    default = declared.get("default")
    if word(default) is None and not isinstance(default, (List, Map)):
        return _allowed(schema, declared) or BY_KIND.get(schema.kind)
    return _allowed(schema, declared) or schema.typed(default) if everything else None


def _allowed(schema, declared):
    constraints = declared.get("constraints")
    for clause in constraints.items if isinstance(constraints, List) else ():
        if isinstance(clause, Map) and isinstance(clause.get("valid_values"), List):
            return schema.typed(clause.get("valid_values").items[-1])
    return None
