# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Whatever is sent to the former orchestrator's surface, the answer is a refusal in its form and no error of the
server, and nothing is left of it."""
import json

import pytest
from old import Old, is_error

from harness import wrong
from harness.client import template
from stack import local

ABSENT = "00000000-0000-7000-8000-000000000000"
JSON = {"Content-Type": "application/json"}
ODD = wrong.STRANGE + ["%", "\\", "'", "*", "@", "@http", "a@http", "me@", "a,b", ",", ";"]


@pytest.fixture(scope="module")
def bound(make_stack):
    return make_stack(local.bindings())


def schemas():
    """The bodies' schemas, as the harness reads them."""
    path = wrong.ROOM / "legacy" / "legacy.json"
    return {"components": {"schemas": json.loads(path.read_text(encoding="utf-8"))["components"]}}


@pytest.mark.parametrize("name, method, below", [
    ("LegacyDeployment", "POST", ""), ("LegacyDeployment", "PUT", "/%s"), ("LegacyReset", "PATCH", "/%s"),
    ("LegacyAction", "POST", "/%s/resources/" + ABSENT + "/actions")])
def test_every_wrong_body_is_refused(bound, name, method, below):
    alice = bound.person()
    old = Old(alice)
    document = schemas()
    made = alice.deploy()
    alice.wait_for_status(made, "CREATE_COMPLETE")
    example = {"LegacyDeployment": {"template": template(), "parameters": {}},
               "LegacyReset": {"status": "DELETE_FAILED"}, "LegacyAction": {"type": "stop"}}[name]
    counted = "SELECT (SELECT count(*) FROM operations), (SELECT count(*) FROM templates)"
    before, count = bound.sql(counted), 0
    for what, _, data in wrong.bodies(document["components"]["schemas"][name], example, document):
        answer = old.ask(method, "/deployments" + below.replace("%s", made), 400, data=data, headers=JSON)
        assert "SELECT" not in answer.text, what
        count += 1
    assert count > 5 and bound.sql(counted) == before


def test_odd_values_of_members_are_no_error_of_the_server(bound):
    old = Old(bound.person())
    content = template()
    for text in ODD:
        for name in ("userGroup", "callback", "keepLastAttempt", "timeoutMins", "providerTimeoutMins",
                     "maxProvidersRetry", "template", "unknown"):
            answer = old.person.request("POST", old.base + "/deployments", json={"template": content, name: text})
            assert answer.status_code in (201, 400, 403, 429), (name, text, answer.text)
            if answer.status_code >= 400:
                is_error(answer)


def test_odd_values_of_parameters_are_no_error_of_the_server(bound):
    alice, boss = bound.person(), bound.person(admin=True)
    made = alice.deploy()
    for text in ODD:
        for name in ("createdBy", "userGroup", "excludedStatus", "page", "size", "sort", "x"):
            for person in (alice, boss):
                answer = person.request("GET", Old(person).base + "/deployments", params={name: text, "size": "1"}
                                        if name != "size" else {name: text})
                assert answer.status_code in (200, 400, 403), (name, text, answer.text)
        for name in ("type", "page", "sort"):
            answer = alice.request("GET", Old(alice).base + "/deployments/%s/resources" % made, params={name: text})
            assert answer.status_code in (200, 400), (name, text, answer.text)
    for path in ("/x", "/%00", "/%ff", "/\u0662", "/" + ABSENT + "0"):
        Old(alice).ask("GET", "/deployments" + path, 400)


def test_what_is_too_long_is_told_in_the_form_too(bound):
    old = Old(bound.person())
    old.ask("POST", "/deployments", 413, data=b"x" * 17000000, headers=JSON)
    long = template() + "#" * 1048576
    assert "template" in is_error(old.ask("POST", "/deployments", 400, json={"template": long}))["message"]
