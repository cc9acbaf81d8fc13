# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Lists and filters, on templates and users: mod_orchestrator/surface/README.md, "Lists"."""

import datetime
import urllib.parse

import pytest

from harness.client import expect, template, unique


@pytest.fixture
def shelf(stack):
    """Somebody with seven templates of their own; `word` is in each name."""
    person = stack.person()
    person.word = unique("shelf")
    person.ids = [person.store_template(template("%s %s" % (letter, person.word))) for letter in "gcaebdf"]
    return person


def listed(person, **parameters):
    return expect(person.get("/templates", params={"created_by": "me", **parameters}), 200).json()


def ids(answer):
    return [entry["id"] for entry in answer["data"]]


def letters(answer):
    return "".join(entry["name"][0] for entry in answer["data"])


def query(url):
    return urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query, keep_blank_values=True)


def named(answer):
    return {entry["parameter"] for entry in expect(answer, 422).json()["errors"]}


MANY = """
INSERT INTO templates (id, content, checksum, name, target_provider_type, tosca_definition_version, created_by,
updated_by)
SELECT gen_random_uuid(), 'a: b', encode(sha256((%(word)s || n)::bytea), 'hex'), 'many', 'openstack',
'tosca_simple_yaml_1_0', %(person)s, %(person)s
FROM generate_series(%(first)s, %(last)s) n
"""


@pytest.fixture
def library(stack):
    """Somebody with so many templates that their number is remembered for some seconds; `add` makes more."""
    person = stack.person()
    word = unique("many")
    person.add = lambda first, last: stack.sql(MANY, {"word": word, "person": person.id, "first": first, "last": last})
    person.add(1, 10500)
    yield person
    stack.sql("DELETE FROM templates WHERE created_by = %s", (person.id,))


# pages

def test_who_goes_through_the_pages_of_a_long_search_does_not_end_before_its_end(library):
    """Each process of httpd has its own memory of how many they are."""
    for _ in range(8):
        assert listed(library, size=500)["page"]["total_elements"] == 10500
    library.add(10501, 10503)
    for _ in range(8):
        answer = listed(library, size=500, page=21)
        assert (len(answer["data"]), answer["links"]["next"] is None) == (500, False)
        answer = listed(library, size=500, page=22)
        assert (len(answer["data"]), answer["links"]["next"]) == (3, None)


def test_a_list_begins_with_the_newest_five(shelf, stack):
    answer = listed(shelf)
    assert ids(answer) == shelf.ids[::-1][:5]
    assert answer["page"] == {"size": 5, "total_elements": 7, "total_pages": 2, "number": 1}
    assert answer["links"]["prev"] is None
    base = stack.url + "/templates?"
    assert all(url.startswith(base) for url in answer["links"].values() if url)


def test_links_lead_through_the_list(shelf):
    answer, seen = listed(shelf, size=3), []
    for number in (1, 2, 3):
        assert answer["page"]["number"] == number
        assert dict(query(answer["links"]["first"]))["page"] == "1"
        assert dict(query(answer["links"]["last"]))["page"] == "3"
        seen += ids(answer)
        if number > 1:
            assert dict(query(answer["links"]["prev"]))["page"] == str(number - 1)
        if number < 3:
            answer = expect(shelf.get(answer["links"]["next"]), 200).json()
    assert answer["links"]["next"] is None
    assert seen == shelf.ids[::-1]


def test_links_keep_all_other_parameters(shelf):
    parameters = [("sort", "name,-id"), ("size", "2"), ("name", "a " + shelf.word), ("name", "b " + shelf.word),
                  ("name", "100%&=ä#+"), ("created_by", "me")]
    answer = expect(shelf.get("/templates", params=parameters), 200).json()
    for url in (answer["links"]["first"], answer["links"]["last"]):
        assert sorted(query(url)) == sorted(parameters + [("page", "1")])
    assert letters(answer) == "ab"


def test_past_the_last_page_the_previous_one_is_the_last(shelf):
    answer = listed(shelf, page=9, size=3)
    assert answer["data"] == [] and answer["page"] == {"size": 3, "total_elements": 7, "total_pages": 3, "number": 9}
    assert dict(query(answer["links"]["prev"]))["page"] == "3"
    assert answer["links"]["next"] is None


def test_an_empty_list_has_one_page(shelf):
    answer = listed(shelf, name=unique("nothing"))
    assert answer["data"] == [] and answer["page"]["total_pages"] == 1 and answer["page"]["total_elements"] == 0
    assert answer["links"]["prev"] is None and answer["links"]["next"] is None


def test_the_largest_page_has_500(shelf):
    assert len(listed(shelf, size=500)["data"]) == 7
    assert len(listed(shelf, size=1)["data"]) == 1
    assert listed(shelf, page=2147483647)["data"] == []


# sorting

def test_sorting(shelf):
    assert letters(listed(shelf, size=10, sort="name")) == "abcdefg"
    assert letters(listed(shelf, size=10, sort="-name")) == "gfedcba"
    assert letters(listed(shelf, size=10, sort="created_at")) == "gcaebdf"
    assert letters(listed(shelf, size=10, sort="version,-name")) == "gfedcba"


def test_ties_are_broken_by_id(shelf):
    assert ids(listed(shelf, size=10, sort="version")) == sorted(shelf.ids)
    assert ids(listed(shelf, size=10, sort="-version")) == sorted(shelf.ids, reverse=True)


def test_every_scalar_attribute_sorts(shelf):
    for name in ("id", "created_at", "created_by", "updated_at", "updated_by", "checksum", "name", "version",
                 "target_provider_type", "tosca_definition_version"):
        values = [entry[name] for entry in listed(shelf, size=10, sort=name)["data"]]
        assert values == sorted(values)
    for name in ("id", "created_at", "sub", "issuer", "name", "username", "email", "picture", "public_ssh_key"):
        expect(shelf.get("/users", params={"sort": name}), 200)


# filters

def test_ids_and_words_are_compared_for_equality(shelf):
    first, second = shelf.ids[:2]
    assert ids(listed(shelf, id=first)) == [first]
    assert sorted(ids(listed(shelf, id=[first, second]))) == sorted([first, second])
    assert sorted(ids(listed(shelf, id=first + "," + second.upper()))) == sorted([first, second])
    assert listed(shelf, version="1.0.0")["page"]["total_elements"] == 7
    assert listed(shelf, version="1.0")["page"]["total_elements"] == 0
    assert listed(shelf, version="2,1.0.0")["page"]["total_elements"] == 7
    assert listed(shelf, target_provider_type="openstack", tosca_definition_version="tosca_simple_yaml_1_0")["page"][
        "total_elements"] == 7


def test_free_text_contains_in_any_case(shelf):
    assert letters(listed(shelf, name="C " + shelf.word.upper())) == "c"
    expect(shelf.patch("/templates/" + shelf.ids[0], json={"name": "50%_off, \\ ÄRGER"}), 204)
    for found in ("50%", "%_", "_off", ", ", "\\", "ärger"):
        assert ids(listed(shelf, name=found)) == [shelf.ids[0]]
    for missed in ("50_", "%o", "5%f", "__"):
        assert ids(listed(shelf, name=missed)) == []
    # Any of several, of which each is a text of its own, commas and all.
    names = ["zebra, " + shelf.word, "C " + shelf.word.upper(), "Ärger", *("zebra %d" % number for number in range(2))]
    assert sorted(ids(listed(shelf, name=names))) == sorted([shelf.ids[0], shelf.ids[1]])
    assert ids(listed(shelf, name=["50_", "%o", "__"])) == []


def test_times_are_compared(shelf):
    entries = listed(shelf, size=10, sort="created_at")["data"]
    middle = entries[3]["created_at"]
    assert ids(listed(shelf, size=10, sort="created_at", created_before=middle)) == [entry["id"]
                                                                                     for entry in entries[:3]]
    assert ids(listed(shelf, size=10, sort="created_at", created_after=middle)) == [entry["id"]
                                                                                    for entry in entries[4:]]
    zoned = datetime.datetime.fromisoformat(middle.replace("Z", "+00:00")).astimezone(
        datetime.timezone(datetime.timedelta(hours=5))).isoformat()
    assert len(ids(listed(shelf, size=10, created_before=zoned))) == 3
    expect(shelf.patch("/templates/" + shelf.ids[2], json={"version": "2"}), 204)
    assert ids(listed(shelf, updated_after=entries[-1]["created_at"])) == [shelf.ids[2]]
    assert len(ids(listed(shelf, size=10, updated_before=entries[-1]["created_at"]))) == 5


def test_persons_may_be_me(shelf, stack):
    other = stack.person()
    mine = expect(shelf.get("/templates", params={"updated_by": "me", "size": 10}), 200).json()
    assert sorted(ids(mine)) == sorted(shelf.ids)
    assert sorted(ids(expect(other.get("/templates", params={"created_by": shelf.id, "size": 10}),
                             200).json())) == sorted(shelf.ids)
    assert ids(expect(other.get("/templates", params={"created_by": "me"}), 200).json()) == []


def test_filters_narrow_together(shelf):
    assert ids(listed(shelf, id=shelf.ids[0], name="nothing like it")) == []
    assert listed(shelf, version="1.0.0", name=shelf.word)["page"]["total_elements"] == 7


def test_a_trailing_slash_of_the_issuer_does_not_count(stack):
    person = stack.person()
    issuer = person.get("/users/me").json()["issuer"]
    for given in (issuer, issuer + "/"):
        assert ids(expect(person.get("/users", params={"issuer": given}), 200).json()) == [person.id]


def test_a_trailing_slash_of_a_groups_issuer_does_not_count(stack):
    person = stack.person()
    deployment = person.deploy()
    issuer = person.get("/users/me").json()["issuer"]
    for given, found in ((issuer, [deployment]), (issuer + "/", [deployment]), (issuer + "/x", [])):
        assert ids(expect(person.get("/deployments", params={"user_group_issuer": given}), 200).json()) == found


# what is refused

@pytest.mark.parametrize("name, values", [
    ("page", ["0", "-1", "x", "1.5", "", "99999999999999999999", "2147483648"]),
    ("size", ["0", "501", "x", ""]),
    ("sort", ["content", "nope", "", "name,", ",name", "--name", "name desc", "links"]),
    ("id", ["x", "", "00000000-0000-7000-8000-000000000000,"]),
    ("created_by", ["you", "", "me,x"]),
    ("created_before", ["yesterday", "", "2024-01-01", "2024-13-01T00:00:00Z", "2024-01-01T00:00:00"]),
    ("name", [""]),
    ("version", ["", "a,,b"]),
])
def test_bad_values_are_named(stack, name, values):
    person = stack.person()
    for value in values:
        assert named(person.get("/templates", params={name: value})) == {name}


def test_a_plus_that_became_a_space_is_explained(stack):
    answer = expect(stack.person().get("/templates?created_after=2024-01-01T10:00:00+02:00"), 422)
    assert "%2B" in answer.json()["errors"][0]["detail"]


@pytest.mark.parametrize("name", ["content", "links", "x", "Page", "created_at", "name_gte", "owned_by", "page[]"])
def test_unknown_parameters_are_named(stack, name):
    assert named(stack.person().get("/templates", params={name: "1"})) == {name}


def test_everything_that_is_wrong_is_named_at_once(stack):
    parameters = {"page": "0", "size": "x", "sort": "?", "id": "y", "nope": "z"}
    assert named(stack.person().get("/templates", params=parameters)) == set(parameters)


@pytest.mark.parametrize("name", ["page", "size", "sort", "created_before"])
def test_what_has_one_value_is_given_once(stack, name):
    value = {"sort": "name", "created_before": "2024-01-01T00:00:00Z"}.get(name, "1")
    assert named(stack.person().get("/templates", params=[(name, value), (name, value)])) == {name}


def test_a_filter_has_a_bounded_number_of_values(stack):
    person = stack.person()
    expect(person.get("/templates", params={"version": ",".join(["v"] * 100)}), 200)
    assert named(person.get("/templates", params={"version": ",".join(["v"] * 101)})) == {"version"}
    # Each text is looked for in the texts of all rows.
    expect(person.get("/templates", params={"name": ["v"] * 5}), 200)
    assert named(person.get("/templates", params={"name": ["v"] * 6})) == {"name"}


def test_single_objects_take_no_parameters(stack):
    person = stack.person()
    assert named(person.get("/users/me", params={"x": "1"})) == {"x"}
    assert named(person.get("/templates/" + person.store_template(), params={"page": "1"})) == {"page"}
