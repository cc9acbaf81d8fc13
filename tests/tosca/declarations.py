# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Dice for declarations, and for values of declared types: as they are written, and as JSON."""

from model import DATA, Schema
from reading import OUT_OF_RANGE
from spellings import NAMES, SPELLINGS, Spellings
from written import DOUBLE, List, Map, Text, written

SIMPLE_KINDS = "string string integer integer float float boolean timestamp version range scalar-unit.size " \
    "scalar-unit.time scalar-unit.frequency".split()
UNKNOWN = ["lab.Unknown", "Nobody"]  # types that nobody declares
ANYTHING = [None, True, 0, 1, -0.0, 1.5, "1", "", [], {}, [None], {"a": 1}, 2**63, 1e300]
NUMBERS = {"integer": [0, 1, -1, 7, 2**53 + 1, 2**63 - 1, -2**63],
           "float": [0.0, -0.0, 1, 1.0, 0.1, 1e22, 1e300, 5e-324, 1.7e308, 2**53 + 1, -3, 0.1 + 0.2, 1e-7,
                     123456.789e3]}


def spoken(value):
    """A value as JSON can tell it."""
    if isinstance(value, list):
        return [spoken(one) for one in value]
    if isinstance(value, dict):
        return {name: spoken(one) for name, one in value.items()}
    return 2**63 if value == OUT_OF_RANGE else value


class Declarations(Spellings):
    def __init__(self, dice):
        super().__init__(dice)
        self.data_types = []  # names of those that the template declares so far

    def type_name(self, depth=2):
        """A type's name, and its entry_schema or None."""
        kind = self.dice.random()
        if kind < 0.55 or not depth:
            return self.pick(SIMPLE_KINDS), None
        if kind < 0.75:
            return self.pick(["list", "map"]), self.entry_schema(depth - 1) if self.chance(0.85) else None
        if kind < 0.95 and self.data_types:
            return self.pick(self.data_types), None
        return self.pick(UNKNOWN), None

    def entry_schema(self, depth):
        name, entry = self.type_name(depth)
        if entry is None and self.chance(0.4):
            return Text(name)
        return written({"type": name, **({"entry_schema": entry} if entry else {})})

    def declared(self, types, required=0.6):
        """A declaration, with a default mostly."""
        name, entry = self.type_name()
        parts = {"type": name, **({"entry_schema": entry} if entry else {})}
        if not self.chance(required):
            word = self.pick(["false", "no", "False", "OFF"])
            parts["required"] = Text(word) if self.chance(0.8) else Text(word, DOUBLE)
        elif self.chance(0.2):
            parts["required"] = self.pick(["true", "yes", "ON"])
        if self.chance(0.2):
            parts["description"] = self.spelt(self.any_text(), 0.5)
        schema = Schema(types, written(parts))
        if self.chance(0.8):
            parts["default"] = self.pick(["null", "~", ""]) if self.chance(0.07) else self.value(schema)
        if schema.kind in (*SPELLINGS, "string") and self.chance(0.2):
            parts["constraints"] = self.constraints(schema)
        return written(parts)

    def constraints(self, schema):
        others = ["max_length", "pattern"] if schema.kind == "string" else ["in_range", "greater_or_equal"]
        clause = self.pick(["valid_values"] * 3 + ["equal"] + others)
        if clause == "valid_values":
            operand = List([self.value(schema) for _ in range(self.dice.randint(1, 3))])
        elif clause == "in_range":
            operand = List([self.value(schema, 1), Text("UNBOUNDED")])
        elif clause == "max_length":
            operand = self.spelt(self.pick(["100000", "0x1FFFF", "1_000_000"]), 0.7)
        elif clause == "pattern":
            operand = self.spelt(self.pick([".*", "1", "010", "0x1F|.*"]), 0.7)
        else:
            operand = self.value(schema, 1)
        return written([{clause: operand}])

    def properties(self, types, required, least, most):
        """Some properties of a type."""
        return Map([(self.key(name), self.declared(types, required)) for name in self.some(NAMES, least, most)])

    # Values as they are written.

    def value(self, schema, fits=0.97, depth=3):
        """A value, of the declared type mostly."""
        if not self.chance(fits):
            return self.any_tree(1)
        if schema.kind == "string":
            return self.spelt(self.any_text() if self.chance(0.5) else self.any_spelling(), 0.8)
        if schema.kind in SPELLINGS:
            return self.spelt(self.pick(SPELLINGS[schema.kind]), 0.8)
        if schema.kind == "range":
            return List([self.spelt(self.pick(["0", "1", "010", "1:30", "0x1F", "-5"])), self.spelt(self.pick(
                ["UNBOUNDED", "1_000", "0640", "4096"]))])
        if schema.kind == "list":
            return List([self.value(schema.member(), fits, depth - 1)
                         for _ in range(self.dice.randint(0, 3) if depth else 0)])
        if schema.kind == "map":
            return Map([(self.key(name), self.value(schema.member(), fits, depth - 1))
                        for name in self.some(NAMES, 0, 3 if depth else 0)])
        if schema.kind == DATA:
            return self.values(schema.types, schema.types.properties("data_types", schema.data) if depth else {}, fits,
                               depth - 1)
        return self.any_tree()

    def values(self, types, properties, fits=0.9, depth=3):
        """Values of most properties."""
        return Map([(self.key(name), self.value(Schema(types, declared), fits, depth))
                    for name, declared in properties.items() if self.chance(0.75)])

    # Values as JSON.

    def json(self, schema, declared=None, fits=0.9):
        """What a person gives, of the declared type mostly."""
        if not self.chance(fits):
            return self.pick(ANYTHING)
        constraints = declared.get("constraints") if isinstance(declared, Map) else None
        allowed = constraints.items[0].get("valid_values") if constraints else None
        if allowed and self.chance(0.9):
            return spoken(schema.typed(self.pick(allowed.items)))
        return self._json_of(schema, fits)

    def _json_of(self, schema, fits):
        if schema.kind in NUMBERS:
            return self.pick(NUMBERS[schema.kind])
        if schema.kind == "boolean":
            return self.chance(0.5)
        if schema.kind == "range":
            return self.pick([[1, 2], [0, "UNBOUNDED"], [-5, 5]])
        if schema.kind == "list":
            return [self.json(schema.member(), schema.entry_declared, fits) for _ in range(self.dice.randint(0, 3))]
        if schema.kind == "map":
            return {name: self.json(schema.member(), schema.entry_declared, fits) for name in self.some(NAMES, 0, 3)}
        if schema.kind == DATA:
            return {name: self.json(Schema(schema.types, one), one, fits)
                    for name, one in schema.types.properties("data_types", schema.data).items() if self.chance(0.75)}
        if schema.kind in SPELLINGS:
            return self.pick(SPELLINGS[schema.kind])
        return self.any_text() if schema.kind == "string" or self.chance(0.3) else self.any_json()
