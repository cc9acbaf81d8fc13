# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Requests that break a contract, made of it: for each field of a body and each parameter all that its schema refuses.
And strange ones that it takes, which may be refused for other reasons, but never make an error of the server."""

import copy
import json
import re
import sys
from pathlib import Path

ROOM = Path(__file__).parents[2] / "mod_orchestrator"
OF_TYPES = {"string": ["text"], "integer": [7], "number": [1.5], "boolean": [True], "object": [{}], "array": [[]],
            "null": [None]}
STRANGE = ["\U0001f600" * 3, "\u202eabc", "e\u0301", "\u0130I\u0131", "a'b\"c;--", "%s%n\\", "\u00e4", "  ", "a\tb\nc",
           "\ufeff", "\uffff", "\U0010ffff", "{access_token}", "$(id)", "<b>"]
HUGE = "9" * 400


def contract():
    """The OpenAPI document that the sources make."""
    sys.path.insert(0, str(ROOM / "surface"))
    import compile_routes
    return compile_routes.openapi(*compile_routes.read(ROOM / "routes", []))


def resolved(schema, document):
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def types_of(schema):
    kinds = schema.get("type", [])
    return [kinds] if isinstance(kinds, str) else kinds


class Raw(str):
    """JSON as it stands, which no value makes."""


def _texts(schema):
    if schema.get("minLength", 0) > 0:
        yield "empty", ""
    if "maxLength" in schema:
        yield "too long", "a" * (schema["maxLength"] + 1)
        yield "too long, of two bytes each", "\u00e4" * (schema["maxLength"] + 1)
    if "pattern" in schema or schema.get("format") == "uri":
        yield "of another form", "no such form"
    if schema.get("format") == "uuid":
        for text in ("", "x", "0194bd00-0000-7000-8000-00000000000", "0194bd00-0000-7000-8000-0000000000000",
                     "0194bd00000070008000000000000000", "\uff10194bd00-0000-7000-8000-000000000000",
                     "{0194bd00-0000-7000-8000-000000000000}"):
            yield "no UUID: %r" % text, text
    if schema.get("format") == "date-time":
        for text in ("", "yesterday", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-01T25:00:00Z",
                     "\u0662026-01-01T00:00:00Z"):
            yield "no time: %r" % text, text


def _numbers(schema):
    if "minimum" in schema:
        yield "too small", schema["minimum"] - 1
        yield "far too small", Raw("-" + HUGE)
    if "maximum" in schema:
        yield "too large", schema["maximum"] + 1
        yield "far too large", Raw(HUGE)
    yield "larger than any number", Raw("1e999")
    if "number" not in types_of(schema):
        yield "no whole number", 1.5


def _within(schema, document):
    """What is wrong within an array or object: (what, pointer below, value)."""
    if "items" in schema:
        for what, below, value in values(schema["items"], document):
            yield "an entry that is " + what, "/0" + below, [value]
    if "maxItems" in schema:
        yield "too many entries", "", [None] * (schema["maxItems"] + 1)
    if schema.get("minItems"):
        yield "no entry", "", []
    if schema.get("additionalProperties") is False:
        yield "an object with an unknown member", "/colour", {"colour": 1}
    for name, inner in schema.get("properties", {}).items():
        for what, below, value in values(inner, document):
            yield "an object whose %s is %s" % (name, what), "/%s%s" % (name, below), {name: value}


def values(schema, document):
    """All kinds of wrong values for a schema, as (what, pointer below it, value)."""
    schema = resolved(schema, document)
    kinds = types_of(schema)
    for kind, wrong in OF_TYPES.items():
        fits = kind in kinds or (kind == "integer" and "number" in kinds)
        if kinds and not fits:
            yield from (("of the type " + kind, "", value) for value in wrong)
    if "enum" in schema:
        for value in ("no such word", "", str(schema["enum"][0]).swapcase(), "\u00e4" + str(schema["enum"][0])):
            if value not in schema["enum"]:
                yield "none of its words", "", value
    if "string" in kinds:
        yield from ((what, "", value) for what, value in _texts(schema))
    if "integer" in kinds or "number" in kinds:
        yield from ((what, "", value) for what, value in _numbers(schema))
    yield from _within(schema, document)


def encoded(value):
    """JSON of a value that may hold Raw."""
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, dict):
        return "{%s}" % ",".join("%s:%s" % (json.dumps(key), encoded(entry)) for key, entry in value.items())
    if isinstance(value, list):
        return "[%s]" % ",".join(map(encoded, value))
    return json.dumps(value, ensure_ascii=False)


def bodies(schema, example, document):
    """Wrong bodies: (what, pointer that the answer has to name or None, bytes). Without a pointer it is no JSON that
    could be read, a 400."""
    schema = resolved(schema, document)
    for kind in set(OF_TYPES) - set(types_of(schema)):
        yield "of the type " + kind, "", json.dumps(OF_TYPES[kind][0]).encode()
    for name, field in schema.get("properties", {}).items():
        for what, below, value in values(field, document):
            body = encoded({**example, name: value})
            yield "%s, %s" % (name, what), "/%s%s" % (name, below), body.encode()
        given = json.dumps(example.get(name, "x"))
        rest = {key: value for key, value in example.items() if key != name}
        before = json.dumps(rest)[:-1] + (", " if rest else "") + '"%s": ' % name
        for what, value in (("twice", '%s, "%s": %s' % (given, name, given)), ("with a NUL", '"a\\u0000"'),
                            ("half a surrogate", '"\\ud83d"'), ("a control character", '"a\x01"')):
            yield "%s, %s" % (name, what), None, (before + value + "}").encode()
        yield "%s, no UTF-8" % name, None, before.encode() + b'"\xff"}'
    for name in schema.get("required", []):
        body = {key: value for key, value in example.items() if key != name}
        yield "without %s" % name, "/" + name, json.dumps(body).encode()
    if schema.get("additionalProperties") is False:
        yield "with an unknown member", "/col\u00f6ur", json.dumps({**example, "col\u00f6ur": 1}).encode()


def strange_bodies(schema, example, document):
    """Bodies that keep to their schema and are odd: (what, value)."""
    for name, field in resolved(schema, document).get("properties", {}).items():
        field = resolved(field, document)
        if "string" in types_of(field) and "enum" not in field and field.get("format") != "uuid":
            for text in STRANGE + ["\U0001f600" * field.get("maxLength", 100)]:
                yield "%s, %r" % (name, text[:20]), {**copy.deepcopy(example), name: text}


def parameter_values(schema):
    """Wrong values of a parameter, as texts: (what, list of them)."""
    one = schema.get("items", schema)
    is_list = "items" in schema
    kinds = types_of(one)
    is_person = any(part.get("const") == "me" for part in one.get("anyOf", []))
    yield "empty", [""]
    if not is_list:
        yield "twice", [str(value) for value in [_good(one)] * 2]
    elif "maxItems" in schema:
        yield "too many", [str(_good(one))] * (schema["maxItems"] + 1)
    if "integer" in kinds or "number" in kinds:
        for text in ("x", " 1", "0x1", "\uff11", "-", HUGE, *(() if "number" in kinds else ("1.5", "1e3"))):
            yield "no number: %r" % text[:9], [text]
        for key, step in (("minimum", -1), ("maximum", 1)):
            if key in one:
                yield "out of range", [str(one[key] + step * (1 if "integer" in kinds else 1e12))]
    if "boolean" in kinds:
        for text in ("maybe", "tru", "2", "\u771f", "null"):
            yield "neither true nor false: %r" % text, [text]
    if "enum" in one:
        for text in ("no_such_word", "\u00e4", "99", str(one["enum"][0]) + "x"):
            yield "none of its words: %r" % text, [text]
    if one.get("format") in ("uuid", "date-time") or is_person:
        form = {"format": "uuid"} if is_person else {"format": one["format"]}
        yield from ((what, [text]) for what, text in _texts(form))
    if "maxLength" in one:
        yield "too long", ["a" * (one["maxLength"] + 1)]
    if "pattern" in one and not is_list:
        for text in ("colour", "--id", "id,,id", "id,", "\u0456d", "id desc", "id;"):
            if not re.search(one["pattern"], text):
                yield "of another form: %r" % text, [text]


def _good(schema):
    """A value that such a parameter takes."""
    if "anyOf" in schema:
        schema = schema["anyOf"][0]
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("format") == "uuid":
        return "0194bd00-0000-7000-8000-000000000000"
    if schema.get("format") == "date-time":
        return "2026-01-01T00:00:00Z"
    kinds = types_of(schema)
    return schema.get("default", 1 if {"integer", "number"} & set(kinds) else "true" if "boolean" in kinds else "word")
