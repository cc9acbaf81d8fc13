# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Many requests at once at an httpd of few workers: no request needs a second worker to be answered."""

import concurrent.futures
import json
import threading

import pytest
import requests
from jwcrypto import jwk
from tokens import block, start_issuer

from harness.client import expect, unique
from stack import keys

REQUESTS = 160


def with_certificate(key):
    """A key as Keycloak publishes it, with a certificate beside it."""
    return jwk.JWK(**json.loads(key.export()), x5c=["MII" + "A" * 1200], x5t="A" * 27)


@pytest.fixture(scope="module")
def issuer(tmp_path_factory):
    """Thirty keys; one of them is an RSA key, so that a token without `kid` can mean it."""
    made = start_issuer(tmp_path_factory.mktemp("issuer"),
                        [with_certificate(keys.make(kind)) for kind in ["RSA"] + ["EC"] * 29])
    yield made
    made.stop()


def test_a_burst_at_sixteen_workers_of_prefork_is_answered(make_stack, issuer):
    """160 people at once, each with a token that nobody has seen, half of them without `kid`."""
    stack = make_stack(block(issuer), mpm="prefork", expect=["server reached MaxRequestWorkers"])
    stack.expect_log("server reached MaxRequestWorkers")
    assert len(requests.get(issuer.url + "jwks", timeout=10).content) > 30000
    tokens = [issuer.token(unique("person"), key=issuer.keys[0], header={"kid": None} if number % 2 else None)
              for number in range(REQUESTS)]
    known = stack.client_with(issuer.token("carol"))
    stack.wait_for(lambda: known.get("/users/me").status_code == 200, 10, "the issuer's keys")
    together = threading.Barrier(REQUESTS)

    def ask(token):
        together.wait()
        # A connection that is kept holds a worker of prefork for KeepAliveTimeout, whoever serves it.
        headers = {"Authorization": "Bearer " + token, "Connection": "close"}
        return requests.get(stack.url + "/users/me", headers=headers, timeout=120)
    with concurrent.futures.ThreadPoolExecutor(REQUESTS) as pool:
        for answer in pool.map(ask, tokens):
            expect(answer, 200)
