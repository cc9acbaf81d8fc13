# Licensed under the Apache License, Version 2.0; see LICENSE.
"""POST, GET and DELETE of deployments."""

import concurrent.futures
import contextlib
import re
import uuid

import psycopg2
import pytest
# noqa: F401
from deployed import (ABSENT, CLUSTER, body, count, done, frozen, own, parameters, person_id, pointers, put,
                      seal, store, submit)

from harness import live
from harness.client import expect, template, unique

OUTPUTS = "deployments.template_outputs_sealed"
TABLES = ("deployments", "deployment_owners", "resources", "resource_requirements", "operations", "outbox",
          "idempotency_keys")


# ---- asking for one ----

def test_a_submission_is_accepted_with_its_id_and_the_location_of_its_operation(frozen):
    alice = frozen.person()
    answer = expect(alice.post("/deployments", json=body(frozen, alice)), 202)
    made = answer.json()["id"]
    assert answer.json() == {"id": made} and uuid.UUID(made).version == 7
    assert int(answer.headers["Retry-After"]) >= 1
    operation = expect(alice.get(answer.headers["Location"]), 200).json()
    assert answer.headers["Location"] == "%s/deployments/%s/operations/%s" % (frozen.url, made, operation["id"])
    assert operation["type"] == "CREATE" and operation["state"] == "pending"
    assert operation["correlation_id"] == answer.headers["X-Request-ID"]


def test_a_new_deployment_has_its_defaults(frozen):
    alice = frozen.person()
    template_id = store(alice)
    made = submit(frozen, alice, template_id=template_id, template_inputs={"num_cpus": 2})
    value = alice.deployment(made)
    url = "%s/deployments/%s" % (frozen.url, made)
    me = person_id(frozen, alice)
    assert value.pop("created_at") == value.pop("updated_at")
    assert alice.get("/deployments/%s/operations" % made).json()["data"][0]["id"] == value.pop("last_operation")
    assert value == {
        "id": made, "created_by": me, "updated_by": me, "owned_by": [me], "template_id": template_id,
        "template_inputs": {"num_cpus": 2}, "template_outputs": {}, "user_group": alice.group,
        "user_group_issuer": frozen.issuer.url.rstrip("/"), "per_provider_max_retries": 3, "max_providers": None,
        "tot_timeout_mins": 14400, "per_provider_timeout_mins": 1440, "keep_last_attempt": False,
        "target_provider": None, "target_region": None, "target_iaas_project": None, "im_infra_id": None, "status": 2,
        "status_name": "CREATE_IN_PROGRESS", "status_reason": None, "task": 0, "task_name": "submitted",
        "links": {"template": url + "/templates", "resources": url + "/resources", "logs": url + "/logs",
                  "operations": url + "/operations"}}


def test_every_field_is_taken_as_it_was_given(frozen):
    alice = frozen.person()
    given = {"per_provider_max_retries": 10, "max_providers": 7, "tot_timeout_mins": 25,
             "per_provider_timeout_mins": 25, "keep_last_attempt": True, "target_provider": "cloud-a",
             "target_region": "region-2"}
    value = alice.deployment(submit(frozen, alice, **given))
    assert {name: value[name] for name in given} == given


@pytest.mark.parametrize("name", ["max_providers", "target_provider", "target_region"])
def test_null_is_taken_where_it_is_the_default(frozen, name):
    alice = frozen.person()
    assert alice.deployment(submit(frozen, alice, **{name: None}))[name] is None


def test_the_time_for_a_provider_is_never_more_than_the_total_by_default(frozen):
    alice = frozen.person()
    assert alice.deployment(submit(frozen, alice, tot_timeout_mins=30))["per_provider_timeout_mins"] == 30
    assert alice.deployment(submit(frozen, alice, tot_timeout_mins=2000))["per_provider_timeout_mins"] == 1440


@pytest.mark.parametrize("field, value", [
    ("template_id", ""), ("template_id", "abc"), ("template_id", 7), ("template_inputs", None), ("template_inputs", []),
    ("user_group", None), ("user_group", ""), ("user_group", 1), ("user_group", "g" * 256),
    ("per_provider_max_retries", 0), ("per_provider_max_retries", 11), ("per_provider_max_retries", "3"),
    ("per_provider_max_retries", 1.5), ("per_provider_max_retries", None), ("max_providers", 0), ("max_providers", -1),
    ("max_providers", 2147483648), ("max_providers", True), ("tot_timeout_mins", 0), ("tot_timeout_mins", 14401),
    ("tot_timeout_mins", None), ("tot_timeout_mins", 10 ** 30), ("per_provider_timeout_mins", 0),
    ("per_provider_timeout_mins", 14401), ("per_provider_timeout_mins", None), ("keep_last_attempt", None),
    ("keep_last_attempt", "true"), ("keep_last_attempt", 1), ("target_provider", ""), ("target_provider", {}),
    ("target_region", ""), ("target_region", 4), ("callback", "http://example.org"), ("tot_timeout_min", 3)])
def test_a_wrong_field_is_named(frozen, field, value):
    alice = frozen.person()
    before = count(frozen, "deployments")
    assert pointers(alice.post("/deployments", json=body(frozen, alice, **{field: value}))) == ["/" + field]
    assert count(frozen, "deployments") == before


@pytest.mark.parametrize("field", ["template_id", "template_inputs", "user_group"])
def test_a_missing_field_is_named(frozen, field):
    alice = frozen.person()
    value = body(frozen, alice)
    del value[field]
    answer = expect(alice.post("/deployments", json=value), 422).json()
    assert [error["pointer"] for error in answer["errors"]] in ([""], ["/" + field])
    assert field in str(answer["errors"])


def test_the_time_for_a_provider_is_at_most_the_total(frozen):
    alice = frozen.person()
    answer = alice.post("/deployments", json=body(frozen, alice, tot_timeout_mins=10, per_provider_timeout_mins=11))
    assert pointers(answer) == ["/per_provider_timeout_mins"]


@pytest.mark.parametrize("total, share, named", [
    (10, 11, ["/per_provider_timeout_mins"]), (0, 11, ["/tot_timeout_mins"]), ("x", 11, ["/tot_timeout_mins"]),
    (10, 14401, ["/per_provider_timeout_mins"]), (10, 10, [])])
def test_everything_that_is_wrong_in_body_and_inputs_is_named_at_once(frozen, total, share, named):
    alice = frozen.person()
    answer = alice.post("/deployments",
                        json=body(frozen, alice, CLUSTER.format(name=unique()), unknown=1, max_providers=0,
                                  tot_timeout_mins=total, per_provider_timeout_mins=share,
                                  template_inputs={"workers": 9, "more": 1}))
    assert pointers(answer) == sorted(["/max_providers", "/template_inputs/more", "/template_inputs/password",
                                       "/template_inputs/workers", "/unknown", *named])


@pytest.mark.parametrize("inputs, named", [
    ({}, ["/template_inputs/password"]),
    ({"password": 7}, ["/template_inputs/password"]),
    ({"password": "x", "workers": "2"}, ["/template_inputs/workers"]),
    ({"password": "x", "workers": 6}, ["/template_inputs/workers"]),
    ({"password": "x", "colour": "red"}, ["/template_inputs/colour"])])
def test_inputs_that_do_not_fit_the_template_are_named(frozen, inputs, named):
    alice = frozen.person()
    before = count(frozen, "deployments")
    answer = alice.post("/deployments", json=body(frozen, alice, CLUSTER.format(name=unique()), template_inputs=inputs))
    assert pointers(answer) == named
    assert count(frozen, "deployments") == before


FLOATS = """\
tosca_definitions_version: tosca_simple_yaml_1_0
metadata: {{ template_name: {name} }}
topology_template:
  inputs:
    one: {{ type: float }}
    more: {{ type: list, entry_schema: {{ type: float }} }}
  node_templates:
    node: {{ type: tosca.nodes.Compute }}
  outputs:
    one: {{ value: {{ get_input: one }} }}
    more: {{ value: {{ get_input: more }} }}
"""


def test_numbers_of_any_size_reach_im(stack):
    person = stack.person()
    inputs = {"one": 1e300, "more": [1e22, -1e22, 1.5, 1e-300, -0.0]}
    made = person.deploy(person.store_template(FLOATS.format(name=unique())), inputs)
    value = person.wait_for_status(made, "CREATE_COMPLETE")
    given = value["template_inputs"]
    assert repr((given["one"], given["more"])) == repr((inputs["one"], inputs["more"]))
    given = value["template_outputs"]  # PostgreSQL writes 1e22 with all its digits
    assert (float(given["one"]), [float(number) for number in given["more"]]) == (inputs["one"], inputs["more"])


def test_a_group_that_is_not_the_callers_is_forbidden(frozen):
    alice, bob = frozen.person(), frozen.person()
    expect(alice.post("/deployments", json=body(frozen, alice, user_group=bob.group)), 403)


def test_an_administrator_submits_for_groups_of_their_own_too(frozen):
    admin, bob = frozen.person(admin=True), frozen.person()
    expect(admin.post("/deployments", json=body(frozen, admin, user_group=bob.group)), 403)
    submit(frozen, admin)


def test_what_is_wrong_in_the_body_comes_before_what_is_forbidden(frozen):
    alice, bob = frozen.person(), frozen.person()
    answer = alice.post("/deployments",
                        json=body(frozen, alice, user_group=bob.group, template_inputs={"num_cpus": "x"}))
    assert pointers(answer) == ["/template_inputs/num_cpus"]


@pytest.mark.parametrize("field, value", [("template_id", ABSENT), ("target_provider", "nowhere")])
def test_what_is_forbidden_comes_before_what_is_looked_up(frozen, field, value):
    alice, bob = frozen.person(), frozen.person()
    expect(alice.post("/deployments", json=body(frozen, alice, user_group=bob.group, **{field: value})), 403)


def test_an_unknown_template_is_named(frozen):
    alice = frozen.person()
    assert pointers(alice.post("/deployments", json=body(frozen, alice, template_id=ABSENT))) == ["/template_id"]


def test_a_template_id_may_be_written_in_capitals(frozen):
    alice = frozen.person()
    template_id = store(alice)
    assert alice.deployment(submit(frozen, alice, template_id=template_id.upper()))["template_id"] == template_id


def test_a_fragment_is_not_deployed(frozen):
    alice = frozen.person()
    content = template().replace("  outputs:", "    extra:\n      type: tosca.nodes.SoftwareComponent\n"
                                 "      requirements: [ host: elsewhere ]\n  outputs:")
    assert pointers(alice.post("/deployments", json=body(frozen, alice, content))) == ["/template_id"]


@pytest.mark.parametrize("fields, named", [
    ({"target_provider": "nowhere"}, ["/target_provider"]),
    ({"target_provider": "delete_lost"}, ["/target_provider"]),  # serves other groups
    ({"target_provider": "cloud-a", "target_region": "region-9"}, ["/target_region"]),
    ({"target_region": "region-9"}, ["/target_region"]),
    ({"target_provider": "nowhere", "template_id": ABSENT}, ["/target_provider", "/template_id"])])
def test_an_unknown_or_unavailable_target_is_named(frozen, fields, named):
    alice = frozen.person()
    before = count(frozen, "deployments")
    assert pointers(alice.post("/deployments", json=body(frozen, alice, **fields))) == named
    assert count(frozen, "deployments") == before


def test_a_region_alone_is_a_target(frozen):
    alice = frozen.person()
    assert alice.deployment(submit(frozen, alice, target_region="region-1"))["target_region"] == "region-1"


def test_a_provider_that_is_switched_off_is_unavailable(make_stack):
    def providers(stack):
        value = live.providers(stack)
        value["providers"][0]["enabled"] = False
        return value
    stack = make_stack(providers=providers)
    alice = stack.person()
    assert pointers(alice.post("/deployments",
                               json=body(stack, alice, target_provider="cloud-a"))) == ["/target_provider"]


# ---- SlaPlacement policies ----

def placed(*properties):
    """A template with policies of these properties; `there` is an input."""
    policies = ["    - place%d: { type: tosca.policies.indigo.SlaPlacement, properties: { %s } }\n" % one
                for one in enumerate(properties)]
    content = template().replace("  outputs:", "  policies:\n" + "".join(policies) + "  outputs:")
    return content.replace("  node_templates:", "    there: { type: string, default: cloud-a }\n  node_templates:")


@pytest.fixture(scope="module")
def agreed(make_stack):
    """Providers with agreements: for everybody `alpha` with sla-1, `beta` with sla-2 in another region and `away`,
    switched off, with sla-3; for a group of its own `hidden` with sla-4."""
    def providers(stack):
        def entry(name, number, group="*", **more):
            groups = {group: {"project": "p", "sla": "sla-%d" % number}}
            return {**live.provider(stack, name, []), "groups": groups, **more}
        return {"providers": [entry("alpha", 1), entry("beta", 2, regions=["region-3"]),
                              entry("away", 3, enabled=False), entry("hidden", 4, group="others")]}
    return make_stack(providers=providers)


def told(client, stack, content, **fields):
    """The one mistake of a submission of that template, which names the template; None when it is taken."""
    answer = client.post("/deployments", json=body(stack, client, content, **fields))
    if answer.status_code == 202:
        return None
    [error] = expect(answer, 422).json()["errors"]
    assert error["pointer"] == "/template_id"
    return error["detail"].removeprefix("has a SlaPlacement policy that asks for ")


@pytest.mark.parametrize("policies, fields, detail", [
    (["sla_id: sla-1"], {}, None), (["sla_id: alpha"], {}, None), (["region: region-3"], {}, None),
    (["sla_id: sla-2, region: region-3"], {"target_provider": "beta"}, None),
    (["sla_id: sla-1", "region: region-2"], {"target_region": "region-2"}, None),
    (["sla_id: { get_input: there }"], {"template_inputs": {"there": "beta"}}, None),
    (["sla_id: { get_input: there }"], {}, "cloud-a, which is not an agreement or a provider of this user group"),
    (["sla_id: nowhere"], {}, "nowhere, which is not an agreement or a provider of this user group"),
    (["sla_id: away"], {}, "away, which is not available at the moment"),
    (["sla_id: sla-3, region: region-9"], {}, "sla-3, which is not available at the moment"),
    (["sla_id: sla-1, region: region-3"], {}, "the region region-3, which is not one of sla-1"),
    (["region: region-9"], {}, "the region region-9, which is not one of a provider that serves this user group"),
    (["sla_id: sla-1"], {"target_provider": "beta"}, "another place than the target"),
    (["region: region-1"], {"target_region": "region-2"}, "another place than the target"),
    (["sla_id: sla-1"], {"target_region": "region-3"}, "another place than the target"),
    (["sla_id: sla-1", "sla_id: sla-2"], {}, "has SlaPlacement policies that ask for different places"),
])
def test_a_policy_that_names_no_place_of_the_group_is_refused(agreed, policies, fields, detail):
    assert told(agreed.person(), agreed, placed(*policies), **fields) == detail


@pytest.mark.parametrize("name", ["hidden", "sla-4"])
def test_a_policy_tells_nothing_of_providers_that_serve_others(agreed, name):
    alice, other = agreed.person(), agreed.person(groups=["others"])
    assert told(other, agreed, placed("sla_id: " + name)) is None
    detail = told(alice, agreed, placed("sla_id: " + name))
    assert detail == told(alice, agreed, placed("sla_id: nowhere")).replace("nowhere", name)
    assert "nowhere" not in detail


def test_what_a_policy_asks_for_is_told_beside_nothing_but_the_target(agreed):
    """A target that is wrong is told alone: what the policy means beside it, nobody knows."""
    alice = agreed.person()
    wrong = body(agreed, alice, placed("sla_id: nowhere"), target_provider="hidden")
    assert pointers(alice.post("/deployments", json=wrong)) == ["/target_provider"]
    expect(alice.post("/deployments", json={**wrong, "user_group": "others"}), 403)


# ---- what is stored ----

def test_a_submission_is_all_its_rows_and_no_message(frozen):
    alice = frozen.person()
    made = submit(frozen, alice, CLUSTER.format(name=unique()), template_inputs={"password": "x", "workers": 3})
    rows = {table: frozen.sql("SELECT count(*) FROM %s WHERE deployment_id = '%s'" % (table, made))[0][0]
            for table in ("deployment_owners", "resources", "operations")}
    assert rows == {"deployment_owners": 1, "resources": 9, "operations": 1}
    operation = frozen.sql("SELECT type, state, o.phase, user_group, user_group_issuer, due_at <= now(), deadline - "
                           "created_at,"
                           " created_by::text FROM operations o JOIN work USING (id) WHERE deployment_id = %s",
                           (made,))[0]
    assert operation[:6] == ("CREATE", "pending", "queued", alice.group, frozen.issuer.url.rstrip("/"), True)
    assert operation[6].total_seconds() == 14400 * 60
    assert frozen.sql("SELECT count(*) FROM outbox WHERE key = %s", (made,)) == [(0,)]  # nobody takes messages yet


# ---- the queue ----

def test_the_queue_of_a_group_is_counted_exactly_however_many_come_at_once(frozen):
    alice, bob = frozen.person(), frozen.person()
    value = body(frozen, alice)
    before = {table: count(frozen, table) for table in TABLES}

    def ask(number):
        return alice.post("/deployments", json=value, headers={"Idempotency-Key": unique()} if number % 2 else None)
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(ask, range(24)))
    accepted = [answer for answer in answers if answer.status_code == 202]
    assert len(accepted) == 4
    for answer in answers:
        if answer.status_code != 202:
            assert int(expect(answer, 429).headers["Retry-After"]) >= 1
    kept = sum("Idempotency-Key" in answer.request.headers for answer in accepted)
    grown = {table: count(frozen, table) - before[table] for table in TABLES}
    assert grown == {"deployments": 4, "deployment_owners": 4, "resources": 4, "resource_requirements": 0,
                     "operations": 4, "outbox": 0, "idempotency_keys": kept}
    submit(frozen, bob)  # another group has a queue of its own


def waits_for_a_lock(stack):
    return stack.sql("SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


def test_a_submission_that_takes_its_time_holds_nobody_of_its_group_up(frozen):
    """It stands still in the middle of what it writes; the queue is counted exactly all the same."""
    group = frozen.group()
    alice, bob = frozen.person([group]), frozen.person([group])
    slow, quick = body(frozen, alice), body(frozen, bob)
    with contextlib.closing(psycopg2.connect(frozen.postgres.url)) as other, \
            concurrent.futures.ThreadPoolExecutor(1) as pool:
        other.cursor().execute("SELECT FROM templates WHERE id = %s FOR UPDATE", (slow["template_id"],))
        answer = pool.submit(alice.post, "/deployments", json=slow)
        frozen.wait_for(lambda: waits_for_a_lock(frozen), 15, "a submission that waits")
        for _ in range(4):
            expect(bob.post("/deployments", json=quick), 202)
        expect(bob.post("/deployments", json=quick), 429)
        assert waits_for_a_lock(frozen)
        other.rollback()
        expect(answer.result(), 429)
    assert alice.get("/deployments").json()["page"]["total_elements"] == 0


def test_running_operations_and_deletions_do_not_wait_in_the_queue(frozen):
    alice = frozen.person()
    value = body(frozen, alice)
    made = [submit(frozen, alice, template_id=value["template_id"]) for _ in range(4)]
    expect(alice.post("/deployments", json=value), 429)
    put(frozen, made[0], state="in progress", phase="placing")
    expect(alice.post("/deployments", json=value), 202)
    expect(alice.post("/deployments", json=value), 429)
    expect(alice.delete("/deployments/" + made[1]), 202)  # its creation waits no more, and its deletion doesn't count
    expect(alice.post("/deployments", json=value), 202)
    expect(alice.post("/deployments", json=value), 429)


# ---- again ----

def test_the_same_key_gives_the_first_answer_again(frozen):
    alice = frozen.person()
    value, key = body(frozen, alice), {"Idempotency-Key": unique()}
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        answers = [expect(answer, 202) for answer in pool.map(
            lambda _: alice.post("/deployments", json=value, headers=key), range(6))]
    assert len({(answer.text, answer.headers["Location"]) for answer in answers}) == 1
    assert alice.get("/deployments").json()["page"]["total_elements"] == 1
    expect(alice.post("/deployments", json={**value, "max_providers": 2}, headers=key), 422)


def test_a_refusal_is_not_kept_under_its_key(frozen):
    alice, bob = frozen.person(), frozen.person()
    key = {"Idempotency-Key": unique()}
    expect(alice.post("/deployments", json=body(frozen, alice, user_group=bob.group), headers=key), 403)
    expect(alice.post("/deployments", json=body(frozen, alice), headers=key), 202)


# ---- reading one ----

def test_a_client_that_has_the_version_gets_304(frozen):
    alice = frozen.person()
    made = submit(frozen, alice)
    path = "/deployments/" + made
    tag = expect(alice.get(path), 200).headers["ETag"]
    assert expect(alice.get(path, headers={"If-None-Match": tag}), 304).headers["ETag"] == tag
    assert expect(alice.head(path), 200).headers["ETag"] == tag
    with_template = expect(alice.get(path, params={"template": "true"}, headers={"If-None-Match": tag}), 200)
    assert with_template.headers["ETag"] != tag
    for change in ({"state": "in progress", "phase": "placing"}, {"state": "in progress", "phase": "submitting"}, {}):
        put(frozen, made, **change)
        changed = expect(alice.get(path, headers={"If-None-Match": tag}), 200).headers["ETag"]
        assert changed != tag
        tag = changed


def test_the_operations_own_change_changes_the_tag(frozen):
    alice = frozen.person()
    made = submit(frozen, alice)
    tag = alice.get("/deployments/" + made).headers["ETag"]
    frozen.sql("UPDATE operations SET state = 'in progress', row_version = row_version + 1 WHERE deployment_id = %s",
               (made,))
    expect(alice.get("/deployments/" + made, headers={"If-None-Match": tag}), 200)


def test_owners_and_administrators_have_tags_of_their_own(frozen):
    alice, admin = frozen.person(), frozen.person(admin=True)
    made = submit(frozen, alice)
    assert alice.get("/deployments/" + made).headers["ETag"] != admin.get("/deployments/" + made).headers["ETag"]


def test_the_templates_text_comes_when_it_is_asked_for(frozen):
    alice = frozen.person()
    content = template()
    made = submit(frozen, alice, content)
    path = "/deployments/" + made
    assert expect(alice.get(path, params={"template": "true"}), 200).json()["links"]["templates"] == content
    for parameters_ in ({}, {"template": "false"}):
        assert "templates" not in expect(alice.get(path, params=parameters_), 200).json()["links"]


@pytest.mark.parametrize("query",
                         ["template=1", "template=yes", "template=", "template=true&template=true", "templates=true",
                          "force=true"])
def test_a_bad_parameter_of_one_deployment_is_named(frozen, query):
    alice = frozen.person()
    made = submit(frozen, alice)
    assert parameters(alice.get("/deployments/%s?%s" % (made, query))) == [query.partition("=")[0]]


def test_the_template_of_a_deployment_is_the_template(frozen):
    alice = frozen.person()
    template_id = store(alice)
    path = "/deployments/%s/templates" % submit(frozen, alice, template_id=template_id)
    answer = expect(alice.get(path), 200)
    whole = expect(alice.get("/templates/" + template_id), 200)
    assert answer.json() == whole.json()
    assert answer.headers["ETag"] != whole.headers["ETag"], "a deployment may get another template"
    expect(alice.get(path, headers={"If-None-Match": answer.headers["ETag"]}), 304)
    expect(alice.get("/deployments/%s/templates" % ABSENT), 404)


def test_ids_are_uuids(frozen):
    alice = frozen.person()
    assert parameters(alice.get("/deployments/me")) == ["deployment_id"]
    expect(alice.get("/deployments/" + ABSENT), 404)
    made = submit(frozen, alice)
    expect(alice.get("/deployments/%s/" % made.upper()), 200)


@pytest.mark.parametrize("type_, state, code, name", [
    ("CREATE", "pending", 2, "CREATE_IN_PROGRESS"), ("CREATE", "in progress", 2, "CREATE_IN_PROGRESS"),
    ("CREATE", "canceling", 2, "CREATE_IN_PROGRESS"), ("CREATE", "succeeded", 0, "CREATE_COMPLETE"),
    ("CREATE", "failed", 1, "CREATE_FAILED"), ("CREATE", "canceled", 1, "CREATE_FAILED"),
    ("DELETE", "in progress", 5, "DELETE_IN_PROGRESS"), ("DELETE", "succeeded", 3, "DELETE_COMPLETE"),
    ("DELETE", "failed", 4, "DELETE_FAILED"), ("UPDATE", "in progress", 9, "UPDATE_IN_PROGRESS"),
    ("UPDATE", "succeeded", 7, "UPDATE_COMPLETE"), ("UPDATE", "failed", 8, "UPDATE_FAILED"),
    ("ADD_OWNER", "in progress", 9, "UPDATE_IN_PROGRESS"), ("REMOVE_OWNER", "failed", 8, "UPDATE_FAILED"),
    ("ADD_OWNER", "succeeded", 6, "UNKNOWN")])
def test_the_status_is_that_of_the_last_operation(frozen, type_, state, code, name):
    alice = frozen.person()
    made = submit(frozen, alice)
    put(frozen, made, type_, state, reason="IM said no.",
        phase="ended" if state in ("succeeded", "failed", "canceled") else "queued")
    value = alice.deployment(made)
    assert (value["status"], value["status_name"]) == (code, name)
    assert value["status_reason"] == ("IM said no." if name.endswith("_FAILED") or name == "UNKNOWN" else None)
    for filter_ in (str(code), name, "%d,%s" % (code, name)):
        assert [one["id"] for one in alice.get("/deployments", params={"status": filter_}).json()["data"]] == [made]
    assert alice.get("/deployments", params={"status": (code + 1) % 10}).json()["data"] == []


@pytest.mark.parametrize("type_, phase, code, name", [
    ("CREATE", "queued", 0, "submitted"), ("CREATE", "placing", 2, "provider_filtering"),
    ("CREATE", "submitting", 4, "infrastructure_creation"), ("CREATE", "provisioning", 5, "resources_configuration"),
    ("CREATE", "collecting", 5, "resources_configuration"),
    ("UPDATE", "submitting", 6, "resources_updating"), ("UPDATE", "provisioning", 5, "resources_configuration"),
    ("UPDATE", "restoring", 6, "resources_updating"), ("DELETE", "deleting", 7, "infrastructure_deletion"),
    ("DELETE", "queued", 7, "infrastructure_deletion"), ("CREATE", "ended", 8, "finished")])
def test_the_task_is_what_the_last_operation_is_at(frozen, type_, phase, code, name):
    alice = frozen.person()
    made = submit(frozen, alice)
    put(frozen, made, type_, "succeeded" if phase == "ended" else "in progress", phase)
    value = alice.deployment(made)
    assert (value["task"], value["task_name"]) == (code, name)
    for filter_ in ({"task": code}, {"task": name}, {"task_name": name}):
        assert alice.get("/deployments", params=filter_).json()["page"]["total_elements"] == 1


def test_a_deployment_without_an_operation_is_unknown(frozen):
    alice = frozen.person()
    made = submit(frozen, alice)
    frozen.sql("UPDATE deployments SET last_operation_id = NULL WHERE id = %s", (made,))
    value = alice.deployment(made)
    assert (value["status_name"], value["last_operation"]) == ("UNKNOWN", None)


def test_secret_outputs_are_shown_to_owners_only(frozen):
    alice, carol, admin = frozen.person(), frozen.person(), frozen.person(admin=True)
    made = done(frozen, alice)
    own(frozen, made, carol)
    key = "-----BEGIN RSA " + "PRIVATE KEY-----\nx\n"
    whole = '{"ip": "10.0.0.1", "big": 12345678901234567890.5, "key": "%s"}' % key.replace("\n", "\\n")
    frozen.sql("UPDATE deployments SET template_outputs = %s, template_outputs_sealed = %s, row_version = row_version "
               "+ 1"
               " WHERE id = %s", ('{"ip": "10.0.0.1", "key": "***"}', seal(frozen, OUTPUTS, made, whole), made))
    for person in (alice, carol):
        assert person.deployment(made)["template_outputs"]["key"] == key
        assert '12345678901234567890.5' in person.get("/deployments/" + made).text
        assert person.get("/deployments").json()["data"][0]["template_outputs"]["key"] == key
    assert admin.deployment(made)["template_outputs"] == {"ip": "10.0.0.1", "key": "***"}
    listed = expect(admin.get("/deployments", params={"id": made}), 200)
    assert listed.json()["data"][0]["template_outputs"] == {"ip": "10.0.0.1", "key": "***"}
    assert "@sealed" not in listed.text


def test_inputs_that_look_like_our_own_marks_stay_what_they_are(frozen):
    alice = frozen.person()
    content = template().replace("num_cpus: { type: integer, default: 1 }",
                                 "num_cpus: { type: integer, default: 1 }\n    m: { type: map, entry_schema: { type: "
                                 "string } }")
    inputs = {"m": {"@sealed": "c2VhbGVk", "@sealed_text": "x", "\u00e4\"\\": "\U0001f600\ud7ff"}}
    made = submit(frozen, alice, content, template_inputs=inputs)
    assert alice.deployment(made)["template_inputs"] == inputs


def test_numbers_of_inputs_keep_their_text(frozen):
    alice = frozen.person()
    content = template().replace("num_cpus: { type: integer, default: 1 }",
                                 "num_cpus: { type: integer, default: 1 }\n    m: { type: map, entry_schema: { type: "
                                 "float } }")
    made = submit(frozen, alice, content, template_inputs={"m": {"zero": -0.0, "huge": 1e300, "one": 1.0}})
    for text in (alice.get("/deployments/" + made).text, alice.get("/deployments", params={"id": made}).text):
        for name, number in (("zero", r"-0\.0"), ("huge", r"1[.0-9]*e300"), ("one", r"1\.0")):
            assert re.search(r'"%s":\s*%s[,}]' % (name, number), text), text


# ---- lists ----

def test_a_list_is_in_pages_newest_first(frozen):
    alice = frozen.person()
    template_id = store(alice)
    made = []
    for _ in range(7):
        made.insert(0, done(frozen, alice, template_id=template_id))
    first = expect(alice.get("/deployments"), 200).json()
    assert [one["id"] for one in first["data"]] == made[:5]
    assert first["page"] == {"size": 5, "total_elements": 7, "total_pages": 2, "number": 1}
    second = expect(alice.get(first["links"]["next"]), 200).json()
    assert [one["id"] for one in second["data"]] == made[5:] and second["links"]["next"] is None
    assert first["data"][0] == alice.deployment(made[0])
    past = expect(alice.get("/deployments?page=9&size=3"), 200).json()
    assert past["data"] == [] and "page=3" in past["links"]["prev"]
    turned = expect(alice.get("/deployments?size=500&sort=created_at"), 200).json()
    assert [one["id"] for one in turned["data"]] == made[::-1]


def test_scalar_attributes_sort(frozen):
    alice = frozen.person()
    template_id = store(alice)
    made = [done(frozen, alice, template_id=template_id, tot_timeout_mins=minutes) for minutes in (30, 10, 20)]
    value = alice.deployment(made[0])
    for key, wanted in (("tot_timeout_mins", [1, 2, 0]), ("-tot_timeout_mins", [0, 2, 1]),
                        ("status,-tot_timeout_mins", [0, 2, 1])):
        found = expect(alice.get("/deployments", params={"sort": key}), 200).json()["data"]
        assert [one["id"] for one in found] == [made[index] for index in wanted]
    for key, held in value.items():
        answer = alice.get("/deployments", params={"sort": "-" + key})
        if isinstance(held, (dict, list)):
            assert parameters(answer) == ["sort"]
        else:
            assert len(expect(answer, 200).json()["data"]) == 3


def test_every_scalar_attribute_filters(frozen):
    alice = frozen.person()
    mine = done(frozen, alice, tot_timeout_mins=77, per_provider_timeout_mins=33, max_providers=5,
                per_provider_max_retries=9, keep_last_attempt=True, target_provider="cloud-a", target_region="region-1")
    frozen.sql("UPDATE deployments SET im_infra_id = %s, target_iaas_project = 'project' WHERE id = %s", (mine, mine))
    put(frozen, mine, state="failed", reason="100% of it_failed")
    submit(frozen, alice)
    value = alice.deployment(mine)
    for name, held in value.items():
        if isinstance(held, (dict, list)) or name.endswith("_at"):
            continue
        given = str(held).lower() if isinstance(held, bool) else held
        found = expect(alice.get("/deployments", params={name: given}), 200).json()["data"]
        assert mine in [one["id"] for one in found], name
        assert all(one[name] == held for one in found), name
    for query, wanted in (("status_reason=100%25 OF", 1), ("status_reason=1_0", 0), ("status_reason=it%25failed", 0),
                          ("tot_timeout_mins_gte=77&tot_timeout_mins_lte=77", 1), ("tot_timeout_mins_gte=78", 1),
                          ("tot_timeout_mins=77,14400", 2), ("id=%s&id=%s" % (mine, ABSENT), 1),
                          ("max_providers_lte=4", 0), ("created_after=" + value["created_at"], 1),
                          ("created_before=" + value["created_at"], 0), ("updated_after=2000-01-01T00:00:00Z", 2),
                          ("created_by=me", 2), ("updated_by=me", 2), ("owned_by=me", 2), ("created_by=" + ABSENT, 0),
                          ("keep_last_attempt=false", 1)):
        assert expect(alice.get("/deployments?" + query), 200).json()["page"]["total_elements"] == wanted, query


@pytest.mark.parametrize("query", [
    "status=10", "status=CREATE", "status=", "task=9", "colour=red", "owned_by=you", "created_by=alice",
    "template_inputs=1", "links=x", "keep_last_attempt=1", "tot_timeout_mins=x", "max_providers_gte=1.5",
    "created_before=yesterday", "page=0", "size=0", "size=501", "sort=template_inputs", "sort=", "id=7",
    "template=true"])
def test_a_bad_filter_gives_nothing(frozen, query):
    assert parameters(frozen.person().get("/deployments?" + query)) == [query.partition("=")[0]]


# ---- deleting ----

def operation_of(client, answer):
    return expect(client.get(answer.headers["Location"]), 200).json()


def test_a_deletion_is_an_operation_and_the_row_stays(frozen):
    alice = frozen.person()
    made = done(frozen, alice)
    answer = expect(alice.delete("/deployments/" + made), 202)
    assert int(answer.headers["Retry-After"]) >= 1 and not answer.content
    operation = operation_of(alice, answer)
    assert (operation["type"], operation["state"], operation["correlation_id"]) == (
        "DELETE", "pending", answer.headers["X-Request-ID"])
    value = alice.deployment(made)
    assert (value["status_name"], value["last_operation"]) == ("DELETE_IN_PROGRESS", operation["id"])
    assert value["task_name"] == "infrastructure_deletion"
    assert frozen.sql("SELECT due_at <= now(), options FROM operations JOIN work USING (id) WHERE id = %s",
                      (operation["id"],)) == [
        (True, {"force": False, "unsecure": False})]
    put(frozen, made, "DELETE")
    assert alice.deployment(made)["status_name"] == "DELETE_COMPLETE"
    assert "Location" not in expect(alice.delete("/deployments/" + made), 204).headers


def test_while_deleting_the_answer_is_the_running_operation(frozen):
    alice = frozen.person()
    made = done(frozen, alice)
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        answers = [expect(answer, 202) for answer in pool.map(lambda _: alice.delete("/deployments/" + made), range(6))]
    assert len({answer.headers["Location"] for answer in answers}) == 1
    put(frozen, made, "DELETE", "in progress", "deleting")
    assert expect(alice.delete("/deployments/" + made), 202).headers["Location"] == answers[0].headers["Location"]
    assert frozen.sql("SELECT count(*) FROM operations WHERE deployment_id = %s AND type = 'DELETE'", (made,)) == [(1,)]


def test_a_failed_deletion_can_be_asked_for_again(frozen):
    alice = frozen.person()
    made = done(frozen, alice)
    first = expect(alice.delete("/deployments/" + made), 202).headers["Location"]
    put(frozen, made, "DELETE", "failed", reason="IM refused.")
    assert expect(alice.delete("/deployments/" + made), 202).headers["Location"] != first


def test_a_deletion_ends_what_the_deployment_is_at(frozen):
    alice = frozen.person()
    made = submit(frozen, alice)
    put(frozen, made, state="in progress", phase="provisioning")
    creation = alice.deployment(made)["last_operation"]
    frozen.sql("UPDATE work SET due_at = now() + interval '1 hour' WHERE id = %s", (creation,))
    expect(alice.delete("/deployments/" + made), 202)
    assert frozen.sql("SELECT state, due_at <= now(), is_begun FROM operations JOIN work USING (id) WHERE id = %s",
                      (creation,)) == [
        ("canceling", True, True)]
    assert alice.deployment(made)["status_name"] == "DELETE_IN_PROGRESS"


@pytest.mark.parametrize("flag", ["force", "unsecure"])
def test_force_and_unsecure_are_for_administrators(frozen, flag):
    alice = frozen.person()
    made = done(frozen, alice)
    expect(alice.delete("/deployments/%s?%s=true" % (made, flag)), 403)
    assert alice.deployment(made)["status_name"] == "CREATE_COMPLETE"
    expect(alice.delete("/deployments/%s?%s=false" % (made, flag)), 202)


@pytest.mark.parametrize("query", ["force=1", "force=", "unsecure=TRUE", "force=true&force=true", "forced=true"])
def test_a_bad_flag_deletes_nothing(frozen, query):
    admin = frozen.person(admin=True)
    made = done(frozen, admin)
    assert parameters(admin.delete("/deployments/%s?%s" % (made, query))) == [query.partition("=")[0]]
    assert admin.deployment(made)["status_name"] == "CREATE_COMPLETE"


def options_of(stack, made):
    return stack.sql("SELECT o.options FROM deployments d JOIN operations o ON o.id = d.last_operation_id"
                     " JOIN work w ON w.id = o.id WHERE d.id = %s AND o.type = 'DELETE' AND w.due_at <= now()", (made,))


def test_an_administrator_forces_a_deletion(frozen):
    alice, admin = frozen.person(), frozen.person(admin=True)
    made = done(frozen, alice)
    location = expect(admin.delete("/deployments/%s?force=true" % made), 202).headers["Location"]
    assert expect(alice.get(location), 200).json()["type"] == "DELETE"
    assert options_of(frozen, made) == [({"force": True, "unsecure": False},)]
    assert alice.deployment(made)["updated_by"] == person_id(frozen, admin)


def test_force_goes_on_top_of_a_running_deletion(frozen):
    alice, admin = frozen.person(), frozen.person(admin=True)
    made = done(frozen, alice)
    location = expect(alice.delete("/deployments/" + made), 202).headers["Location"]
    tag = alice.get("/deployments/" + made).headers["ETag"]
    assert expect(admin.delete("/deployments/%s?unsecure=true" % made), 202).headers["Location"] == location
    assert options_of(frozen, made) == [({"force": False, "unsecure": True},)]
    assert expect(admin.delete("/deployments/%s?force=true" % made), 202).headers["Location"] == location
    assert options_of(frozen, made) == [({"force": True, "unsecure": True},)]
    assert alice.get("/deployments/" + made).headers["ETag"] != tag


def test_force_removes_what_is_deleted_already(frozen):
    alice, admin = frozen.person(), frozen.person(admin=True)
    made = done(frozen, alice)
    put(frozen, made, "DELETE")
    expect(admin.delete("/deployments/%s?force=true" % made), 204)
    expect(alice.get("/deployments/" + made), 404)
    expect(admin.delete("/deployments/%s?force=true" % made), 404)
    assert frozen.sql("SELECT count(*) FROM operations WHERE deployment_id = %s", (made,)) == [(0,)]


def test_a_stale_version_is_not_deleted(frozen):
    alice = frozen.person()
    made = submit(frozen, alice)
    stale = alice.get("/deployments/" + made).headers["ETag"]
    put(frozen, made)
    expect(alice.delete("/deployments/" + made, headers={"If-Match": stale}), 412)
    assert alice.deployment(made)["status_name"] == "CREATE_COMPLETE"
    fresh = alice.get("/deployments/" + made).headers["ETag"]
    expect(alice.delete("/deployments/" + made, headers={"If-Match": "%s, %s" % (stale, fresh)}), 202)


def test_the_version_with_the_templates_text_deletes_too(frozen):
    alice = frozen.person()
    made = done(frozen, alice)
    tag = alice.get("/deployments/%s?template=true" % made).headers["ETag"]
    expect(alice.delete("/deployments/" + made, headers={"If-Match": tag}), 202)


def test_only_one_of_many_deletions_of_a_version_is_taken(frozen):
    alice = frozen.person()
    made = done(frozen, alice)
    tag = alice.get("/deployments/" + made).headers["ETag"]
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: alice.delete("/deployments/" + made, headers={"If-Match": tag}).status_code,
                                range(6)))
    assert sorted(answers) == [202] + [412] * 5


def test_nothing_is_deleted_that_is_not_there(frozen):
    alice = frozen.person()
    expect(alice.delete("/deployments/" + ABSENT), 404)
    assert parameters(alice.delete("/deployments/7")) == ["deployment_id"]


def test_a_body_of_a_deletion_is_ignored(frozen):
    alice = frozen.person()
    expect(alice.delete("/deployments/" + done(frozen, alice), data=b"{", headers={"Content-Type": "text/plain"}), 202)


def test_other_methods_are_told_which_there_are(frozen):
    alice = frozen.person()
    made = submit(frozen, alice)
    for path, methods in (("/deployments", "GET, HEAD, OPTIONS, POST"),
                          ("/deployments/" + made, "DELETE, GET, HEAD, OPTIONS")):
        allowed = set(expect(alice.request("LINK", path), 405).headers["Allow"].split(", "))
        assert set(methods.split(", ")) <= allowed
