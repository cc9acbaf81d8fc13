# Licensed under the Apache License, Version 2.0; see LICENSE.
"""openapi.json, and what every route keeps to (mod_orchestrator/surface/README.md): paths, methods, bodies, errors,
ids."""

import html.parser
import json
import re
import shlex

import jsonschema
import pytest

from harness.client import expect, unique

UNKNOWN = "00000000-0000-7000-8000-000000000000"


@pytest.fixture
def document(stack):
    return expect(stack.client(None).get("/openapi.json"), 200).json()


def operations(document):
    return [(path, method, operation) for path, item in document["paths"].items() for method, operation in item.items()]


def filled(path):
    return re.sub(r"{\w+}", UNKNOWN, path)


def call(person, method, path, **options):
    return person.request(method.upper(), path, **options)


def test_the_document_is_openapi_3_1(document):
    assert document["openapi"].startswith("3.1.")
    assert {"title", "version"} <= set(document["info"])
    for name, schema in document["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert re.fullmatch(r"\w+", name)
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids))


def test_the_document_tells_where_it_is_served(document, stack):
    assert document["servers"] == [{"url": stack.url}]


def test_every_reference_leads_somewhere(document):
    for kind in ("schemas", "examples"):
        names = set(document["components"][kind])
        assert set(re.findall(r'"#/components/%s/(\w+)"' % kind, json.dumps(document))) <= names
    assert re.findall(r'"\$ref": "(?!#/components/(schemas|examples)/)', json.dumps(document)) == []


def test_every_answer_has_a_request_id_and_every_error_is_a_problem(document):
    for _, _, operation in operations(document):
        for status, response in operation["responses"].items():
            assert response["headers"]["X-Request-ID"]["required"]
            if int(status) >= 400:
                assert list(response["content"]) == ["application/problem+json"]


def example_of(document, status):
    """What the document says that an error of a status looks like."""
    return document["components"]["examples"]["Error%d" % status]["value"]


def test_every_error_has_an_example(document):
    problem = jsonschema.Draft202012Validator(document["components"]["schemas"]["Problem"])
    for _, _, operation in operations(document):
        for status, response in operation["responses"].items():
            if int(status) < 400:
                continue
            assert response["content"]["application/problem+json"]["examples"] == {
                "error": {"$ref": "#/components/examples/Error" + status}}
            value = example_of(document, int(status))
            problem.validate(value)
            assert value["status"] == int(status)


def test_an_error_looks_as_its_example_says(document, stack):
    alice, nobody = stack.person(), stack.client(None)
    stack.expect_log("URI too long|exceeds")
    other = stack.person().deploy()
    long = "x" * (9 * 1024 * 1024)
    stale = {"If-Match": '"1.x"'}
    for answer in (alice.post("/deployments"), nobody.get("/users"), alice.get("/deployments/" + other),
                   alice.get("/deployments/" + UNKNOWN), alice.post("/users"),
                   alice.patch("/users/me", json={"picture": "https://x.org/"}, headers=stale),
                   alice.post("/templates", json={"content": long}), alice.get("/users?" + long[:100000], check=False),
                   alice.post("/deployments", data=b"{}", headers={"Content-Type": "image/png"}),
                   alice.post("/deployments", json={"tot_timeout_mins": 0})):
        told, example = answer.json(), example_of(document, answer.status_code)
        assert told.keys() == example.keys()
        same = ("type", "title", "status") if answer.status_code == 413 else ("type", "title", "status", "detail")
        assert [told[name] for name in same] == [example[name] for name in same]
        for error in example.get("errors", []):
            assert error in told["errors"]


def test_only_health_and_the_document_need_no_token(document, stack):
    nobody = stack.client(None)
    for path, method, operation in operations(document):
        is_open = operation.get("security") == []
        assert is_open == (path in ("/health", "/openapi.json", "/docs"))
        assert call(nobody, method, filled(path)).status_code == (200 if is_open else 401)


def test_every_path_answers_with_a_trailing_slash(document, stack):
    person = stack.person()
    for path, method, _ in operations(document):
        if method == "get":
            assert person.get(filled(path) + "/").status_code == person.get(filled(path)).status_code


def test_head_works_wherever_get_does(document, stack):
    person = stack.person()
    for path, method, _ in operations(document):
        if method == "get":
            answer = person.head(filled(path))
            assert answer.status_code == person.get(filled(path)).status_code and answer.content == b""


def test_options_names_the_methods_and_needs_no_token(document, stack):
    for path, item in document["paths"].items():
        answer = expect(stack.client(None).options(filled(path)), 204)
        methods = {method.upper() for method in item} | {"OPTIONS"} | ({"HEAD"} if "get" in item else set())
        assert set(answer.headers["Allow"].split(", ")) == methods


def test_another_method_is_405_with_allow_and_401_without_a_token(document, stack):
    person, nobody = stack.person(), stack.client(None)
    for path, item in document["paths"].items():
        wrong = next(method for method in ("PUT", "DELETE", "PATCH", "POST") if method.lower() not in item)
        answer = expect(call(person, wrong, filled(path)), 405)
        assert {method.upper() for method in item} <= set(answer.headers["Allow"].split(", "))
        expect(call(nobody, wrong, filled(path)), 401)


@pytest.mark.parametrize("path", ["/", "", "/nothing", "/users/me/nothing", "/health/x", "/USERS"])
def test_an_unknown_path_is_404_and_401_without_a_token(stack, path):
    expect(stack.person().get(path), 404)
    assert expect(stack.client(None).get(path), 401).headers["WWW-Authenticate"].startswith("Bearer")


def test_ids_that_are_none_are_named(document, stack):
    person = stack.person(admin=True)
    for path, method, operation in operations(document):
        names = re.findall(r"{(\w+)}", path)
        if names:
            body = {"json": {}} if "requestBody" in operation else {}
            problem = expect(call(person, method, re.sub(r"{\w+}", "x", path), **body), 422).json()
            assert set(names) <= {entry.get("parameter") for entry in problem["errors"]}


def test_unknown_parameters_are_refused_everywhere(document, stack):
    person = stack.person(admin=True)
    for path, method, operation in operations(document):
        body = {"json": {}} if "requestBody" in operation else {}
        problem = expect(call(person, method, filled(path), params={"surprise": "1"}, **body), 422).json()
        assert "surprise" in {entry.get("parameter") for entry in problem["errors"]}


@pytest.mark.parametrize("text, status", [
    ("", 400), (" \n", 400), ("{", 400), ("{} x", 400), ('{"a":1,"a":2}', 400), ('{"a":"\\u0000"}', 400),
    (b'{"a":"\x00"}', 400), (b'"\xff"', 400), ("[" * 65 + "]" * 65, 400), ("NaN", 400), ("[01]", 400),
    ("[]", 422), ("null", 422), ("1", 422), ('"x"', 422), ("true", 422),
    ('{"%s": 1}' % ("k" * 5000), 422), ('{"x": 1%s}' % ("0" * 400), 422), ('{"x": 1e999}', 422),
    ('{"x": -1%s.5}' % ("0" * 400), 422),
])
def test_bodies_that_are_refused(document, stack, text, status):
    person = stack.person(admin=True)
    data = text if isinstance(text, bytes) else text.encode()
    for path, method, operation in operations(document):
        if operation.get("requestBody", {}).get("required"):
            answer = call(person, method, filled(path), data=data, headers={"Content-Type": "application/json"})
            if path.endswith("/inputs") and answer.status_code == 404:
                assert status == 422  # which members it may have, the deployment says, which is not there
                continue
            expect(answer, status)


def test_content_types_that_are_refused(document, stack):
    person = stack.person(admin=True)
    for path, method, operation in operations(document):
        if "requestBody" in operation:
            for headers in ({}, {"Content-Type": "text/plain"}, {"Content-Type": "application/x-www-form-urlencoded"},
                            {"Content-Type": "application/jsonx"}, {"Content-Type": "*/*"},
                            {"Content-Type": "application/json; charset=iso-8859-1"},
                            {"Content-Type": "application/json", "Content-Encoding": "gzip"}):
                if headers.get("Content-Type") in operation["requestBody"]["content"] and len(headers) == 1:
                    continue
                expect(call(person, method, filled(path), data=b"{}", headers=headers), 415)


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "Application/JSON ; x=y",
                                  'application/json;charset="UTF-8"', "application/json; charset=US-ASCII"])
def test_content_types_that_are_taken(stack, kind):
    expect(stack.person().patch("/users/me", data=b"{}", headers={"Content-Type": kind}), 204)


def test_a_body_that_is_too_large_is_413(stack):
    expect(stack.person().post("/templates", json={"content": "x" * (9 * 1024 * 1024)}), 413)


def test_a_body_where_none_is_expected_is_ignored(document, stack):
    person = stack.person()
    for path, method, operation in operations(document):
        if "requestBody" not in operation:
            call(person, method, filled(path))  # POST /users registers once
            plain = call(person, method, filled(path)).status_code
            for headers in ({"Content-Type": "text/x"}, {},
                            {"Content-Type": "text/x; charset=koi8-r", "Content-Encoding": "br"}):
                assert call(person, method, filled(path), data=b"\x00{", headers=headers).status_code == plain, (method,
                                                                                                                 path)


def test_the_request_id_is_the_clients_when_it_is_sane(stack):
    person = stack.person()
    id = unique("request")
    assert person.get("/users/me", headers={"X-Request-ID": id}).headers["X-Request-ID"] == id
    problem = person.get("/nothing", headers={"X-Request-ID": id})
    assert problem.json()["instance"] == id
    for strange in ("x" * 500, "a b", '"', "a;b\\"):
        made = person.get("/users/me", headers={"X-Request-ID": strange}).headers["X-Request-ID"]
        assert made != strange and re.fullmatch(r"[\w.:-]+", made)


def test_a_problem_has_all_its_members(stack):
    problem = expect(stack.person().get("/users/x", headers={"X-Request-ID": "r-1"}), 422).json()
    assert problem["type"].startswith("urn:") and problem["title"] and problem["detail"]
    assert problem["status"] == 422 and problem["instance"] == "r-1"
    assert problem["errors"] == [{"parameter": "user_id", "detail": "must be a UUID"}]


def test_an_unknown_fields_name_is_a_json_pointer(stack):
    problem = expect(stack.person().patch("/users/me", json={"a/b~c": 1}), 422).json()
    assert [entry["pointer"] for entry in problem["errors"]] == ["/a~1b~0c"]


def test_path_query_and_body_are_named_at_once(stack):
    problem = expect(stack.person().patch("/templates/x", params={"y": "1"}, json={"name": 1, "z": 2}), 422).json()
    assert {entry.get("parameter", entry.get("pointer")) for entry in problem["errors"]} == {"template_id", "y",
                                                                                             "/name", "/z"}


# ---- the page ----

class Page(html.parser.HTMLParser):
    """What a page has: ids, where its links lead, what it would ask for, the elements that are open, and its lines."""

    EMPTY = ("meta", "br", "wbr")

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.asks, self.open, self.lines, self.scripts = set(), [], [], [], [], 0
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.scripts += tag == "script" or any(name.startswith("on") for name in values)
        if "id" in values:
            assert values["id"] not in self.ids
            self.ids.add(values["id"])
        if tag == "a":
            self.links.append(values["href"])
        self.asks += [values[name] for name in ("src", "srcset", "data", "style") if name in values]
        if tag not in self.EMPTY:
            self.open.append(tag)
        if tag == "pre":
            self.lines.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "pre":
            self.lines[-1] += data


@pytest.fixture
def page(stack):
    return expect(stack.client(None).get("/docs"), 200)


def test_the_page_shows_every_route_and_every_object_without_a_script(page, document):
    shown = Page(page.text)
    assert page.headers["Content-Type"] == "text/html; charset=utf-8" and shown.open == []
    assert shown.scripts == 0 and shown.asks == []
    assert {operation["operationId"] for _, _, operation in operations(document)} <= shown.ids
    assert set(document["components"]["schemas"]) <= shown.ids
    assert {link[1:] for link in shown.links if link.startswith("#")} <= shown.ids
    assert "@server@" not in page.text


def test_the_pages_lines_are_for_a_shell(page, document, stack):
    """Each one is what its route takes: method, path and body."""
    lines = [line for line in Page(page.text).lines if line.startswith("curl")]
    assert len(lines) == len(operations(document))
    asked = set()
    for line in lines:
        words = shlex.split(line.replace("\\\n", " "))
        url = next(word for word in words if word.startswith("http"))
        options = [word for word in words[1:] if word != url]
        assert url.startswith(stack.url)
        method = options[options.index("-X") + 1] if "-X" in options else "POST" if "-d" in options else "GET"
        path = stack.contract.template(url[len(stack.url):])
        operation = document["paths"][path][method.lower()]
        asked.add((path, method))
        assert ("Authorization: Bearer $TOKEN" in options) == (operation.get("security") != [])
        if "-d" in options:
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            jsonschema.Draft202012Validator({**schema, "components": document["components"]}).validate(
                json.loads(options[options.index("-d") + 1]))
    assert len(asked) == len(lines)


def test_a_browser_that_has_the_page_gets_304(page, stack):
    expect(stack.client(None).get("/docs", headers={"If-None-Match": page.headers["ETag"]}), 304)
    assert expect(stack.client(None).get("/docs/"), 200).text == page.text


def test_every_example_is_one(document):
    """What a field or parameter is said to look like, its schema takes."""
    def look(name, schema):
        for example in schema.get("examples", []):
            jsonschema.Draft202012Validator({**schema, "components": document["components"]},
                                            format_checker=jsonschema.FormatChecker()).validate(example)
        for key, value in schema.get("properties", {}).items():
            look(name + "." + key, value)
        if isinstance(schema.get("items"), dict):
            look(name + "[]", schema["items"])
    for name, schema in document["components"]["schemas"].items():
        look(name, schema)
    for _, _, operation in operations(document):
        for entry in operation.get("parameters", []):
            jsonschema.Draft202012Validator(entry["schema"]).validate(entry["example"])


def test_the_example_of_a_template_can_be_stored(document, stack):
    for kind, content in document["paths"]["/templates"]["post"]["requestBody"]["content"].items():
        example = content["example"]
        text = example["content"] if kind == "application/json" else example
        text += "# %s\n" % unique()
        body = json.dumps({**example, "content": text}) if kind == "application/json" else text
        expect(stack.person().post("/templates", data=body, headers={"Content-Type": kind}), 201)
