# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Operations as records: everybody's, those of a resource, labels, and what may be forgotten."""

import uuid

import pytest
from deployed import ABSENT, done, frozen, own, parameters, person_id, pointers, put, submit  # noqa: F401

from harness.client import expect


def operation(client, made):
    return client.deployment(made)["last_operation"]


def resource_of(client, made):
    return expect(client.get("/deployments/%s/resources" % made), 200).json()["data"][0]["id"]


def record(stack, made, resource=None, type_="START", dry=False, age="1 minute"):
    """Writes one that has ended, younger than all others unless it is said to be dry."""
    id = str(uuid.uuid4())
    stack.sql("INSERT INTO operations (id, deployment_id, resource_id, type, state, phase, is_dry_run, user_group,"
              " user_group_issuer, created_by, created_at, ended_at) SELECT %s, id, %s, %s, 'succeeded', 'ended', %s,"
              " user_group, user_group_issuer, created_by, clock_timestamp() + %s::interval, now() FROM deployments"
              " WHERE id = %s", (id, resource, type_, dry, age, made))
    return id


def places(made, resource, id):
    return ["/operations/" + id, "/deployments/%s/operations/%s" % (made, id),
            "/deployments/%s/resources/%s/operations/%s" % (made, resource, id)]


def ids(answer):
    return [value["id"] for value in expect(answer, 200).json()["data"]]


# ---- where they are found ----

def test_an_operation_is_found_at_each_of_its_places(frozen):
    alice, bob, root = frozen.person(), frozen.person(), frozen.person(admin=True)
    made = done(frozen, alice)
    resource = resource_of(alice, made)
    start, creation = record(frozen, made, resource), operation(alice, made)
    found = [expect(alice.get(path), 200).json() for path in places(made, resource, start)]
    assert found[0] == found[1] == found[2] and found[0]["id"] == start
    for path in places(made, resource, start):
        expect(root.get(path), 200)
        expect(bob.get(path), 403)
    expect(alice.get("/operations/" + creation), 200)
    expect(alice.get("/deployments/%s/resources/%s/operations/%s" % (made, resource, creation)), 404)
    expect(alice.get("/deployments/%s/resources/%s/operations/%s" % (made, made, creation)), 404)
    expect(bob.get("/deployments/%s/resources/%s/operations/%s" % (made, ABSENT, ABSENT)), 403)
    expect(bob.get("/operations/" + ABSENT), 404)
    assert parameters(alice.get("/operations/x")) == ["operation_id"]


def test_people_list_those_of_their_own_deployments_and_administrators_all(frozen):
    alice, bob, root = frozen.person(), frozen.person(), frozen.person(admin=True)
    one, other, hers = done(frozen, alice), done(frozen, alice), done(frozen, bob)
    own(frozen, hers, alice)
    mine = [operation(alice, made) for made in (hers, other, one)]
    assert ids(alice.get("/operations")) == mine
    assert ids(bob.get("/operations")) == [operation(bob, hers)]
    assert ids(alice.get("/operations", params={"created_by": "me"})) == mine[1:]
    assert ids(alice.get("/operations", params={"sort": "created_at", "size": 1, "page": 2})) == [mine[1]]
    assert ids(alice.get("/operations", params={"deployment_id": one})) == [mine[2]]
    everybodys = ids(root.get("/operations", params={"deployment_id": "%s,%s" % (one, hers)}))
    assert everybodys == [mine[0], mine[2]]
    assert ids(frozen.person().get("/operations")) == []


@pytest.mark.parametrize("everybodys", [False, True])
def test_lists_sort_and_filter_by_every_attribute(frozen, everybodys):
    alice = frozen.person()
    client = frozen.person(admin=True) if everybodys else alice
    made = done(frozen, alice)
    record(frozen, made, resource_of(alice, made))
    creation = expect(alice.get("/operations/" + operation(alice, made)), 200).json()
    for name, held in creation.items():
        if isinstance(held, (dict, list)):
            continue
        sorted_ = expect(client.get("/operations", params={"sort": name, "deployment_id": made}), 200).json()["data"]
        values = [value[name] for value in sorted_ if value[name] is not None]
        assert len(sorted_) == 2 and values == sorted(values), name
        if held is not None and not name.endswith("_at"):
            given = str(held).lower() if isinstance(held, bool) else held
            assert creation["id"] in ids(client.get("/operations", params={"deployment_id": made, name: given})), name
    assert ids(client.get("/operations?type=CREATE&state=failed,succeeded&deployment_id=" + made)) == [creation["id"]]
    assert parameters(client.get("/operations?type=create")) == ["type"]
    assert parameters(client.get("/operations?since=x")) == ["since"]


def test_a_resource_lists_its_own(frozen):
    alice, bob = frozen.person(), frozen.person()
    made = done(frozen, alice)
    resource = resource_of(alice, made)
    path = "/deployments/%s/resources/%s/operations" % (made, resource)
    assert ids(alice.get(path)) == []
    first, last = record(frozen, made, resource), record(frozen, made, resource, "STOP", age="2 minutes")
    assert ids(alice.get(path)) == [last, first]
    assert ids(alice.get(path, params={"type": "START"})) == [first]
    expect(bob.get(path), 403)
    expect(alice.get("/deployments/%s/resources/%s/operations" % (made, ABSENT)), 404)
    expect(bob.get("/deployments/%s/resources/%s/operations" % (made, ABSENT)), 403)
    expect(alice.get("/deployments/%s/resources/%s/operations" % (ABSENT, resource)), 404)


# ---- labels ----

def test_labels_are_replaced_as_a_whole_and_looked_for(frozen):
    alice, bob = frozen.person(), frozen.person()
    made = done(frozen, alice)
    resource = resource_of(alice, made)
    start = record(frozen, made, resource)
    for number, path in enumerate(places(made, resource, start)):
        labels = {"site": ["bari", "b:%d" % number], "empty": []}
        expect(alice.patch(path, json={"labels": labels}), 204)
        assert expect(alice.get(path), 200).json()["labels"] == labels
        assert ids(alice.get("/operations", params={"label": "site:bari"})) == [start]
        assert ids(alice.get("/deployments/%s/operations" % made, params={"label": "site:b:%d" % number})) == [start]
        assert ids(alice.get("/operations", params={"label": "x:y,site:bari"})) == [start]
        assert ids(alice.get("/operations", params={"label": "site:BARI"})) == []
        assert ids(alice.get("/operations", params={"label": "site:b:%d" % (number - 1)})) == []
        expect(bob.patch(path, json={"labels": {}}), 403)
    expect(frozen.person(admin=True).patch("/operations/" + start, json={"labels": {}}), 204)
    assert expect(alice.get("/operations/" + start), 200).json()["labels"] == {}
    expect(alice.patch("/operations/" + ABSENT, json={"labels": {}}), 404)


def test_labels_follow_conditions(frozen):
    alice = frozen.person()
    path = "/operations/" + operation(alice, done(frozen, alice))
    tag = expect(alice.get(path), 200).headers["ETag"]
    expect(alice.patch(path, json={"labels": {"a": ["b"]}}, headers={"If-Match": tag}), 204)
    expect(alice.patch(path, json={"labels": {}}, headers={"If-Match": tag}), 412)
    assert expect(alice.get(path), 200).headers["ETag"] != tag


@pytest.mark.parametrize("labels, pointer", [
    (None, "/labels"), ([], "/labels"), ({"a": "b"}, "/labels/a"), ({"a": [1]}, "/labels/a/0"),
    ({"a": [""]}, "/labels/a/0"), ({"a": ["x,y"]}, "/labels/a/0"), ({"a": ["x" * 64]}, "/labels/a/0"),
    ({"a": ["x"] * 33}, "/labels/a"), ({"n%d" % n: [] for n in range(33)}, "/labels"),
    ({"x:y": ["z"]}, "/labels/x:y"), ({"x,y": []}, "/labels/x,y"), ({"x" * 64: []}, "/labels/" + "x" * 64),
    ({"": []}, "/labels/")])
def test_a_bad_label_is_named(frozen, labels, pointer):
    alice = frozen.person()
    path = "/operations/" + operation(alice, submit(frozen, alice))
    assert pointers(alice.patch(path, json={"labels": labels})) == [pointer]


def test_the_largest_labels_are_taken(frozen):
    alice = frozen.person()
    path = "/operations/" + operation(alice, submit(frozen, alice))
    labels = {("\u00e9" * 61) + "%02d" % n: [("\u00fc" * 61) + "%02d" % m for m in range(32)] for n in range(32)}
    expect(alice.patch(path, json={"labels": labels}), 204)
    assert expect(alice.get(path), 200).json()["labels"] == labels
    assert parameters(alice.get("/operations?label=x")) == ["label"]
    assert parameters(alice.get("/operations?label=:x")) == ["label"]


# ---- forgetting ----

def test_an_administrator_forgets_what_is_not_needed(frozen):
    alice, root = frozen.person(), frozen.person(admin=True)
    made = done(frozen, alice)
    resource = resource_of(alice, made)
    old, last = record(frozen, made, resource), record(frozen, made, resource, "STOP", age="2 minutes")
    expect(alice.delete("/operations/" + old), 403)
    expect(root.delete("/operations/" + last), 409)
    tag = expect(root.get("/operations/" + old), 200).headers["ETag"]
    expect(root.delete("/operations/" + old, headers={"If-Match": '"x"'}), 412)
    expect(root.delete("/operations/" + old, headers={"If-Match": tag}), 204)
    expect(root.get("/operations/" + old), 404)
    expect(root.delete("/operations/" + old), 404)
    assert ids(alice.get("/deployments/%s/resources/%s/operations" % (made, resource))) == [last]


def test_what_the_status_is_read_off_stays(frozen):
    """An operation of owners that has ended is younger, and leaves the status to the one before."""
    alice, root = frozen.person(), frozen.person(admin=True)
    made = done(frozen, alice)
    creation, owners = operation(alice, made), record(frozen, made, type_="ADD_OWNER")
    expect(root.delete("/operations/" + creation), 409)
    expect(root.delete("/operations/" + owners), 409)
    assert alice.deployment(made)["status_name"] == "CREATE_COMPLETE"


def test_a_dry_run_is_never_the_last(frozen):
    alice, root = frozen.person(), frozen.person(admin=True)
    made = done(frozen, alice)
    dry = record(frozen, made, type_="UPDATE", dry=True)
    expect(root.delete("/operations/" + operation(alice, made)), 409)
    expect(root.delete("/operations/" + dry), 204)


def test_what_is_at_work_stays(frozen):
    alice, root = frozen.person(), frozen.person(admin=True)
    made = submit(frozen, alice)
    record(frozen, made, type_="UPDATE")
    expect(root.delete("/operations/" + operation(alice, made)), 409)
    put(frozen, made, state="in progress", phase="provisioning")
    expect(root.delete("/operations/" + operation(alice, made)), 409)
