# Licensed under the Apache License, Version 2.0; see LICENSE.
"""What lists may cost: a budget of bytes for a page. How many at once is in test_fairness.py."""

import re

import pytest

from harness.client import expect, unique

BUDGET = 16 * 1024 * 1024
MANY = 60
# A MiB each, with much that JSON writes with two bytes.
FILL = """
INSERT INTO templates (id, content, checksum, name, target_provider_type, tosca_definition_version, created_by,
updated_by)
SELECT gen_random_uuid(), repeat(E'a: "b"\\n', 131072), encode(sha256((%(word)s || n)::bytea), 'hex'),
    lpad(n::text, 3, '0') || %(word)s, 'openstack', 'tosca_simple_yaml_1_0',
    %(person)s, %(person)s FROM generate_series(1, %(many)s) n
"""


@pytest.fixture
def hoarder(stack):
    """Somebody with 60 templates of a MiB."""
    person = stack.person()
    person.word = unique("hoard")
    stack.sql(FILL, {"word": person.word, "person": person.id, "many": MANY})
    yield person
    stack.sql("DELETE FROM templates WHERE created_by = %s", (person.id,))


def size_that_fits(answer):
    [mistake] = expect(answer, 422).json()["errors"]
    assert mistake["parameter"] == "size"
    return int(re.search(r"(\d+) would fit", mistake["detail"]).group(1))


@pytest.mark.parametrize("order", ["name", "-created_at", None])
def test_a_page_over_the_budget_is_refused_and_says_which_size_fits(hoarder, order):
    given = {"created_by": "me", **({"sort": order} if order else {})}
    for page in (1, 2):
        fitting = size_that_fits(hoarder.get("/templates", params={**given, "page": page, "size": 30}))
        answer = expect(hoarder.get("/templates", params={**given, "page": page, "size": fitting}), 200)
        assert len(answer.json()["data"]) == fitting > 5
        assert len(answer.content) <= BUDGET + 10000
        assert size_that_fits(hoarder.get("/templates", params={**given, "page": page, "size": fitting + 1})) == fitting


def test_the_usual_first_page_has_the_same_budget(hoarder):
    fitting = size_that_fits(hoarder.get("/templates", params={"size": 20}))
    assert len(expect(hoarder.get("/templates", params={"size": fitting}), 200).json()["data"]) == fitting


def test_one_object_always_fits(hoarder):
    for page in (1, MANY // 2, MANY):
        given = {"created_by": "me", "sort": "name", "size": 1, "page": page}
        [entry] = expect(hoarder.get("/templates", params=given), 200).json()["data"]
        assert entry["name"] == "%03d%s" % (page, hoarder.word)


def test_sealed_values_count_as_what_they_open_to(stack):
    """Large outputs, a secret among them: an owner's page is refused, an administrator's, who gets them without, is
    not."""
    owner, admin = stack.person(), stack.person(admin=True)
    deployments = [owner.deploy() for _ in range(3)]
    for deployment in deployments:
        owner.wait_for_status(deployment, "CREATE_COMPLETE")
    stack.sql("UPDATE deployments SET template_outputs_sealed = 'x' || repeat('A', 9 * 1024 * 1024) WHERE id = ANY "
              "(%s::uuid[])",
              (deployments,))
    assert size_that_fits(owner.get("/deployments", params={"size": 3})) == 2
    given = {"size": 3, "owned_by": owner.id}
    assert len(expect(admin.get("/deployments", params=given), 200).json()["data"]) == 3
