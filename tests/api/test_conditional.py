# Licensed under the Apache License, Version 2.0; see LICENSE.
"""If-Match and If-None-Match."""

import concurrent.futures

import pytest
from deployed import done, frozen, own  # noqa: F401

from harness.client import expect, unique


@pytest.fixture(params=["/users/me", "/templates/"])
def thing(stack, request):
    """A person and the path of a single object that they may change."""
    person = stack.person()
    return person, request.param + (person.store_template() if request.param.endswith("/") else "")


def tag_of(person, path):
    return expect(person.get(path), 200).headers["ETag"]


def change(person, path, **headers):
    body = {"picture": "https://example.org/" + unique()} if "users" in path else {"version": unique()}
    return person.patch(path, json=body, headers=headers)


def test_a_single_object_has_an_etag_that_moves_with_it(thing):
    person, path = thing
    before = tag_of(person, path)
    assert before.startswith('"') and before == tag_of(person, path)
    expect(change(person, path), 204)
    assert tag_of(person, path) != before


def test_a_known_version_is_not_sent_again(thing):
    person, path = thing
    tag = tag_of(person, path)
    for header in (tag, "W/" + tag, "*", '"x", ' + tag, '"x",W/' + tag + ' , "y"'):
        answer = expect(person.get(path, headers={"If-None-Match": header}), 304)
        assert answer.headers["ETag"] == tag and answer.content == b""
    expect(person.head(path, headers={"If-None-Match": tag}), 304)


def test_a_compressed_answer_is_of_the_same_version(make_stack):
    """mod_deflate's default; what the server says is lost to a virtual host with a directive of mod_deflate's own."""
    person = make_stack("DeflateAlterETag AddSuffix").person()
    tag = tag_of(person, "/users/me")
    assert tag.endswith('-gzip"')
    expect(person.get("/users/me", headers={"If-None-Match": tag}), 304)
    expect(change(person, "/users/me", **{"If-Match": tag}), 204)
    expect(change(person, "/users/me", **{"If-Match": tag}), 412)


def test_another_version_is_sent(thing):
    person, path = thing
    tag = tag_of(person, path)
    for header in ('"x"', tag.strip('"'), tag[:-1], "", "W/" + tag.strip('"')):
        expect(person.get(path, headers={"If-None-Match": header}), 200)
    expect(change(person, path), 204)
    expect(person.get(path, headers={"If-None-Match": tag}), 200)


def test_a_change_of_the_known_version_is_made(thing):
    person, path = thing
    expect(change(person, path, **{"If-Match": tag_of(person, path)}), 204)
    expect(change(person, path, **{"If-Match": '"x", ' + tag_of(person, path)}), 204)
    expect(change(person, path, **{"If-Match": "*"}), 204)


def test_a_change_of_another_version_is_refused(thing):
    person, path = thing
    stale = tag_of(person, path)
    expect(change(person, path), 204)
    now = tag_of(person, path)
    for header in (stale, '"x"', "W/" + now, now.strip('"'), '"x", "y"'):
        expect(change(person, path, **{"If-Match": header}), 412)
    assert tag_of(person, path) == now


def test_of_changes_at_once_with_one_version_one_is_made(thing):
    person, path = thing
    tag = tag_of(person, path)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: change(person, path, **{"If-Match": tag}).status_code, range(8)))
    assert sorted(answers) == [204] + [412] * 7


def test_put_and_delete_compare_too(stack):
    person = stack.person()
    path = "/templates/" + person.store_template()
    stale = tag_of(person, path)
    expect(person.put(path, json={"name": "a"}, headers={"If-Match": stale}), 204)
    expect(person.put(path, json={"name": "b"}, headers={"If-Match": stale}), 412)
    expect(person.delete(path, headers={"If-Match": stale}), 412)
    expect(person.delete(path, headers={"If-Match": tag_of(person, path)}), 204)


def test_removing_a_user_compares_too(stack):
    person, admin = stack.person(), stack.person(admin=True)
    path = "/users/" + person.id
    stale = tag_of(admin, path)
    expect(change(person, "/users/me"), 204)
    expect(admin.delete(path, headers={"If-Match": stale}), 412)
    expect(admin.delete(path, headers={"If-Match": tag_of(admin, path)}), 204)


def test_every_change_takes_a_version(stack):
    paths = expect(stack.client(None).get("/openapi.json"), 200).json()["paths"]
    changes = [(method, path, route) for path, item in paths.items() for method, route in item.items()
               if method in ("patch", "put", "delete")]
    assert len(changes) > 10
    for method, path, route in changes:
        names = [one.get("name", one.get("$ref", "").rpartition("/")[2]) for one in route["parameters"]]
        assert "If-Match" in names and "412" in route["responses"], (method, path)


@pytest.mark.parametrize("path", ["/deployments/%s/logs", "/deployment/%s/logs"])
def test_deleting_a_log_compares_too(frozen, path):  # noqa: F811
    alice, admin = frozen.person(), frozen.person(admin=True)
    made = done(frozen, alice)
    log = "/deployments/%s/logs" % made
    stale = tag_of(admin, log)
    expect(admin.post(log, json={"orchestrator_logs": "a word"}), 204)
    expect(admin.delete(path % made, headers={"If-Match": stale}), 412)
    assert admin.get(log).json()["orchestrator_logs"] == "a word"
    tag = tag_of(admin, log)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: admin.delete(path % made, headers={"If-Match": tag}).status_code, range(8)))
    assert sorted(answers) == [204] + [412] * 7


def test_taking_a_deployment_from_an_owner_compares_too(frozen):  # noqa: F811
    alice, carol, admin = frozen.person(), frozen.person(), frozen.person(admin=True)
    made = done(frozen, alice)
    stale = tag_of(admin, "/deployments/" + made)
    own(frozen, made, carol)
    path = "/deployments/%s/owners/%s" % (made, carol.id)
    expect(admin.delete(path, headers={"If-Match": stale}), 412)
    assert carol.id in admin.deployment(made)["owned_by"]
    expect(admin.delete(path, headers={"If-Match": tag_of(admin, "/deployments/" + made)}), 202)


def test_what_is_not_there_or_not_theirs_comes_before_the_version(stack):
    person, other = stack.person(), stack.person()
    path = "/templates/" + person.store_template()
    expect(other.patch(path, json={"name": "x"}, headers={"If-Match": '"x"'}), 403)
    expect(person.delete("/templates/00000000-0000-7000-8000-000000000000", headers={"If-Match": "*"}), 404)


def test_the_contract_has_an_etag(stack):
    nobody = stack.client(None)
    tag = expect(nobody.get("/openapi.json"), 200).headers["ETag"]
    expect(nobody.get("/openapi.json", headers={"If-None-Match": tag}), 304)


@pytest.mark.parametrize("below", ["", "/operations/{operation}", "/resources/{resource}", "/templates"])
def test_who_may_not_see_an_object_is_not_told_its_version(frozen, below):  # noqa: F811
    """Whoever guesses a version learns nothing by it, and who has an object's old version gets the object."""
    owner, admin, stranger = frozen.person(), frozen.person(admin=True), frozen.person()
    id = done(frozen, owner)
    path = "/deployments/" + id
    ids = {"operation": expect(owner.get(path), 200).json()["last_operation"],
           "resource": expect(owner.get(path + "/resources"), 200).json()["data"][0]["id"]}
    path += below.format(**ids)
    for person in (owner, admin):
        tag = tag_of(person, path)
        expect(person.get(path, headers={"If-None-Match": tag}), 304)
        answer = expect(person.get(path, headers={"If-None-Match": '"another"'}), 200)
        assert answer.json() and answer.headers["ETag"] == tag
        refused = expect(stranger.get(path, headers={"If-None-Match": tag}), 403)
        assert "ETag" not in refused.headers
    expect(stranger.get(path, headers={"If-None-Match": "*"}), 403)
    expect(owner.get("/deployments/" + owner.id, headers={"If-None-Match": "*"}), 404)
