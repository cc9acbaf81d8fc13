# Licensed under the Apache License, Version 2.0; see LICENSE.
"""What is asked at the issuers' userinfo, and an issuer that doesn't answer there: its own people feel it, nobody
else."""

import concurrent.futures
import itertools
import threading

import pytest
import requests
from tokens import ROUTE

from harness.client import expect, unique

CLIENTS = 80


@pytest.fixture(scope="module")
def two_issuers(make_stack):
    """A stack of its own: a child remembers for some seconds that an issuer gave no answer."""
    return make_stack(issuers=2)


@pytest.fixture(scope="module")
def one_child(make_stack):
    """All that is sent meets in one process, as all streams of an HTTP/2 connection do."""
    return make_stack(directives="<IfModule mpm_event_module>\nStartServers 1\nServerLimit 1\nThreadsPerChild 32\n"
                      "MinSpareThreads 1\nMaxSpareThreads 32\nMaxRequestWorkers 32\n</IfModule>")


def sent_at_once(stack, tokens, route=ROUTE):
    """The statuses of a request with each token."""
    together = threading.Barrier(len(tokens))

    def send(token):
        with requests.Session() as session:
            session.get(stack.url + "/health", timeout=60)  # connected before it counts
            together.wait()
            headers = {"Authorization": "Bearer " + token}
            return session.get(stack.url + route, headers=headers, timeout=60).status_code
    with concurrent.futures.ThreadPoolExecutor(len(tokens)) as pool:
        return list(pool.map(send, tokens))


def bare_token(issuer):
    """A token that leaves it to userinfo to tell the groups."""
    return issuer.token(unique("person"), drop=["groups"])


def comes_in(stack, token):
    return stack.client_with(token).get(ROUTE, check=False).status_code == 404


def test_an_issuer_that_can_not_be_asked_for_groups_is_a_503_and_is_asked_again(two_issuers):
    issuer = two_issuers.issuers[1]
    issuer.control("fault", {"route": "/userinfo", "status": 500})
    two_issuers.expect_log("oidc.userinfo|503", required=True)
    token = bare_token(issuer)
    answer = expect(two_issuers.client_with(token).get("/templates"), 503)
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["Content-Type"] == "application/problem+json"
    issuer.mend()
    two_issuers.wait_for(lambda: comes_in(two_issuers, token), 20, "the issuer's answer")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 431])
def test_a_token_that_userinfo_refuses_keeps_nobody_else_waiting(two_issuers, status):
    """A token may be longer than what the issuer takes as a header, or be of a client, whom userinfo doesn't know."""
    issuer = two_issuers.issuer
    others = [bare_token(issuer) for _ in range(8)]  # one child at least is asked twice
    issuer.control("fault", {"route": "/userinfo", "status": status, "times": 8})
    for _ in range(8):
        expect(two_issuers.client_with(bare_token(issuer)).get("/templates"), 401)
    for token in others:
        assert comes_in(two_issuers, token)


@pytest.mark.parametrize("name", ["a\0b", "a\ud800b"])
def test_a_person_whose_userinfo_can_not_be_read_keeps_nobody_else_waiting(two_issuers, name):
    issuer = two_issuers.issuer
    others = [bare_token(issuer) for _ in range(8)]  # one child at least is asked twice
    odd = unique("person")
    issuer.control("person", {"sub": "local-" + odd, "name": name, "groups": []})
    two_issuers.expect_log("oidc.userinfo|503", required=True)
    for _ in range(8):
        token = issuer.token(odd, drop=["groups"])
        expect(two_issuers.client_with(token).get("/templates"), 503)
    for token in others:
        assert comes_in(two_issuers, token)


NO_USE = {"status": {"status": 500}, "limit": {"status": 429}, "redirection": {"status": 302}, "cut": {"status": 0},
          "hanging": {"status": -1}}


@pytest.mark.parametrize("answer", NO_USE.values(), ids=NO_USE)
def test_a_person_about_whom_an_issuer_gives_no_answer_of_use_keeps_nobody_else_out(one_child, answer):
    """Its account is broken there, or is asked about too often. Not even one's own next token has to try that again."""
    issuer, odd = one_child.issuer, unique("person")
    asked = issuer.control("calls").get("/userinfo", 0)
    one_child.expect_log("oidc.userinfo|503", required=True)
    issuer.control("fault", {"route": "/userinfo", **answer})
    headers = {"Authorization": "Bearer " + issuer.token(odd, drop=["groups"])}
    expect(requests.get(one_child.url + ROUTE, headers=headers, timeout=60), 503)
    headers = {"Authorization": "Bearer " + issuer.token(odd, ttl=1800, drop=["groups"])}
    refused = expect(requests.get(one_child.url + ROUTE, headers=headers, timeout=60), 503)
    assert 0 < int(refused.headers["Retry-After"]) <= 6
    issuer.mend()
    assert issuer.control("calls")["/userinfo"] == asked + 1
    assert sent_at_once(one_child, [bare_token(issuer) for _ in range(6)]) == [404] * 6


def test_a_person_about_whom_an_issuer_gives_no_answer_costs_nobody_else_a_name(one_child):
    """A registration is for good."""
    issuer, name = one_child.issuer, unique("person")
    one_child.expect_log("oidc.userinfo|503", required=True)
    issuer.control("fault", {"route": "/userinfo", "status": 500, "times": 1})
    expect(one_child.client_with(bare_token(issuer)).get("/templates"), 503)
    token = issuer.token(name, drop=["name", "email", "preferred_username"])
    person = one_child.client_with(token).get("/users/me").json()
    assert (person["username"], person["email"]) == (name, name + "@example.org")


def test_all_that_a_person_sends_at_once_with_a_new_token_is_answered(one_child):
    """The issuer is asked for the groups once, and the others wait for it."""
    issuer, rounds, many = one_child.issuer, 5, 16
    asked = issuer.control("calls").get("/userinfo", 0)
    for _ in range(rounds):
        assert sent_at_once(one_child, [bare_token(issuer)] * many) == [404] * many
    assert issuer.control("calls")["/userinfo"] - asked == rounds


def test_people_who_come_at_once_are_answered(one_child):
    """More than an issuer that is slow may hold."""
    for _ in range(5):
        assert sent_at_once(one_child, [bare_token(one_child.issuer) for _ in range(30)]) == [404] * 30


def test_people_who_come_at_once_for_the_first_time_are_registered(one_child):
    """While others ask for their groups."""
    issuer = one_child.issuer
    for _ in range(3):
        tokens = [issuer.token(unique("person"), drop=["name", "email", "preferred_username"]) for _ in range(10)]
        tokens += [bare_token(issuer) for _ in range(10)]
        assert sent_at_once(one_child, tokens, "/users/me") == [200] * 20


def test_a_person_with_ever_new_tokens_keeps_nobody_else_from_asking(one_child):
    issuer, person = one_child.issuer, unique("person")
    one_child.expect_log("too many requests ask it", required=True)
    issuer.control("fault", {"route": "/userinfo", "status": -1, "seconds": 0.1})
    is_over = threading.Event()
    lifetimes = itertools.count(3600)  # which make tokens different

    def insist():
        while not is_over.is_set():
            token = issuer.token(person, ttl=next(lifetimes), drop=["groups"])
            answer = requests.get(one_child.url + ROUTE, headers={"Authorization": "Bearer " + token}, timeout=60)
            assert answer.status_code in (404, 503)
    with concurrent.futures.ThreadPoolExecutor(24) as pool:
        insisting = [pool.submit(insist) for _ in range(24)]
        try:
            for _ in range(10):
                assert sent_at_once(one_child, [bare_token(issuer) for _ in range(6)]) == [404] * 6
        finally:
            is_over.set()
            issuer.mend()
    for one in insisting:
        one.result()


def test_who_asks_again_and_again_keeps_nobody_else_from_asking(one_child):
    """A person whose userinfo is too long to be of use; the others send six requests at once, as a browser does."""
    issuer = one_child.issuer
    odd = unique("person")
    issuer.control("person", {"sub": "local-" + odd, "text": "x" * 300000})
    one_child.expect_log("oidc.userinfo|oidc.busy|503", required=True)
    headers = {"Authorization": "Bearer " + issuer.token(odd, drop=["groups"])}
    is_over = threading.Event()

    def insist():
        while not is_over.is_set():
            expect(requests.get(one_child.url + ROUTE, headers=headers, timeout=60), 503)
    expect(requests.get(one_child.url + ROUTE, headers=headers, timeout=60), 503)
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        insisting = [pool.submit(insist) for _ in range(16)]
        try:
            for _ in range(10):
                assert sent_at_once(one_child, [bare_token(issuer)] * 6) == [404] * 6
        finally:
            is_over.set()
    for one in insisting:
        one.result()


def test_a_person_has_half_of_the_children_that_have_one_thread(make_stack):
    """Their issuer hangs, and who is beyond that doesn't wait for it."""
    workers = 16
    stack = make_stack("KeepAlive Off\n", mpm="prefork")
    stack.expect_log("oidc|503|server reached MaxRequestWorkers")
    stack.issuer.control("fault", {"route": "/userinfo", "status": -1})
    person, together = unique("person"), threading.Barrier(workers)

    def ask(ttl):
        headers = {"Authorization": "Bearer " + stack.issuer.token(person, ttl=ttl, drop=["groups"])}
        together.wait()
        return requests.get(stack.url + ROUTE, headers=headers, timeout=60)
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        answers = list(pool.map(ask, range(3600, 3600 + workers)))
    assert {answer.status_code for answer in answers} == {503}
    assert any(answer.json()["type"].endswith("oidc.busy") for answer in answers)
    stack.issuer.mend()


def test_an_issuer_that_hangs_takes_no_workers_from_another(two_issuers):
    """All 80 have their 503; few of them waited for it. Somebody of another issuer is served all the time."""
    healthy, hanging = two_issuers.issuers
    hanging.control("fault", {"route": "/userinfo", "status": -1})
    two_issuers.expect_log("oidc|userinfo|503", required=True)
    other = {"Authorization": "Bearer " + healthy.token("carol")}
    asked = hanging.control("calls").get("/userinfo", 0)
    together = threading.Barrier(CLIENTS)

    def ask(token):
        together.wait()
        return requests.get(two_issuers.url + "/templates", headers={"Authorization": "Bearer " + token}, timeout=120)
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        answers = [pool.submit(ask, bare_token(hanging)) for _ in range(CLIENTS)]
        while True:
            # Over new connections: httpd ends those that rest when it needs its threads.
            expect(requests.get(two_issuers.url + ROUTE, headers=other, timeout=120), 404)
            if all(answer.done() for answer in answers):
                break
    for answer in answers:
        expect(answer.result(), 503)
        assert int(answer.result().headers["Retry-After"]) > 0
    assert hanging.control("calls").get("/userinfo", 0) - asked < CLIENTS / 2
    hanging.mend()
    token = bare_token(hanging)
    two_issuers.wait_for(lambda: comes_in(two_issuers, token), 20, "the issuer's answer")


def test_a_crowd_of_new_people_are_registered_with_their_names(two_issuers):
    """Whoever has to wait for the issuer is told so; nobody is registered without what the issuer knows of them."""
    issuer = two_issuers.issuer
    two_issuers.expect_log("too many requests ask it")
    people = [unique("person") for _ in range(40)]
    together = threading.Barrier(len(people))

    def register(name):
        token = issuer.token(name, drop=["name", "email", "preferred_username"])
        together.wait()
        while True:
            answer = requests.get(two_issuers.url + "/users/me", headers={"Authorization": "Bearer " + token},
                                  timeout=60)
            if answer.status_code != 503:
                return expect(answer, 200).json()
            assert answer.json()["type"].endswith("oidc.busy")
    with concurrent.futures.ThreadPoolExecutor(len(people)) as pool:
        for name, person in zip(people, pool.map(register, people)):
            assert (person["username"], person["email"]) == (name, name + "@example.org")
