# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Malformed, huge, deep and wrong-typed requests on every route of the contract: a 4xx that says why, and nothing
stored."""

import json
import pathlib

import pytest
from deployed import ABSENT, frozen  # noqa: F401

from harness.client import unique

ROUTES = {path.stem: json.loads(path.read_text(encoding="utf-8"))
          for path in pathlib.Path(__file__).parents[2].joinpath("mod_orchestrator/routes").glob("*.json")}
COMPONENTS = {name: schema for part in ROUTES.values() for name, schema in part.get("components", {}).items()}
ALL = [route for _, part in sorted(ROUTES.items()) for route in part.get("routes", []) if route["who"] != "open"]
WITH_BODY = [route for route in ALL if "body" in route]
WITH_ID = [route for route in ALL if "{" in route["path"]]
JSON = {"Content-Type": "application/json"}
TABLES = ("users", "templates", "deployments", "deployment_owners", "resources", "operations", "outbox",
          "idempotency_keys", "deployment_logs")
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


def members(route):
    return sorted(COMPONENTS[route["body"]["schema"]].get("properties", {}).items())


@pytest.mark.parametrize("route", WITH_BODY, ids=name_of)
def test_every_field_of_a_wrong_type_is_named(frozen, person, route):  # noqa: F811
    before = state(frozen)
    for name, schema in members(route):
        kinds = schema.get("type", "string")
        kinds = [kinds] if isinstance(kinds, str) else kinds
        wrong = {"string": "text", "integer": 7, "boolean": True, "object": {}, "array": [], "null": None, "real": 1.5}
        for kind, value in wrong.items():
            if kind in kinds:
                continue
            answer = refused(frozen, person, route, before, (422,), json={name: value})
            assert any(error.get("pointer", "").startswith("/" + name) for error in answer.json()["errors"]), (name,
                                                                                                               kind)
        if "string" in kinds and "maxLength" in schema:
            answer = refused(frozen, person, route, before, (422,), json={name: "a" * (schema["maxLength"] + 1)})
            assert "/" + name in [error.get("pointer") for error in answer.json()["errors"]], name


@pytest.mark.parametrize("route", WITH_BODY, ids=name_of)
def test_another_content_type_is_refused(frozen, person, route):  # noqa: F811
    before = state(frozen)
    for kind in ("text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data", "json",
                 "*/*", None):
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
def test_a_bad_value_of_every_filter_is_refused(frozen, person, route):  # noqa: F811
    before = state(frozen)
    for column in ROUTES[route["list"]]["list"]:
        kind, name = column["kind"], column["name"]
        if not column.get("filter", True) or kind in ("word", "issuer", "text"):
            continue
        base = name[:-3] if kind == "time" else name
        for key in {"time": [base + "_before", base + "_after"],
                    **dict.fromkeys(("integer", "number"), [name, name + "_gte", name + "_lte"])}.get(kind, [name]):
            numbers = ("1e5", "99999999999999999999") if kind != "number" else ("1e", "1e9999", "0x1", "9" * 65)
            for value in ("", "%00", "a'b", "%F0%9F%98%80", "{1,2}", ",", "x" * 3000) + numbers:
                path = "%s?%s=%s" % (path_of(route, person.ids), key, value)
                answer = refused(frozen, person, route, before, (422, 400), path=path)
                assert answer.status_code == 400 or [error["parameter"]
                                                     for error in answer.json()["errors"]] == [key], path


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
