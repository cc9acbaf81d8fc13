# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Tokens of people in many groups, and headers that are longer than httpd takes."""

import json

import pytest
from tokens import come_in, refuse

from harness.client import expect, unique

LIMIT = 65514  # bytes of a token


def token_of(stack, length):
    """A token of so many bytes. Base64 has texts of three of four lengths only, so the header is filled up too."""
    name = unique("person")
    for typ in ("JWT", "JWTx", "JWTxx"):
        filler = 0
        for step in (4096, 64, 1):
            while len(stack.issuer.token(name, filler="x" * (filler + step), header={"typ": typ})) <= length:
                filler += step
        token = stack.issuer.token(name, filler="x" * filler, header={"typ": typ})
        if len(token) == length:
            return token
    raise AssertionError("no token of %d bytes" % length)


@pytest.mark.parametrize("groups, length", [(100, 8190), (300, 16384), (750, 50000)])
def test_a_person_of_many_groups_comes_in_and_works(stack, groups, length):
    others = ["/federation/experiments/computing/production/sites/%04d" % number for number in range(groups)]
    person = stack.person([stack.group(), *others])
    assert length < len(person.token) < LIMIT
    id = person.deploy()
    person.wait_for_status(id, "CREATE_COMPLETE")
    expect(person.get("/users/me"), 200)


def test_a_token_at_the_limit_comes_in(stack):
    come_in(stack, token_of(stack, LIMIT))


@pytest.fixture(scope="module")
def generous(make_stack):
    """An httpd that takes longer headers than the orchestrator takes tokens."""
    return make_stack("LimitRequestFieldSize 131072\n")


def test_a_longer_token_is_told_to_be_too_long(generous):
    come_in(generous, token_of(generous, LIMIT))
    answer = refuse(generous, token_of(generous, LIMIT + 1))
    assert answer.json()["detail"] == "The access token is longer than 65514 bytes."


def raw(stack, *headers):
    status, headers, body = stack.raw("\r\n".join(["GET /api/v1/health HTTP/1.1", "Host: x", *headers, "",
                                                   ""]).encode())
    value = json.loads(body)
    assert headers["Content-Type"] == "application/problem+json"
    assert value["status"] == status and value["instance"] == headers["X-Request-ID"]
    return status, value, body.decode()


@pytest.fixture(scope="module")
def undressed(make_stack):
    """An httpd with its own limit and without ErrorDocument."""
    return make_stack("LimitRequestFieldSize 8190\nErrorDocument 400 default\nErrorDocument 431 default\n")


@pytest.mark.parametrize("which, limit", [("stack", 65536), ("generous", 131072), ("undressed", 8190)])
def test_a_header_that_httpd_refuses_is_named_as_the_reason(request, which, limit):
    stack = request.getfixturevalue(which)
    secret = stack.secret("s3cr3t" * 10)
    for header in ("Authorization: Bearer " + secret + "x" * limit, "X-Long: %s\r\n %s" % (secret, "x" * limit)):
        status, value, text = raw(stack, header)
        assert (status, value["detail"]) == (
            400, "A header of the request is longer than %d bytes (LimitRequestFieldSize)." % limit)
        assert secret not in text


def test_too_many_headers_are_named_as_the_reason(stack):
    status, value, _ = raw(stack, *("X-%d: x" % number for number in range(101)))
    assert (status, value["detail"]) == (400, "The request has more than 100 headers (LimitRequestFields).")
