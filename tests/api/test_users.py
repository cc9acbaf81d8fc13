# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Persons: registered at their first request, read, changed, deleted."""

import base64
import concurrent.futures
import hashlib
import json
import uuid

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (Encoding, PublicFormat, load_ssh_private_key,
                                                          load_ssh_public_key)

from harness.client import expect, template, unique

KEYS = {"ed25519": ed25519.Ed25519PrivateKey.generate, "rsa": lambda: rsa.generate_private_key(65537, 2048),
        **{curve.name: lambda curve=curve: ec.generate_private_key(curve())
           for curve in (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)}}


def public_key(kind):
    return KEYS[kind]().public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


ED25519 = public_key("ed25519")
FIELDS = {"id", "created_at", "sub", "issuer", "name", "username", "email", "picture", "public_ssh_key"}
PUBLIC = {"id", "name", "username", "picture"}
NOBODY = "00000000-0000-7000-8000-000000000000"


def me(person):
    return expect(person.get("/users/me"), 200).json()


def claims_of(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def named(problem):
    """The parts of a request that a problem names."""
    return {entry.get("pointer", entry.get("parameter")) for entry in problem.json()["errors"]}


def share_a_deployment(stack, first, second):
    """Makes two people co-owners."""
    deployment = first.deploy()
    stack.sql("INSERT INTO deployment_owners (deployment_id, user_id) VALUES (%s, %s)", (deployment, second.id))


# registration

def test_the_first_post_registers(stack):
    person = stack.person()
    answer = expect(person.post("/users"), 201)
    assert set(answer.json()) == {"id"}
    assert answer.headers["Location"] == stack.url + "/users/" + answer.json()["id"]
    assert me(person)["id"] == answer.json()["id"]


def test_a_second_post_is_in_the_way_of_the_first(stack):
    person = stack.person()
    id = expect(person.post("/users"), 201).json()["id"]
    assert expect(person.post("/users"), 409).headers["Location"] == stack.url + "/users/" + id


def test_any_first_request_registers(stack):
    person = stack.person()
    expect(person.get("/templates"), 200)
    answer = expect(person.post("/users"), 409)
    assert answer.headers["Location"].endswith("/users/" + me(person)["id"])


def test_a_first_request_that_breaks_rules_registers_too(stack):
    person = stack.person()
    expect(person.post("/templates", json={}), 422)
    expect(person.post("/users"), 409)


def test_many_first_requests_at_once_register_once(stack):
    person = stack.person()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: person.post("/users"), range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    ids = {(answer.headers["Location"]).rpartition("/")[2] for answer in answers}
    assert len(ids) == 1


def test_a_body_is_ignored(stack):
    expect(stack.person().post("/users", data=b"{not json", headers={"Content-Type": "text/plain"}), 201)


def test_the_object_has_the_tokens_claims(stack):
    person = stack.person(email="Ada@Example.org ", preferred_username="ada")
    user, claims = me(person), claims_of(person.token)
    assert set(user) == FIELDS | {"refresh_token"}
    assert (user["name"], user["username"], user["email"]) == (claims["name"], "ada", "Ada@Example.org ")
    assert (user["sub"], user["issuer"]) == (claims["sub"], claims["iss"].rstrip("/"))
    assert (user["picture"] == "https://www.gravatar.com/avatar/%s?d=identicon" %
            hashlib.sha256(b"ada@example.org").hexdigest())
    assert user["public_ssh_key"] is None and user["refresh_token"] is None


def test_claims_that_the_token_lacks_are_asked_for_at_userinfo(stack):
    sub = unique("sub")
    stack.issuer.control("person",
                         {"sub": sub, "name": "From Userinfo", "email": "u@example.org", "preferred_username": "uinfo"})
    person = stack.person(sub=sub, drop=["name", "email", "preferred_username"])
    expect(person.post("/users"), 201)
    user = me(person)
    assert (user["name"], user["username"], user["email"]) == ("From Userinfo", "uinfo", "u@example.org")


def test_claims_that_userinfo_lacks_too_are_named(stack):
    sub = unique("sub")
    stack.issuer.control("person", {"sub": sub, "name": None, "email": None, "preferred_username": "x"})
    person = stack.person(sub=sub, drop=["name", "email", "preferred_username"])
    assert named(expect(person.post("/users"), 422)) == {"name", "email"}


def test_other_first_requests_do_without_these_claims(stack):
    sub = unique("sub")
    stack.issuer.control("person", {"sub": sub, "name": None, "email": None, "preferred_username": None})
    person = stack.person(sub=sub, drop=["name", "email", "preferred_username"])
    user = me(person)
    assert (user["name"], user["username"], user["email"], user["picture"]) == (sub, sub, "", None)


def test_a_newer_token_brings_the_person_up_to_date(stack):
    sub = unique("sub")
    first = stack.person(sub=sub, email="old@example.org", ttl=300)
    id = first.id
    second = stack.person(sub=sub, email="new@example.org", ttl=3000)
    assert me(second)["email"] == "new@example.org"
    assert second.id == id


def test_the_access_token_is_kept_sealed(stack):
    person = stack.person()
    id = person.id
    stored = stack.sql("SELECT access_token FROM credentials WHERE user_id = %s", (id,))
    assert len(stored) == 1
    assert person.token not in stored[0][0]


def test_a_newer_token_wakes_operations_that_wait_for_one(stack):
    sub = unique("sub")
    group = stack.group("pending_for_ever")
    person, admin = stack.person([group], sub=sub, ttl=600), stack.person(admin=True)
    deployment = person.deploy(group=group)
    # As if an administrator had asked for it and the creator's token were needed; whoever works on it now has lost it.
    stack.sql("WITH w AS (UPDATE work w SET due_at = now() + interval '1 day', lease_owner = NULL, lease_number = "
              "lease_number + 1 "
              "FROM operations o WHERE o.id = w.id AND o.deployment_id = %s) "
              "UPDATE operations SET waits_for_token = true, created_by = %s WHERE deployment_id = %s",
              (deployment, admin.id, deployment))
    state = ("SELECT waits_for_token, due_at > now() + interval '1 hour' FROM operations JOIN work USING (id) WHERE "
             "deployment_id = %s")
    expect(admin.get("/users/me"), 200)
    assert stack.sql(state, (deployment,)) == [(True, True)]
    # IM knows people by their names too.
    expect(stack.client(person.name, [group], sub=sub, ttl=6000).get("/users/me"), 200)
    assert stack.sql(state, (deployment,)) == [(False, False)]
    expect(person.delete("/deployments/" + deployment), 202)
    person.wait_for_status(deployment, "DELETE_COMPLETE")


# reading

def test_me_and_the_id_are_the_same_person(stack):
    person = stack.person()
    assert me(person) == expect(person.get("/users/" + person.id), 200).json()
    assert me(person) == expect(person.get("/users/" + person.id.upper()), 200).json()


def test_another_person_is_forbidden_and_nobody_is_not_found(stack):
    first, second = stack.person(), stack.person()
    expect(first.get("/users/" + second.id), 403)
    expect(first.get("/users/" + NOBODY), 404)
    expect(stack.person(admin=True).get("/users/" + NOBODY), 404)


def test_an_administrator_reads_everybody_but_no_refresh_token(stack):
    person, admin = stack.person(), stack.person(admin=True)
    expect(person.patch("/users/me", json={"refresh_token": stack.secret(unique("refresh"))}), 204)
    assert set(expect(admin.get("/users/" + person.id), 200).json()) == FIELDS


def test_an_id_that_is_no_uuid_is_named(stack):
    assert named(expect(stack.person().get("/users/you"), 422)) == {"user_id"}


def test_an_administrator_lists_everybody_without_refresh_tokens(stack):
    person, admin = stack.person(), stack.person(admin=True)
    expect(person.patch("/users/me", json={"refresh_token": stack.secret(unique("refresh"))}), 204)
    found = expect(admin.get("/users", params={"id": [person.id, admin.id]}), 200).json()["data"]
    assert {user["id"] for user in found} == {person.id, admin.id}
    assert all(set(user) == FIELDS for user in found)


def test_a_person_lists_themselves_and_the_public_part_of_co_owners(stack):
    first, second, third = stack.person(), stack.person(), stack.person()
    assert third.id
    share_a_deployment(stack, first, second)
    users = {user["id"]: user for user in expect(first.get("/users"), 200).json()["data"]}
    assert set(users) == {first.id, second.id}
    assert set(users[first.id]) == FIELDS
    assert set(users[second.id]) == PUBLIC


def test_what_is_not_shown_of_a_co_owner_can_not_be_filtered_by(stack):
    first, second = stack.person(), stack.person()
    share_a_deployment(stack, first, second)
    email = me(second)["email"]
    assert expect(first.get("/users", params={"email": email}), 200).json()["data"] == []
    assert expect(first.get("/users", params={"sub": me(second)["sub"]}), 200).json()["data"] == []


# changing

def test_a_person_changes_themselves(stack):
    person = stack.person()
    token = stack.secret(unique("refresh"))
    expect(person.patch("/users/me", json={"picture": "https://example.org/me.png", "public_ssh_key": ED25519 + "\n",
                                           "refresh_token": token}), 204)
    user = me(person)
    assert (user["picture"], user["public_ssh_key"], user["refresh_token"]) == ("https://example.org/me.png", ED25519,
                                                                                token)
    stored = stack.sql("SELECT refresh_token FROM users WHERE id = %s", (person.id,))[0][0]
    assert token not in stored


def test_the_scheme_of_a_picture_may_be_in_capitals(stack):
    person = stack.person()
    expect(person.patch("/users/me", json={"picture": "HTTPS://Example.org/Me.PNG"}), 204)
    assert me(person)["picture"] == "HTTPS://Example.org/Me.PNG"


def test_a_picture_that_is_no_web_address_is_told_so(stack):
    answer = expect(stack.person().patch("/users/me", json={"picture": "ftp://example.org/me.png"}), 422)
    assert "[Hh][Tt][Tt][Pp]" in answer.json()["errors"][0]["detail"]


def test_null_clears(stack):
    person = stack.person()
    expect(person.patch("/users/me",
                        json={"public_ssh_key": ED25519, "refresh_token": stack.secret(unique("refresh"))}), 204)
    expect(person.patch("/users/me", json={"picture": None, "public_ssh_key": None, "refresh_token": None}), 204)
    user = me(person)
    assert (user["picture"], user["public_ssh_key"], user["refresh_token"]) == (None, None, None)


def test_what_is_not_given_stays(stack):
    person = stack.person()
    before = me(person)
    expect(person.patch("/users/me", json={}), 204)
    expect(person.patch("/users/me", json={"public_ssh_key": ED25519}), 204)
    assert me(person) == {**before, "public_ssh_key": ED25519}


@pytest.mark.parametrize("kind", sorted(KEYS))
def test_every_kind_of_public_key_is_taken(stack, kind):
    person = stack.person()
    key = public_key(kind) + " a comment"
    expect(person.patch("/users/me", json={"public_ssh_key": key}), 204)
    assert me(person)["public_ssh_key"] == key


@pytest.mark.parametrize("body", [
    {"picture": "not a uri"}, {"picture": "ftp://example.org/x"}, {"picture": "javascript:alert(1)"}, {"picture": 1},
    {"picture": "https://" + "x" * 3000}, {"picture": ""},
    {"public_ssh_key": ""}, {"public_ssh_key": "ssh-rsa"}, {"public_ssh_key": "ssh-ed25519 AAAA"},
    {"public_ssh_key": 1}, {"public_ssh_key": ED25519 + "\n" + ED25519}, {"public_ssh_key": "command=\"x\" " + ED25519},
    {"public_ssh_key": ED25519.replace("ssh-ed25519", "ssh-rsa")}, {"public_ssh_key": ED25519 + "\x07"},
    {"refresh_token": ""}, {"refresh_token": []}, {"name": "x"}, {"email": None},
])
def test_a_bad_change_names_its_field(stack, body):
    person = stack.person()
    before = me(person)
    assert named(expect(person.patch("/users/me", json=body), 422)) == {"/" + next(iter(body))}
    assert me(person) == before


def test_a_bad_change_names_every_field_at_once(stack):
    body = {"picture": "x", "public_ssh_key": "y", "refresh_token": 1, "sub": "z"}
    assert named(expect(stack.person().patch("/users/me", json=body), 422)) == {
        "/picture", "/public_ssh_key", "/refresh_token", "/sub"}


def test_an_administrator_changes_others_but_not_their_refresh_token(stack):
    person, admin = stack.person(), stack.person(admin=True)
    expect(admin.patch("/users/" + person.id, json={"public_ssh_key": ED25519}), 204)
    assert me(person)["public_ssh_key"] == ED25519
    expect(admin.patch("/users/" + person.id, json={"refresh_token": "x"}), 403)
    expect(admin.patch("/users/" + person.id, json={"refresh_token": None}), 403)


def test_others_change_nobody(stack):
    first, second = stack.person(), stack.person()
    expect(first.patch("/users/" + second.id, json={"picture": None}), 403)
    expect(first.patch("/users/" + NOBODY, json={"picture": None}), 404)
    expect(stack.person(admin=True).patch("/users/" + NOBODY, json={"picture": None}), 404)
    assert me(second)["picture"] is not None


def test_the_shape_of_a_change_comes_before_who_may(stack):
    first, second = stack.person(), stack.person()
    expect(first.patch("/users/" + second.id, json={"picture": 1}), 422)


# removing

def test_an_administrator_removes_a_person(stack):
    person, admin = stack.person(), stack.person(admin=True)
    id = person.id
    expect(admin.delete("/users/" + id), 204)
    expect(admin.get("/users/" + id), 404)
    expect(admin.delete("/users/" + id), 404)


def test_only_administrators_remove(stack):
    person, other = stack.person(), stack.person()
    expect(person.delete("/users/" + other.id), 403)
    expect(person.delete("/users/me"), 403)
    expect(person.delete("/users/" + NOBODY), 403)


def test_a_person_that_something_refers_to_stays(stack):
    person, admin = stack.person(), stack.person(admin=True)
    template = person.store_template()
    expect(admin.delete("/users/" + person.id), 409)
    expect(person.delete("/templates/" + template), 204)
    expect(admin.delete("/users/" + person.id), 204)


def test_nobody_removes_themselves(stack):
    admin = stack.person(admin=True)
    expect(admin.delete("/users/me"), 409)
    expect(admin.delete("/users/" + admin.id), 409)


@pytest.mark.parametrize("first_request", [
    lambda person: expect(person.get("/users/me"), 200),
    lambda person: expect(person.get("/templates"), 200),
    lambda person: expect(person.post("/users"), 201),
    lambda person: person.store_template(),
    lambda person: expect(person.post("/templates", json={"content": template()}, headers={"Idempotency-Key": "k"}),
                          201),
    lambda person: expect(person.get("/templates/" + NOBODY), 404),
    lambda person: expect(person.delete("/templates/" + NOBODY), 404),
])
def test_a_person_who_was_removed_comes_back_as_a_new_one(stack, first_request):
    person, admin = stack.person(), stack.person(admin=True)
    id = person.id
    expect(admin.delete("/users/" + id), 204)
    first_request(person)
    assert person.id != id


def test_a_token_that_claims_to_live_for_ever_keeps_no_later_one_out(stack):
    person = stack.person()
    eternal = stack.client_with(stack.issuer.token(person.name, person.groups, exp=820000000000))  # the year 27954
    id = eternal.id

    def expiry():
        return stack.sql("SELECT extract(epoch FROM expires_at)::bigint FROM credentials WHERE user_id = %s",
                         (id,))[0][0]
    assert expiry() == 820000000000
    expect(person.get("/templates"), 200)
    assert expiry() < 820000000000
    for _ in range(10):  # whichever of httpd's children serves it
        expect(eternal.get("/templates"), 200)
    assert expiry() < 820000000000


def test_ids_sort_by_time(stack):
    first, second = stack.person().id, stack.person().id
    assert uuid.UUID(first).version == 7 and uuid.UUID(second).version == 7
    assert first < second


# ---- SSH keys ----

def test_a_pair_is_made_and_its_private_half_told_once(stack):
    person = stack.person()
    answer = expect(person.post("/users/me/ssh_keys", headers={"Idempotency-Key": unique()}), 201)
    made = answer.json()
    stack.secret(made["private_ssh_key"].split("\n")[2])
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["Location"] == stack.url + "/users/" + person.id
    assert me(person)["public_ssh_key"] == made["public_ssh_key"]
    private = load_ssh_private_key(made["private_ssh_key"].encode(), None)
    public = load_ssh_public_key(made["public_ssh_key"].encode())
    public.verify(private.sign(b"words"), b"words")
    stored = stack.sql("SELECT (SELECT string_agg(u::text, '') FROM users u)"
                       " || coalesce((SELECT string_agg(k::text, '') FROM idempotency_keys k), '')")[0][0]
    assert made["public_ssh_key"] in stored and "PRIVATE KEY" not in stored
    other = expect(stack.person().post("/users/me/ssh_keys"), 201).json()
    assert other["private_ssh_key"] != made["private_ssh_key"]


def test_no_pair_is_made_where_a_key_is(stack):
    person = stack.person()
    expect(person.patch("/users/me", json={"public_ssh_key": ED25519}), 204)
    expect(person.post("/users/%s/ssh_keys" % person.id), 409)
    assert me(person)["public_ssh_key"] == ED25519
    expect(person.delete("/users/me/ssh_keys"), 204)
    assert me(person)["public_ssh_key"] is None
    expect(person.post("/users/me/ssh_keys"), 201)
    expect(person.post("/users/me/ssh_keys"), 409)


def test_of_two_who_ask_at_once_one_has_a_pair(stack):
    person = stack.person()
    assert person.id
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: person.post("/users/me/ssh_keys"), range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    told = next(answer for answer in answers if answer.status_code == 201).json()
    assert me(person)["public_ssh_key"] == told["public_ssh_key"]


def test_a_pair_is_for_oneself_and_removed_by_administrators_too(stack):
    person, other, admin = stack.person(), stack.person(), stack.person(admin=True)
    path = "/users/%s/ssh_keys" % person.id
    for client in (other, admin):
        expect(client.post(path), 403)
    expect(person.post(path), 201)
    expect(other.delete(path), 403)
    tag = expect(person.get("/users/me"), 200).headers["ETag"]
    expect(person.delete(path, headers={"If-Match": '"0.s"'}), 412)
    expect(person.delete(path, headers={"If-Match": tag}), 204)
    expect(admin.delete(path), 204)  # nothing is left to remove
    assert me(person)["public_ssh_key"] is None
    expect(admin.post("/users/%s/ssh_keys" % uuid.uuid4()), 404)
    expect(admin.delete("/users/%s/ssh_keys" % uuid.uuid4()), 404)
