# Licensed under the Apache License, Version 2.0; see LICENSE.
"""The local token issuer says what an OpenID provider says."""

import json
import shutil

import pytest
import requests
from jwcrypto import jwk, jws

from harness import live
from stack import issuer, keys, process


@pytest.fixture(scope="module")
def local_issuer():
    folder = live.make_home()
    made = issuer.Issuer(folder + "/issuer", process.free_port())
    made.start()
    yield made
    made.stop()
    shutil.rmtree(folder)


@pytest.fixture
def endpoints(local_issuer):
    yield requests.get(local_issuer.url + ".well-known/openid-configuration", timeout=5).json()
    local_issuer.mend()


def verified(token, endpoints):
    """The claims of a token, checked with the published keys."""
    published = jwk.JWKSet.from_json(requests.get(endpoints["jwks_uri"], timeout=5).text)
    parsed = jws.JWS()
    parsed.deserialize(token)
    parsed.verify(published.get_key(parsed.jose_header["kid"]))
    return json.loads(parsed.payload)


def grant(local_issuer, endpoints, secret=None, **form):
    return requests.post(endpoints["token_endpoint"], data=form, timeout=5,
                         auth=(issuer.CLIENT_ID, secret or local_issuer.client_secret))


def test_only_public_halves_are_published(endpoints):
    published = requests.get(endpoints["jwks_uri"], timeout=5).json()["keys"]
    assert sorted(key["kty"] for key in published) == ["EC", "RSA"]
    assert not any("d" in key for key in published)


def test_tokens_of_both_keys_carry_the_claims(local_issuer, endpoints):
    for key in local_issuer.keys:
        claims = verified(local_issuer.token("alice", key=key), endpoints)
        assert (claims["iss"] == local_issuer.url and claims["groups"] == ["beta-testers"]
                and claims["aud"] == "orchestrator")
        assert (claims["preferred_username"] == "alice" and claims["sub"] and claims["jti"]
                and claims["exp"] > claims["iat"])


def test_userinfo_knows_whoever_a_token_is_of(local_issuer, endpoints):
    token = local_issuer.token("dora", ["g1"], drop=["name", "email"])
    answer = requests.get(endpoints["userinfo_endpoint"], headers={"Authorization": "Bearer " + token}, timeout=5)
    assert answer.status_code == 200
    assert answer.json()["email"] == "dora@example.org" and answer.json()["groups"] == ["g1"]


@pytest.mark.parametrize("make", [
    lambda one: one.token("alice", ttl=-1), lambda one: one.token("alice", key=keys.make("RSA")), lambda one: "x.y.z",
    lambda one: keys.sign({"sub": "local-alice"}, None)])
def test_userinfo_refuses_a_token_that_is_not_good(local_issuer, endpoints, make):
    answer = requests.get(endpoints["userinfo_endpoint"], headers={"Authorization": "Bearer " + make(local_issuer)},
                          timeout=5)
    assert answer.status_code == 401


def test_a_refresh_token_gives_an_access_token_of_the_same_person(local_issuer, endpoints):
    answer = grant(local_issuer, endpoints, grant_type="refresh_token",
                   refresh_token=local_issuer.refresh_token("alice"))
    assert answer.status_code == 200
    assert verified(answer.json()["access_token"], endpoints)["preferred_username"] == "alice"


def test_an_access_token_is_exchanged_with_its_groups(local_issuer, endpoints):
    answer = grant(local_issuer, endpoints, grant_type=issuer.EXCHANGE, subject_token=local_issuer.token("eve", ["g2"]),
                   audience="im", scope="openid offline_access")
    claims = verified(answer.json()["access_token"], endpoints)
    assert claims["groups"] == ["g2"] and claims["aud"] == "im" and answer.json()["refresh_token"]


def test_bad_grants_are_refused_as_the_standard_says(local_issuer, endpoints):
    refused = grant(local_issuer, endpoints, grant_type="refresh_token", refresh_token=local_issuer.token("alice"))
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    refused = grant(local_issuer, endpoints, secret="wrong", grant_type="refresh_token", refresh_token="x")
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
    refused = grant(local_issuer, endpoints, grant_type="password")
    assert (refused.status_code, refused.json()["error"]) == (400, "unsupported_grant_type")


def test_a_fault_strikes_as_often_as_it_was_told(local_issuer, endpoints):
    local_issuer.control("fault", {"route": "/jwks", "status": 503, "times": 1})
    assert [requests.get(endpoints["jwks_uri"], timeout=5).status_code for _ in range(2)] == [503, 200]
    local_issuer.control("fault", {"route": "/jwks", "status": 0})
    with pytest.raises(requests.ConnectionError):
        requests.get(endpoints["jwks_uri"], timeout=5)


def test_keys_outlive_a_restart(local_issuer, endpoints):
    token = local_issuer.token("alice")
    local_issuer.stop()
    local_issuer.start()
    assert verified(token, endpoints)["preferred_username"] == "alice"
