# Licensed under the Apache License, Version 2.0; see LICENSE.
"""The documents that we write, judged by IM's own parser: the values of odd spellings, random cases, and real
templates."""

import collections
import contextlib
import json
import os
import subprocess
import sys

import yaml

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(os.path.dirname(HERE), "tosca"))

import corpus  # noqa: E402
import plausible  # noqa: E402
import speaker  # noqa: E402
from cases import Generator  # noqa: E402
from comparing import type_files  # noqa: E402
from model import Types  # noqa: E402
from reading import same  # noqa: E402
from written import compose  # noqa: E402

SHOWN = 160  # characters of a refusal

# An input as it is declared, what is given for it (ABSENT: nothing), and the value that IM has to get.
ABSENT = object()
SPELLINGS = [
    ("type: version, default: 1.10", ABSENT, "1.10"),
    ("type: version, default: 22.10", "22.10", "22.10"),
    ("type: string, default: NO", ABSENT, "NO"),
    ("type: string, default: NO, constraints: [valid_values: [NO, SE]]", ABSENT, "NO"),
    ("type: string, default: 0640", ABSENT, "0640"),
    ("type: string, default: true", ABSENT, "true"),
    ("type: string, default: 2026-01-01", ABSENT, "2026-01-01"),
    ("type: string", "1_000", "1_000"),
    ("type: timestamp, default: 2026-01-01", ABSENT, "2026-01-01"),
    ("type: list, entry_schema: {type: string}, default: [1.10, NO, 0640, 'x']", ABSENT, ["1.10", "NO", "0640", "x"]),
    ("type: list, entry_schema: {type: list, entry_schema: {type: version}}, default: [[1.10]]", ABSENT, [["1.10"]]),
    ("type: map, entry_schema: {type: string}, default: {a: 1:30, NO: on}", ABSENT, {"a": "1:30", "NO": "on"}),
    ("type: integer, default: '3'", ABSENT, 3),
    ("type: integer, default: 010", ABSENT, 8),
    ("type: integer, default: '010'", ABSENT, 8),
    ("type: integer, default: 1_000", ABSENT, 1000),
    ("type: boolean, default: 'yes'", ABSENT, True),
    ("type: boolean, default: Off", ABSENT, False),
    ("type: float, default: 1", ABSENT, 1.0),
    ("type: float", 1, 1.0),
    ("type: float", 1e300, 1e300),
    ("type: float", -0.0, -0.0),
    ("type: string, required: false, default: null", ABSENT, None),
    ("type: string, required: false, default: x", None, None),
    ("type: integer, required: false", None, None),
    ("type: string, default: x, descritpion: y", ABSENT, "x"),
]
# A count, as it is written or as an input's default of a type, and the machines that it makes.
COUNTS = [("'3'", None, 3), ("010", None, 8), ("'010'", None, 8),
          ("{get_input: value}", "type: integer, default: '3'", 3),
          ("{get_input: value}", "type: integer, default: 010", 8),
          ("{get_input: value}", "type: string, default: '2'", 2)]
VERSIONS = ["tosca_simple_yaml_1_0", "tosca_simple_yaml_1_1", "tosca_simple_yaml_1_2", "tosca_simple_yaml_1_3",
            "tosca_2_0"]
TEMPLATE = """\
tosca_definitions_version: %(version)s
capability_types:
  tests.capabilities.Scalable:
    derived_from: tosca.capabilities.Scalable
    properties: {count: {type: integer, required: false, default: 1}}
node_types:
  tests.nodes.Machine:
    derived_from: tosca.nodes.Compute
    capabilities: {scalable: {type: tests.capabilities.Scalable}}
topology_template:
  inputs:
    value: {%(declared)s}
  node_templates:
    machine:
      type: tests.nodes.Machine
      capabilities: {scalable: {properties: {count: %(count)s}}}
"""


class Parser:
    """IM's parser in its virtual environment, with the type files that stand for what it would download."""

    def __init__(self, venv, types):
        self.process = subprocess.Popen(
            [os.path.join(venv, "bin", "python3"), os.path.join(HERE, "imparse.py"), *types], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, encoding="utf-8",
            env={**os.environ, "PYTHONPATH": "", "PYTHONDONTWRITEBYTECODE": "1"})

    def parse(self, text, verify=True):
        """{"inputs", "machines", "radl"}, or {"refused": why}. A process that is as good as new does it."""
        self.process.stdin.write(json.dumps({"text": text, "verify": verify}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "IM's parser ended with %s" % self.process.wait()
        answer = json.loads(line)
        assert "broken" not in answer, "%s; it was asked:\n%s" % (answer["broken"], text)
        return answer

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


@contextlib.contextmanager
def asking(venv, types):
    """A speaker and a parser with the types of a folder."""
    speaks = speaker.Speaker(speaker.make(), types)
    parser = Parser(venv, corpus.types_in(types))
    try:
        yield speaks, parser
    finally:
        parser.close()
        speaks.close()


def spellings(venv):
    """Every spelling of the tables has its value at IM."""
    wrong = []
    with asking(venv, speaker.TYPES) as (speaks, parser):
        for declared, given, value in SPELLINGS:
            text = TEMPLATE % {"version": VERSIONS[0], "declared": declared, "count": 1}
            found = _ask(speaks, parser, text, {} if given is ABSENT else {"value": given})
            if "refused" in found or not same(found["inputs"].get("value"), value):
                wrong.append("%s: %s, not %r" % (declared, _told(found, "inputs"), value))
        for count, declared, machines in COUNTS:
            text = TEMPLATE % {"version": VERSIONS[0], "declared": declared or "type: string, default: x",
                               "count": count}
            found = _ask(speaks, parser, text, {})
            if found.get("machines") != {"machine": machines}:
                wrong.append("count: %s, input %s: %s, not %d" % (count, declared, _told(found, "machines"), machines))
        for version in VERSIONS:
            found = _ask(speaks, parser,
                         TEMPLATE % {"version": version, "declared": "type: string, default: x", "count": 1}, {})
            if "refused" in found:
                wrong.append("%s: %s" % (version, _told(found, "")))
    assert not wrong, "%d are wrong\n    %s" % (len(wrong), "\n    ".join(wrong))


def _ask(speaks, parser, text, given):
    answer = speaks.ask(text, given)
    assert "document" in answer, "%s\nis refused: %s" % (text, answer)
    return parser.parse(answer["document"])


def random_cases(venv, count, least):
    """Every input of random cases has the value that we told, as far as IM can do anything with the rest: what it
    crashes on proves nothing, so `least` have to go through. (A default like random(8) is for IM to work out.) Its
    verification is off, as types of the template's own are no types of inputs to it."""
    wrong, taken = [], 0
    with asking(venv, speaker.TYPES) as (speaks, parser):
        for number in range(count):
            case = Generator("peers", number).case()
            answer = speaks.ask(case.text(), case.given)
            found = parser.parse(answer["document"], False) if "document" in answer else {"refused": ""}
            if "refused" in found:
                continue
            taken += 1
            wrong += ["case %d, input %r is %r, not %r" % (number, name, found["inputs"].get(name), value)
                      for name, value in answer["complete"].items()
                      if not same(found["inputs"].get(name), value) and not str(value).startswith("random(")]
    assert not wrong, "%d are wrong\n    %s" % (len(wrong), "\n    ".join(wrong[:20]))
    assert taken >= least, "IM's parser takes %d cases only" % taken


def real_templates(venv, folders, least, tell):
    """What IM's parser refuses of our documents, it refuses of the template too when nobody else has touched it but to
    write the same inputs into it; and what it makes of both is the same. `least`: how many it has to take, so that a
    parser that refuses all of them proves nothing. `tell`: gets a line for each that it refuses."""
    templates, types = folders
    wrong, taken, refused = [], 0, collections.defaultdict(list)
    with asking(venv, types) as (speaks, parser):
        files = type_files(corpus.types_in(types))
        for name, text in corpus.templates_in(templates):
            template = compose(text)
            answer, given = plausible.ask(speaks, Types(template, files), template, text, True)
            if "mistakes" in answer:
                assert "a part of another one" in str(answer), "%s is refused: %s" % (name, answer)
                continue
            ours, theirs = parser.parse(answer["document"]), parser.parse(with_inputs(text, given))
            taken += "refused" not in ours
            if "refused" in ours:
                refused[_first(ours["refused"])].append(name)
            if ("refused" in ours) != ("refused" in theirs):
                wrong.append("%s: %s" %
                             (name, _first(ours.get("refused") or "only ours is taken: " + theirs["refused"])))
            if parser.parse(answer["document"], False) != parser.parse(with_inputs(text, given), False):
                wrong.append("%s: IM makes something else of our document than of the template" % name)
    for reason, names in refused.items():
        tell("%d refused, ours and as they are: %s (%s)" % (len(names), reason, ", ".join(names)))
    assert not wrong, "%d are wrong\n    %s" % (len(wrong), "\n    ".join(wrong))
    assert taken >= least, "IM's parser takes %d templates only" % taken


def with_inputs(text, given):
    """The template with the inputs as defaults, by somebody who thinks nothing of it."""
    document = yaml.safe_load(text)
    for name, value in given.items():
        document["topology_template"]["inputs"][name]["default"] = value
    return yaml.safe_dump(document, sort_keys=False)


def _told(found, what):
    return _first(found["refused"]) if "refused" in found else repr(found[what])


def _first(refusal):
    """The first of what IM's parser complains of, without the places in its code."""
    lines = [line.strip() for line in refusal.splitlines() if line.strip()]
    told = [line for line in lines
            if not line.startswith(("Exception: Error parsing", "The pre-parsed input", "File "))]
    return (told or lines)[0][:SHOWN]
