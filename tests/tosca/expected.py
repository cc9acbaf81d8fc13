# Licensed under the Apache License, Version 2.0; see LICENSE.
"""What the document for IM has to say, worked out from the template as it is written and the inputs' values; and the
differences of a document from it.

An expectation is a `Value` (what may stand here), a `Pairs` (a mapping) or a list of expectations."""

import dataclasses

from inputs import Count, count_value, function, input_name
from loaders import plain_tag, plain_value
from model import Schema
from reading import OUT_OF_RANGE, in_range, is_null, read, same, truth, word
from written import List, Map, Text

INPUT_KEYNAMES = {"type", "description", "constraints", "required", "status", "key_schema", "entry_schema"}
TYPE_SECTIONS = {"node_types", "data_types", "capability_types", "relationship_types", "interface_types",
                 "artifact_types", "policy_types", "group_types"}
TEMPLATES = {"relationship_templates": "relationship_types", "groups": "group_types", "policies": "policy_types"}
VERSIONS = {"tosca_simple_yaml_1_1": "tosca_simple_yaml_1_2", "tosca_2_0": "tosca_simple_yaml_1_3"}
INSTANCES = ["min_instances", "default_instances", "max_instances"]  # IM's parser compares them as they are written
NAMES = {"get_input": 1, "get_property": 2, "get_attribute": 2}  # operands of these functions that are names


class Absent:
    """No such key."""

    def __repr__(self):
        return "no key"


ABSENT = Absent()


@dataclasses.dataclass
class Value:
    """`allowed`: any of these. `is_typed`: a declaration says what it is, so that YAML 1.1 and 1.2 must read it
    alike."""

    allowed: list
    is_typed: bool = False

    def __repr__(self):
        return " or ".join(map(repr, self.allowed))


@dataclasses.dataclass
class Pairs:
    """{key: expectation}."""

    pairs: dict


def differences(expectation, loaded, by_yaml_1_2):
    """A line for each difference of a document as PyYAML reads it; of its reading by YAML 1.2 when there is none."""
    return list(_differ(loaded, expectation, "", False)) or \
        ["by YAML 1.2: " + line for line in _differ(by_yaml_1_2, expectation, "", True)]


def _differ(got, expectation, path, only_typed):
    if isinstance(expectation, Pairs):
        yield from _differ_in_pairs(got, expectation.pairs, path, only_typed)
    elif isinstance(expectation, list):
        if not isinstance(got, list) or len(got) != len(expectation):
            yield "%s is %r, not a list of %d" % (path, got, len(expectation))
        else:
            for i, one in enumerate(expectation):
                yield from _differ(got[i], one, "%s/%d" % (path, i), only_typed)
    elif (expectation.is_typed or not only_typed) and not any(same(got, one) for one in expectation.allowed):
        yield "%s is %r, not %r" % (path, got, expectation)


def _differ_in_pairs(got, pairs, path, only_typed):
    if not isinstance(got, dict):
        yield "%s is %r, not a mapping" % (path, got)
        return
    for key, one in pairs.items():
        if key in got:
            yield from _differ(got[key], one, "%s/%s" % (path, key), only_typed)
        elif not (isinstance(one, Value) and any(allowed is ABSENT for allowed in one.allowed)):
            yield "%s/%s is not there" % (path, key)
    for key in got:
        if key not in pairs:
            yield "%s/%s is %r, and should not be there" % (path, key, got[key])


# Without a declaration.

def untyped(tree):
    """As our reader reads what was written, and PyYAML too but for dates; a key is a text, and so is the name that a
    function is about, or a part of what it makes a text of."""
    if isinstance(tree, Text):
        value = read(tree)
        return Value([plain_value(tree.text) if value == OUT_OF_RANGE else value], not tree.is_plain)
    if isinstance(tree, List):
        return [untyped(one) for one in tree.items]
    if function(tree) in NAMES:
        return Pairs({function(tree): _operands(tree.pairs[0][1], NAMES[function(tree)])})
    if makes_text(tree):
        return Pairs({function(tree): [_part_of_text(function(tree), i, one) for i,
                                       one in enumerate(tree.pairs[0][1].items)]})
    return Pairs({key.text: untyped(one) for key, one in tree.pairs})


def name(tree):
    """The name of a node, a group or an input: a text, however it is spelt."""
    return Value([tree.text]) if word(tree) is not None else untyped(tree)


def makes_text(tree):
    return function(tree) in ("concat", "token") and isinstance(tree.pairs[0][1], List)


def _part_of_text(called, place, tree):
    """All that is joined is a text; so is what is taken apart, and at what, before the place of the part that is
    meant."""
    if not isinstance(tree, Text) or is_null(tree):
        return untyped(tree)
    if called == "token" and place >= 2:
        is_index = plain_tag(tree.text) == "int" and in_range(plain_value(tree.text)) != OUT_OF_RANGE
        return Value([plain_value(tree.text)], True) if is_index else untyped(tree)
    return Value([tree.text], True)


def _operands(tree, names):
    if isinstance(tree, Text):
        return name(tree)
    if isinstance(tree, List):
        return [name(one) if i < names else untyped(one) for i, one in enumerate(tree.items)]
    return untyped(tree)


# By a declaration.

def typed(schema, tree):
    """A value of the document as its declaration reads it; a function stays one."""
    if function(tree):
        return untyped(tree)
    if isinstance(tree, Map):
        return Pairs({key.text: typed(schema.member(key.text), one) for key, one in tree.pairs})
    if isinstance(tree, List):
        return [typed(schema.member(), one) for one in tree.items]
    value = schema.typed(tree)
    if schema.kind in ("any", "list", "map", "data", "range") or value is None or value == OUT_OF_RANGE:
        return untyped(tree)
    if schema.kind in ("integer", "float", "boolean") and not schema.takes(value):
        return untyped(tree)
    return Value([value], True)


def declared(types, tree):
    """A part of the document in which things are declared. Whatever has a type (or derives from one) is a declaration:
    its default and the operands of its constraints are of that type."""
    if isinstance(tree, List):
        return [declared(types, one) for one in tree.items]
    if not isinstance(tree, Map) or makes_text(tree):
        return untyped(tree)
    is_typed = word(tree.get("type")) is not None
    schema = Schema(types, tree if is_typed else tree.get("derived_from"))
    is_typed = is_typed or word(tree.get("derived_from")) is not None
    return Pairs({key.text: _keyname(types, schema, key.text, one) if is_typed else declared(types, one)
                  for key, one in tree.pairs})


def _keyname(types, schema, keyname, tree):
    if keyname == "default":
        return Value([None, ABSENT]) if is_null(tree) else typed(schema, tree)
    if keyname == "constraints" and isinstance(tree, List):
        return [Pairs({key.text: _operand(schema, key.text, one) for key, one in clause.pairs})
                if isinstance(clause, Map) else untyped(clause) for clause in tree.items]
    if keyname == "required" and not is_null(tree):
        return Value([truth(tree, True)])
    return declared(types, tree)


def _operand(schema, clause, tree):
    if clause == "pattern" or "length" in clause:
        schema = Schema(schema.types, Text("string" if clause == "pattern" else "integer"))
    if isinstance(tree, List) and clause != "equal":
        return [typed(schema, one) for one in tree.items]
    return typed(schema, tree)


def input_declared(types, tree, value):
    """An input has its value as its default, none when that is null, and no keyname that TOSCA doesn't have."""
    known = Map([(key, one) for key, one in tree.pairs if key.text in INPUT_KEYNAMES])
    return Pairs({**declared(types, known).pairs, "default": Value([ABSENT if value is None else value], True)})


class Document:
    """The whole document for IM."""

    def __init__(self, types, template, values, users=None, tags=None, infra_name=None):
        self.types, self.template, self.values = types, template, values
        self.users, self.tags, self.infra_name = users, tags or {}, infra_name

    def expected(self):
        pairs = {key.text: self._section(key.text, one) for key, one in self.template.pairs}
        metadata = self._metadata(self.template.get("metadata"))
        return Pairs({**pairs, **({"metadata": metadata} if metadata.pairs else {})})

    def _section(self, section, tree):
        if section == "tosca_definitions_version":
            return Value([VERSIONS.get(tree.text, tree.text)])
        if section == "topology_template" and isinstance(tree, Map):
            return Pairs({key.text: self._part(key.text, one) for key, one in tree.pairs})
        if section in TYPE_SECTIONS and isinstance(tree, Map):
            return Pairs({key.text: declared(self.types, one) for key, one in tree.pairs})
        return untyped(tree)

    def _metadata(self, tree):
        pairs = untyped(tree).pairs if isinstance(tree, Map) else {}
        texts = {key: word(tree.get(key)) for key in ("template_name", "template_version") if key in pairs}
        texts = {**texts, "infra_name": self.infra_name, **self.tags}
        return Pairs({**pairs, **{key: Value([text], True) for key, text in texts.items() if text is not None}})

    def _part(self, part, tree):
        if part == "inputs" and isinstance(tree, Map):
            return Pairs({key.text: input_declared(self.types, one, self.value_sent(key.text, one)) for key,
                          one in tree.pairs})
        if part == "node_templates" and isinstance(tree, Map):
            return Pairs({key.text: self._node(one) for key, one in tree.pairs})
        if part in TEMPLATES:
            return self._templates(TEMPLATES[part], tree)
        return untyped(tree)

    def _templates(self, section, tree):
        """Policies are a list of mappings, other templates a mapping."""
        if isinstance(tree, List):
            return [self._templates(section, one) for one in tree.items]
        if not isinstance(tree, Map):
            return untyped(tree)
        return Pairs({key.text: Pairs(self._by_type(section, one)) if isinstance(one, Map) else untyped(one)
                      for key, one in tree.pairs})

    def value_sent(self, wanted, tree):
        """The input's value, with the owners added when it is the one that lists them."""
        value = self.values[wanted]
        if self.users is None or wanted != "users" or word(tree.get("type")) != "list":
            return value
        value = list(value or [])
        for user in self.users:
            named = [one.get("os_user_name") for one in value if isinstance(one, dict)]
            if user["os_user_name"] not in named:
                value.append({"os_user_add_to_sudoers": True, **user})
        return value

    # Templates of nodes and of the rest.

    def _by_type(self, section, tree):
        """The keynames of a template; its properties, those of its capabilities, its attributes and the inputs of its
        operations are of their declared types."""
        kind, pairs = word(tree.get("type")), {}
        for key, one in tree.pairs:
            if kind and key.text == "properties" and isinstance(one, Map):
                pairs[key.text] = Pairs({inner.text: self._property(section, kind, inner.text, value) for inner,
                                         value in one.pairs})
            elif kind and key.text == "capabilities" and isinstance(one, Map):
                pairs[key.text] = Pairs({inner.text: self._capability(kind, inner.text, value) for inner,
                                         value in one.pairs})
            elif kind and key.text == "attributes" and isinstance(one, Map):
                pairs[key.text] = Pairs({inner.text: self._attribute(section, kind, inner.text, value) for inner,
                                         value in one.pairs})
            elif kind and key.text == "interfaces" and isinstance(one, Map):
                pairs[key.text] = Pairs({inner.text: self._interface((section, kind, inner.text), value) for inner,
                                         value in one.pairs})
            elif key.text == "requirements" and isinstance(one, List):
                pairs[key.text] = [self._requirement(inner) for inner in one.items]
            elif key.text in ("targets", "members") and isinstance(one, List):
                pairs[key.text] = [name(inner) for inner in one.items]
            else:
                pairs[key.text] = untyped(one)
        return pairs

    def _requirement(self, tree):
        pairs = untyped(tree).pairs
        for key, one in tree.pairs:
            if isinstance(one, Text):
                pairs[key.text] = name(one)
            elif isinstance(one, Map):
                relationship = one.get("relationship")
                if one.get("node") is not None:
                    pairs[key.text].pairs["node"] = name(one.get("node"))
                if isinstance(relationship, Map):
                    pairs[key.text].pairs["relationship"] = Pairs(self._by_type("relationship_types", relationship))
        return Pairs(pairs)

    def _property(self, section, kind, wanted, value):
        return typed(Schema(self.types, self.types.property(section, kind, wanted)), value)

    def _attribute(self, section, kind, wanted, value):
        found = [one.get("attributes", wanted) for _, one in self.types.chain(section, kind) if isinstance(one, Map)]
        return typed(Schema(self.types, next((one for one in found if one is not None), None)), value)

    def _interface(self, interface, tree):
        """Operations stand beside the keynames, or under one."""
        pairs = untyped(tree).pairs if isinstance(tree, Map) else None
        for key, one in tree.pairs if isinstance(tree, Map) else ():
            if key.text == "inputs":
                pairs[key.text] = self._inputs(interface, None, one)
            elif key.text == "operations" and isinstance(one, Map):
                pairs[key.text] = Pairs({inner.text: self._operation(interface, inner.text, value) for inner,
                                         value in one.pairs})
            else:
                pairs[key.text] = self._operation(interface, key.text, one)
        return untyped(tree) if pairs is None else Pairs(pairs)

    def _operation(self, interface, operation, tree):
        if not isinstance(tree, Map) or tree.get("inputs") is None:
            return untyped(tree)
        return Pairs({**untyped(tree).pairs, "inputs": self._inputs(interface, operation, tree.get("inputs"))})

    def _inputs(self, interface, operation, tree):
        if not isinstance(tree, Map):
            return untyped(tree)
        return Pairs({key.text: typed(Schema(self.types, self._input(interface, operation, key.text)), one)
                      for key, one in tree.pairs})

    def _input(self, interface, operation, wanted):
        """What is declared for an input of an operation: by the nearest type that does, else by the interface's own
        type, of which the nearest type's word counts; for the operation, else for the whole interface. Without a type
        it is a value, and declares nothing."""
        section, kind, called = interface
        own = [one.get("interfaces", called) for _, one in self.types.chain(section, kind) if isinstance(one, Map)]
        own = [one for one in own if isinstance(one, Map)]
        own_type = next((word(one.get("type")) for one in own if word(one.get("type")) is not None), None)
        for one in own + [found for _, found in self.types.chain("interface_types", own_type)]:
            for place in ["operations", operation], [operation], []:
                found = one.get(*place, "inputs", wanted) if isinstance(one, Map) else None
                if isinstance(found, Map) and word(found.get("type")) is not None:
                    return found
        return None

    def _capability(self, kind, capability, tree):
        properties = tree.get("properties") if isinstance(tree, Map) else None
        if not isinstance(properties, Map):
            return untyped(tree)
        found = {key.text: typed(Schema(self.types, self.types.capability_property(kind, capability, key.text)), one)
                 for key, one in properties.pairs}
        return Pairs({**untyped(tree).pairs, "properties": Pairs(found)})

    def _node(self, tree):
        pairs = self._by_type("node_types", tree)
        self._count(tree, pairs)
        self._tag(tree, pairs)
        return Pairs(pairs)

    def _count(self, tree, pairs):
        """What we counted is what IM counts on: a number; it stays an input's when that is a number. One without a
        value is not there, and a type's default says nothing."""
        count, properties = Count(tree, self.values), tree.get("capabilities", "scalable", "properties")
        declared = self.types.capability_property(word(tree.get("type")), "scalable", "count")
        numbers = {}
        for name_ in INSTANCES + ["count"]:
            written = properties.get(name_) if isinstance(properties, Map) else None
            number = None if is_null(written) else count_value(written, self.values)
            if written is not None and number is None:
                numbers[name_] = Value([ABSENT])
            elif name_ in INSTANCES and type(number) is int and number >= 0:
                numbers[name_] = Value([number], True)
        if declared is not None and (count.name or isinstance(declared, Map) and not is_null(declared.get("default"))):
            numbers["count"] = Value([count.number], True)
        if count.name == "count":
            stays = type(self.values.get(input_name(count.written))) is int
            numbers["count"] = self._function(count.written) if stays else Value([count.number], True)
        if numbers:
            self._inner(pairs, "capabilities", "scalable", "properties").update(numbers)

    @staticmethod
    def _inner(pairs, *path):
        """The pairs of a mapping within, which is made where there is none."""
        for key in path:
            if not isinstance(pairs.get(key), Pairs):
                pairs[key] = Pairs({})
            pairs = pairs[key].pairs
        return pairs

    @staticmethod
    def _function(written):
        operand = written.get("get_input")
        text = word(operand.items[0] if isinstance(operand, List) else operand)
        return Value([{"get_input": [text] if isinstance(operand, List) else text}])

    def _tag(self, tree, pairs):
        """The tags in the property `tags` of a machine whose type has a map of that name."""
        kind = word(tree.get("type"))
        known, own = self.types.property("node_types", kind, "tags"), tree.get("properties", "tags")
        takes = self.tags and known is not None and Schema(self.types, known).kind == "map" and \
            self.types.derives("node_types", kind, "tosca.nodes.Compute") and \
            (is_null(own) or isinstance(own, Map) and not function(own))
        if takes:
            properties = pairs.get("properties", Pairs({}))
            properties = dict(properties.pairs) if isinstance(properties, Pairs) else {}
            mine = properties["tags"].pairs if isinstance(own, Map) else {}
            properties["tags"] = Pairs({**mine, **{key: Value([text], True) for key, text in self.tags.items()}})
            pairs["properties"] = Pairs(properties)
