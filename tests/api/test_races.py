# Licensed under the Apache License, Version 2.0; see LICENSE.
"""The same things asked for by many at once: openapi.json knows each answer, and together they tell one story."""

import concurrent.futures
import contextlib
import hashlib
import threading

import psycopg2
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
    before = [count(frozen, table) for table in ("deployments", "operations")]
    answers = at_once(*[lambda: alice.post("/deployments", json=wanted, headers={"Idempotency-Key": key})] * 20)
    assert codes(answers) == [202] * 20
    assert len({(answer.json()["id"], answer.headers["Location"]) for answer in answers}) == 1
    assert [count(frozen, table) for table in ("deployments", "operations")] == [number + 1 for number in before]


def test_of_one_key_with_two_bodies_one_is_made(frozen):  # noqa: F811
    alice = frozen.person()
    wanted, key = body(frozen, alice), unique("key")

    def ask(providers):
        return lambda: alice.post("/deployments", json={**wanted, "max_providers": providers},
                                  headers={"Idempotency-Key": key})
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


TWO_NODES = """\
tosca_definitions_version: tosca_simple_yaml_1_0
metadata: {{ template_name: {name} }}
topology_template:
  node_templates: {{ one: {{ type: tosca.nodes.Compute }}, two: {{ type: tosca.nodes.Compute }} }}
"""


@contextlib.contextmanager
def held_open(stack, statement, parameters):
    """A transaction that has done its work and is committed at the end of the block."""
    connection = psycopg2.connect(stack.postgres.url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
        yield
        connection.commit()
    finally:
        connection.close()


def waiting(stack):
    return stack.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = "
                     "current_database()")[0][0]


def test_content_that_a_deployment_is_just_about_to_use_stays(frozen):  # noqa: F811
    """The deployment is there, and not yet to be seen, when the change looks for one."""
    alice = frozen.person()
    made = submit(frozen, alice)
    path = "/templates/" + alice.deployment(made)["template_id"]
    other = body(frozen, alice)["template_id"]
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        with held_open(frozen, "UPDATE deployments SET template_id = %s WHERE id = %s", (other, made)):
            change = pool.submit(alice.patch, "/templates/" + other, json={"content": TWO_NODES.format(name=unique())})
            frozen.wait_for(lambda: waiting(frozen) > 0, 10, "the change to wait")
        expect(change.result(), 409)
    expect(alice.patch(path, json={"content": TWO_NODES.format(name=unique())}), 204)


def test_a_submission_is_made_of_the_template_as_it_is_then(frozen):  # noqa: F811
    """The template is being changed when the submission has checked it: it is checked again."""
    alice = frozen.person()
    wanted, content = body(frozen, alice), TWO_NODES.format(name=unique())
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        with held_open(frozen,
                       "UPDATE templates SET content = %s, checksum = %s, row_version = row_version + 1 WHERE id = %s",
                       (content, hashlib.sha256(content.encode()).hexdigest(), wanted["template_id"])):
            asked = pool.submit(alice.post, "/deployments", json=wanted)
            frozen.wait_for(lambda: waiting(frozen) > 0, 10, "the submission to wait")
        made = expect(asked.result(), 202).json()["id"]
    resources = expect(alice.get("/deployments/%s/resources" % made), 200).json()["data"]
    assert sorted(one["tosca_node_name"] for one in resources) == ["one", "two"]


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


def test_deletions_by_force_at_once_want_their_locks_in_one_order(stack):
    """Each tells the one that runs to go further, while the engine works on it and at last removes the row."""
    admin, alice = stack.person(admin=True), stack.person()
    deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    before = stack.sql(deadlocks)
    # One that is deleted between the note of its creation and the POST, which is withheld then.
    stack.expect_log("may be left at IM .*: its creation was never answered, and it was not found")
    for _ in range(6):
        path = "/deployments/%s?force=true" % alice.deploy()
        seen = set()
        while 404 not in seen:
            seen.update(codes(at_once(*[lambda: admin.delete(path)] * 8)))  # pylint: disable=cell-var-from-loop
            assert seen <= {202, 204, 404}
    assert stack.sql(deadlocks) == before


def test_of_many_retries_and_cancellations_one_counts(frozen):  # noqa: F811
    alice = frozen.person()
    made = submit(frozen, alice)
    path = "/operations/%s" % alice.deployment(made)["last_operation"]
    answers = at_once(*[lambda: alice.post(path + "/cancel")] * 10)
    assert codes(answers) == [202] + [409] * 9
    key = unique("key")
    answers = at_once(*[lambda: alice.post(path + "/retry", headers={"Idempotency-Key": key})] * 5,
                      *[lambda: alice.post(path + "/retry")] * 5)
    locations = {answer.headers["Location"] for answer in answers if answer.status_code == 202}
    assert len(locations) == 1 and codes(answers)[0] == 202 and set(codes(answers)) == {202, 409}
    assert frozen.sql("SELECT count(*) FROM operations WHERE deployment_id = %s", (made,))[0][0] == 2


def test_a_deletion_and_a_cancellation_agree(frozen):  # noqa: F811
    alice = frozen.person()
    for _ in range(5):
        made = submit(frozen, alice)
        path = "/operations/%s/cancel" % alice.deployment(made)["last_operation"]
        deleted, canceled = at_once(lambda made=made: alice.delete("/deployments/" + made),
                                    lambda path=path: alice.post(path))
        expect(deleted, 202)
        assert canceled.status_code in (202, 409)
        states = {one["type"]: one["state"]
                  for one in alice.get("/deployments/%s/operations" % made).json()["data"]}
        assert states == {"CREATE": "canceled", "DELETE": "pending"}
        assert alice.deployment(made)["status_name"] == "DELETE_IN_PROGRESS"
