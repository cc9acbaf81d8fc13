# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Checks answers against the OpenAPI document that the module serves."""

import copy
import json
import re

import jsonschema

# Headers that are part of the contract: an answer that has one must document it.
HEADERS = ("location", "etag", "retry-after", "allow", "www-authenticate", "cache-control")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
URI = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:\S+")
FORMATS = jsonschema.FormatChecker(formats=())
FORMATS.checks("uuid")(lambda value: not isinstance(value, str) or UUID.fullmatch(value) is not None)
FORMATS.checks("date-time")(lambda value: not isinstance(value, str) or TIME.fullmatch(value) is not None)
FORMATS.checks("uri")(lambda value: not isinstance(value, str) or URI.fullmatch(value) is not None)
COMPOSITIONS = ("allOf", "anyOf", "oneOf")


class Contract:
    def __init__(self, document, prefix="/api/v1"):
        self.prefix = prefix
        self.document = _closed(document)
        self.paths = {self._below(path): item for path, item in self.document["paths"].items()}
        self._patterns = [(re.compile("/".join("[^/]+" if part.startswith("{") else re.escape(part)
                                               for part in path.split("/")) + "/?"), path)
                          for path in sorted(self.paths, key=lambda path: path.count("{"))]
        self._validators = {}
        self.seen = set()  # (path, method, status) of every answer that was checked

    def _below(self, path):
        return path[len(self.prefix):] if path.startswith(self.prefix + "/") else path

    def template(self, path):
        """The documented path that a request's path (below the prefix, without its query) belongs to, or None."""
        for pattern, template in self._patterns:
            if pattern.fullmatch(path):
                return template
        return None

    def check(self, method, path, response):
        """AssertionError, naming route, status and reason, unless the contract allows this answer (of requests)."""
        path = path.partition("?")[0]
        template = self.template(path)
        try:
            self._check(method.upper(), template, response)
        except AssertionError as error:
            raise AssertionError("%s %s -> %d breaks the contract: %s\n  body: %s" % (
                method, template or path + " (not in openapi.json)", response.status_code, error,
                response.text[:600])) from None

    def _check(self, method, template, response):
        status = response.status_code
        self.seen.add((template, method, status))
        _need(response.headers.get("X-Request-ID"), "no X-Request-ID")
        item = self.paths.get(template, {})
        operation = item.get(method.lower())
        if operation is None and method == "HEAD":
            operation = item.get("get")
        if operation is None:
            self._undocumented(method, item, response)
            return
        _need(str(status) in operation["responses"], "status %d is not documented (%s are)" % (
            status, ", ".join(sorted(operation["responses"]))))
        self._answer(self._resolve(operation["responses"][str(status)]), response,
                     bodyless=method == "HEAD" or status == 304)

    def _undocumented(self, method, item, response):
        """Routes and methods that no document lists keep to what every route does (surface/README.md)."""
        status = response.status_code
        if method == "OPTIONS":
            wanted = (204,) if item else (204, 404)
        elif item:
            wanted = (405, 401)
        else:
            wanted = (404, 401)
        # What httpd refuses before it looks for a handler.
        _need(status in wanted + (400, 408, 413, 414, 431, 500, 501, 503), "expected one of %s" % (wanted,))
        _need(response.headers.get("Cache-Control") == "private, no-cache",
              "not the Cache-Control of what is no secret")
        if status in (204, 405):
            _need(response.headers.get("Allow"), "no Allow")
        if status == 401:
            _need(response.headers.get("WWW-Authenticate", "").startswith("Bearer"), "no WWW-Authenticate: Bearer")
        if status >= 400 and method != "HEAD":
            self.problem(response)

    @staticmethod
    def problem(response):
        """An error's body is problem+json, whoever made it."""
        _need(_media_type(response) == "application/problem+json",
              "content type %s" % response.headers.get("Content-Type"))
        value = response.json()
        for member, kind in (("type", str), ("title", str), ("status", int), ("detail", str), ("instance", str)):
            _need(isinstance(value.get(member), kind), "problem without %s" % member)
        _need(value["status"] == response.status_code, "the problem says status %s" % value["status"])
        _need(value["instance"] == response.headers["X-Request-ID"], "instance is not the request id")

    def _resolve(self, value):
        while "$ref" in value:
            target = self.document
            for part in value["$ref"].lstrip("#/").split("/"):
                target = target[part.replace("~1", "/").replace("~0", "~")]
            value = target
        return value

    def _answer(self, documented, response, bodyless):
        headers = {name.lower(): self._resolve(header) for name, header in documented.get("headers", {}).items()}
        for name in HEADERS:
            if name in response.headers:
                _need(name in headers, "header %s is not documented" % name)
        for name, header in headers.items():
            value, schema = response.headers.get(name), header.get("schema", {})
            _need(value is not None or not header.get("required"), "header %s is missing" % name)
            if value is not None and schema.get("type") == "integer":
                _need(value.isdigit(), "header %s is no number: %s" % (name, value))
            wanted = schema.get("enum", [schema["const"]] if "const" in schema else [])
            _need(value is None or not wanted or value in wanted,
                  "header %s is %s and not %s" % (name, value, " or ".join(wanted)))
        content = documented.get("content")
        if bodyless or not content:
            _need(not response.content, "there should be no body")
            return
        kind = _media_type(response)
        _need(kind in content, "content type %r is not documented (%s)" % (kind, ", ".join(content)))
        schema = content[kind].get("schema")
        if kind.endswith("json"):
            texts = response.text.split("\n") if kind.endswith("ndjson") else [response.text]
            for text in filter(None, texts):  # an empty line is a sign of life
                self._validate(schema, json.loads(text, parse_constant=_no_constant))
        if response.status_code >= 400:
            self.problem(response)

    def _validate(self, schema, value):
        if schema is None:
            return
        key = json.dumps(schema, sort_keys=True)
        if key not in self._validators:
            # The document's components lie beside the schema, so that "#/components/..." is found within it.
            whole = {**copy.deepcopy(schema), "components": self.document.get("components", {})}
            jsonschema.Draft202012Validator.check_schema(whole)
            self._validators[key] = jsonschema.Draft202012Validator(whole, format_checker=FORMATS)
        errors = sorted(self._validators[key].iter_errors(value), key=lambda error: list(map(str, error.absolute_path)))
        _need(not errors, "; ".join("/%s: %s" % ("/".join(map(str, error.absolute_path)), error.message[:200])
                                    for error in errors[:5]))


def _need(condition, reason):
    if not condition:
        raise AssertionError(reason)


def _media_type(response):
    return response.headers.get("Content-Type", "").partition(";")[0].strip().lower()


def _no_constant(name):
    raise AssertionError("%s is no JSON" % name)


def _closed(document):
    """A copy in which an object schema that lists its properties allows no others, so that an undocumented field fails.
    Schemas that take part in a composition stay open there (the composition has to say it) and have a closed twin for
    the places that use them alone."""
    document = copy.deepcopy(document)
    open_references = set()

    def collect(node):
        if isinstance(node, dict):
            for name in COMPOSITIONS:
                open_references.update(part["$ref"] for part in node.get(name, [])
                                       if isinstance(part, dict) and "$ref" in part)
            for value in node.values():
                collect(value)
        elif isinstance(node, list):
            for value in node:
                collect(value)

    def close(node, composed=False):
        if isinstance(node, list):
            for value in node:
                close(value)
            return
        if not isinstance(node, dict):
            return
        if node.get("$ref") in open_references and not composed:
            node["$ref"] += "--closed"
        if isinstance(node.get("properties"), dict) and not composed and not any(name in node
                                                                                 for name in COMPOSITIONS) \
                and "additionalProperties" not in node and "unevaluatedProperties" not in node:
            node["additionalProperties"] = False
        for name, value in node.items():
            if name in COMPOSITIONS:
                for part in value:
                    close(part, composed=True)
            elif name not in ("example", "examples", "default", "enum", "const"):
                close(value)

    collect(document)
    schemas = document.get("components", {}).get("schemas", {})
    schemas.update({reference.rpartition("/")[2] + "--closed": copy.deepcopy(schemas[reference.rpartition("/")[2]])
                    for reference in open_references})
    for name, schema in schemas.items():
        close(schema, composed="#/components/schemas/" + name in open_references)
    for name in document:
        if name != "components":
            close(document[name])
    for name, value in document.get("components", {}).items():
        if name != "schemas":
            close(value)
    return document
