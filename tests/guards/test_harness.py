# Licensed under the Apache License, Version 2.0; see LICENSE.
"""The tests' own tools have to be able to fail: each kind of broken answer and log line is found."""

import json

import pytest
import requests

from harness.contract import Contract
from harness.logs import Watcher

REQUEST_ID = {"X-Request-ID": "r-1"}
DOCUMENT = {
    "openapi": "3.1.0",
    "paths": {
        "/things": {"post": {"responses": {
            "201": {"headers": {"Location": {"required": True, "schema": {"type": "string"}}},
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Id"}}}}}}},
        "/things/{id}": {"get": {"responses": {
            "200": {"headers": {"ETag": {"required": True, "schema": {"type": "string"}}},
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
            "304": {"headers": {"ETag": {"schema": {"type": "string"}}}},
            "404": {"content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}},
            "503": {"headers": {"Retry-After": {"schema": {"type": "integer"}}},
                    "content": {"application/problem+json": {"schema": {"type": "object"}}}}}}},
        "/things/me": {"get": {"responses": {"204": {"headers": {
            "Cache-Control": {"required": True, "schema": {"type": "string", "const": "no-cache"}}}}}}}},
    "components": {"schemas": {
        "Id": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string", "format": "uuid"}}},
        "Thing": {"allOf": [{"$ref": "#/components/schemas/Id"},
                            {"type": "object", "required": ["at"],
                             "properties": {"at": {"type": "string", "format": "date-time"}}}],
                  "unevaluatedProperties": False},
        "Problem": {"type": "object", "required": ["type", "title", "status", "detail", "instance"], "properties": {
            "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"},
            "detail": {"type": "string"}, "instance": {"type": "string"}}}}}}
CACHING = {"Cache_Control": "private, no-cache"}  # of what no document lists
UUID = "01900000-0000-7000-8000-000000000000"
THING = {"id": UUID, "at": "2024-01-01T10:00:00.000000Z"}
PROBLEM = {"type": "about:blank", "title": "Not found", "status": 404, "detail": "no such thing", "instance": "r-1"}


def answer(status, value=None, content_type="application/json", **headers):
    made = requests.Response()
    made.status_code = status
    made._content = b"" if value is None else json.dumps(value).encode()
    made.headers.update(REQUEST_ID)
    if value is not None:
        made.headers["Content-Type"] = content_type
    made.headers.update({name.replace("_", "-"): text for name, text in headers.items() if text is not None})
    return made


@pytest.mark.parametrize("method, path, given", [
    ("GET", "/things/" + UUID, answer(200, THING, ETag='"1"')),
    ("GET", "/things/" + UUID + "/?x=/y", answer(200, THING, ETag='"1"')),
    ("HEAD", "/things/" + UUID, answer(200, ETag='"1"')),
    ("GET", "/things/" + UUID, answer(304)),
    ("GET", "/things/" + UUID, answer(404, PROBLEM, "application/problem+json")),
    ("GET", "/things/me", answer(204, Cache_Control="no-cache")),
    ("OPTIONS", "/things", answer(204, Allow="POST, OPTIONS", **CACHING)),
    ("GET", "/nothing", answer(404, PROBLEM, "application/problem+json", **CACHING)),
    ("PUT", "/things", answer(405, {**PROBLEM, "status": 405}, "application/problem+json", Allow="POST", **CACHING)),
])
def test_an_answer_within_the_contract_passes(method, path, given):
    Contract(DOCUMENT).check(method, path, given)


@pytest.mark.parametrize("method, path, given, reason", [
    ("GET", "/things/x", answer(418, THING), "status 418 is not documented"),
    ("GET", "/things/x", answer(200, THING), "header etag is missing"),
    ("GET", "/things/x", answer(200, THING, ETag='"1"', X_Request_ID=""), "no X-Request-ID"),
    ("GET", "/things/x", answer(200, THING, ETag='"1"', Location="/y"),
     "header Location is not documented|location is not documented"),
    ("GET", "/things/x", answer(200, {**THING, "more": 1}, ETag='"1"'), "'more' was unexpected"),
    ("GET", "/things/x", answer(200, {"id": UUID}, ETag='"1"'), "'at' is a required property"),
    ("GET", "/things/x", answer(200, {**THING, "id": "x"}, ETag='"1"'), "/id: 'x' is not a 'uuid'"),
    ("GET", "/things/x", answer(200, {**THING, "at": "2024-01-01T10:00:00Z"}, ETag='"1"'), "is not a 'date-time'"),
    ("GET", "/things/x", answer(200, THING, "text/html", ETag='"1"'), "content type 'text/html' is not documented"),
    ("GET", "/things/x", answer(304, THING), "there should be no body"),
    ("GET", "/things/x", answer(404, {**PROBLEM, "status": 403}, "application/problem+json"),
     "the problem says status 403"),
    ("GET", "/things/x", answer(404, {**PROBLEM, "instance": "r-2"}, "application/problem+json"), "not the request id"),
    ("GET", "/things/x", answer(503, {**PROBLEM, "status": 503}, "application/problem+json", Retry_After="soon"),
     "is no number"),
    ("GET", "/things/me", answer(204), "header cache-control is missing"),
    ("GET", "/things/me", answer(204, Cache_Control="public"), "header cache-control is public and not no-cache"),
    ("GET", "/things/me", answer(204, THING, Cache_Control="no-cache"), "there should be no body"),
    ("POST", "/things", answer(201, {"id": UUID}), "header location is missing"),
    ("POST", "/things", answer(201, {"id": UUID, "x": 1}, Location="/things/x"), "'x' was unexpected"),
    ("PUT", "/things", answer(405, {**PROBLEM, "status": 405}, "application/problem+json", **CACHING), "no Allow"),
    ("PUT", "/things", answer(200, THING), "expected one of"),
    ("OPTIONS", "/things", answer(204, **CACHING), "no Allow"),
    ("OPTIONS", "/things", answer(204, Allow="POST, OPTIONS"), "not the Cache-Control"),
    ("GET", "/nothing", answer(200, THING), "expected one of"),
    ("GET", "/nothing", answer(401, {**PROBLEM, "status": 401}, "application/problem+json", **CACHING),
     "no WWW-Authenticate"),
])
def test_an_answer_outside_the_contract_fails(method, path, given, reason):
    with pytest.raises(AssertionError, match=reason):
        Contract(DOCUMENT).check(method, path, given)


class Logs:
    """As much of a stack as the watcher needs."""

    def __init__(self, folder):
        self.logs = [str(folder / "httpd-error.log"), str(folder / "httpd-access.log")]

    def write(self, line, log=0):
        with open(self.logs[log], "a", encoding="utf-8") as file:
            file.write(line + "\n")


WARNING = "[2024-01-01 10:00:00.000000] [orchestrator:warn] [pid 1:tid 2] [id -] something odd"


@pytest.fixture
def logs(tmp_path):
    made = Logs(tmp_path)
    made.watcher = Watcher(made)
    made.watcher.begin()
    return made


def test_a_quiet_log_has_no_complaints(logs):
    logs.write(WARNING.replace("warn", "info"))
    logs.write("127.0.0.1 - - GET /x 200", log=1)
    assert logs.watcher.check() == []


def test_a_notice_about_the_hosts_libraries_is_no_complaint(logs):
    logs.write("[2024-01-01 10:00:00.000000] [ssl:warn] [pid 1:tid 2] AH01882: Init: this version of mod_ssl was "
               "compiled against"
               " a newer library (OpenSSL 3.0.20 7 Apr 2026, version currently loaded is OpenSSL 3.0.19 27 Jan 2026) "
               "- may result in"
               " undefined or erroneous behavior")
    assert logs.watcher.check() == []


@pytest.mark.parametrize("line", [
    WARNING, WARNING.replace("warn", "error"), "free(): invalid pointer", WARNING + " AH01882: Init: not mod_ssl's",
    "[2024-01-01 10:00:00.000000] [core:notice] [pid 1:tid 2] AH00052: "
    "child pid 9 exit signal Segmentation fault (11)"])
def test_a_line_that_nobody_expected_is_a_complaint_once(logs, line):
    logs.write(line)
    assert len(logs.watcher.check()) == 1
    assert logs.watcher.check() == []


def test_an_expected_line_is_none_and_a_required_one_has_to_come(logs):
    import re
    logs.watcher.expected = [(re.compile("something odd"), True), (re.compile("never"), False)]
    assert len(logs.watcher.check()) == 1
    logs.write(WARNING)
    assert logs.watcher.check() == []


def test_secrets_are_found_in_every_log(logs):
    logs.watcher.secrets.add("s3cret-value")
    logs.write("GET /?token=eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln", log=1)
    logs.write(WARNING.replace("warn", "info") + " -----BEGIN OPENSSH PRIVATE " + "KEY-----")
    logs.write("a s3cret-value", log=1)
    assert len(logs.watcher.check()) == 3
