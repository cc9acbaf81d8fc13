# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Cache-Control. Every answer that a test gets through a client is held against openapi.json as well."""

import pytest

from harness.client import expect, unique

SECRET, PRIVATE, OPEN = "private, no-store", "private, no-cache", "no-cache"
ABSENT = "00000000-0000-7000-8000-000000000000"


def caching(answer):
    return answer.headers.get("Cache-Control")


def test_an_answer_that_may_hold_a_secret_is_kept_by_nobody(stack):
    person = stack.person()
    deployment = person.deploy()
    person.wait_for_status(deployment, "CREATE_COMPLETE")  # and nothing changes between two looks
    made = "/deployments/" + deployment
    [resource] = expect(person.get(made + "/resources"), 200).json()["data"]
    for path in ("/users/me", "/users/" + person.id, "/deployments", made, made + "/logs", made + "/resources",
                 made + "/resources/" + resource["id"]):
        answer = expect(person.get(path), 200)
        assert caching(answer) == SECRET, path
        assert caching(person.head(path)) == SECRET
        if "ETag" in answer.headers:
            assert caching(expect(person.get(path, headers={"If-None-Match": answer.headers["ETag"]}), 304)) == SECRET
    expect(person.delete(made), 202)


def test_every_other_answer_is_for_the_person_and_asked_for_anew(stack):
    person = stack.person()
    template = "/templates/" + person.store_template()
    for path in ("/users", "/templates", template):
        assert caching(expect(person.get(path), 200)) == PRIVATE
    tag = person.get(template).headers["ETag"]
    assert caching(expect(person.get(template, headers={"If-None-Match": tag}), 304)) == PRIVATE
    assert caching(expect(person.patch("/users/me", json={"picture": "https://example.org/" + unique()}),
                          204)) == PRIVATE
    assert caching(expect(stack.client(None).get("/health"), 200)) == OPEN
    assert caching(expect(stack.client(None).get("/openapi.json"), 200)) == OPEN


def test_errors_have_it_whoever_makes_them(stack):
    person, nobody, stranger = stack.person(), stack.client(None), stack.client_with("no.token.atall")
    assert caching(expect(person.get("/deployments/" + ABSENT), 404)) == SECRET
    assert caching(expect(person.get("/deployments", params={"size": 0}), 422)) == SECRET
    for client in (nobody, stranger):
        assert caching(expect(client.get("/users/me"), 401)) == SECRET
        assert caching(expect(client.get("/templates"), 401)) == PRIVATE
    assert caching(expect(person.get("/nothing"), 404)) == PRIVATE
    assert caching(expect(person.put("/users/me"), 405)) == PRIVATE
    assert caching(expect(person.options("/users/me"), 204)) == PRIVATE


def test_what_is_refused_before_its_route_is_known_keeps_to_the_contract(stack):
    person = stack.person()
    for path in ("/deployments", "/templates", "/health"):
        assert caching(expect(person.get(path, params={"name": "x" * 9000}), 414)) == PRIVATE
        assert caching(expect(person.get(path, headers={"X-%d" % n: "x" for n in range(200)}), 400)) == PRIVATE


@pytest.mark.parametrize("request_", [b"GET /api/v1/users/me HTTP/1.1\r\n\r\n",
                                      b"GET /api/v1/users%2Fme HTTP/1.1\r\nHost: x\r\n\r\n",
                                      b"GET /api/v1/users HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 9000 + b"\r\n\r\n"])
def test_what_httpd_refuses_early_has_one_too(stack, request_):
    status, headers, _ = stack.raw(request_)
    assert status >= 400 and headers.get_all("Cache-Control") == [PRIVATE]
