# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Who sees which deployment, and what is below it."""

import pytest
from deployed import ABSENT, done, frozen, own, person_id, submit  # noqa: F401

from harness.client import expect


def paths(client, deployment):
    """Every route below a deployment that reads."""
    resource = client.get("/deployments/%s/resources" % deployment).json()["data"][0]["id"]
    operation = client.get("/deployments/%s/operations" % deployment).json()["data"][0]["id"]
    return ["/deployments/" + deployment + path for path in (
        "", "?template=true", "/templates", "/resources", "/resources/" + resource, "/logs", "/operations",
        "/operations/" + operation)]


def listed(client, **query):
    value = expect(client.get("/deployments", params={"size": 500, **query}), 200).json()
    assert value["page"]["total_elements"] == len(value["data"])
    return {one["id"] for one in value["data"]}


def test_two_people_never_see_each_others(frozen):
    group = frozen.group()
    alice, bob = frozen.person([group]), frozen.person([group])
    hers, his = submit(frozen, alice), submit(frozen, bob)
    assert listed(alice) == {hers} and listed(bob) == {his}
    for path in paths(alice, hers):
        expect(alice.get(path), 200)
        refused = expect(bob.get(path), 403)
        assert hers not in refused.text.replace(refused.json()["instance"], "") and "ETag" not in refused.headers
    expect(bob.delete("/deployments/" + hers), 403)
    assert alice.deployment(hers)["status_name"] == "CREATE_IN_PROGRESS"


@pytest.mark.parametrize("kind", ["resources", "operations"])
def test_what_is_below_a_deployment_is_nobodys_to_guess(frozen, kind):
    """The deployment decides first: a stranger learns nothing of what is there, an owner that it isn't."""
    alice, bob, admin = frozen.person(), frozen.person(), frozen.person(admin=True)
    hers, other, his = submit(frozen, alice), submit(frozen, alice), submit(frozen, bob)

    def first(client, deployment):
        return client.get("/deployments/%s/%s" % (deployment, kind)).json()["data"][0]["id"]
    elsewhere = {ABSENT, first(alice, other), first(bob, his)}
    for child in elsewhere | {first(alice, hers)}:
        refused = expect(bob.get("/deployments/%s/%s/%s" % (hers, kind, child)), 403).json()
        assert refused["detail"] == expect(bob.get("/deployments/" + hers), 403).json()["detail"]
        for client in (alice, bob, admin):
            missing = expect(client.get("/deployments/%s/%s/%s" % (ABSENT, kind, child)), 404).json()
            assert missing["detail"] == client.get("/deployments/" + ABSENT).json()["detail"]
    for child in elsewhere:
        for client in (alice, admin):
            expect(client.get("/deployments/%s/%s/%s" % (hers, kind, child)), 404)


def test_no_filter_reaches_what_is_somebody_elses(frozen):
    alice, bob = frozen.person(), frozen.person()
    hers = submit(frozen, alice)
    value = alice.deployment(hers)
    for query in ({"id": hers}, {"created_by": value["created_by"]}, {"template_id": value["template_id"]},
                  {"user_group": alice.group}, {"last_operation": value["last_operation"]}, {"status": 2}):
        assert listed(bob, **query) == set()
        assert listed(alice, **query) == {hers}


def test_a_co_owner_sees_all_of_it(frozen):
    alice, carol, bob = frozen.person(), frozen.person(), frozen.person()
    made, other = submit(frozen, alice), submit(frozen, alice)
    own(frozen, made, carol)
    for path in paths(alice, made):
        assert expect(carol.get(path), 200).json() == alice.get(path).json()
        expect(bob.get(path), 403)
    assert alice.deployment(made)["owned_by"] == [person_id(frozen, alice), person_id(frozen, carol)]
    assert listed(carol) == {made} and listed(alice) == {made, other}
    assert listed(carol, created_by="me") == set() and listed(carol, owned_by="me") == {made}
    expect(carol.delete("/deployments/" + made), 202)


def test_who_is_no_owner_any_more_sees_nothing(frozen):
    alice, carol = frozen.person(), frozen.person()
    made = submit(frozen, alice)
    own(frozen, made, carol)
    frozen.sql("DELETE FROM deployment_owners WHERE deployment_id = %s AND user_id = %s",
               (made, person_id(frozen, alice)))
    assert listed(alice) == set() and listed(carol) == {made}
    expect(alice.get("/deployments/" + made), 403)


def test_an_administrator_sees_everything(frozen):
    alice, bob, admin = frozen.person(), frozen.person(), frozen.person(admin=True)
    made = {submit(frozen, alice), submit(frozen, bob)}
    assert made <= listed(admin)
    assert listed(admin, owned_by="me") == set() == listed(admin, created_by="me")
    assert listed(admin, owned_by="%s,%s" % (person_id(frozen, alice), person_id(frozen, bob))) == made
    for deployment in made:
        for path in paths(admin, deployment):
            expect(admin.get(path), 200)
    expect(admin.delete("/deployments/" + made.pop()), 202)


@pytest.mark.parametrize("form", ["{her}", "me,{her}", "{her},me", "me&owned_by={her}"])
def test_another_persons_list_is_forbidden(frozen, form):
    alice, bob = frozen.person(), frozen.person()
    submit(frozen, alice)
    expect(bob.get("/deployments?owned_by=" + form.format(her=person_id(frozen, alice))), 403)
    mine = person_id(frozen, bob).upper()
    assert expect(bob.get("/deployments?owned_by=" + mine), 200).json()["data"] == []


def test_without_a_token_there_is_nothing(frozen):
    alice, nobody = frozen.person(), frozen.client(None)
    made = submit(frozen, alice)
    for path in paths(alice, made) + ["/deployments"]:
        expect(nobody.get(path), 401)
    expect(nobody.post("/deployments", json={}), 401)
    expect(nobody.delete("/deployments/" + made), 401)


def test_one_subject_of_two_issuers_is_two_people(make_stack):
    stack = make_stack(issuers=2)
    first = stack.person()
    second = stack.client_with(stack.issuers[1].token(first.name, first.groups), first.name, first.groups)
    made = done(stack, first)
    assert listed(second) == set()
    expect(second.get("/deployments/" + made), 403)


def test_a_person_who_was_deleted_comes_back_as_another_one(frozen):
    alice = frozen.person()
    assert listed(alice) == set()
    before = person_id(frozen, alice)
    frozen.sql("DELETE FROM users WHERE id = %s", (before,))
    assert listed(alice) == set()
    assert person_id(frozen, alice) != before
