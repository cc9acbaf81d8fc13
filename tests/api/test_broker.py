# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Operations in the form of a service manager, and the way there from /api/v1."""

import re

import pytest
from deployed import ABSENT, bound, own, put, quiet, submit  # noqa: F401

from harness import live, wrong
from harness.client import expect
from stack import local, process

CONTENT_TYPE = "application/json; charset=UTF-8"
NULLABLE = ("platform_id", "correlation_id", "deletion_scheduled")
# The document's example.
OPERATION = {"id": str, "ready": bool, "type": str, "state": str, "description": str, "resource_id": str,
             "transitive_resources": list, "resource_type": str, "platform_id": str, "correlation_id": str,
             "reschedule": bool, "deletion_scheduled": str, "created_at": str, "updated_at": str, "errors": list,
             "labels": dict}
TRANSITIVE = {"id": str, "type": str, "operation_type": str, "criteria": str}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


def path_of(kind, resource, operation):
    return "/%s/%s/operations/%s" % (kind, resource, operation)


def ask(client, path, status=200, method="GET", **options):
    url = path if path.startswith("http") else client.stack.base_url + local.BESIDE["orchestrator-broker"] + path
    answer = expect(client.request(method, url, **options), status)
    if status >= 400 and method != "HEAD":
        assert answer.headers["Content-Type"] == CONTENT_TYPE
        assert set(answer.json()) == {"error", "description"} and all(answer.json().values())
    return answer


def told(client, path):
    """The operation there, which has the form of the document's."""
    answer = ask(client, path)
    assert answer.headers["Content-Type"] == CONTENT_TYPE
    found = answer.json()
    for name, value in found.items():
        assert isinstance(value, OPERATION[name]) or (value is None and name in NULLABLE), (name, value)
    assert set(found) == set(OPERATION)
    assert found["type"] in ("CREATE", "UPDATE", "DELETE")
    assert found["state"] in ("in progress", "succeeded", "failed")
    assert TIME.fullmatch(found["created_at"]) and TIME.fullmatch(found["updated_at"])
    for one in found["transitive_resources"]:
        assert {name: type(value) for name, value in one.items()} == TRANSITIVE
    for one in found["errors"]:
        assert {name: type(value) for name, value in one.items()} == {"error": str, "description": str}
    return found


def link(answer):
    """Where a 202 says that its operation is told of."""
    return re.fullmatch(r'<([^>]*)>; rel="alternate"', answer.headers["Link"]).group(1)


def linked(client, answer, kind, resource, type_):
    """What is there, which has to be the operation of the answer's Location."""
    operation = answer.headers["Location"].rpartition("/")[2]
    url = link(answer)
    assert url == client.stack.base_url + local.BESIDE["orchestrator-broker"] + path_of(kind, resource, operation)
    found = told(client, url)
    assert (found["id"], found["resource_type"], found["resource_id"]) == (operation, "/v1/" + kind, resource)
    assert found["type"] == type_
    return found


def last(client, made):
    return client.deployment(made)["last_operation"]


# ---- what is told ----

def test_a_creation_and_a_deletion_are_followed_to_their_ends(bound):
    alice = bound.person()
    body = {"template_id": alice.store_template(), "template_inputs": {}, "user_group": alice.group}
    answer = expect(alice.post("/deployments", json=body), 202)
    made = answer.json()["id"]
    url = link(answer)
    linked(alice, answer, "service_instances", made, "CREATE")
    found = bound.wait_for(lambda: (lambda one: one["state"] != "in progress" and one)(told(alice, url)), 30, "the end")
    assert (found["state"], found["ready"], found["errors"]) == ("succeeded", True, [])
    assert found["transitive_resources"][0]["criteria"] == "simple_node"
    theirs = alice.get("/operations/" + found["id"]).json()
    for name in ("description", "platform_id", "correlation_id", "labels", "created_at", "updated_at", "reschedule"):
        assert found[name] == theirs[name]
    providers = expect(alice.get("/providers"), 200).json()["data"]
    [provider] = [one["id"] for one in providers if one["name"] == found["platform_id"]]
    for kind in ("service_brokers", "platforms"):
        there = told(alice, path_of(kind, provider, found["id"]))
        assert {**found, "resource_type": "/v1/" + kind, "resource_id": provider} == there
    answer = expect(alice.delete("/deployments/" + made), 202)
    url = link(answer)
    linked(alice, answer, "service_instances", made, "DELETE")
    found = bound.wait_for(lambda: (lambda one: one["state"] != "in progress" and one)(told(alice, url)), 30, "the end")
    assert (found["state"], found["ready"]) == ("succeeded", False)


@pytest.mark.parametrize("state, wanted", [("pending", "in progress"), ("in progress", "in progress"),
                                           ("canceling", "in progress"), ("succeeded", "succeeded"),
                                           ("failed", "failed"), ("canceled", "failed")])
def test_states(quiet, state, wanted):
    alice = quiet.person()
    made = submit(quiet, alice)
    put(quiet, made, state=state)
    found = told(alice, path_of("service_instances", made, last(alice, made)))
    assert (found["state"], found["ready"]) == (wanted, state == "succeeded")
    assert [one["error"] for one in found["errors"]] == (["operation.canceled"] if state == "canceled" else [])


def test_a_canceled_one_says_so_once(quiet):
    alice = quiet.person()
    made = submit(quiet, alice)
    answer = expect(alice.post("/operations/%s/cancel" % last(alice, made)), 202)
    found = linked(alice, answer, "service_instances", made, "CREATE")
    assert found["state"] == "failed"
    assert [one["error"] for one in found["errors"]] == ["operation.canceled"]
    assert found["errors"][0]["description"].startswith("Canceled by")
    again = expect(alice.post("/operations/%s/retry" % found["id"]), 202)
    assert linked(alice, again, "service_instances", made, "CREATE")["state"] == "in progress"


def test_a_dry_run_is_not_told_of(quiet):
    alice = quiet.person()
    made = submit(quiet, alice)
    quiet.sql("UPDATE operations SET is_dry_run = true WHERE id = %s", (last(alice, made),))
    ask(alice, path_of("service_instances", made, last(alice, made)), 404)


# ---- the way there ----

def test_every_202_leads_there(bound):
    alice, bob, admin = bound.person(), bound.person(), bound.person(admin=True)
    made = alice.deploy()
    alice.wait_for_status(made, "CREATE_COMPLETE")
    below = "/deployments/" + made
    [machine] = expect(alice.get(below + "/resources"), 200).json()["data"]

    def end(answer):
        bound.wait_for(lambda: told(alice, link(answer))["state"] != "in progress", 30, "the end")
    for action in ("stop", "start", "reboot"):
        answer = expect(alice.patch("%s/resources/%s/%s" % (below, machine["id"], action)), 202)
        linked(alice, answer, "service_instances", made, "UPDATE")
        end(answer)
    answer = expect(alice.patch(below + "/inputs", json={"num_cpus": 2}), 202)
    linked(alice, answer, "service_instances", made, "UPDATE")
    end(answer)
    grant = "%s:%s" % (made, bob.id)
    for method, path, body, type_ in (("POST", "/owners", {"id": bob.id}, "CREATE"),
                                      ("DELETE", "/owners/" + bob.id, None, "DELETE")):
        answer = expect(admin.request(method, below + path, json=body), 202)
        end(answer)
        linked(alice, answer, "service_bindings", grant, type_)
        operation = answer.headers["Location"].rpartition("/")[2]
        ask(alice, path_of("service_instances", made, operation), 404)
        ask(alice, path_of("service_bindings", "%s:%s" % (made, alice.id), operation), 404)
    key = {"Idempotency-Key": "once-" + made}
    body = {"template_id": alice.store_template(), "template_inputs": {}, "user_group": alice.group}
    first, second = (expect(alice.post("/deployments", json=body, headers=key), 202) for _ in range(2))
    assert link(first) == link(second) and first.json() == second.json()


def test_an_orchestration_is_no_operation(quiet):
    alice = quiet.person()
    body = {"type": "STOP", "targets": {"include": [{"target": "all"}]}}
    assert "Link" not in expect(alice.post("/orchestrations", json=body), 202).headers


def test_without_the_place_there_is_no_link(stack):
    alice = stack.person()
    body = {"template_id": alice.store_template(), "template_inputs": {}, "user_group": alice.group}
    assert "Link" not in expect(alice.post("/deployments", json=body), 202).headers


@pytest.mark.parametrize("own", ["", local.PLACE % ("/broker", "orchestrator-broker")])
def test_a_host_that_gives_the_place_away_has_no_link_to_it(make_stack, own):
    port = process.free_port()
    stack = make_stack(local.bindings() + """
        Listen 127.0.0.1:%d
        <VirtualHost 127.0.0.1:%d>
            <Location /v1>
                SetHandler None
            </Location>
            %s
        </VirtualHost>""" % (port, port, own))
    alice = stack.person()
    body = {"template_id": alice.store_template(), "template_inputs": {}, "user_group": alice.group}
    there = expect(alice.post("http://127.0.0.1:%d/api/v1/deployments" % port, json=body), 202)
    assert "/broker/service_instances/" in link(there) if own else "Link" not in there.headers
    assert "/v1/service_instances/" in link(expect(alice.post("/deployments", json=body), 202))


# What answers at the place of a host instead of the surface that the main server has there.
ANSWERED = (
    "Redirect /v1 https://new.example.org/",
    "ProxyPass /v1 http://127.0.0.1:9/",
    "RewriteEngine On\nRewriteRule ^/v1/ http://127.0.0.1:9/ [P]",
    "<Location /v1>\nRedirect https://new.example.org/\n</Location>",
    "<Location /v1>\nProxyPass http://127.0.0.1:9/\n</Location>",
    "<Location /v1>\nRewriteEngine On\nRewriteRule ^ http://127.0.0.1:9/ [P]\n</Location>",
    "<Location /v1>\nRewriteEngine On\nRewriteRule ^ /api/v1/health\n</Location>",
    "<If \"%{REQUEST_URI} =~ m#^/v1/#\">\nSetHandler None\n</If>")
# What leaves it there.
LEFT = ("ProxyPass /v1 !\nProxyPass /v1 http://127.0.0.1:9/",
        "<Location /v1>\nRewriteEngine On\nRewriteRule ^ - [E=seen:1]\n</Location>",
        "<Location /v1>\nRewriteEngine On\nRewriteCond %{REMOTE_USER} =\"\"\nRewriteRule ^ - [F]\n</Location>",
        "<Location /v1>\nRequire ip 192.0.2.1\n</Location>")


def test_a_host_where_something_else_answers_has_no_link_to_it(make_stack):
    ports = {text: process.free_port() for text in ANSWERED + LEFT}
    stack = make_stack("".join("LoadModule %s_module \"${modules}/mod_%s.so\"\n" % (name, name) for name in (
        "alias", "rewrite", "proxy", "proxy_http")) + local.bindings() + "".join(
            "Listen 127.0.0.1:%d\n<VirtualHost 127.0.0.1:%d>\n%s\n</VirtualHost>\n" % (port, port, text)
            for text, port in ports.items()), expect=["ORC1001"])
    alice = stack.person()
    body = {"template_id": alice.store_template(), "template_inputs": {}, "user_group": alice.group}
    for text, port in ports.items():
        there = expect(alice.post("http://127.0.0.1:%d/api/v1/deployments" % port, json=body), 202)
        assert ("Link" in there.headers) == (text in LEFT), text


@pytest.mark.parametrize("public, before", [
    ("https://api.example.org/paas/api/v1", "https://api.example.org/paas"),
    ("https://api.example.org/api/v1", "https://api.example.org"),
    ("https://api.example.org/paas", "https://api.example.org")])
def test_what_a_proxy_has_before_all_paths_is_before_the_links_too(make_stack, monkeypatch, public, before):
    original = live.LiveStack._directives
    monkeypatch.setattr(live.LiveStack, "_directives", lambda self: re.sub(
        r"OrchestratorPublicURL .*\n", "OrchestratorPublicURL %s\n" % public, original(self)))
    stack = make_stack(local.bindings())
    alice = stack.person()
    body = {"template_id": alice.store_template(), "template_inputs": {}, "user_group": alice.group}
    answer = expect(alice.post("/deployments", json=body), 202)
    assert answer.headers["Location"].startswith(public + "/deployments/")
    assert link(answer).startswith(before + "/v1/service_instances/")


# ---- who, and where ----

def test_type_and_id_have_to_be_the_operations_own(quiet):
    alice = quiet.person()
    made, other = submit(quiet, alice), submit(quiet, alice)
    operation = last(alice, made)
    provider = expect(alice.get("/providers"), 200).json()["data"][0]["id"]
    told(alice, path_of("service_instances", made.upper(), operation.upper()))
    for kind, resource in (("service_instances", other), ("service_instances", ABSENT), ("service_brokers", provider),
                           ("platforms", provider), ("service_brokers", made), ("platforms", ABSENT),
                           ("service_bindings", "%s:%s" % (made, alice.id))):
        ask(alice, path_of(kind, resource, operation), 404)
    ask(alice, path_of("service_instances", made, ABSENT), 404)
    for kind, resource, id_ in (
            ("service_plans", made, operation), ("Service_instances", made, operation), ("%FF", made, operation),
            ("service_instances", "x", operation), ("service_instances", made + ":" + alice.id, operation),
            ("service_bindings", made, operation), ("service_bindings", made + ":", operation),
            ("service_bindings", ":" + alice.id, operation),
            ("service_bindings", "%s:%s:" % (made, alice.id), operation), ("platforms", "cloud", operation),
            ("service_instances", made, "x"), ("service_instances", "%00", operation)):
        ask(alice, path_of(kind, resource, id_), 400)
    ask(alice, path_of("service_instances", made, operation) + "?colour=red", 400)
    for text in wrong.STRANGE:
        ask(alice, path_of("service_instances", made, operation), 400, params={text: text})


def test_a_stranger_sees_nothing(quiet):
    alice, bob, admin = quiet.person(), quiet.person(), quiet.person(admin=True)
    made = submit(quiet, alice)
    operation = last(alice, made)
    path = path_of("service_instances", made, operation)
    ask(bob, path, 403)
    ask(bob, path_of("service_instances", made, ABSENT), 403)
    ask(bob, path_of("service_bindings", made + ":" + bob.id, operation), 403)
    assert ask(quiet.client(None), path, 401).headers["WWW-Authenticate"].startswith("Bearer")
    ask(quiet.client(None), "/nothing", 401)
    told(admin, path)
    provider = expect(admin.get("/providers"), 200).json()["data"][0]
    quiet.sql("UPDATE operations SET platform_id = %s WHERE id = %s", (provider["name"], operation))
    told(alice, path_of("platforms", provider["id"], operation))
    ask(bob, path_of("platforms", provider["id"], operation), 403)
    own(quiet, made, bob)
    told(bob, path)


def test_the_rest_of_the_place(quiet):
    alice = quiet.person()
    made = submit(quiet, alice)
    path = path_of("service_instances", made, last(alice, made))
    for other in ("", "/", "/service_instances/" + made, path + "/more"):
        ask(alice, other, 404)
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert ask(alice, path, 405, method=method).headers["Allow"] == "GET, HEAD, OPTIONS"
    assert ask(alice, path, method="HEAD").content == b""
    assert ask(alice, path + "/").json()["id"] == last(alice, made)
    tag = ask(alice, path).headers["ETag"]
    ask(alice, path, 304, headers={"If-None-Match": tag})
    options = quiet.client(None).request("OPTIONS", quiet.base_url + local.BESIDE["orchestrator-broker"] + path)
    assert expect(options, 204).headers["Allow"] == "GET, HEAD, OPTIONS"
    ask(alice, path, 400, headers={"X-Long": "y" * 70000})


def test_labels_are_told(quiet):
    alice = quiet.person()
    made = submit(quiet, alice)
    expect(alice.patch("/operations/" + last(alice, made), json={"labels": {"ticket": ["4711", "4712"]}}), 204)
    found = told(alice, path_of("service_instances", made, last(alice, made)))
    assert found["labels"] == {"ticket": ["4711", "4712"]}
