# Licensed under the Apache License, Version 2.0; see LICENSE.
"""GET /providers: whose they are, what they show, lists; the rows that the provider file becomes."""

import concurrent.futures
import contextlib
import json
import threading

import pytest
import requests

from harness import live
from harness.client import expect, unique
from stack import process

ABSENT = "00000000-0000-7000-8000-000000000000"
MEMBERS = {"id", "name", "type", "regions", "groups", "issuers", "success_rate", "last_failure"}
OFFER = {"flavors": [{"name": "small", "vcpus": 1, "ram": 2048, "disk": 20},
                     {"name": "large", "vcpus": 8, "ram": 16384, "disk": 80, "gpus": 1, "projects": ["p-lab"]}],
         "images": [{"name": "jammy", "url": "ost://k.example.org/1", "type": "linux", "distribution": "ubuntu",
                     "version": "22.04", "architecture": "x86_64"}],
         "networks": [{"name": "out", "public": True}]}


def file_of(stack):
    issuers = {"issuers": [stack.issuers[0].url + "/"]}
    return {"providers": [
        live.provider(stack, "shared", ["lab", "club"], **OFFER),
        live.provider(stack, "of-the-lab", ["lab"], type="kubernetes", regions=[
            "plain", {"name": "rich", "flavors": [], "networks": []}]),
        {name: value for name, value in live.provider(stack, "of-the-club", ["club"], regions=[]).items()
         if name != "issuers"},
        live.provider(stack, "of-one-issuer", ["lab"], **issuers),
        {**live.provider(stack, "of-all", []), "groups": {"*": {"project": "commons", "sla": "sla-1"}}, **issuers},
        live.provider(stack, "off", ["lab"], enabled=False)]}


@pytest.fixture(scope="module")
def cloud(make_stack):
    return make_stack("OrchestratorEngine Off\n", providers=file_of, issuers=2)


@pytest.fixture
def written(cloud):
    """Writes another file of providers and lets httpd read it; the former one is back after the test."""
    def write(value):
        process.write(cloud.path("providers.json"), json.dumps(value))
        cloud.graceful()
    yield write
    write(file_of(cloud))
    cloud.wait_for(lambda: len(stored(cloud)) == 6, 30, "the former providers")


@pytest.fixture(autouse=True)
def no_records(cloud):
    cloud.sql("DELETE FROM provider_records")


def stored(cloud):
    return dict(cloud.sql("SELECT name, id::text FROM providers"))


def listed(person, **parameters):
    return expect(person.get("/providers", params={"sort": "name", "size": 50, **parameters}), 200).json()


def names(person, **parameters):
    return [one["name"] for one in listed(person, **parameters)["data"]]


def record(cloud, name, attempts, successes, failed="NULL"):
    cloud.sql("INSERT INTO provider_records VALUES"
              " ('%s', '00000000-0000-0000-0000-000000000000', %s, %s, 60, now(), %s)"
              % (name, attempts, successes, failed))


# ---- whose they are ----

def test_people_see_what_serves_one_of_their_groups_and_administrators_all(cloud):
    of_all = ["of-all", "of-one-issuer", "of-the-club", "of-the-lab", "off", "shared"]
    assert names(cloud.person(["lab"])) == ["of-all", "of-one-issuer", "of-the-lab", "off", "shared"]
    assert names(cloud.person(["club", "chess"])) == ["of-all", "of-the-club", "shared"]
    assert names(cloud.person(["chess"])) == names(cloud.person([])) == ["of-all"]
    assert names(cloud.person([], admin=True)) == of_all


def test_a_group_of_the_same_name_at_another_issuer_is_another_group(cloud):
    name = unique("person")
    other = cloud.client_with(cloud.issuers[1].token(name, ["lab"]), name, ["lab"])
    assert names(other) == ["of-the-lab", "off", "shared"]


def test_one_that_is_not_for_the_caller_is_forbidden_and_one_that_is_not_there_is_absent(cloud):
    id = stored(cloud)["of-the-club"]
    expect(cloud.person(["lab"]).get("/providers/" + id), 403)
    expect(cloud.person(["lab"]).get("/providers/" + ABSENT), 404)
    expect(cloud.person(["lab"]).get("/providers/shared"), 422)
    assert expect(cloud.person(["club"]).get("/providers/" + id), 200).json()["name"] == "of-the-club"
    expect(cloud.person([], admin=True).get("/providers/" + id), 200)
    expect(cloud.client_with(None).get("/providers"), 401)
    expect(cloud.client_with(None).get("/providers/" + id), 401)


# ---- what they show ----

def test_a_provider_shows_what_a_deployment_can_ask_for(cloud):
    person = cloud.person(["lab"])
    record(cloud, "shared", 3, 2, "'2026-01-01 10:00:00+00'")
    one = expect(person.get("/providers/" + stored(cloud)["shared"]), 200).json()
    assert set(one) == MEMBERS
    assert one == {"id": stored(cloud)["shared"], "name": "shared", "type": "openstack",
                   "regions": ["region-1", "region-2"], "groups": ["club", "lab"],
                   "issuers": sorted(issuer.url.rstrip("/") for issuer in cloud.issuers), "success_rate": 0.667,
                   "last_failure": "2026-01-01T10:00:00.000000Z"}
    other = expect(person.get("/providers/" + stored(cloud)["of-all"]), 200).json()
    assert (other["groups"], other["success_rate"], other["last_failure"]) == (["*"], None, None)
    assert one in listed(person)["data"]
    assert "credential" not in json.dumps(listed(person)) and "Dummy" not in json.dumps(listed(person))


def test_the_version_moves_with_the_record(cloud):
    person = cloud.person(["lab"])
    path = "/providers/" + stored(cloud)["shared"]
    tag = expect(person.get(path), 200).headers["ETag"]
    expect(person.get(path, headers={"If-None-Match": tag}), 304)
    record(cloud, "shared", 1, 0)
    assert expect(person.get(path, headers={"If-None-Match": tag}), 200).headers["ETag"] != tag


# ---- lists ----

def test_the_list_is_filtered_sorted_and_paged_as_any(cloud):
    person = cloud.person(["lab"])
    record(cloud, "shared", 10, 9, "now() - interval '1 day'")
    record(cloud, "of-all", 10, 5, "now()")
    assert names(person, name="OF-") == ["of-all", "of-one-issuer", "of-the-lab"]
    assert names(person, type="kubernetes,vmware") == ["of-the-lab"]
    assert names(person, id=stored(cloud)["off"]) == ["off"]
    assert names(person, success_rate="0.9,0.7") == ["shared"]
    assert names(person, success_rate_gte="0.5") == ["of-all", "shared"]
    assert names(person, success_rate_lte="5e-1") == ["of-all"]
    recent = expect(person.get("/providers/" + stored(cloud)["of-all"]), 200).json()["last_failure"]
    assert names(person, last_failure_before=recent) == ["shared"]
    assert names(person, sort="-success_rate,name")[:2] != names(person, sort="success_rate,name")[:2]
    assert names(person, sort="type,-name") == ["of-the-lab", "shared", "off", "of-one-issuer", "of-all"]
    page = listed(person, page=2, size=2)
    assert [one["name"] for one in page["data"]] == ["of-the-lab", "off"]
    assert page["page"] == {"size": 2, "total_elements": 5, "total_pages": 3, "number": 2}
    assert len(expect(person.get("/providers"), 200).json()["data"]) == 5


@pytest.mark.parametrize("parameter", ["success_rate=x", "success_rate=1e9999", "success_rate_gte=", "success_rate=.5",
                                       "success_rate=NaN", "last_failure=2026-01-01T00:00:00Z", "groups=lab",
                                       "last_failure_after=never", "sort=groups", "created_at=x", "size=501"])
def test_what_a_list_does_not_know_is_named(cloud, parameter):
    errors = expect(cloud.person(["lab"]).get("/providers?" + parameter), 422).json()["errors"]
    assert [one["parameter"] for one in errors] == [parameter.split("=")[0]]


# ---- the rows ----

def rows(cloud, table, columns, name):
    return cloud.sql("SELECT %s FROM %s t JOIN providers p ON p.id = t.provider_id WHERE p.name = '%s' ORDER BY 1, 2"
                     % (columns, table, name))


def test_the_file_is_in_the_tables_with_all_that_it_says(cloud):
    assert cloud.sql("SELECT DISTINCT source FROM providers") == [("file",)]
    assert rows(cloud, "provider_projects", "user_group, t.name, issuer, sla", "shared") == [
        ("club", "project-club", None, None), ("lab", "project-lab", None, None)]
    assert rows(cloud, "provider_projects", "user_group, t.name, sla", "of-all") == [("*", "commons", "sla-1")]
    assert rows(cloud, "provider_identity_providers", "issuer, 1", "of-one-issuer") == [
        (cloud.issuers[0].url.rstrip("/"), 1)]
    lists = "position, t.name, lists_flavors, lists_images, lists_networks"
    assert rows(cloud, "provider_regions", lists, "shared") == [
        (0, "region-1", True, True, True), (1, "region-2", True, True, True)]
    assert rows(cloud, "provider_regions", lists, "of-the-lab") == [
        (0, "plain", False, False, False), (1, "rich", True, False, True)]
    assert rows(cloud, "provider_regions", lists, "of-the-club") == [(0, None, False, False, False)]
    assert rows(cloud, "provider_flavors", "region, t.name, vcpus, ram, disk, gpus, projects", "shared")[:2] == [
        (0, "large", 8, 16384, 80, 1, ["p-lab"]), (0, "small", 1, 2048, 20, 0, None)]
    assert rows(cloud, "provider_images", "region, t.name, url, t.type, distribution, version, architecture, projects",
                "shared")[1] == (1, "jammy", "ost://k.example.org/1", "linux", "ubuntu", "22.04", "x86_64", None)
    assert rows(cloud, "provider_networks", "region, t.name, is_public, projects", "shared")[0] == (
        0, "out", True, None)


def test_another_file_is_taken_over_as_a_whole_and_what_stays_keeps_its_id(cloud, written):
    before, value = stored(cloud), file_of(cloud)
    kept = value["providers"][0]
    kept.update(type="other", regions=["only"], flavors=[])
    written({"providers": [live.provider(cloud, "new", ["lab"]), kept]})
    cloud.wait_for(lambda: set(stored(cloud)) == {"new", "shared"}, 30, "the new providers")
    assert stored(cloud)["shared"] == before["shared"]
    person = cloud.person(["lab"])
    assert [(one["name"], one["type"], one["regions"]) for one in listed(person)["data"]] == [
        ("new", "openstack", ["region-1", "region-2"]), ("shared", "other", ["only"])]
    assert rows(cloud, "provider_flavors", "1, 2", "shared") == []
    expect(person.get("/providers/" + before["of-the-lab"]), 404)


def test_nobody_ever_sees_a_half_of_a_file(cloud, written):
    """Each of two files has a region of its own in all of its providers."""
    admin, seen = cloud.person([], admin=True), set()
    ended = threading.Event()

    def look():
        while not ended.is_set():
            with contextlib.suppress(requests.ConnectionError):  # a connection that httpd closes as it reads the file
                data = [one for one in listed(admin)["data"] if one["name"].startswith("half")]
                seen.add(tuple(sorted((one["name"], *one["regions"]) for one in data)))
    files = [[live.provider(cloud, "half-%d" % n, ["lab"], regions=["of-%d" % number]) for n in range(2 + number)]
             for number in range(3)]
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        looker = pool.submit(look)
        try:
            for value in files:
                written({"providers": value})
                cloud.wait_for(lambda value=value: len(stored(cloud)) == len(value), 30, "that file")
        finally:
            ended.set()
        looker.result()
    wrong = seen - {()} - {tuple(sorted((one["name"], *one["regions"]) for one in value)) for value in files}
    assert len(seen) > 1 and not wrong


def test_of_one_name_in_two_sources_the_file_counts(cloud):
    cloud.sql("INSERT INTO providers (id, source, name, type, is_enabled) VALUES"
              " (gen_random_uuid(), 'registry', 'shared', 'registered', true),"
              " (gen_random_uuid(), 'registry', 'registered', 'registered', true)")
    cloud.sql("INSERT INTO provider_projects SELECT id, 'lab', %s, 'p' FROM providers WHERE source = 'registry'",
              (cloud.issuers[0].url.rstrip("/"),))
    try:
        assert names(cloud.person([], admin=True), type="registered") == ["registered"]
        assert names(cloud.person(["lab"]), name="reg") == ["registered"]
        assert names(cloud.person(["club"]), name="reg") == []
        other = cloud.client_with(cloud.issuers[1].token(unique("person"), ["lab"]), None, ["lab"])
        assert names(other, name="reg") == []
        cloud.graceful()
        assert names(cloud.person(["lab"]), name="reg") == ["registered"]  # the file's start leaves others alone
    finally:
        cloud.sql("DELETE FROM providers WHERE source = 'registry'")
