# Licensed under the Apache License, Version 2.0; see LICENSE.
"""The values of a template's inputs, and the counts of its nodes, by the rules of model.py."""

import re

from loaders import plain_tag, plain_value
from model import Refused, Schema, Unsure
from reading import in_range, is_null, ranged, read, truth, word
from written import List, Map, Text

FUNCTIONS = {"get_input", "get_property", "get_attribute", "get_operation_output", "get_nodes_of_type", "get_artifact",
             "concat", "token"}
COUNTS = ("count", "default_instances", "min_instances")  # the first that has a value counts
MOST_COPIES = 1000  # of one node
MADE_BY_IM = re.compile(r"random\(\d+\)|access_token\(\)\Z")  # as the default of a string
LONGEST_CHAIN = 32  # of inputs that name inputs


def function(tree):
    """The name of the function that a mapping with one key is, else None."""
    is_one = isinstance(tree, Map) and len(tree.pairs) == 1 and tree.names()[0] in FUNCTIONS
    return tree.names()[0] if is_one else None


class Inputs:
    """The values of a template's inputs: given ones, else defaults, in which functions are worked out."""

    def __init__(self, types, template, given):
        found = template.get("topology_template", "inputs")
        self.declared = {key.text: one for key, one in found.pairs} if isinstance(found, Map) else {}
        self.types, self.given, self.values, self.open = types, given, {}, []

    def complete(self):
        """All of them. Raises Refused, or Unsure when nothing worse is wrong."""
        unsure = None
        for name in self.given:
            if name not in self.declared:
                raise Refused("%s is no input" % name)
        for name in self.declared:
            try:
                self.value(name)
            except Unsure as reason:
                unsure = reason
        if unsure:
            raise unsure
        return {name: self.values[name] for name in self.declared}

    def value(self, name):
        if name not in self.values:
            if name in self.open or len(self.open) == LONGEST_CHAIN:
                raise Refused("%s needs itself" % name)
            self.open.append(name)
            try:
                self.values[name] = self._value(name, self.declared[name])
            finally:
                self.open.pop()
        return self.values[name]

    def _value(self, name, declared):
        schema, default = Schema(self.types, declared), declared.get("default")
        value = None
        if self.given.get(name) is not None:
            value = schema.normal(ranged(self.given[name]))
            self._refuse_what_im_runs(word(declared.get("type")), value)
            schema.check(value, True)
        elif name not in self.given and not is_null(default):
            value = schema.normal(self._worked_out(schema, default))
            if function(default) and self._made_by_im(name, value):
                raise Refused("IM makes something of %r" % value)
            if value is not None:
                schema.check(value, False)
        if value is None and truth(declared.get("required"), True):
            raise Refused("%s is missing" % name)
        return value

    def _made_by_im(self, name, value):
        return word(self.declared[name].get("type")) == "string" and isinstance(value, str) and MADE_BY_IM.match(value)

    def _refuse_what_im_runs(self, kind, value):
        if kind == "string" and isinstance(value, str) and MADE_BY_IM.match(value):
            raise Refused("IM makes something of %r" % value)
        if isinstance(value, dict):
            if len(value) == 1 and set(value) <= FUNCTIONS:
                raise Refused("%r is a function" % value)
            value = list(value.values())
        for one in value if isinstance(value, list) else ():
            self._refuse_what_im_runs(None, one)

    def _worked_out(self, schema, tree):
        if function(tree):
            operand = tree.pairs[0][1]
            return {"get_input": self._get_input, "concat": self._concat}.get(function(tree),
                                                                              self._no_function)(operand)
        if isinstance(tree, Text):
            return schema.typed_text(tree)
        if isinstance(tree, List):
            return [self._worked_out(schema.member(), one) for one in tree.items]
        return {key.text: self._worked_out(schema.member(key.text), one) for key, one in tree.pairs}

    def _get_input(self, operand):
        steps = operand.items if isinstance(operand, List) else [operand]
        if not steps or word(steps[0]) not in self.declared:
            raise Refused("an input that is not there")
        value = self.value(word(steps[0]))
        if self._made_by_im(word(steps[0]), value):
            raise Refused("an input that IM gives a value later")
        for step in map(word, steps[1:]):
            if isinstance(value, list) and step is not None and plain_tag(step) == "int":
                step = plain_value(step)
                value = value[step] if 0 <= step < len(value) else Refused
            else:
                value = value.get(step, Refused) if isinstance(value, dict) else Refused
            if value is Refused:
                raise Refused("a part that is not there")
        return value

    def _concat(self, operand):
        if not isinstance(operand, List):
            raise Refused("concat takes a list")
        texts = []
        for one in operand.items:
            part = self._worked_out(Schema(self.types, Text("string")), one)
            if part is None or isinstance(part, (list, dict)):
                raise Refused("concat takes texts")
            if isinstance(part, float):
                raise Unsure("how a float is spelt in a text")
            texts.append(part if isinstance(part, str) else str(part).lower())
        return "".join(texts)

    @staticmethod
    def _no_function(_):
        raise Refused("a function without a value")


class Count:
    """How many copies of a node template there are: `number`, said by the property `name` (None: nothing says so)."""

    def __init__(self, node, values):
        self.name, self.written, self.number = None, None, 1
        properties = node.get("capabilities", "scalable", "properties")
        for name in COUNTS:
            written = properties.get(name) if isinstance(properties, Map) else None
            value = None if is_null(written) else count_value(written, values)
            if value is not None:
                self.name, self.written, self.number = name, written, value
                break

    def check(self):
        if type(self.number) is not int or not 0 <= self.number <= MOST_COPIES:
            raise Refused("a count of %r" % self.number)
        return self.number


def count_value(written, values):
    """A count, written down or an input's, as a number if it can be one."""
    name = input_name(written)
    value = values.get(name, Refused) if name is not None else read(written) if isinstance(written, Text) else Refused
    return in_range(plain_value(value)) if isinstance(value, str) and plain_tag(value) == "int" else value


def input_name(tree):
    """The name in {get_input: name} or {get_input: [name]}, else None."""
    if not isinstance(tree, Map) or tree.names() != ["get_input"]:
        return None
    operand = tree.get("get_input")
    return word(operand.items[0] if isinstance(operand, List) and len(operand.items) == 1 else operand)
