# Licensed under the Apache License, Version 2.0; see LICENSE.
"""The comparison: one template and its inputs through the tosca room, and through PyYAML and the model."""

import copy
import math
import re

from expected import Document, differences
from inputs import Count, Inputs
from loaders import IM, Yaml12, load
from model import Refused, Schema, Types, Unsure
from reading import ranged, read_tree, same
from written import FAST, List, Map, Text, compose

MOST_RELATIONS = 20000  # between nodes that require one another
INPUTS = ("topology_template", "inputs")


class Comparison:
    """`files`: the type files that the speaker loaded, as written trees."""

    def __init__(self, speaker, files):
        self.speaker, self.files = speaker, files
        self.taken = 0

    def case(self, case, thorough=True):
        """What is wrong with a made up case, a line each: also whether it is taken, and what its inputs are.
        `thorough`: IM's own reader reads it, too, which takes ten times as long as its twin in C."""
        types, text = Types(case.template, self.files), case.text()
        answer = self.speaker.ask(text, case.given, users=case.users, tags=case.tags)
        try:
            values, counts = self._model(types, case)
        except Refused as reason:
            return [] if "mistakes" in answer else ["it is taken, and should not be: %s" % reason]
        except Unsure:
            values = counts = None
        if "mistakes" in answer:
            return [] if values is None else ["it is refused: %s" % answer["mistakes"]]
        self.taken += 1
        wrong = self.answer(types, case.template, answer, case.users, case.tags, thorough=thorough)
        if values is not None:
            wrong += ["input %r is %r, not %r" % (name, answer["complete"].get(name), value)
                      for name, value in values.items() if not same(answer["complete"].get(name), value)]
            names = [one["name"] for one in answer["nodes"]]
            wrong += ["%d of node %r, not %d" % (names.count(name), name, number)
                      for name, number in counts.items() if names.count(name) != number]
        return wrong

    @staticmethod
    def _model(types, case):
        values = Inputs(types, case.template, case.given).complete()
        nodes = case.template.get("topology_template", "node_templates")
        counts = {key.text: Count(node, values).check() for key, node in nodes.pairs}
        if not any(counts.values()):
            raise Refused("no machine")
        if math.prod(counts.values()) > MOST_RELATIONS:
            raise Unsure("whether there are too many relations")
        return values, counts

    def answer(self, types, template, answer, users=None, tags=None, infra_name=None, thorough=True):
        """What is wrong with the document for a template that was taken, by the inputs' values as they were told."""
        reading = read_tree(template)
        wrong = [] if same(ranged(answer["reading"]), reading) else _where(answer["reading"], reading, "our reading")
        document = Document(types, template, answer["complete"], users, tags, infra_name)
        loaded = load(answer["document"], FAST)
        wrong += differences(document.expected(), loaded, load(answer["document"], Yaml12))
        if thorough and not same(loaded, load(answer["document"], IM)):
            wrong.append("PyYAML's two readers read different documents")
        return wrong + self._again(types, template, answer, document, users, tags, infra_name)

    def _again(self, types, template, answer, document, users, tags, infra_name):
        """The document is a template too, with all inputs' values as defaults: it stands for itself."""
        inputs = template.get(*INPUTS)
        sent = {key.text: document.value_sent(key.text, one) for key,
                one in (inputs.pairs if isinstance(inputs, Map) else ())}
        if users and "users" in sent and not Schema(types, template.get(*INPUTS, "users")).takes(sent["users"]):
            return []  # a list of something else than owners
        again = self.speaker.ask(answer["document"], users=users, tags=tags, infra_name=infra_name)
        if "mistakes" in again:
            return ["the document is refused as a template: %s" % again["mistakes"]]
        wrong = [] if again["document"] == answer["document"] else ["the document's own document is another"]
        for name, value in sent.items():
            if not same(again["complete"].get(name), value):
                wrong.append("input %r of the document is %r, not %r" % (name, again["complete"].get(name), value))
        return wrong

    def shrink(self, case):
        """A smaller case that is wrong in the same way: whatever can be left out is."""
        how = _way(self.case(case))
        while True:
            for attempt in _smaller(case):
                if self._is_wrong(attempt, how):
                    case = attempt
                    break
            else:
                return case

    def _is_wrong(self, case, how):
        try:
            return _way(self.case(case)) == how
        except Exception:  # pylint: disable=broad-except
            return False  # what is no template any more has nothing to compare


def type_files(paths):
    trees = []
    for path in paths:
        with open(path, encoding="utf-8") as file:
            trees.append(compose(file.read()))
    return trees


def _way(wrong):
    """In which way a case is wrong: it is taken, it is refused for a reason, or a document differs; "" when it
    isn't."""
    if not wrong or not wrong[0].startswith("it is "):
        return "differs" if wrong else ""
    return re.sub(r"line \d+, column \d+|'pointer': '[^']*'", "", wrong[0])


def _smaller(case):
    """The case with one thing left out, each once, what stands at the top first."""
    for name in case.given:
        yield _with(case, given={key: one for key, one in case.given.items() if key != name})
    for name in ("users", "tags"):
        if getattr(case, name) is not None:
            yield _with(case, **{name: None})
    pending = [case.template]
    for tree in pending:
        parts = tree.pairs if isinstance(tree, Map) else tree.items if isinstance(tree, List) else []
        for i, part in enumerate(list(parts)):
            del parts[i]
            yield copy.deepcopy(case)
            parts.insert(i, part)
            value = part[1] if isinstance(tree, Map) else part
            if not isinstance(value, Text):
                pending.append(value)


def _with(case, **changes):
    other = copy.deepcopy(case)
    for name, value in changes.items():
        setattr(other, name, value)
    return other


def _where(got, wanted, path):
    """The first places where two values differ."""
    if isinstance(got, dict) and isinstance(wanted, dict) and got.keys() == wanted.keys():
        return [line for key in wanted for line in _where(got[key], wanted[key], "%s/%s" % (path, key))]
    if isinstance(got, list) and isinstance(wanted, list) and len(got) == len(wanted):
        return [line for i, one in enumerate(wanted) for line in _where(got[i], one, "%s/%d" % (path, i))]
    return [] if same(ranged(got), wanted) else ["%s is %r, not %r" % (path, got, wanted)]
