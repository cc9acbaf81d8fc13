# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Idempotency-Key: mod_orchestrator/surface/README.md, "What every route keeps to"."""

import concurrent.futures

import psycopg2
import pytest

from harness.client import expect, template, unique


def post(person, key, content=None, **options):
    return person.post("/templates", headers={"Idempotency-Key": key}, json={"content": content or template()},
                       **options)


def count(person):
    return expect(person.get("/templates", params={"created_by": "me"}), 200).json()["page"]["total_elements"]


def test_the_same_request_gets_the_first_answer_again(stack):
    person, key, content = stack.person(), unique("key"), template()
    first = expect(post(person, key, content), 201)
    again = expect(post(person, key, content), 201)
    assert again.json() == first.json()
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["X-Request-ID"] != first.headers["X-Request-ID"]
    assert count(person) == 1


def test_without_a_key_it_is_another_request(stack):
    person, content = stack.person(), template()
    expect(post(person, unique("key"), content), 201)
    expect(person.post("/templates", json={"content": content}), 409)
    expect(post(person, unique("key"), content), 409)


def test_another_body_is_refused(stack):
    person, key = stack.person(), unique("key")
    expect(post(person, key), 201)
    problem = expect(post(person, key), 422).json()
    assert problem["errors"][0]["parameter"] == "Idempotency-Key"
    assert count(person) == 1


def test_another_query_is_refused(stack):
    person, key = stack.person(), unique("key")
    text = "\n".join(line for line in template().splitlines() if "template_name" not in line) + "\n# " + unique()
    headers = {"Idempotency-Key": key, "Content-Type": "text/yaml"}
    expect(person.post("/templates", data=text, headers=headers, params={"name": "a"}), 201)
    expect(person.post("/templates", data=text, headers=headers, params={"name": "b"}), 422)
    expect(person.post("/templates", data=text, headers=headers, params={"name": "a"}), 201)


def test_a_key_belongs_to_a_person(stack):
    first, second, key = stack.person(), stack.person(), unique("key")
    one, two = expect(post(first, key), 201), expect(post(second, key), 201)
    assert one.json() != two.json()


def test_a_key_belongs_to_a_path(stack):
    person, key = stack.person(), unique("key")
    expect(person.post("/users", headers={"Idempotency-Key": key}), 201)
    expect(post(person, key), 201)


def test_a_registration_is_repeated_too(stack):
    person, key = stack.person(), unique("key")
    first = expect(person.post("/users", headers={"Idempotency-Key": key}), 201)
    again = expect(person.post("/users", headers={"Idempotency-Key": key}), 201)
    assert (again.json(), again.headers["Location"]) == (first.json(), first.headers["Location"])
    expect(person.post("/users", headers={"Idempotency-Key": unique("key")}), 409)


def test_errors_are_not_kept(stack):
    person, key, content = stack.person(), unique("key"), template()
    id = expect(person.post("/templates", json={"content": content}), 201).json()["id"]
    expect(post(person, key, content), 409)
    expect(post(person, key, "a: ["), 422)
    expect(person.delete("/templates/" + id), 204)
    expect(post(person, key, content), 201)


def test_the_first_answer_is_given_even_when_the_object_is_gone(stack):
    person, key, content = stack.person(), unique("key"), template()
    id = expect(post(person, key, content), 201).json()["id"]
    expect(person.delete("/templates/" + id), 204)
    assert expect(post(person, key, content), 201).json() == {"id": id}


def test_after_a_day_a_key_is_new(stack):
    person, key, content = stack.person(), unique("key"), template()
    id = expect(post(person, key, content), 201).json()["id"]
    stack.sql("UPDATE idempotency_keys SET created_at = now() - interval '23 hours 59 minutes' WHERE key = %s", (key,))
    assert expect(post(person, key, content), 201).json() == {"id": id}
    stack.sql("UPDATE idempotency_keys SET created_at = now() - interval '24 hours 1 minute' WHERE key = %s", (key,))
    expect(post(person, key, content), 409)
    assert expect(post(person, key), 201).json() != {"id": id}


def test_requests_at_once_get_one_answer(stack):
    person, key, content = stack.person(), unique("key"), template()
    assert person.id
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: post(person, key, content), range(16)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert count(person) == 1


def test_a_second_request_waits_for_the_first(stack):
    """The first one is held in its transaction by a lock on what it writes next."""
    person, key, content = stack.person(), unique("key"), template()
    assert person.id
    holder = psycopg2.connect(stack.postgres.url)
    with holder.cursor() as cursor:
        cursor.execute("LOCK TABLE templates IN SHARE MODE")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        first = pool.submit(post, person, key, content)
        second = pool.submit(post, person, key, content)
        stack.wait_for(lambda: stack.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND "
                                         "datname = current_database()")[0][0] >= 2, 10, "both requests to wait")
        assert not first.done() and not second.done()
        holder.rollback()
        holder.close()
        assert first.result().json() == second.result().json()
    assert count(person) == 1


@pytest.mark.parametrize("key", ["x" * 255, "a b", "~!@#$%^&*()", "8e03978e-40d5-43dd-bc93-6894a57f9324"])
def test_keys_that_are_taken(stack, key):
    expect(post(stack.person(), key), 201)


@pytest.mark.parametrize("key", ["x" * 256, "", b"\xc3\xa4", "a\tb"])
def test_keys_that_are_refused(stack, key):
    person = stack.person()
    problem = expect(post(person, key), 422).json()
    assert problem["errors"][0]["parameter"] == "Idempotency-Key"
    assert count(person) == 0


def test_other_routes_ignore_the_header(stack):
    person, key = stack.person(), unique("key")
    expect(person.get("/users/me", headers={"Idempotency-Key": "x" * 300}), 200)
    expect(person.patch("/users/me", json={}, headers={"Idempotency-Key": key}), 204)
