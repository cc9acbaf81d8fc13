# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Secrets at rest: sealed for their place, shown to owners only, and one that can't be opened hides itself alone."""

import base64
import json
import os

import pytest
from deployed import CLUSTER, done, frozen, own, person_id, seal, submit  # noqa: F401

from harness.client import expect, unique
from stack import process

OUTPUTS = "deployments.template_outputs_sealed"
INPUTS = "deployments.template_inputs_sealed"
TOKEN = "users.refresh_token"
REDACTED = "REDACTED"


def closed(stack, column, row):
    """The one line that tells of it."""
    stack.expect_log(r"\[orchestrator:warn\].*%s of row %s can't be opened" % (column, row), required=True)


def secret_inputs(stack, **more):
    return {"password": stack.secret(unique("pass-of-input")), **more}


def with_secret(stack, client, **inputs):
    """A deployment with a secret input; its id and the inputs."""
    given = secret_inputs(stack, **inputs)
    return submit(stack, client, CLUSTER.format(name=unique()), template_inputs=given), given


def with_refresh_token(stack, client):
    """Gives the person a refresh token; it, and the person's id."""
    token = stack.secret(unique("refresh"))
    expect(client.patch("/users/me", json={"refresh_token": token}), 204)
    return token, person_id(stack, client)


def test_secret_inputs_are_shown_to_owners_only_and_sealed_at_rest(frozen):
    alice, carol, admin = frozen.person(), frozen.person(), frozen.person(admin=True)
    made, given = with_secret(frozen, alice, workers=1)
    own(frozen, made, carol)
    for person in (alice, carol):
        assert person.deployment(made)["template_inputs"] == given
        assert person.get("/deployments").json()["data"][0]["template_inputs"] == given
    shown = {"password": REDACTED, "workers": 1}
    assert admin.deployment(made)["template_inputs"] == shown
    assert admin.get("/deployments", params={"id": made}).json()["data"][0]["template_inputs"] == shown
    [(stored, box)] = frozen.sql("SELECT template_inputs, template_inputs_sealed FROM deployments WHERE id = %s",
                                 (made,))
    assert stored == shown and given["password"] not in box


def test_a_secret_input_stands_nowhere_in_the_database_in_clear(frozen):
    alice = frozen.person()
    _, given = with_secret(frozen, alice)
    tables = [row[0] for row in frozen.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    assert "deployments" in tables
    for table in tables:
        found = frozen.sql("SELECT count(*) FROM %s t WHERE strpos(t::text, '%s') > 0" % (table, given["password"]))
        assert found == [(0,)], table


def test_inputs_without_secrets_are_not_sealed(frozen):
    alice = frozen.person()
    made = submit(frozen, alice)
    assert frozen.sql("SELECT template_inputs_sealed FROM deployments WHERE id = %s", (made,)) == [(None,)]


def test_a_value_that_was_moved_to_another_row_or_column_does_not_open(frozen):
    alice, mallory = frozen.person(), frozen.person()
    _, victim = with_refresh_token(frozen, alice)
    _, thief = with_refresh_token(frozen, mallory)
    frozen.sql("UPDATE users SET refresh_token = (SELECT refresh_token FROM users WHERE id = %s) WHERE id = %s",
               (victim, thief))
    closed(frozen, TOKEN, thief)
    assert expect(mallory.get("/users/me"), 200).json()["refresh_token"] is None
    frozen.sql("UPDATE users SET refresh_token = (SELECT access_token FROM credentials WHERE user_id = %s) WHERE id = "
               "%s",
               (thief, thief))
    assert expect(mallory.get("/users/me"), 200).json()["refresh_token"] is None


@pytest.mark.parametrize("column,member", [(OUTPUTS, "template_outputs"), (INPUTS, "template_inputs")])
def test_a_damaged_value_hides_itself_and_neither_object_nor_list(frozen, column, member):
    alice = frozen.person()
    ids = [done(frozen, alice, content=CLUSTER.format(name=unique()), template_inputs=secret_inputs(frozen))
           for _ in range(3)]
    for made in ids:
        frozen.sql("UPDATE deployments SET template_outputs_sealed = %s WHERE id = %s",
                   (seal(frozen, OUTPUTS, made, '{"password": "x"}'), made))
    frozen.sql("UPDATE deployments SET {0} = overlay({0} placing 'AAAA' from 30) WHERE id = %s".format(
        column.split(".")[1]), (ids[1],))
    closed(frozen, column, ids[1])
    assert alice.deployment(ids[1])[member] is None
    listed = {one["id"]: one for one in expect(alice.get("/deployments"), 200).json()["data"]}
    assert [listed[made][member] is None for made in ids] == [False, True, False]
    assert listed[ids[0]]["template_outputs"] == {"password": "x"}


def test_damaged_metadata_hides_itself(frozen):
    alice = frozen.person()
    made = done(frozen, alice)
    path = "/deployments/%s/resources" % made
    [resource] = expect(alice.get(path), 200).json()["data"]
    frozen.sql("UPDATE resources SET metadata_sealed = 'junk' WHERE id = %s", (resource["id"],))
    closed(frozen, "resources.metadata_sealed", resource["id"])
    assert expect(alice.get(path), 200).json()["data"][0]["metadata"] is None
    assert expect(alice.get(path + "/" + resource["id"]), 200).json()["metadata"] is None


def test_with_another_key_a_person_is_shown_without_the_refresh_token_and_sets_a_new_one(make_stack):
    stack = make_stack()
    alice = stack.person()
    _, id = with_refresh_token(stack, alice)
    stack.expect_log(r"credentials.access_token of row \S+ can't be opened")
    closed(stack, TOKEN, id)
    process.write(stack.path("secret.key"), base64.b64encode(os.urandom(32)).decode() + "\n", 0o600)
    stack.graceful()
    assert expect(alice.get("/users/me"), 200).json()["refresh_token"] is None
    token, _ = with_refresh_token(stack, alice)
    assert expect(alice.get("/users/me"), 200).json()["refresh_token"] == token


def test_every_key_of_the_file_opens_and_the_first_seals(make_stack):
    stack = make_stack()
    alice, bob = stack.person(), stack.person()
    token, id = with_refresh_token(stack, alice)
    with open(stack.path("secret.key"), encoding="ascii") as file:
        old = file.read()
    new = base64.b64encode(os.urandom(32)).decode() + "\n"
    process.write(stack.path("secret.key"), "# the new one\n" + new + "\n# the old one\n" + old, 0o600)
    stack.graceful()
    assert expect(alice.get("/users/me"), 200).json()["refresh_token"] == token
    _, other = with_refresh_token(stack, bob)
    marks = {str(row): box.partition(":")[0] for row, box in stack.sql(
        "SELECT id, refresh_token FROM users WHERE refresh_token IS NOT NULL")}
    assert len(marks[id]) == 8 and marks[id] != marks[other]


def test_a_number_in_sealed_inputs_keeps_its_form(frozen):
    alice = frozen.person()
    content = CLUSTER.format(name=unique()).replace("password: { type: string }",
                                                    "password: { type: string }\n    ratio: { type: float, default: "
                                                    "1.0 }")
    given = secret_inputs(frozen, ratio=1e300)
    made = submit(frozen, alice, content, template_inputs=given)
    assert json.loads(alice.get("/deployments/" + made).text)["template_inputs"] == given


def test_a_key_is_exchanged_while_httpd_runs(make_stack, build):
    stack = make_stack()
    alice = stack.person()
    token, _ = with_refresh_token(stack, alice)
    made, given = with_secret(stack, alice)
    alice.wait_for_status(made, "CREATE_COMPLETE")
    before = (alice.deployment(made), expect(alice.get("/deployments/%s/resources" % made), 200).json()["data"])
    with open(stack.path("secret.key"), encoding="ascii") as file:
        old = file.read()
    new = base64.b64encode(os.urandom(32)).decode() + "\n"
    # As README.md has it: every host opens with the new key, every host seals with it, all is sealed with it, the old
    # one goes.
    for keys in (old + new, new + old):
        process.write(stack.path("secret.key"), keys, 0o600)
        stack.graceful()
    said = process.run([os.path.join(build, "orchestrator-rotate"), stack.postgres.conninfo, stack.path("secret.key")])
    assert "deployments.template_inputs_sealed: 1 sealed anew" in said and "users.refresh_token: 1 sealed anew" in said
    process.write(stack.path("secret.key"), new, 0o600)
    stack.graceful()
    assert expect(alice.get("/users/me"), 200).json()["refresh_token"] == token
    assert before == (alice.deployment(made), expect(alice.get("/deployments/%s/resources" % made), 200).json()["data"])
    assert before[0]["template_inputs"] == given
    expect(alice.delete("/deployments/" + made), 202)
    alice.wait_for_status(made, "DELETE_COMPLETE")
