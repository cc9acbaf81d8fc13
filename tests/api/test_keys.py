# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Whose key signed a token: an issuer's keys speak for that issuer and for nobody else, with or without ids."""

import itertools
import os
import signal

import pytest
from tokens import ROUTE, block, come_in, refuse, start_issuer

from stack import keys, process

NO_KID = {"kid": None}


@pytest.fixture(scope="module")
def issuers(tmp_path_factory):
    """Issuers beside the stack's own. The twin's keys have the ids of the named ones; the mimic's have them with a
    space behind them, each of the other type."""
    named = [keys.make("RSA", "key-1"), keys.make("EC", "key-2")]
    made = {"twin": [keys.make("RSA", "key-1"), keys.make("EC", "key-2")], "named": named,
            "mimic": [keys.make("EC", "key-1 "), keys.make("RSA", "key-2 ")],
            "nameless": [keys.make("RSA", ""), keys.make("EC", "")],
            "nameless too": [keys.make("RSA", ""), keys.make("EC", "")],
            "confused": [keys.make("RSA", ""), keys.make("RSA", "")]}
    started = {name: start_issuer(tmp_path_factory.mktemp("issuer"), signing) for name, signing in made.items()}
    yield started
    for one in started.values():
        one.stop()


@pytest.fixture(scope="module")
def _federation(make_stack, issuers):
    stack = make_stack("".join(block(one) for one in issuers.values()), expect=["its key has no kid"])
    known = stack.client_with(issuers["named"].token("carol"))
    stack.wait_for(lambda: known.get(ROUTE).status_code == 404, 10, "the issuers' keys")
    return stack


@pytest.fixture
def federation(_federation):
    """A stack that takes the tokens of all of them."""
    _federation.expect_log("its key has no kid")  # each time when the daemon looks
    return _federation


def test_tokens_of_all_issuers_come_in(federation, issuers):
    for name in ("twin", "named", "mimic"):
        for key in issuers[name].keys:
            come_in(federation, issuers[name].token("carol", key=key))


def test_a_token_without_kid_comes_in_when_its_issuer_has_one_key_of_the_type(federation, issuers):
    for name in ("named", "nameless", "nameless too"):
        for key in issuers[name].keys:
            come_in(federation, issuers[name].token("carol", key=key, header=NO_KID))


def test_a_token_without_kid_is_refused_when_its_issuer_has_several_keys_of_the_type(federation, issuers):
    answer = refuse(federation, issuers["confused"].token("carol"))
    assert "does not name the key" in answer.json()["detail"]


def test_a_kid_is_not_the_name_of_a_key_that_has_none(federation, issuers):
    answer = refuse(federation, issuers["nameless"].token("carol", header={"kid": "any"}))
    assert "not known to have" in answer.json()["detail"]
    refuse(federation, issuers["nameless"].token("carol", header={"kid": ""}))
    refuse(federation, issuers["nameless"].token("carol", header={"x5t": "any"}))


@pytest.mark.parametrize("kid", [None, "key-1", "key-2", "key-1 ", "key-2 ", " key-1", "key - 1"], ids=str)
def test_no_issuers_key_speaks_for_another_issuer(federation, issuers, kid):
    """Whoever operates one issuer would be anybody, an administrator too, at all others."""
    for victim, attacker in itertools.permutations(issuers.values(), 2):
        for key in attacker.keys:
            refuse(federation, victim.token("local-admin", groups=["admins"], key=key, header={"kid": kid}))


def test_an_issuers_key_signs_for_that_issuer_only(federation, issuers):
    answer = refuse(federation, federation.issuer.token("carol", key=issuers["named"].keys[0]))
    assert "not known to have" in answer.json()["detail"]
    refuse(federation, issuers["named"].token("carol", key=federation.issuer.keys[1]))


def test_a_key_without_kid_is_logged_as_one(federation, issuers):
    def said(name, *words):
        with open(federation.httpd.error_log, encoding="utf-8") as file:
            return any(all(word in line for word in (issuers[name].url.rstrip("/"), *words)) for line in file)
    assert said("nameless", "its key has no kid; it is used for tokens without one")
    assert said("confused", "no key that can be used: its key has no kid, and there are others of the same type")
    assert not said("named", "kid")


def test_tokens_of_an_issuer_whose_keys_were_never_had_are_a_503(make_stack, tmp_path):
    """The daemon, which asks for them again and again, is held still: nobody's token makes anybody ask."""
    late = start_issuer(tmp_path)
    late.control("fault", {"route": "/jwks", "status": 500})
    stack = make_stack(block(late), expect=["its keys could not be had"])
    stack.expect_log("its keys could not be had")
    daemon = stack.wait_for(stack.daemon_pid, 15, "the daemon")
    os.kill(daemon, signal.SIGSTOP)
    before = late.control("calls").get("/jwks", 0)
    for _ in range(10):
        for token in (late.token("carol"), late.token("carol", header=NO_KID),
                      late.token("carol", key=keys.make("EC", "x"))):
            answer = refuse(stack, token, 503)
            assert "could not be fetched" in answer.json()["detail"] and int(answer.headers["Retry-After"]) > 0
            assert "WWW-Authenticate" not in answer.headers
    assert late.control("calls").get("/jwks", 0) <= before + 1  # one may have been under way
    refuse(stack, late.token("carol", iss="https://nobody.example"))
    come_in(stack, stack.issuer.token("carol"))
    os.kill(daemon, signal.SIGCONT)
    late.mend()
    known = stack.client_with(late.token("carol"))
    stack.wait_for(lambda: known.get(ROUTE, check=False).status_code == 404, 60, "the keys")
    forged = stack.client_with(late.token("carol", key=keys.make("EC", "x")))
    # Each child reads the keys when it looks at their file next.
    stack.wait_for(lambda: forged.get(ROUTE, check=False).status_code == 401, 60, "a refusal")
    late.stop()


def test_a_key_file_that_can_not_be_written_is_told(make_stack):
    stack = make_stack()
    folder = process.make_folder(stack.path("closed"))
    os.chmod(folder, 0o777)
    stack.reconfigure("OrchestratorJwksFile %s/jwks.json\n" % folder)
    stack.wait_for(lambda: os.listdir(folder) == ["jwks.json"], 30, "the key file")
    os.unlink(os.path.join(folder, "jwks.json"))
    os.chmod(folder, 0o555)
    stack.expect_log("can't be written", required=True)
    stack.kill_daemon()
    stack.wait_for_log("The key file %s/jwks.json can't be written" % folder)
    stack.reconfigure("")
    stack.wait_for(stack.ready, 30, "health")
