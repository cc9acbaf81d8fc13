# Licensed under the Apache License, Version 2.0; see LICENSE.
"""What fields mean and look like: descriptions and examples laid into the schemas of the OpenAPI document, and what has
none. Of compile_routes.py."""
import re

TIME = "2026-01-31T10:00:00.000000Z"
SERVICE = "https://orchestrator.example.org/api/v1"
PREFIX = "#/components/schemas/"


def uuid_of(name):
    """An id of an object of that name, always the same."""
    name = re.sub(r"(_id|_by)$", "", name)
    return "0194bd00-0000-7000-8000-%012x" % (int.from_bytes(name.encode()[-6:], "big"))


def target(schema, components):
    """What a schema refers to, or itself."""
    while "$ref" in schema:
        schema = components[schema["$ref"][len(PREFIX):]]
    return schema


def types(schema):
    kinds = schema.get("type", [])
    return [kinds] if isinstance(kinds, str) else kinds


def example(name, schema, components):
    """What a value of that name looks like; a KeyError when nothing tells."""
    for key in ("examples", "enum"):
        if schema.get(key):
            return schema[key][0]
    for key in ("const", "default"):
        if schema.get(key) is not None:
            return schema[key]
    if "$ref" in schema:
        return example(name, target(schema, components), components)
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            return example(name, schema[key][0], components)
    return made_up(name, schema, components)


def made_up(name, schema, components):
    kinds, form = types(schema), schema.get("format")
    if "object" in kinds and "properties" in schema:
        return {key: example(key, value, components) for key, value in schema["properties"].items()}
    if "array" in kinds:
        return [example(name, schema["items"], components)]
    if form == "uuid":
        return uuid_of(name)
    if form == "date-time":
        return TIME
    if "boolean" in kinds:
        return True
    if {"integer", "number"} & set(kinds) and "minimum" in schema:
        return max(schema["minimum"], 1) if schema.get("maximum", 1) >= 1 else schema["minimum"]
    if "default" in schema:
        return schema["default"]
    raise KeyError(name)


def laid_within(name, schema, fields):
    """The same within a schema."""
    out = dict(schema)
    if isinstance(schema.get("properties"), dict):
        out["properties"] = {key: laid_over(key, value, fields, name) for key, value in schema["properties"].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            out[key] = laid_within(name, schema[key], fields)
    return out


def laid_over(name, schema, fields, within=""):
    """A schema with what is known of fields of that name (within another, or anywhere), where it says nothing itself;
    what is within it, too."""
    known = {**fields.get(name, {}), **fields.get("%s.%s" % (within, name), {})}
    if "$ref" in schema:
        known.pop("examples", None)
    return {**known, **laid_within(name, schema, fields)}


def with_examples(name, schema, components):
    """A schema whose fields have an example each."""
    out = dict(schema)
    if isinstance(schema.get("properties"), dict):
        out["properties"] = {key: with_examples(key, value, components) for key, value in schema["properties"].items()}
    elif "examples" not in schema and "$ref" not in schema and "const" not in schema:
        try:
            out["examples"] = [example(name, schema, components)]
        except KeyError:
            pass  # undescribed() tells
    return out


def described(components, fields):
    """The schemas as the document has them: with descriptions and examples."""
    laid = {name: laid_over(name, schema, fields) for name, schema in components.items()}
    return {name: with_examples(name, schema, laid) for name, schema in laid.items()}


def body_example(name, components):
    """What a body of that schema looks like, with no more than it needs; None when nothing tells."""
    schema = components[name]
    fields = schema.get("properties", {})
    needed = schema.get("required") or list(fields)[:schema.get("maxProperties")]
    try:
        if schema.get("examples") or not fields:
            return example(name, schema, components)
        return {key: example(key, fields[key], components) for key in needed}
    except KeyError:
        return None


# ---- what has none ----

def _fields(where, schema):
    for name, value in schema.get("properties", {}).items():
        place = "%s.%s" % (where, name)
        if not value.get("description"):
            yield "%s: a description is needed" % place
        if "$ref" not in value and "const" not in value and not value.get("examples"):
            yield "%s: examples are needed" % place
        yield from _fields(place, value)
        yield from _fields(place + "[]", value.get("items", {}))


def undescribed(document):
    """What an OpenAPI document says too little of, a line each: operations, parameters, answers, schemas, fields."""
    for name, schema in document["components"]["schemas"].items():
        if not schema.get("description"):
            yield "%s: a description is needed" % name
        yield from _fields(name, schema)
    for path, item in document["paths"].items():
        for method, operation in item.items():
            where = "%s %s" % (method.upper(), path)
            if not operation.get("summary"):
                yield "%s: a summary is needed" % where
            for entry in operation.get("parameters", []):
                if not entry.get("description") or "example" not in entry:
                    yield "%s: parameter %s: a description and an example are needed" % (where, entry["name"])
            for status, answer in operation["responses"].items():
                if not answer.get("description"):
                    yield "%s: answer %s: a description is needed" % (where, status)
                if int(status) >= 400 and "Error" + status not in document["components"]["examples"]:
                    yield "%s: answer %s: an example is needed" % (where, status)
            for kind, content in operation.get("requestBody", {}).get("content", {}).items():
                if "example" not in content:
                    yield "%s: an example of a body of %s is needed" % (where, kind)
    for tag in document["tags"]:
        if not tag.get("description"):
            yield "%s: a description of the collection is needed" % tag["name"]
