# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Who comes in: what a token has to say, what a bad one costs the issuer, and places that are configured otherwise."""

import json
import os
import time

import pytest
import requests
from deployed import frozen  # noqa: F401
from jwcrypto import jwk
from tokens import ROUTE, come_in, refuse

from harness.client import expect
from stack import httpd, keys, process


@pytest.fixture(scope="module")
def two_issuers(make_stack):
    return make_stack(issuers=2)


def jwks_calls(issuer):
    return issuer.control("calls").get("/jwks", 0)


def test_good_tokens_of_both_algorithms_come_in(stack):
    for key in stack.issuer.keys:
        come_in(stack, stack.issuer.token("carol", key=key))


def test_no_token_is_refused_with_a_challenge(stack):
    answer = refuse(stack, None)
    assert "error=" not in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer ", "Basic YTpi", "bearer", "Bearer a b"])
def test_another_authorization_is_refused(stack, authorization):
    answer = stack.client(None).get(ROUTE, headers={"Authorization": authorization})
    expect(answer, 401)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


def test_the_scheme_is_case_insensitive(stack):
    expect(stack.client(None).get(ROUTE, headers={"Authorization": "bearer " + stack.issuer.token("carol")}), 404)


def unknown_key(stack):
    return stack.issuer.token("carol", key=keys.make("RSA", "nobody-knows-this"))


def forged_without_kid(stack):
    return stack.issuer.token("carol", key=keys.make("RSA"), header={"kid": None})


def kid_of_a_foreign_key(stack):
    return stack.issuer.token("carol", key=keys.make("RSA", stack.issuer.keys[0].get("kid")))


def empty_kid(stack):
    return stack.issuer.token("carol", header={"kid": ""})


def unsigned(stack):
    return stack.issuer.token("carol", header={"alg": "none"})


def unsigned_with_signature(stack):
    head, payload, signature = stack.issuer.token("carol").split(".")
    head = keys.base64url(json.dumps({"alg": "none", "kid": stack.issuer.keys[0].get("kid")}).encode())
    return ".".join((head, payload, signature))


def symmetric(stack):
    head, payload, signature = stack.issuer.token("carol").split(".")
    head = keys.base64url(json.dumps({"alg": "HS256", "kid": stack.issuer.keys[0].get("kid")}).encode())
    return ".".join((head, payload, signature))


def no_jwt(_stack):
    return "opaque-token"


def two_parts(stack):
    return stack.issuer.token("carol").rpartition(".")[0]


def four_parts(stack):
    return stack.issuer.token("carol") + ".more"


def broken_header(stack):
    return "!!!" + stack.issuer.token("carol")[3:]


@pytest.mark.parametrize("make",
                         [unknown_key, forged_without_kid, kid_of_a_foreign_key, empty_kid, unsigned,
                          unsigned_with_signature, symmetric, no_jwt, two_parts, four_parts, broken_header],
                         ids=lambda make: make.__name__)
def test_a_token_that_no_known_key_signed_costs_the_issuer_nothing(frozen, make):  # noqa: F811
    """The daemon, which fetches the keys again when it has been told of an unknown one, is held still."""
    before = jwks_calls(frozen.issuer)
    for _ in range(3):
        answer = refuse(frozen, make(frozen))
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    assert jwks_calls(frozen.issuer) == before


def test_a_forged_signature_is_refused(stack):
    real = stack.issuer.keys[0]
    refuse(stack, stack.issuer.token("carol", key=keys.make("RSA", real.get("kid"))))
    head, payload, signature = stack.issuer.token("carol").split(".")
    refuse(stack, ".".join((head, payload, signature[:-4] + ("AAAA" if signature[-4:] != "AAAA" else "BBBB"))))
    claims = stack.issuer.token("carol", sub="local-admin", groups=["admins"]).split(".")[1]
    refuse(stack, ".".join((head, claims, signature)))


def test_an_expired_token_is_refused(stack):
    refuse(stack, stack.issuer.token("carol", ttl=-5))


@pytest.mark.parametrize("claims, reason", [
    ({"drop": ["exp"]}, "expiry"),
    ({"nbf": 9999999999}, "not valid yet"),
    ({"iat": 9999999999}, "in the future"),
    ({"audience": "somebody-else"}, "not issued for this service"),
    ({"audience": ["x", "y"]}, "not issued for this service"),
    ({"drop": ["aud"]}, "not issued for this service"),
    ({"iss": "https://nobody.example"}, "issuer"),
    ({"drop": ["iss"]}, "issuer"),
], ids=str)
def test_a_claim_that_is_not_as_it_must_be_is_refused(stack, claims, reason):
    answer = refuse(stack, stack.issuer.token("carol", **claims))
    assert reason in answer.json()["detail"]
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("claims", [{"drop": ["sub"]}, {"sub": ""}, {"sub": 7}, {"sub": None}], ids=str)
def test_a_token_without_a_subject_is_refused(stack, claims):
    refuse(stack, stack.issuer.token("carol", **claims))


def test_one_of_several_audiences_is_enough(stack):
    come_in(stack, stack.issuer.token("carol", audience=["x", "orchestrator"]))


def test_a_clock_that_is_a_little_ahead_is_no_reason(stack):
    come_in(stack, stack.issuer.token("carol", nbf=int(time.time()) + 20))


def test_the_same_subject_of_two_issuers_is_two_people(two_issuers):
    ids = {two_issuers.client_with(one.token("carol")).id for one in two_issuers.issuers}
    assert len(ids) == 2


def test_headers_that_pretend_to_be_verified_count_for_nothing(stack):
    token = unknown_key(stack)
    for name in ("OIDC_access_token", "OIDC-access-token", "OIDC_CLAIM_sub", "X-Remote-User"):
        answer = stack.client(None).get(ROUTE, headers={"Authorization": "Bearer " + token, name: token})
        expect(answer, 401)
    expect(stack.client(None).get(ROUTE, headers={"OIDC_access_token": stack.issuer.token("carol")}), 401)


def test_a_token_in_the_query_or_body_is_none(stack):
    token = stack.issuer.token("carol")
    expect(stack.client(None).get(ROUTE + "?access_token=" + token), 401)
    answer = stack.client(None).post("/templates", data={"access_token": token})
    expect(answer, 401)
    stack.watcher.begin()  # the access log has the query string that a client insisted on


def test_authentication_comes_before_everything_else(stack):
    nobody = stack.client(None)
    expect(nobody.get("/no/such/path"), 401)
    expect(nobody.put("/health"), 401)
    expect(nobody.post("/templates", data=b"x" * 3000000), 401)
    expect(nobody.get("/templates?a=%zz"), 401)


def test_open_routes_need_no_token_and_mind_none(stack):
    for headers in ({}, {"Authorization": "Bearer nonsense"}):
        expect(requests.get(stack.url + "/health", headers=headers, timeout=10), 200)
        expect(requests.head(stack.url + "/health/", headers=headers, timeout=10), 200)
        expect(requests.get(stack.url + "/openapi.json", headers=headers, timeout=10), 200)
        expect(requests.options(stack.url + "/health", headers=headers, timeout=10), 204)


def test_a_condition_that_asks_nobody_opens_no_door(make_stack):
    """configtest refuses a place where nobody is asked; what an expression comes to, only a request shows."""
    stack = make_stack("""
        <Location /open/v1>
            SetHandler orchestrator
            AuthType Bearer
            Require valid-user
            <If "true">
                AuthType "%{tolower:NONE}"
                Require all granted
            </If>
        </Location>
    """, expect=["ORC1001"])
    stack.expect_log("ORC1021", required=True)
    token = stack.issuer.token("carol")
    answer = requests.get(stack.base_url + "/open/v1/anything", headers={"Authorization": "Bearer " + token},
                          timeout=10)
    expect(answer, 401)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    expect(requests.get(stack.base_url + "/open/v1/health", timeout=10), 200)


def test_another_authentication_module_opens_no_door(make_stack):
    stack = make_stack("""
        LoadModule auth_basic_module "${modules}/mod_auth_basic.so"
        LoadModule authn_anon_module "${modules}/mod_authn_anon.so"
        <Location /basic/v1>
            SetHandler orchestrator
            AuthType Bearer
            Require valid-user
            <If "true">
                AuthType "%{tolower:BASIC}"
                AuthName nobody
                AuthBasicProvider anon
                Anonymous *
                Anonymous_MustGiveEmail Off
            </If>
        </Location>
    """)
    stack.expect_log("ORC1021", required=True)
    answer = requests.get(stack.base_url + "/basic/v1/anything", auth=("anyone", "anything"), timeout=10)
    expect(answer, 401)


@pytest.fixture(scope="module")
def beside(make_stack):
    """An httpd whose mod_auth_openidc looks after a place of its own."""
    return make_stack("""
        LoadModule socache_shmcb_module "${modules}/mod_socache_shmcb.so"
        LoadModule auth_openidc_module "${modules}/mod_auth_openidc.so"
        OIDCCryptoPassphrase "tests/api"
        OIDCOAuthVerifySharedKeys plain##a-secret-of-the-other-place-of-32-bytes
        OIDCPassClaimsAs both
        <Location /theirs>
            SetHandler server-status
            AuthType oauth20
            Require valid-user
        </Location>
    """)


def test_mod_auth_openidc_may_look_after_other_places(beside):
    """Neither answers for the other: whom we let in it knows nothing of, and what it would tell us counts for
    nothing."""
    beside.expect_log("auth_openidc:")
    secret = jwk.JWK(kty="oct", k=keys.base64url(b"a-secret-of-the-other-place-of-32-bytes"), alg="HS256")
    theirs = keys.sign({"sub": "somebody", "exp": int(time.time()) + 60}, secret)
    ours = beside.issuer.token("carol")
    come_in(beside, ours)
    refuse(beside, theirs)
    expect(requests.get(beside.base_url + "/theirs", headers={"Authorization": "Bearer " + ours}, timeout=30), 401)
    for name in ("OIDC_access_token", "OIDC_CLAIM_sub", "OIDC_CLAIM_groups"):
        headers = {"Authorization": "Bearer " + theirs, name: ours}
        expect(requests.get(beside.url + ROUTE, headers=headers, timeout=10), 401)


def test_bearer_guards_what_is_no_surface_too(make_stack):
    """REMOTE_USER tells the issuer: of two people with one subject, each is let in where they are meant."""
    stack = make_stack(issuers=2)
    first, second = (one.token("carol") for one in stack.issuers)
    stack.reconfigure("""
        <Location /api/v1/status>
            SetHandler server-status
        </Location>
        <Location /of-one>
            SetHandler server-status
            AuthType Bearer
            Require user local-carol@%s
            AuthzSendForbiddenOnFailure On
        </Location>
    """ % stack.issuers[1].url.rstrip("/"))
    stack.expect_log("AH01631: user local-carol@%s: " % stack.issuer.url.rstrip("/"))
    stack.wait_for(stack.ready, 30, "health")

    def status(path, token=None):
        headers = {"Authorization": "Bearer " + token} if token else {}
        answer = requests.get(stack.base_url + path + "?auto", headers=headers, timeout=10)
        assert (answer.status_code == 401) == ("WWW-Authenticate" in answer.headers)
        return answer.status_code
    assert [status("/api/v1/status", token) for token in (None, "x.y.z", first, second)] == [401, 401, 200, 200]
    assert [status("/of-one", token) for token in (None, first, second)] == [401, 403, 200]


def test_a_new_key_is_known_soon_after_the_file_has_it(frozen):  # noqa: F811
    """The daemon, which writes the file, is held still."""
    path = frozen.path("jwks", "jwks.json")
    with open(path, encoding="utf-8") as file:
        before = file.read()
    extra = keys.make("EC", "a-key-of-tomorrow")
    merged = json.loads(before)
    merged["keys"].append({**json.loads(extra.export_public()), "iss": merged["keys"][0]["iss"]})
    client = frozen.client_with(frozen.issuer.token("carol", key=extra))
    expect(client.get(ROUTE), 401)

    def put(text):
        """As a whole: a file that is half written would be complained of."""
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(path + ".new", path)
    try:
        put(json.dumps(merged))
        frozen.wait_for(lambda: client.get(ROUTE).status_code == 404, 10, "the new key")
    finally:
        put(before)
    frozen.wait_for(lambda: client.get(ROUTE).status_code == 401, 10, "the end of the key")


def test_a_module_that_nobody_uses_leaves_bearer_to_others(build, tmp_path):
    """There is no other one here, which httpd tells."""
    process.write(tmp_path / "template.conf", """
        ServerName a.example
        DefaultRuntimeDir "${run}"
        PidFile "${pid_file}"
        ErrorLog "${error_log}"
        Listen 127.0.0.1:${port}
        LoadModule mpm_event_module "${modules}/mod_mpm_event.so"
        LoadModule authn_core_module "${modules}/mod_authn_core.so"
        LoadModule authz_core_module "${modules}/mod_authz_core.so"
        LoadModule authz_user_module "${modules}/mod_authz_user.so"
        LoadModule orchestrator_module "${module}"
        <Location />
            AuthType Bearer
            Require valid-user
        </Location>
        """)
    server = httpd.Httpd("small", str(tmp_path), str(tmp_path / "template.conf"), process.free_port(),
                         {"module": os.path.join(build, ".libs", "mod_orchestrator.so")})
    server.start()
    try:
        assert requests.get("http://127.0.0.1:%d/" % server.port, timeout=10).status_code == 500
        with open(server.error_log, encoding="utf-8") as log:
            assert "AuthType Bearer configured without corresponding module" in log.read()
    finally:
        server.stop()


@pytest.mark.parametrize("name", ["SSLOptions +FakeBasicAuth", "SSLUserName SSL_CLIENT_S_DN_CN"])
def test_a_client_certificate_neither_takes_a_token_away_nor_stands_for_one(make_stack, tmp_path, name):
    """The first writes the certificate's name into Authorization, for those who ask by AuthType Basic. The second makes
    it the user before anybody is asked, and so there is one whom Require valid-user lets in."""
    certificate, key = str(tmp_path / "certificate.pem"), str(tmp_path / "key.pem")
    keys.self_signed(certificate, key)
    port = process.free_port()
    stack = make_stack("""
        LoadModule socache_shmcb_module "${modules}/mod_socache_shmcb.so"
        LoadModule ssl_module "${modules}/mod_ssl.so"
        LoadModule headers_module "${modules}/mod_headers.so"
        LogLevel ssl:error
        Listen 127.0.0.1:%d
        <VirtualHost 127.0.0.1:%d>
            SSLEngine On
            SSLCertificateFile "%s"
            SSLCertificateKeyFile "%s"
            SSLVerifyClient optional_no_ca
            %s
        </VirtualHost>
        <Location /guarded>
            AuthType Bearer
            Require valid-user
            Header always set X-User "expr=%%{REMOTE_USER}"
        </Location>""" % (port, port, certificate, key, name))
    host = "https://127.0.0.1:%d" % port
    url = host + "/api/v1"
    for cert in (None, (certificate, key)):
        expect(stack.client("alice").get(url + "/users/me", verify=certificate, cert=cert), 200)
        expect(stack.client(None).get(url + "/users/me", verify=certificate, cert=cert), 401)
        expect(stack.client(None).get(url + "/health", verify=certificate, cert=cert), 200)
        assert requests.get(host + "/guarded", verify=certificate, cert=cert, timeout=10).status_code == 401
        with_token = {"Authorization": "Bearer " + stack.client("alice").token}
        answer = requests.get(host + "/guarded", headers=with_token, verify=certificate, cert=cert, timeout=10)
        assert (answer.status_code, answer.headers["X-User"]) == (404, "local-alice@" + stack.issuer.url.rstrip("/"))
