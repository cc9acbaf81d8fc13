# Licensed under the Apache License, Version 2.0; see LICENSE.
"""A person's groups: the forms in which tokens and userinfo tell them, and what they decide."""

import re

import pytest
from tokens import ROUTE, block, come_in, refuse, start_issuer

from harness.client import expect, unique
from stack import issuer


@pytest.fixture(scope="module")
def closed_issuer(tmp_path_factory):
    made = start_issuer(tmp_path_factory.mktemp("issuer"))
    yield made
    made.stop()


@pytest.fixture(scope="module")
def closed(make_stack, closed_issuer):
    """A stack whose second issuer lets only some groups in, as its tokens' claim wlcg.groups tells them."""
    stack = make_stack(block(closed_issuer, "OrchestratorAdminGroup admins", "OrchestratorUserGroups /lab guests",
                             "OrchestratorGroupsClaim wlcg.groups"))
    known = stack.client_with(closed_issuer.token("carol", **{"wlcg.groups": ["/lab"]}))
    stack.wait_for(lambda: known.get(ROUTE).status_code == 404, 10, "the issuer's keys")
    return stack


def test_groups_decide_who_may_use_the_service(closed, closed_issuer):
    for groups in (["/lab"], ["lab"], ["x", "guests"], ["/admins"]):
        come_in(closed, closed_issuer.token("carol", **{"wlcg.groups": groups}))
    for groups in ([], ["labs"], ["/lab/sub"]):
        refuse(closed, closed_issuer.token("carol", **{"wlcg.groups": groups}), 403)
    refuse(closed, closed_issuer.token("carol", groups=["lab"]), 403)


@pytest.mark.parametrize("group, status", [("/lab", 202), ("lab", 202), ("labs", 403), ("//lab", 403)])
def test_a_group_is_authorised_however_its_slash_is_written(closed, closed_issuer, group, status):
    token = closed_issuer.token("carol", **{"wlcg.groups": ["/lab", "labs"]})
    carol = closed.client_with(token, "carol", ["lab"])
    wish = {"template_id": carol.store_template(), "template_inputs": {}, "user_group": group}
    expect(carol.post("/deployments", json=wish), status)


def test_groups_that_a_token_lacks_are_asked_for_at_the_issuer_and_remembered(stack):
    person = stack.person()
    claims = issuer.person(person.name, person.groups)
    stack.issuer.control("person", claims)
    bare = stack.client_with(stack.issuer.token(person.name, drop=["groups"]), person.name, person.groups)
    template = bare.store_template()
    asked = stack.issuer.control("calls").get("/userinfo", 0)
    for _ in range(10):
        bare.deploy(template)
    # Each of httpd's children asks once.
    assert stack.issuer.control("calls").get("/userinfo", 0) - asked <= len(stack.httpd.children())
    expect(bare.post("/deployments",
                     json={"template_id": template, "template_inputs": {}, "user_group": "beta-testers"}), 403)


def token_with(stack, claim):
    """A token that tells the groups itself."""
    return issuer.access_token(stack.issuer.url, stack.issuer.keys[0], issuer.person(unique("person")), groups=claim)


def token_behind_userinfo(stack, claim):
    """A token that leaves it to userinfo to tell the groups."""
    name = unique("person")
    stack.issuer.control("person", {**issuer.person(name), "groups": claim})
    return stack.issuer.token(name, drop=["groups"])


WAYS = pytest.mark.parametrize("made", [token_with, token_behind_userinfo], ids=["token", "userinfo"])


@WAYS
@pytest.mark.parametrize("form",
                         [lambda group: group, lambda group: "/" + group,
                          lambda group: [{"name": "/" + group}, 7, None],
                          lambda group: [{"value": "8a6e0f", "display": group}], lambda group: [{"value": group}, {}]],
                         ids=["text", "text with slash", "names", "display", "value"])
def test_groups_come_in_other_forms_than_a_list_of_texts(stack, made, form):
    group = stack.group()
    person = stack.client_with(made(stack, form(group)), groups=[group])
    person.deploy(person.store_template())
    other = stack.group()
    answer = person.post("/deployments",
                         json={"template_id": person.store_template(), "template_inputs": {}, "user_group": other})
    expect(answer, 403)


@WAYS
@pytest.mark.parametrize("claim", [[], "", [1, None, {}, {"name": 2}]], ids=str)
def test_a_person_of_no_group_comes_in(stack, made, claim):
    come_in(stack, made(stack, claim))


@WAYS
@pytest.mark.parametrize("claim, kind", [(7, "a number"), ({"name": "beta-testers"}, "an object"), (True, "a boolean")],
                         ids=str)
def test_a_claim_that_tells_no_groups_is_refused_and_logged_with_its_type(stack, made, claim, kind):
    answer = refuse(stack, made(stack, claim))
    assert answer.json()["detail"] == 'The claim "groups" tells no groups: it is %s.' % kind
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    assert re.search(r'orchestrator:info\].*claim "groups" tells no groups: it is %s' % kind, stack.log_text())
