# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Random templates with what is given for their inputs. The same seed and number give the same case."""

import dataclasses
import random

from declarations import Declarations
from inputs import Inputs
from model import Refused, Schema, Types, Unsure
from spellings import NAMES, SPELLINGS
from written import Emitter, Map, Text, written

VERSIONS = ["tosca_simple_yaml_1_0"] * 2 + ["tosca_simple_yaml_1_1", "tosca_simple_yaml_1_2", "tosca_simple_yaml_1_3",
                                            "tosca_2_0"]
MORE_KEYNAMES = ["descritpion", "tag_type", "group", "required_by", "metadata"]
COUNTS = "1 2 3 010 0x3 0b11 1_0".split()
ODD_COUNTS = COUNTS + "0 0o3 1:0 null yes 1.0 2000 abc -1".split()
NODE_TYPES = ["tosca.nodes.Compute", "lab.nodes.Machine", "lab.nodes.Derived", "lab.nodes.Unknown"]


@dataclasses.dataclass
class Case:
    template: Map
    given: dict
    users: list = None
    tags: dict = None
    style: int = 0  # seed of the emitter's dice

    def text(self):
        return Emitter(random.Random(self.style)).document(self.template)


class Generator(Declarations):
    def __init__(self, seed, number):
        super().__init__(random.Random("%s/%d" % (seed, number)))

    def case(self):
        own = self.own_types()
        types = Types(own)
        inputs, nodes = self.some(NAMES, 1, 4), self.some(NAMES, 1, 2)
        declared = Map([(self.key(name), self.input(types, inputs)) for name in inputs])
        topology = {"inputs": declared, "node_templates": Map(
            [(self.key(name), self.node(types, inputs, nodes, nodes[:i])) for i, name in enumerate(nodes)])}
        if self.chance(0.3):
            topology["outputs"] = written({"out": {"value": self.function(inputs, nodes) if self.chance(0.6)
                                                   else self.any_tree()}})
        if self.chance(0.2):
            topology["policies"] = self.policies(types, nodes)
        parts = {"tosca_definitions_version": self.pick(VERSIONS)}
        if self.chance(0.3):
            parts["metadata"] = self.metadata()
        parts.update({key.text: one for key, one in own.pairs if one.pairs}, topology_template=written(topology))
        template = written(parts)
        return Case(template, self.given(types, template, declared), self.owners(), self.tags(),
                    self.dice.randrange(2**32))

    # Types of the template's own.

    def own_types(self):
        own = Map([(Text("data_types"), self.own_data_types())])
        types = Types(own)
        own.pairs += written({
            "capability_types": {
                "lab.capabilities.Endpoint": {"derived_from": "tosca.capabilities.Endpoint.Admin",
                                              "properties": self.properties(types, 0.2, 0, 2)},
                "lab.capabilities.Scalable": {"derived_from": "tosca.capabilities.Scalable", "properties": {
                    "count": {"type": "integer", "required": "false", "default": self.pick(["1", "01", "0x1"])}}}},
            "node_types": {
                "lab.nodes.Machine": {"derived_from": "tosca.nodes.Compute",
                                      "properties": self.properties(types, 0.2, 0, 3),
                                      "attributes": self.properties(types, 0.2, 0, 2),
                                      "capabilities": {"endpoint": {"type": "lab.capabilities.Endpoint"},
                                                       "scalable": {"type": "lab.capabilities.Scalable"}},
                                      "interfaces": {"Standard": self.operations(types),
                                                     "Own": {"type": "lab.interfaces.Own"}}},
                "lab.nodes.Derived": {"derived_from": "lab.nodes.Machine"}},
            "interface_types": {"lab.interfaces.Own": {"derived_from": "tosca.interfaces.Root",
                                                       **self.operations(types)}},
            "relationship_types": {
                "lab.relationships.Attached": {"derived_from": "tosca.relationships.AttachesTo",
                                               "properties": self.properties(types, 0.2, 0, 2)}},
            "policy_types": {
                "lab.policies.Policy": {"derived_from": "tosca.policies.Root",
                                        "properties": self.properties(types, 0.2, 0, 2)}},
        }).pairs
        return own

    def operations(self, types):
        """One operation, in either of TOSCA's places."""
        operations = {"configure": {"inputs": self.properties(types, 0.2, 0, 2)}}
        return {"operations": operations} if self.chance(0.4) else operations

    def own_data_types(self):
        """Types derived from simple ones, and structures; each may hold those before it, and a structure derive from
        one."""
        declared = Map([])
        types, structures = Types(Map([(Text("data_types"), declared)])), []
        for i in range(self.pick([0, 0, 1, 2])):
            self._add_data_type(declared, "lab.Simple%d" % i, {"derived_from": self.pick(list(SPELLINGS) + ["string"])})
        for i in range(self.pick([0, 0, 1, 2])):
            parts = {"derived_from": self.pick(structures + ["tosca.datatypes.Root"])} if self.chance(0.7) else {}
            properties = self.properties(types, 0.6, 1, 3)
            for name in types.properties("data_types", parts.get("derived_from")):
                if name not in properties.names() and self.chance(0.3):  # an ancestor's, declared once more
                    properties.pairs.append((self.key(name), self.declared(types)))
            structures.append("lab.Data%d" % i)
            self._add_data_type(declared, structures[-1], {**parts, "properties": properties})
        return declared

    def _add_data_type(self, declared, name, parts):
        declared.pairs.append((Text(name), written(parts)))
        self.data_types.append(name)

    # Functions.

    def get_input(self, inputs):
        name = self.key(self.pick(inputs))
        return written({"get_input": [name] if self.chance(0.2) else name})

    def function(self, inputs, nodes):
        kind = self.dice.random()
        if kind < 0.5:
            return self.get_input(inputs)
        if nodes and kind < 0.8:
            place = [self.reference(self.pick(nodes)), self.key(self.pick(NAMES)), self.pick(["0", "010"])]
            return written({self.pick(["get_attribute", "get_property"]): place[:self.pick([2, 3])]})
        if kind > 0.93:
            return written({"token": [self.text_part(inputs), self.spelt(self.any_spelling()),
                                      self.pick(["0", "010", "1:30"])]})
        parts = [self.spelt(self.any_spelling()) for _ in range(self.dice.randint(0, 3))]
        return written({"concat": parts + ([self.get_input(inputs)] if self.chance(0.5) else [])})

    def text_part(self, inputs):
        if self.chance(0.3):
            return written({"concat": [self.spelt(self.any_spelling()), self.get_input(inputs)]})
        return self.spelt(self.any_spelling())

    # The topology.

    def input(self, types, inputs):
        declared = self.declared(types)
        if self.chance(0.1):
            declared.pairs.append((Text(self.pick(MORE_KEYNAMES)), self.any_tree(1)))
        if self.chance(0.08):
            default = self.function(inputs, []) if self.chance(0.9) else written({"token": ["a", "b", "0"]})
            declared.pairs = [(key, one) for key, one in declared.pairs
                              if key.text != "default"] + [(Text("default"), default)]
        return declared

    def node(self, types, inputs, nodes, others):
        """`others`: nodes that it may require."""
        kind = self.pick(NODE_TYPES)
        properties = self.any_map() if kind == "lab.nodes.Unknown" else self.values(types,
                                                                                    types.properties("node_types",
                                                                                                     kind))
        properties.pairs = [(key, self.function(inputs, nodes) if self.chance(0.1) else one) for key,
                            one in properties.pairs]
        capabilities = {}
        if self.chance(0.4):
            capabilities["scalable"] = {"properties": self.counts(inputs)}
        if self.chance(0.4):
            known = types.properties("capability_types", "lab.capabilities.Endpoint")
            capabilities["endpoint"] = {"properties": self.values(types, known)}
        parts = {"type": kind, **({"properties": properties} if properties.pairs else {}),
                 **({"capabilities": capabilities} if capabilities else {})}
        if self.chance(0.3):
            parts["attributes"] = self.values(types, self.declared_in(types, kind, "attributes"))
        if self.chance(0.4):
            parts["interfaces"] = {self.pick(["Standard", "Own"]): self.interface(types, inputs, kind)}
        if others and self.chance(0.3):
            target = self.reference(self.pick(others))
            parts["requirements"] = [{"dependency": self.requirement(types, inputs, target) if self.chance(0.6)
                                      else target}]
        return written(parts)

    @staticmethod
    def declared_in(types, kind, *place):
        """{name: declaration} at that place of the types that a type derives from."""
        found = [one.get(*place) for _, one in types.chain("node_types", kind) if isinstance(one, Map)]
        return {key.text: one for declared in found if declared for key, one in declared.pairs}

    def interface(self, types, inputs, kind):
        known = {**self.declared_in(types, kind, "interfaces", "Standard", "configure", "inputs"),
                 **self.declared_in(types, kind, "interfaces", "Standard", "operations", "configure", "inputs")}
        values = self.values(types, known)
        values.pairs = [(key, self.function(inputs, []) if self.chance(0.1) else one) for key, one in values.pairs]
        operations = {"configure": {"inputs": values}}
        return {"operations": operations} if self.chance(0.4) else operations

    def requirement(self, types, inputs, target):
        if self.chance(0.4):
            return {"node": target}
        kind = self.pick(["tosca.relationships.AttachesTo", "lab.relationships.Attached", "lab.relationships.Unknown"])
        properties = self.values(types, types.properties("relationship_types", kind))
        if "location" not in properties.names():
            location = self.function(inputs, []) if self.chance(0.2) else self.spelt(self.any_spelling())
            properties.pairs.append((Text("location"), location))
        return {"node": target, "relationship": {"type": kind, "properties": properties}}

    def counts(self, inputs):
        parts = {name: self.count(inputs) for name, probability in (("count", 0.7), ("default_instances", 0.4))
                 if self.chance(probability)}
        if self.chance(0.2):
            parts["min_instances"] = self.spelt(self.pick(["0", "01", "1_0"]), 0.6)
        return written(parts)

    def count(self, inputs):
        if self.chance(0.3):
            return self.get_input(inputs)
        return self.spelt(self.pick(ODD_COUNTS if self.chance(0.2) else COUNTS), 0.6)

    def policies(self, types, nodes):
        values = self.values(types, types.properties("policy_types", "lab.policies.Policy"))
        policy = {"type": "lab.policies.Policy", "properties": values, "targets": [self.reference(self.pick(nodes))]}
        return written([{self.key(self.pick(NAMES)): policy}])

    def metadata(self):
        metadata = self.any_map(1)
        for name in ("template_name", "template_version"):
            if self.chance(0.4):
                metadata.pairs.append((Text(name), self.spelt(self.any_spelling())))
        return metadata

    # What comes with the template.

    def owners(self):
        if not self.chance(0.2):
            return None
        name = self.pick(["alice", "no", "010", "ünal"])
        return [{"os_user_name": name, "os_user_ssh_public_key": "ssh-ed25519 " + self.any_text()}]

    def tags(self):
        return {"PAAS_DEP_UUID": "018f0000", "note": self.any_text()} if self.chance(0.2) else None

    def given(self, types, template, inputs):
        """For some of the inputs; in most cases also for those that are wrong without."""
        given = {}
        for key, declared in inputs.pairs:
            if self.chance(0.35):
                given[key.text] = self.json(Schema(types, declared), declared)
        for key, declared in inputs.pairs if self.chance(0.9) else ():
            for _ in range(8):
                if self._is_taken(types, template, key.text, given):
                    break
                given[key.text] = self.json(Schema(types, declared), declared, 1)
        return given

    @staticmethod
    def _is_taken(types, template, name, given):
        try:
            Inputs(types, template, given).value(name)
        except Refused:
            return False
        except Unsure:
            return True
        return True
