# Licensed under the Apache License, Version 2.0; see LICENSE.
"""What a declared type makes of a spelling, once more and in other words than the tosca room's: the oracle's oracle.

`Refused` is a value that the type doesn't take, `Unsure` one of which the rules say nothing."""

import datetime
import re

from loaders import plain_tag, plain_value
from reading import OUT_OF_RANGE, in_range, is_null, read, truth, word
from written import List, Map, Text

SIMPLE = {"string", "integer", "float", "boolean", "timestamp", "version", "range", "scalar-unit.size",
          "scalar-unit.time", "scalar-unit.frequency", "list", "map"}
KEEP_TEXT = {"string", "timestamp", "version", "scalar-unit.size", "scalar-unit.time", "scalar-unit.frequency"}
UNITS = {"scalar-unit.size": "B|kB|KiB|MB|MiB|GB|GiB|TB|TiB", "scalar-unit.time": "ns|us|ms|s|m|h|d",
         "scalar-unit.frequency": "Hz|kHz|MHz|GHz"}
FAMILIES = {"node_types": "tosca.nodes.", "relationship_types": "tosca.relationships.",
            "capability_types": "tosca.capabilities."}
LONGEST_CHAIN = 32  # of types that derive from one another
ANY, DATA = "any", "data"


class Refused(Exception):
    pass


class Unsure(Exception):
    pass


class Types:
    """The types that a template knows: its own before those of the files, of which the last counts."""

    def __init__(self, template, files=()):
        self.places = [template, *reversed(files)]

    def find(self, section, name):
        """A type's declaration, or None; TOSCA's own types may be named without their family."""
        found = self._find(section, name)
        if found is None and section in FAMILIES and name:
            bare = name.removeprefix("tosca:")
            if bare != name or "." not in name:
                found = self._find(section, FAMILIES[section] + bare)
        return found

    def _find(self, section, name):
        for place in self.places:
            found = place.get(section, name)
            if found is not None:
                return found
        return None

    def chain(self, section, name):
        """Names and declarations from a type to its oldest ancestor; the last one's is None when nobody declares it."""
        seen = []
        while name is not None and len(seen) < LONGEST_CHAIN:
            declared = self.find(section, name)
            seen.append((name, declared))
            name = word(declared.get("derived_from")) if isinstance(declared, Map) else None
        return seen

    def derives(self, section, name, ancestor):
        names = [one for one, _ in self.chain(section, name)]
        return ancestor in names or any(FAMILIES.get(section, "") + one == ancestor for one in names)

    def property(self, section, name, wanted):
        """What is declared for a property, by the nearest type of the chain."""
        for _, declared in self.chain(section, name):
            found = declared.get("properties", wanted) if isinstance(declared, Map) else None
            if found is not None:
                return found
        return None

    def is_closed(self, name):
        """True when every ancestor of a data type is declared: then it has no other properties than these."""
        for one, declared in self.chain("data_types", name):
            if one == "tosca.datatypes.Root":
                return True
            if declared is None:
                return False
        return True

    def data_type(self, name):
        """The full name of a data type; one of TOSCA's own may be given by its last part, of several the most
        derived."""
        if self._find("data_types", name) is not None:
            return name
        named = {one for place in self.places if isinstance(place.get("data_types"), Map)
                 for one in place.get("data_types").names()
                 if one.startswith("tosca.datatypes.") and one.rpartition(".")[2] == name}
        return min(named, key=lambda one: (-len(self.chain("data_types", one)), one)) if named else None

    def properties(self, section, name):
        """{name: declaration} of a type with all that it inherits."""
        found = {}
        for _, declared in self.chain(section, name):
            properties = declared.get("properties") if isinstance(declared, Map) else None
            for key, one in properties.pairs if isinstance(properties, Map) else ():
                found.setdefault(key.text, one)
        return found

    def capability_property(self, node_type, capability, wanted):
        for _, declared in self.chain("node_types", node_type):
            found = declared.get("capabilities", capability) if isinstance(declared, Map) else None
            if found is not None:
                own = found.get("properties", wanted) if isinstance(found, Map) else None
                name = word(found.get("type") if isinstance(found, Map) else found)
                return own if own is not None else self.property("capability_types", name, wanted)
        return None


class Schema:
    """A declaration: what values it takes. `declared`: a mapping with a type, a type's name, or None."""

    def __init__(self, types, declared):
        is_mapping = isinstance(declared, Map)
        name = word(declared.get("type") if is_mapping else declared)
        self.types, self.data = types, None
        self.kind = (name or ANY).removeprefix("tosca:")
        if self.kind not in SIMPLE:
            self.data = types.data_type(name) if name else None
            self.kind = self._kind_of_data_type() if self.data else ANY
        self.entry_declared = declared.get("entry_schema") if is_mapping else None
        self.constraints = declared.get("constraints") if is_mapping else None

    def _kind_of_data_type(self):
        names = [one.removeprefix("tosca:") for one, _ in self.types.chain("data_types", self.data)]
        return next((one for one in names if one in SIMPLE), DATA)

    def member(self, name=None):
        """What is declared for a property of a data type, else for an entry."""
        if self.kind == "range":
            return Schema(self.types, Text("integer"))
        if self.kind == DATA and name is not None:
            return Schema(self.types, self.types.property("data_types", self.data, name))
        return Schema(self.types, self.entry_declared)

    # What the document writes.

    def typed(self, tree):
        """A written value as the declaration reads it; what doesn't fit is read as where nothing is declared."""
        if isinstance(tree, Text):
            return self.typed_text(tree)
        if isinstance(tree, List):
            return [self.member().typed(one) for one in tree.items]
        return {key.text: self.member(key.text).typed(one) for key, one in tree.pairs}

    def typed_text(self, text):
        if is_null(text):
            return None
        tag = plain_tag(text.text)
        if (self.kind, tag) in (("integer", "int"), ("boolean", "bool"), ("float", "float"), ("float", "int")):
            return self.normal(in_range(plain_value(text.text)))
        if self.kind in KEEP_TEXT or self.kind in ("list", "map", "range"):
            return text.text
        return read(text)

    # What it takes.

    def check(self, value, with_constraints):
        """Raises Refused or Unsure for what is no value of the declaration."""
        getattr(self, "_check_" + re.sub(r"\W.*", "", self.kind))(value, with_constraints)
        if with_constraints:
            self._check_constraints(value)

    def takes(self, value):
        try:
            self.check(value, False)
        except Refused:
            return False
        return True

    def _refuse_unless(self, holds, value):
        if not holds:
            raise Refused("%r is no %s" % (value, self.kind))

    def _check_any(self, value, with_constraints):
        self._refuse_unless(value != OUT_OF_RANGE, value)
        for one in value if isinstance(value, list) else value.values() if isinstance(value, dict) else ():
            self._check_any(one, with_constraints)

    def _check_string(self, value, _):
        self._refuse_unless(isinstance(value, str), value)

    def _check_integer(self, value, _):
        self._refuse_unless(type(value) is int, value)

    def _check_float(self, value, _):
        self._refuse_unless(type(value) in (int, float), value)

    def _check_boolean(self, value, _):
        self._refuse_unless(isinstance(value, bool), value)

    def _check_timestamp(self, value, _):
        self._refuse_unless(isinstance(value, str) and re.match(r"\d{4}-\d", value), value)
        exact = re.fullmatch(r"(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d:\d\d)(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)?)?", value)
        if not exact:
            raise Unsure(value)
        self._refuse_unless(not exact[2] or exact[2][6:] < "60", value)
        try:
            datetime.datetime.fromisoformat(exact[1] + "T" + (exact[2] or "00:00:00"))
        except ValueError:
            raise Unsure(value) from None

    def _check_version(self, value, _):
        self._refuse_unless(isinstance(value, str) and re.fullmatch(
            r"\d{1,18}(\.\d{1,18}(\.\d{1,18}(\.[A-Za-z0-9]+(-\d{1,18})?)?)?)?", value), value)

    def _check_scalar(self, value, _):
        found = isinstance(value, str) and re.fullmatch(r"(\d+)(?:\.(\d+))?[ \t]*(?:%s)" % UNITS[self.kind], value,
                                                        re.I)
        self._refuse_unless(found, value)
        self._refuse_unless(len(found[1] + (found[2] or "")) <= 15 and len(found[2] or "") <= 9, value)

    def _check_range(self, value, _):
        self._refuse_unless(isinstance(value, list) and len(value) == 2, value)
        low, high = value
        self._refuse_unless(type(low) is int and (high == "UNBOUNDED" or type(high) is int and low <= high), value)

    def _check_list(self, value, with_constraints):
        self._refuse_unless(isinstance(value, list), value)
        for one in value:
            self.member().check(one, with_constraints)

    def _check_map(self, value, with_constraints):
        self._refuse_unless(isinstance(value, dict), value)
        for one in value.values():
            self.member().check(one, with_constraints)

    def _check_data(self, value, with_constraints):
        self._refuse_unless(isinstance(value, dict), value)
        for name, one in value.items():
            declared = self.types.property("data_types", self.data, name)
            self._refuse_unless(declared is not None or not self.types.is_closed(self.data), name)
            if one is not None or declared is None or self._needs(declared):
                Schema(self.types, declared).check(one, with_constraints)
        for name, one in self.types.properties("data_types", self.data).items():
            self._refuse_unless(name in value or not self._needs(one), name)

    @staticmethod
    def _needs(declared):
        return isinstance(declared, Map) and truth(declared.get("required"), True) and is_null(declared.get("default"))

    def _check_constraints(self, value):
        types = self.types.chain("data_types", self.data) if self.data else []
        for constraints in [self.constraints] + [one.get("constraints") for _, one in types if isinstance(one, Map)]:
            for clause in constraints.items if isinstance(constraints, List) else ():
                self._check_clause(clause, value)

    def _check_clause(self, clause, value):
        allowed = clause.get("valid_values")
        if allowed is None or self.kind not in ("string", "integer", "float", "boolean"):
            raise Unsure("a constraint")
        self._refuse_unless(any(type(one) is type(value) and one == value for one in map(self.typed, allowed.items)),
                            value)

    # JSON's values.

    def normal(self, value):
        """A value as the declaration has it: JSON has one kind of number, and a version may be a number."""
        if isinstance(value, list):
            return [self.member().normal(one) for one in value]
        if isinstance(value, dict):
            return {key: self.member(key).normal(one) for key, one in value.items()}
        if type(value) is int and self.kind in ("float", "version"):
            return float(value) if self.kind == "float" else str(value)
        return value
