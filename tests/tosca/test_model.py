# Licensed under the Apache License, Version 2.0; see LICENSE.
"""The model that judges the tosca room, by hand: what TOSCA's and YAML's rules say of single spellings."""

import pytest

from inputs import Inputs
from loaders import Yaml12, load, plain_value
from model import Refused, Schema, Types, Unsure
from reading import OUT_OF_RANGE, read, same
from written import DOUBLE, Map, Text, compose


def schema(declared, types=""):
    return Schema(Types(compose("{%s}" % types)), compose("{%s}" % declared))


@pytest.mark.parametrize("declared, spelling, value", [
    ("type: string", "1.10", "1.10"), ("type: string", "NO", "NO"), ("type: string", "~", None),
    ("type: string", "'~'", "~"), ("type: version", "1.10", "1.10"), ("type: version", "7", "7"),
    ("type: timestamp", "2026-01-01", "2026-01-01"), ("type: scalar-unit.size", "010 MB", "010 MB"),
    ("type: integer", "010", 8), ("type: integer", "'010'", 8), ("type: integer", "1:30", 90),
    ("type: integer", "1_000", 1000), ("type: integer", "0o17", "0o17"), ("type: integer", "1.0", 1.0),
    ("type: integer", "9223372036854775808", OUT_OF_RANGE), ("type: float", "1", 1.0), ("type: float", "-0.0", -0.0),
    ("type: float", "1e3", "1e3"), ("type: float", ".inf", OUT_OF_RANGE), ("type: boolean", "'Off'", False),
    ("type: boolean", "y", "y"), ("type: range", "['1', UNBOUNDED]", [1, "UNBOUNDED"]),
    ("type: list, entry_schema: {type: version}", "[1.10, 2]", ["1.10", "2"]),
    ("type: list", "[1.10, 2026-01-01, NO]", [1.1, "2026-01-01", False]),
    ("type: map, entry_schema: float", "{1: 1, NO: 0x10}", {"1": 1.0, "NO": 16.0}),
    ("type: Nobody", "{a: 010}", {"a": 8}),
])
def test_a_spelling_by_its_declared_type(declared, spelling, value):
    assert same(schema(declared).typed(compose(spelling)), value)


def test_types_of_types():
    types = """data_types: {
        Port: {derived_from: integer}, Two: {properties: {port: {type: Port}, name: {type: string, required: no}}},
        Three: {derived_from: Two, properties: {ratio: {type: float, default: 1}}}}"""
    assert schema("type: Three", types).typed(compose("{port: '010', ratio: 1, name: 1.10}")) == {
        "port": 8, "ratio": 1.0, "name": "1.10"}
    schema("type: Three", types).check({"port": 8, "name": None}, True)
    for wrong in ({}, {"port": "8"}, {"port": 8, "other": 1}, {"port": None}, []):
        with pytest.raises(Refused):
            schema("type: Three", types).check(wrong, True)


@pytest.mark.parametrize("text, value", [
    ("=", "="), ("<<", "<<"), ("2026-13-01", "2026-13-01"), ("0b_", "0b_"), ("", None), ("1.e+3", 1000.0), ("08", "08"),
    ("190:20:30", 685230), ("+.5", "+.5"), ("-0", 0)])
def test_a_spelling_that_nobody_declares(text, value):
    assert same(read(Text(text)), value)
    assert read(Text(text, DOUBLE)) == text


def values(inputs, **given):
    template = compose("topology_template: {inputs: {%s}}" % inputs)
    return Inputs(Types(template), template, given).complete()


def test_inputs():
    assert values("a: {type: float, default: 1}, b: {type: string, required: no}", a=2) == {"a": 2.0, "b": None}
    assert values("a: {type: string, default: {concat: [1.10, {get_input: b}]}}, b: {type: integer, default: 010}") == {
        "a": "1.108", "b": 8}
    for wrong in ("a: {type: string}", "a: {type: integer, default: x}", "a: {type: string, default: {get_input: a}}",
                  "a: {type: string, default: {token: [a, b, 0]}}"):
        with pytest.raises(Refused):
            values(wrong)
    for wrong in ("random(8)", 1, None):
        with pytest.raises(Refused):
            values("a: {type: string}", a=wrong)
    for declared, wrong in (("timestamp", "2001-12-14 21:59:60"), ("version", "1.2.3.a_b")):
        with pytest.raises(Refused):
            values("a: {type: %s}" % declared, a=wrong)
    with pytest.raises(Unsure):
        values("a: {type: timestamp}", a="2026-1-1")


def test_yaml_1_2_is_another_reader():
    assert load("[010, 0o17, 1e3, NO, 1_000, 1:30, 0x1F, ~, .5, 2026-01-01]", Yaml12) == [
        10, 15, 1000.0, "NO", "1_000", "1:30", 31, None, 0.5, "2026-01-01"]
    assert plain_value("010") == 8


def test_a_document_as_it_is_written():
    tree = compose("a: !!str 1\n'b': |\n  x\nc: {<<: {d: 1, e: ''}, d: 2}")
    assert isinstance(tree, Map) and [tree.get("a").is_plain, tree.get("b").text] == [False, "x\n"]
    assert [tree.get("c", "d").text, tree.get("c", "e").is_plain, tree.get("c", "d").is_plain] == ["2", False, True]
