# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Tokens that must not come in, by the hundred: every way to name, bring along, imitate or misuse a key, with the
attacker's issuer behind and before the victim's. None of them costs a fetch or a line at warn. Beside them, what has to
come in all the same."""

import hashlib
import hmac
import itertools
import json
import os
import signal
import time

import pytest
import requests
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils
from jwcrypto import jwk
from tokens import ROUTE, block, start_issuer

from stack import keys
from stack.issuer import person

HASH = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}


def rsa_key(kid, size=2048, **fields):
    return jwk.JWK.generate(kty="RSA", size=size, kid=kid, **fields)


def ec_key(kid, curve="P-256", **fields):
    return jwk.JWK.generate(kty="EC", crv=curve, kid=kid, **fields)


# What is like the victim's ids "a1" and "e1" to somebody who compares otherwise than byte by byte. The last "a" is
# Cyrillic.
ALIKE = ["a1", " a1", "a1 ", "a 1", "a01", "A1", "a1\t", "a1\u200b", "\u0430" "1"]

KEYS = {
    "victim": [rsa_key("a1", use="sig", alg="RS256"), ec_key("e1", use="sig"), ec_key("e3", "P-384")],
    "attacker": [make(kid) for kid in ALIKE for make in (rsa_key, ec_key)] + [ec_key("e1"), ec_key("e3", "P-384")],
    # Of each a key that its issuer publishes for something else, or that is too weak.
    "sloppy": [rsa_key("weak", 1024), rsa_key("encryption", use="enc"), rsa_key("wrapping", key_ops=["wrapKey"]),
               rsa_key("other", alg="RSA-OAEP"), ec_key("good")],
}


@pytest.fixture(scope="module")
def issuers(tmp_path_factory):
    started = {name: start_issuer(tmp_path_factory.mktemp("issuer"), signing) for name, signing in KEYS.items()}
    yield started
    for one in started.values():
        one.stop()


@pytest.fixture(scope="module", params=[["victim", "attacker", "sloppy"], ["sloppy", "attacker", "victim"]],
                ids="-".join)
def _federation(request, issuers, _one_stack):
    """The stack with the issuers in this order, and with a daemon that is held still once it has their keys."""
    stack = _one_stack
    stack.watcher.begin()
    stack.expect_log("some of its keys are left out")
    stack.reconfigure("".join(block(issuers[name], "OrchestratorAdminGroup admins") for name in request.param))
    stack.wait_for(stack.ready, 30, "a healthy answer")
    for one in issuers.values():
        token = sign({"alg": native(one.keys[-1]), "kid": one.keys[-1].get("kid")}, claims(one), one.keys[-1])
        stack.wait_for(lambda token=token: status(stack, token) == 404, 30, "the issuers' keys")
    daemon = stack.wait_for(stack.daemon_pid, 15, "the daemon")
    os.kill(daemon, signal.SIGSTOP)
    yield stack
    os.kill(daemon, signal.SIGCONT)


@pytest.fixture(scope="module")
def _one_stack(make_stack):
    return make_stack()


@pytest.fixture
def federation(_federation, issuers, _watch):
    """Nothing is fetched meanwhile."""
    _federation.expect_log("some of its keys are left out")
    before = [one.control("calls").get("/jwks", 0) for one in issuers.values()]
    yield _federation
    assert [one.control("calls").get("/jwks", 0) for one in issuers.values()] == before


SESSION = requests.Session()
SESSION.trust_env = False


def ask(stack, token):
    return SESSION.get(stack.url + ROUTE, headers={"Authorization": "Bearer " + token}, timeout=30)


def status(stack, token):
    return ask(stack, token).status_code


def refused(stack, tokens):
    """All of them: names and tokens."""
    count = 0
    for name, token in tokens:
        answer = ask(stack, token)
        assert answer.status_code == 401, "%s: %d, %s" % (name, answer.status_code, token)
        assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="orchestrator", error="invalid_token"'), name
        assert answer.headers["Content-Type"] == "application/problem+json"
        count += 1
    assert count > 0


# --- tokens of the test's own making, right or wrong ---

def encoded(value):
    text = value if isinstance(value, str) else json.dumps(value)
    return keys.base64url(text.encode("utf-8", "surrogatepass"))


def signature(data, key, algorithm):
    if algorithm.startswith("HS"):
        return hmac.new(key, data, hashlib.sha256).digest()
    private, hashed = key.get_op_key("sign"), HASH[algorithm[2:]]()
    if isinstance(private, ec.EllipticCurvePrivateKey):
        size = (private.curve.key_size + 7) // 8
        return b"".join(part.to_bytes(size, "big")
                        for part in utils.decode_dss_signature(private.sign(data, ec.ECDSA(hashed))))
    if algorithm.startswith("PS"):
        return private.sign(data, padding.PSS(padding.MGF1(hashed), hashed.digest_size), hashed)
    return private.sign(data, padding.PKCS1v15(), hashed)


def native(key):
    """The algorithm that a key signs with."""
    return {"RSA": "RS256", "P-256": "ES256", "P-384": "ES384"}[key.get("crv") or key.get("kty")]


def sign(header, payload, key, algorithm=None):
    """A token whose header and payload are texts or JSON, signed for real whatever they say."""
    data = "%s.%s" % (encoded(header), encoded(payload))
    return "%s.%s" % (data, keys.base64url(signature(data.encode(), key, algorithm or native(key))))


def claims(issuer, **more):
    now = int(time.time())
    return {"iss": issuer.url, "aud": "orchestrator", "exp": now + 3600, "iat": now,
            **person("local-admin", ["admins"]), **more}


def public(key):
    return json.loads(key.export_public())


# --- somebody else's keys ---

def ways_to_a_key(key, attacker):
    """What a header may say beside `kid` so that a careless reader takes this key."""
    certificate = keys.base64url(b"certificate")
    yield "plain", {}
    yield "jwk", {"jwk": public(key)}
    yield "jku", {"jku": attacker.url + "jwks"}
    yield "x5u", {"x5u": attacker.url + "jwks"}
    yield "x5c", {"x5c": [certificate]}
    yield "x5t", {"x5t": certificate}
    yield "crit", {"crit": ["kid"]}
    yield "b64", {"b64": True, "crit": ["b64"]}


def foreign(issuers):
    victim, attacker = issuers["victim"], issuers["attacker"]
    payload = claims(victim)
    for key in attacker.keys:
        for kid in [None, "", "e1", "e3", "good", "a1\0", *ALIKE]:
            for way, more in ways_to_a_key(key, attacker):
                if more and kid not in (None, "a1"):
                    continue
                header = {"alg": native(key), **({} if kid is None else {"kid": kid}), **more}
                yield "%s %r by %r %s" % (way, kid, key.get("kid"), key.get("kty")), sign(header, payload, key)


def test_no_key_of_another_issuer_speaks_for_the_victim(federation, issuers):
    refused(federation, foreign(issuers))


def test_each_issuers_own_keys_speak_for_it_whatever_others_call_theirs(federation, issuers):
    for name in ("victim", "attacker"):
        for key in issuers[name].keys:
            token = sign({"alg": native(key), "kid": key.get("kid")}, claims(issuers[name]), key)
            assert status(federation, token) == 404, (name, key.get("kid"), key.get("kty"))
    good = issuers["sloppy"].keys[-1]
    assert status(federation, sign({"alg": "ES256", "kid": "good"}, claims(issuers["sloppy"]), good)) == 404


# --- the victim's keys, misused ---

def secrets_of(key):
    """What is public of a key, as somebody might take it for a shared secret."""
    private = key.get_op_key("sign").public_key()
    for encoding in (serialization.Encoding.PEM, serialization.Encoding.DER):
        yield private.public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)
    yield json.dumps(public(key)).encode()
    yield key.export_public().encode()
    yield b""


def symmetric(victim):
    for key in victim.keys:
        for number, secret in enumerate(secrets_of(key)):
            for more in ({"kid": key.get("kid")}, {}):
                yield "HS256 with public key %d" % number, sign({"alg": "HS256", **more}, claims(victim), secret,
                                                                "HS256")


def unsigned(victim):
    rsa = victim.keys[0]
    for algorithm in ("none", "None", "NONE", "nOnE", "", None, 0, [], ["RS256"], {"alg": "RS256"}):
        head, payload = encoded({"alg": algorithm, "kid": "a1"}), encoded(claims(victim))
        for end in ("", "AAAA", keys.base64url(signature(("%s.%s" % (head, payload)).encode(), rsa, "RS256"))):
            yield "alg %r" % algorithm, "%s.%s.%s" % (head, payload, end)
    head, payload, _ = sign({"alg": "RS256", "kid": "a1"}, claims(victim), rsa).split(".")
    yield "empty signature", "%s.%s." % (head, payload)


def other_algorithms(victim):
    """A real signature by the right key, but under the name of another algorithm, or by one that the key is not for."""
    for key, algorithm in itertools.product(victim.keys, ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256",
                                                          "ES384", "ES512", "ES256K", "EdDSA", "rs256", "RS256 ")):
        own = native(key)
        if algorithm == own:
            continue
        header = {"alg": algorithm, "kid": key.get("kid")}
        yield "%s named %s" % (own, algorithm), sign(header, claims(victim), key)
        if algorithm[:2] in ("RS", "PS") and own == "RS256" and algorithm[2:] in HASH:
            yield "%s by a key for RS256" % algorithm, sign(header, claims(victim), key, algorithm)
        if algorithm[:2] == "ES" and own[:2] == "ES" and algorithm[2:] in HASH:
            yield "%s by a key of %s" % (algorithm, own), sign(header, claims(victim), key, algorithm)


def headers(victim):
    rsa = victim.keys[0]
    for more in ({"crit": []}, {"crit": ["exp"]}, {"crit": None}, {"b64": False}, {"b64": False, "crit": ["b64"]},
                 {"jwk": public(rsa)}, {"jwk": None}, {"jku": victim.url + "jwks"}, {"x5u": ""}, {"x5c": []},
                 {"kid": ""}, {"kid": None}, {"kid": 7}, {"kid": ["a1"]}, {"kid": {}}, {"kid": "a1\0"},
                 {"kid": "a" * 2000}, {"alg": "HS256"}):
        yield json.dumps(more), sign({"alg": "RS256", "kid": "a1", **more}, claims(victim), rsa)
    for text in ('{"alg":"RS256","kid":"a1","kid":"a1"}', '{"alg":"none","alg":"RS256","kid":"a1"}', '["RS256"]',
                 '"RS256"', "", "null", '{"alg":"RS256","kid":"a1"}x', '{"alg":"RS256","kid":"a1"',
                 "\ufeff" '{"alg":"RS256","kid":"a1"}', '{"alg":"RS256","kid":"\ud800"}'):
        yield text, sign(text, claims(victim), rsa)


def payloads(victim, attacker):
    rsa, good = victim.keys[0], json.dumps(claims(victim))
    for text in ('{"sub":"x",' + good[1:], '{"iss":"%s",%s' % (attacker.url, good[1:]),
                 good[:-1] + ',"iss":"%s"}' % attacker.url, good + good, "[%s]" % good, good[:-1], "", "{}",
                 good.replace('"exp"', '"exq"'), good[:-1] + ',"a":"\\u0000"}',
                 good[:-1] + ',"a":' + "[" * 100 + "]" * 100 + "}"):
        yield text[:60], sign({"alg": "RS256", "kid": "a1"}, text, rsa)
    for iss in (attacker.url, [victim.url], {"iss": victim.url}, None, 7, "", victim.url + "x", " " + victim.url,
                victim.url.upper(), victim.url + "?", victim.url.replace("127.0.0.1", "localhost"),
                victim.url.rstrip("/") + "\0"):
        yield "iss %r" % iss, sign({"alg": "RS256", "kid": "a1"}, claims(victim, iss=iss), rsa)


def spellings(victim):
    """The same token, written otherwise than base64url has it."""
    for key in victim.keys:
        token = sign({"alg": native(key), "kid": key.get("kid")}, claims(victim), key)
        parts = token.split(".")
        for number in range(3):
            for name, end in (("padding", "="), ("padding", "=="), ("space", "%20"), ("letters", "A"),
                              ("letters", "AA"), ("letters", "AAAA"), ("comma", ","), ("quote", '"')):
                yield "%s behind part %d" % (name,
                                             number), ".".join(parts[:number] + [parts[number] + end] +
                                                               parts[number + 1:])
            yield "front of part %d" % number, ".".join(parts[:number] + ["=" + parts[number]] + parts[number + 1:])
            letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
            if len(parts[number]) % 4:  # its last letter has bits to spare
                other = letters[letters.index(parts[number][-1]) ^ 1]
                yield "spare bits of part %d" % number, ".".join(parts[:number] + [parts[number][:-1] + other] +
                                                                 parts[number + 1:])
            if "-" in parts[number] or "_" in parts[number]:
                plain = parts[number].replace("-", "+").replace("_", "/")
                yield "alphabet of part %d" % number, ".".join(parts[:number] + [plain] + parts[number + 1:])
        yield "four parts", token + "."
        yield "five parts", token + ".AAAA.AAAA"
        yield "two tokens", token + " " + token
        yield "two tokens", token + "," + token
        yield "garbage", token + " x"
        yield "backwards", ".".join(reversed(parts))
        for number in (0, len(parts[2]) // 2, -2):  # the last letter may have spare bits
            changed = list(parts[2])
            changed[number] = "A" if changed[number] != "A" else "B"
            yield "signature", ".".join(parts[:2] + ["".join(changed)])
        yield "zero signature", ".".join(parts[:2] + ["A" * len(parts[2])])


@pytest.mark.parametrize("misuse", [symmetric, unsigned, other_algorithms, headers, spellings],
                         ids=lambda make: make.__name__)
def test_a_token_of_the_victim_that_is_not_quite_right_is_refused(federation, issuers, misuse):
    refused(federation, misuse(issuers["victim"]))


def test_a_payload_that_is_not_quite_right_is_refused(federation, issuers):
    refused(federation, payloads(issuers["victim"], issuers["attacker"]))


def test_a_key_that_is_not_for_signatures_or_too_weak_signs_nothing(federation, issuers):
    sloppy = issuers["sloppy"]
    *bad, _ = sloppy.keys

    def tokens():
        for key in bad:
            kid = key.get("kid")
            free = jwk.JWK(**{name: value for name, value in json.loads(key.export()).items()
                              if name not in ("use", "key_ops", "alg")})
            yield kid, sign({"alg": "RS256", "kid": kid}, claims(sloppy), free)
            yield kid + " unnamed", sign({"alg": "RS256"}, claims(sloppy), free)
    refused(federation, tokens())


def test_an_issuer_whose_keys_are_left_out_is_named_and_nobody_else(_federation, issuers):
    with open(_federation.httpd.error_log, encoding="utf-8") as file:
        lines = [line for line in file if "are left out" in line]
    assert lines
    assert all(issuers["sloppy"].url.rstrip("/") in line for line in lines)


def test_a_published_secret_is_not_written_down(_federation):
    with open(_federation.path("jwks", "jwks.json"), encoding="utf-8") as file:
        members = set(itertools.chain.from_iterable(key for key in json.load(file)["keys"]))
    assert members <= {"kty", "kid", "alg", "use", "n", "e", "crv", "x", "y", "iss", "seen"}
