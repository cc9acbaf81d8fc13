# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Malformed, huge, deep and wrong-typed requests on every route of the contract: a 4xx that says why, and nothing
stored."""

import json
import pathlib
import urllib.parse

import pytest
from deployed import ABSENT, frozen  # noqa: F401

from harness import wrong
from harness.client import unique

ROUTES = {path.stem: json.loads(path.read_text(encoding="utf-8"))
          for path in pathlib.Path(__file__).parents[2].joinpath("mod_orchestrator/routes").glob("*.json")}
CONTRACT = wrong.contract()
ALL = [route for _, part in sorted(ROUTES.items()) for route in part.get("routes", []) if route["who"] != "open"]
WITH_BODY = [route for route in ALL if "body" in route]
WITH_ID = [route for route in ALL if "{" in route["path"]]
JSON = {"Content-Type": "application/json"}
TABLES = ("users", "templates", "deployments", "deployment_owners", "resources", "operations", "outbox",
          "idempotency_keys", "deployment_logs", "orchestrations", "orchestration_targets")
MALFORMED = {
    "not JSON": b"{", "no value": b" \n", "two values": b"{}{}", "a comma too many": b'{"a": 1,}',
    "a bare word": b"abc", "NaN": b'{"a": NaN}', "a duplicate key": b'{"name": "a", "name": "b"}',
    "a duplicate key within": b'{"a": {"b": 1, "b": 1}}', "a NUL byte": b'{"name": "a\0b"}',
    "an escaped NUL": b'{"name": "a\\u0000b"}', "no UTF-8": b'{"name": "\xff\xfe"}', "Latin-1": b'{"name": "\xe4"}',
    "an overlong form": b'{"name": "\xc0\xaf"}', "half a surrogate": b'{"name": "\\ud800"}',
    "UTF-16": '{"name": "a"}'.encode("utf-16"), "a byte order mark": b'\xef\xbb\xbf{"name": "a"}',
    "depth": b"[" * 65 + b"]" * 65, "great depth": b"[" * 1000000, "many values": b"[" + b"[]," * 100000 + b"[]]",
    "depth within": b'{"a":' * 100 + b"1" + b"}" * 100, "a comment": b'{/**/"a": 1}'}
WRONG = {
    "a list": [], "a text": "a", "a number": 1, "nothing": None, "true": True, "an unknown field": {"colour_%s": 1},
    "a number out of range": "RANGE", "a long number": "LONG"}


def name_of(route):
    return route["id"]


@pytest.fixture(scope="module")
def person(frozen):  # noqa: F811
    """Somebody who owns a thing of each kind, administrator so that no right is in the way."""
    someone = frozen.person(admin=True)
    someone.made = someone.deploy()
    ids = {"user_id": someone.id, "deployment_id": someone.made,
           "template_id": someone.deployment(someone.made)["template_id"],
           "provider_id": someone.get("/providers").json()["data"][0]["id"]}
    for kind in ("resource", "operation"):
        ids[kind + "_id"] = someone.get("/deployments/%s/%ss" % (someone.made, kind)).json()["data"][0]["id"]
    ids["orchestration_id"] = someone.post("/orchestrations", json={
        "type": "STOP", "targets": {"include": [{"target": "all"}]}}).json()["orchestrationID"]
    someone.ids = ids
    return someone


def path_of(route, ids):
    path = route["path"]
    for name, value in ids.items():
        path = path.replace("{%s}" % name, value)
    assert "{" not in path
    return path


def state(stack):
    """Everything that is stored, in one number per table."""
    return [stack.sql("SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM %s t" % table)[0]
            for table in TABLES]


def refused(stack, client, route, before, statuses, path=None, **options):
    answer = client.request(route["method"], path or path_of(route, client.ids), **options)
    assert answer.status_code in statuses, answer.text[:400]
    assert answer.json()["detail"] and "SELECT" not in answer.text
    assert state(stack) == before
    return answer


@pytest.mark.parametrize("route", WITH_BODY, ids=name_of)
def test_a_malformed_body_is_refused(frozen, person, route):  # noqa: F811
    before = state(frozen)
    for what, data in MALFORMED.items():
        if what == "no value" and not route["body"].get("required", True):
            continue
        answer = refused(frozen, person, route, before, (400, 413) if what == "great depth" else (400,), data=data,
                         headers=JSON)
        assert answer.status_code == 400 or len(data) > 500000, what


@pytest.mark.parametrize("route", WITH_BODY, ids=name_of)
def test_a_body_of_the_wrong_shape_is_refused(frozen, person, route):  # noqa: F811
    before = state(frozen)
    for what, value in WRONG.items():
        if value == "RANGE":
            data = b'{"colour": 1e999}'
        elif value == "LONG":
            data = b'{"colour": ' + b"9" * 5000 + b"}"
        elif isinstance(value, dict):
            data = json.dumps({unique("colour"): 1}).encode()
        else:
            data = json.dumps(value).encode()
        answer = refused(frozen, person, route, before, (422,), data=data, headers=JSON)
        assert answer.json()["errors"], what


OPERATIONS = [(method.upper(), path, operation) for path, item in CONTRACT["paths"].items()
              for method, operation in item.items()]


def operation_name(one):
    return one[2]["operationId"]


def parameters_of(operation, place):
    return [entry for entry in operation.get("parameters", []) if entry["in"] == place]


def named(answer):
    """What an answer's errors name."""
    return [error.get("pointer", error.get("parameter")) for error in answer.json().get("errors", [])]


def body_of(operation, person):
    """What the contract says that a body looks like, of things that are there."""
    content = operation["requestBody"]["content"]["application/json"]
    return content["schema"], {name: person.ids.get(name, value) for name, value in content["example"].items()}


@pytest.mark.parametrize("one", [one for one in OPERATIONS if "requestBody" in one[2]], ids=operation_name)
def test_every_wrong_field_of_a_body_is_refused_and_named(frozen, person, one):  # noqa: F811
    method, path, operation = one
    before, count = state(frozen), 0
    schema, example = body_of(operation, person)
    for what, pointer, data in wrong.bodies(schema, example, CONTRACT):
        answer = person.request(method, path_of({"path": path}, person.ids), data=data, headers=JSON)
        assert answer.status_code == (400 if pointer is None else 422), (what, answer.status_code, answer.text[:300])
        assert pointer is None or pointer in named(answer), (what, pointer, answer.text[:300])
        count += 1
    assert count and state(frozen) == before


@pytest.mark.parametrize("one", [one for one in OPERATIONS if "requestBody" in one[2]], ids=operation_name)
def test_odd_texts_in_a_body_are_no_error_of_the_server(frozen, person, one):  # noqa: F811
    """Most are only texts; a person's own, or of things that are there for it."""
    method, path, operation = one
    schema, example = body_of(operation, person)
    for what, body in wrong.strange_bodies(schema, example, CONTRACT):
        answer = person.request(method, path_of({"path": path}, person.ids), json=body)
        assert answer.status_code < 500, (what, answer.text[:300])
        assert answer.status_code != 422 or named(answer), (what, answer.text[:300])


@pytest.mark.parametrize("one", [one for one in OPERATIONS if parameters_of(one[2], "query")], ids=operation_name)
def test_every_wrong_parameter_is_refused_and_named(frozen, person, one):  # noqa: F811
    method, path, operation = one
    before, count = state(frozen), 0
    path = path_of({"path": path}, person.ids)
    options = {"data": b"a: 1", "headers": {"Content-Type": "text/yaml"}} if "requestBody" in operation else {}
    for entry in parameters_of(operation, "query"):
        name = entry["name"]
        cases = [(what, [urllib.parse.quote(value, safe="") for value in values])
                 for what, values in wrong.parameter_values(entry["schema"])]
        cases += [("a NUL", ["%00"]), ("no UTF-8", ["%ff"])]
        for what, values in cases:
            query = "&".join("%s=%s" % (name, value) for value in values)
            answer = person.request(method, path + "?" + query, **options)
            assert answer.status_code in (400, 422), (name, what, answer.status_code, answer.text[:300])
            assert answer.status_code == 400 or name in named(answer), (name, what, answer.text[:300])
            assert answer.status_code == 422 or what in ("a NUL", "no UTF-8"), (name, what, answer.text[:300])
            count += 1
    assert count and state(frozen) == before


@pytest.mark.parametrize("one", [one for one in OPERATIONS if parameters_of(one[2], "header")], ids=operation_name)
def test_odd_headers_are_no_error_of_the_server(frozen, person, one):  # noqa: F811
    """A condition that no version meets: 412 before anything is changed. A key may be any short text, and with one a
    POST without a body does what it says."""
    method, path, operation = one
    path = path_of({"path": path}, person.ids)
    for entry in parameters_of(operation, "header"):
        is_key = entry["name"] == "Idempotency-Key" and not operation.get("requestBody", {}).get("required")
        for value in (b'"', b"W/", b'"a", , "', b"\xff\xfe", "\u00e4".encode(), b"x" * 5000, b'"' + b"a" * 5000 + b'"'):
            before = state(frozen)
            answer = person.request(method, path, headers={entry["name"]: value})
            assert answer.status_code < 500, (entry["name"], value[:10], answer.text[:300])
            is_carried_out = is_key and value.isascii() and len(value) < 256 and answer.status_code == 202
            if method != "GET" and not is_carried_out:
                assert answer.status_code >= 400, (entry["name"], value[:10])
                assert state(frozen) == before, (entry["name"], value[:10])


@pytest.mark.parametrize("route", WITH_BODY, ids=name_of)
def test_another_content_type_is_refused(frozen, person, route):  # noqa: F811
    before = state(frozen)
    for kind in ("text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data", "json",
                 "*/*", None):
        if kind in route["body"].get("also", []):
            continue
        headers = {"Content-Type": kind} if kind else {}
        refused(frozen, person, route, before, (415,), data=b"{}", headers=headers)


@pytest.mark.parametrize("route", WITH_BODY, ids=name_of)
def test_a_huge_body_is_refused(frozen, person, route):  # noqa: F811
    before = state(frozen)
    data = b'{"content": "' + b"a" * (9 * 1024 * 1024) + b'"}'
    refused(frozen, person, route, before, (413,), data=data, headers=JSON)
    refused(frozen, person, route, before, (413,), data=(data[at:at + 65536] for at in range(0, len(data), 65536)),
            headers=JSON)


@pytest.mark.parametrize("route", WITH_BODY, ids=name_of)
def test_a_body_of_very_many_members_is_refused(frozen, person, route):  # noqa: F811
    before = state(frozen)
    refused(frozen, person, route, before, (422,), json={"member_%d" % number: number for number in range(20000)})


@pytest.mark.parametrize("route", WITH_ID, ids=name_of)
def test_an_id_that_is_no_uuid_is_refused(frozen, person, route):  # noqa: F811
    before = state(frozen)
    for wrong in ("1", "abc", ABSENT + "0", ABSENT[:-1], "%27%3B--", "..%2f..", "%00", "%ff", "me2", "a" * 5000,
                  "%7B%7D", "null"):
        for name in person.ids:
            if "{%s}" % name not in route["path"]:
                continue
            path = path_of(route, {**person.ids, name: wrong})
            refused(frozen, person, route, before, (422, 400, 404, 414), path=path, check=False,
                    **({"json": {}} if "body" in route else {}))


@pytest.mark.parametrize("route", ALL, ids=name_of)
def test_an_unknown_parameter_is_refused(frozen, person, route):  # noqa: F811
    before = state(frozen)
    for query in ("colour=red", "pagee=1", "force%00=true", "=", "a[]=1", "%F0%9F%98%80=1", "x=" + "y" * 5000):
        answer = refused(frozen, person, route, before, (422, 400), path=path_of(route, person.ids) + "?" + query,
                         **({"json": {}} if "body" in route else {}))
        assert answer.status_code == 400 or any("parameter" in error for error in answer.json()["errors"]), query


@pytest.mark.parametrize("route", [route for route in ALL if "list" in route], ids=name_of)
def test_odd_words_are_only_words(frozen, person, route):  # noqa: F811
    before = state(frozen)
    for column in ROUTES[route["list"]]["list"]:
        if column["kind"] not in ("word", "issuer", "text") or not column.get("filter", True):
            continue
        for value in ("'; DROP TABLE users; --", '"}', "\\", "%", "_", "$1", "{a,b}", "NULL", "\u00e4\U0001f600",
                      "a\nb", "x" * 3000):
            answer = person.get(path_of(route, person.ids), params={column["name"]: value})
            assert answer.status_code in (200, 422), answer.text[:300]
            if answer.status_code == 200 and value not in ("_", "%"):
                assert answer.json()["data"] == [] or column["kind"] == "text"
    assert state(frozen) == before


@pytest.mark.parametrize("route", [route for route in ALL if "list" in route], ids=name_of)
def test_a_bad_page_is_refused(frozen, person, route):  # noqa: F811
    before = state(frozen)
    for query in ("page=0", "page=-1", "page=x", "page=1.0", "page=99999999999", "page=", "page=1&page=2", "size=0",
                  "size=501", "size=x", "size=5,6", "sort=", "sort=colour", "sort=--id", "sort=id;drop", "sort=,",
                  "sort=id,", "sort=id&sort=id", "sort=" + ",".join(["id"] * 500)):
        answer = refused(frozen, person, route, before, (422,), path=path_of(route, person.ids) + "?" + query)
        assert answer.json()["errors"][0]["parameter"] == query.partition("=")[0]


@pytest.mark.parametrize("route", [route for route in ALL if route.get("creates")], ids=name_of)
def test_a_bad_key_is_refused(frozen, person, route):  # noqa: F811
    before = state(frozen)
    for key in ("", "a" * 256, "\u00e4".encode("latin-1"), "a\tb"):
        options = {"json": {}} if "body" in route else {}
        answer = refused(frozen, person, route, before, (422, 400), headers={"Idempotency-Key": key}, **options)
        assert answer.status_code == 400 or "Idempotency-Key" in answer.text
