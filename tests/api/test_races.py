# Licensed under the Apache License, Version 2.0; see LICENSE.
"""The same things asked for by many at once: each answer is one that API.md knows, and together they tell one story."""

import concurrent.futures
import threading

from deployed import body, count, done, frozen, submit  # noqa: F401

from harness.client import expect, unique


def at_once(*calls):
    """The answers of all calls, begun at the same time."""
    barrier = threading.Barrier(len(calls))

    def run(call):
        barrier.wait(30)
        return call()
    with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def codes(answers):
    return sorted(answer.status_code for answer in answers)


def test_one_key_makes_one_deployment(frozen):  # noqa: F811
    alice = frozen.person()
    wanted, key = body(frozen, alice), unique("key")
    before = [count(frozen, table) for table in ("deployments", "operations", "outbox")]
    answers = at_once(*[lambda: alice.post("/deployments", json=wanted, headers={"Idempotency-Key": key})] * 20)
    assert codes(answers) == [202] * 20
    assert len({(answer.json()["id"], answer.headers["Location"]) for answer in answers}) == 1
    assert [count(frozen, table) for table in ("deployments", "operations", "outbox")] == [number + 1 for number in before]


def test_of_one_key_with_two_bodies_one_is_made(frozen):  # noqa: F811
    alice = frozen.person()
    wanted, key = body(frozen, alice), unique("key")

    def ask(providers):
        return lambda: alice.post("/deployments", json={**wanted, "max_providers": providers}, headers={"Idempotency-Key": key})
    answers = at_once(*[ask(1 + number % 2) for number in range(10)])
    assert codes(answers) == [202] * 5 + [422] * 5
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 202}) == 1
    assert alice.get("/deployments").json()["page"]["total_elements"] == 1


def test_a_new_person_is_one_person_whatever_they_ask_for_first(stack):
    person = stack.person()
    asked = [lambda path=path: person.get(path) for path in ("/users/me", "/templates", "/deployments", "/users")] * 5
    assert codes(at_once(*asked)) == [200] * 20
    assert stack.sql("SELECT count(*) FROM users WHERE id = %s", (person.id,)) == [(1,)]
    sub = person.get("/users/me").json()["sub"]
    assert stack.sql("SELECT count(*) FROM users WHERE sub = %s", (sub,)) == [(1,)]


def test_deletions_at_once_are_one_operation(frozen):  # noqa: F811
    alice = frozen.person()
    for made in (done(frozen, alice), submit(frozen, alice)):
        answers = at_once(*[lambda: alice.delete("/deployments/" + made)] * 8)  # pylint: disable=cell-var-from-loop
        assert codes(answers) == [202] * 8
        assert len({answer.headers["Location"] for answer in answers}) == 1
        operations = expect(alice.get("/deployments/%s/operations?type=DELETE" % made), 200).json()
        assert operations["page"]["total_elements"] == 1
        assert answers[0].headers["Location"].endswith(operations["data"][0]["id"])


def test_a_template_is_removed_or_deployed_but_never_both(frozen):  # noqa: F811
    for _ in range(4):
        alice = frozen.person()
        wanted = body(frozen, alice)
        path = "/templates/" + wanted["template_id"]
        posts = [lambda: alice.post("/deployments", json=wanted)] * 3  # pylint: disable=cell-var-from-loop
        *made, removed = at_once(*posts, lambda: alice.delete(path))  # pylint: disable=cell-var-from-loop
        if removed.status_code == 204:
            assert codes(made) == [422] * 3
            assert {answer.json()["errors"][0]["pointer"] for answer in made} == {"/template_id"}
        else:
            expect(removed, 409)
            assert 202 in codes(made)
            expect(alice.get(path), 200)


def test_a_person_is_removed_or_owns_what_they_ask_for(frozen):  # noqa: F811
    admin = frozen.person(admin=True)
    template_id = admin.store_template()
    for _ in range(4):
        alice = frozen.person()
        wanted, before = body(frozen, alice, template_id=template_id), alice.id
        posts = [lambda: alice.post("/deployments", json=wanted)] * 3  # pylint: disable=cell-var-from-loop
        *made, removed = at_once(*posts, lambda: admin.delete("/users/" + before))  # pylint: disable=cell-var-from-loop
        assert codes(made) == [202] * 3
        assert removed.status_code in (204, 409)
        assert (alice.id == before) == (removed.status_code == 409)
        for answer in made:
            assert alice.deployment(answer.json()["id"])["owned_by"] == [alice.id]
