# Licensed under the Apache License, Version 2.0; see LICENSE.
"""What the former orchestrator's clients read: the request table of the three, row by row, and each point at which they
disagree."""
import json
import re
import uuid

import pytest
from old import Old, claims_of, is_deployment, is_error, is_links, is_list, is_template, pages, subject_of

from harness import sealed
from harness.client import Client, expect, template, unique
from harness.live import HELD
from stack import local

ABSENT = "00000000-0000-7000-8000-000000000000"


@pytest.fixture(scope="module")
def bound(make_stack):
    return make_stack(local.bindings())


@pytest.fixture(scope="module")
def alice(bound):
    return bound.person()


@pytest.fixture(scope="module")
def made(alice):
    """A deployment that is complete."""
    made = alice.deploy(inputs={"num_cpus": 2})
    alice.wait_for_status(made, "CREATE_COMPLETE")
    return made


@pytest.fixture(scope="module")
def root(bound):
    return bound.person(admin=True)


# ---- 1, 2: what needs no deployment ----

def test_info_is_for_everybody(bound, alice):
    for person in (Client(bound), alice):
        value = Old(person).ask("GET", "/info").json()
        assert value["build"]["version"] == value["projectVersion"]


def test_configuration_is_a_map_of_texts(bound, alice):
    value = Old(alice).orchent("GET", "/configuration").json()
    assert value == {"im_url": bound.im_url}
    assert Old(alice).orpy("GET", "/configuration").json() == value


# ---- 4, 5: one deployment ----

def test_a_complete_deployment(bound, alice, made):
    value = Old(alice).show(made)
    claims = claims_of(alice)
    assert value["createdBy"] == {"issuer": bound.issuer.url.rstrip("/"), "subject": claims["sub"]}
    assert (value["status"], value["task"], value["userGroup"]) == ("CREATE_COMPLETE", "finished", alice.group)
    assert value["inputs"] == {"num_cpus": 2} and value["outputs"]["node_ip"]
    theirs = alice.deployment(made)
    assert (value["physicalId"], value["cloudProviderName"]) == (theirs["im_infra_id"], theirs["target_provider"])
    assert value["creationTime"] == theirs["created_at"][:16] + "+0000"
    assert value["updateTime"] == theirs["updated_at"][:16] + "+0000"
    endpoint = value["cloudProviderEndpoint"]
    assert (endpoint["deploymentType"], endpoint["iaasType"]) == ("OPENSTACK", "openstack")
    assert endpoint["region"] == theirs["target_region"] and endpoint["cpEndpoint"] and endpoint["cpComputeServiceId"]
    base = "%s/deployments/%s" % (Old(alice).base, made)
    assert [link["href"] for link in value["links"]] == [base, base + "/resources", base + "/template"]


def test_an_endpoint_that_is_not_known_yet_is_an_empty_object(alice):
    alice.stack.control.fault(on="create", fault="slow", ms=HELD, first=1)
    made = alice.deploy()
    alice.stack.wait_for(lambda: alice.stack.control.get("calls")["in_flight"] > 0, 30, "a call that is held")
    assert Old(alice).show(made)["cloudProviderEndpoint"] == {}
    alice.stack.control.release()
    alice.wait_for_status(made, "CREATE_COMPLETE")


def test_a_reason_that_is_not_there_is_absent(bound, alice, made):
    assert "statusReason" not in Old(alice).show(made)
    bob = bound.person(behaviour="unconfigured")
    failed = bob.deploy()
    bob.wait_for_status(failed, "CREATE_FAILED")
    value = Old(bob).show(failed)
    assert (value["status"], value["outputs"]) == ("CREATE_FAILED", {}) and value["statusReason"]


def test_a_null_that_somebody_gave_stays_in_the_inputs(bound, alice, made):
    bound.sql("UPDATE deployments SET template_inputs = '{\"a\": null, \"b\": 1.50}' WHERE id = %s", (made,))
    text = Old(alice).ask("GET", "/deployments/" + made).text
    assert re.search(r'"inputs" ?: ?\{"a": null, "b": 1\.50\}', text), text
    bound.sql("UPDATE deployments SET template_inputs = '{\"num_cpus\": 2}' WHERE id = %s", (made,))


def test_extra_information_is_json_text(alice, made):
    [known] = Old(alice).orchent("GET", "/deployments/%s/extrainfo" % made).json()
    assert "system" in [one["class"] for one in known["vmProperties"]]
    waiting = alice.deploy(alice.store_template(template(im_simulator={"launch_ms": HELD})))
    assert Old(alice).orchent("GET", "/deployments/%s/extrainfo" % waiting).text == "[]"
    alice.stack.control.release()


# ---- 3: lists ----

def test_a_list_is_one_page_with_everything(bound):
    alice = bound.person()
    old = Old(alice)
    empty = old.list()
    assert empty["content"] == [] and empty["page"] == {"size": 0, "totalElements": 0, "totalPages": 0, "number": 0}
    copies(bound, alice, 12)
    for value in (old.orchent("GET", "/deployments").json(), old.orpy("GET", "/deployments").json(),
                  old.dashboard("GET", "/deployments", params={"createdBy": "me"}).json()):
        assert len(is_list(value, is_deployment)["content"]) == 13
        assert value["page"] == {"size": 13, "totalElements": 13, "totalPages": 1, "number": 0}
        is_links(value["links"], "self")


def copies(stack, person, count):
    """One deployment, and so many copies of its row, each a second older."""
    made = person.deploy()
    person.wait_for_status(made, "CREATE_COMPLETE")
    stack.sql("""
        WITH made AS (
            INSERT INTO deployments (id, created_at, status, task, per_provider_max_retries, per_provider_timeout_mins,
                tot_timeout_mins, keep_last_attempt, created_by, updated_by, template_id, user_group,
                user_group_issuer, template_inputs, template_outputs)
            SELECT gen_random_uuid(), d.created_at - i * interval '1 s', d.status, d.task, 3, 1440, 14400, true,
                d.created_by, d.updated_by, d.template_id, d.user_group, d.user_group_issuer, d.template_inputs,
                d.template_outputs
            FROM deployments d, generate_series(1, %s) i WHERE d.id = %s RETURNING id, created_by, created_at)
        INSERT INTO deployment_owners (deployment_id, user_id, deployment_created_at)
        SELECT id, created_by, created_at FROM made""", (count, made))
    return made


def test_a_long_list_is_sent_as_it_is_made(bound):
    alice = bound.person()
    newest = copies(bound, alice, 1234)
    answer = Old(alice).ask("GET", "/deployments")
    assert "Content-Length" not in answer.headers
    value = is_list(answer.json(), is_deployment)
    assert value["page"] == {"size": 1235, "totalElements": 1235, "totalPages": 1, "number": 0}
    ids = [one["uuid"] for one in value["content"]]
    assert ids[0] == newest and len(set(ids)) == 1235
    assert ids == [str(row[0]) for row in bound.sql(
        "SELECT id FROM deployments WHERE user_group = %s ORDER BY created_at DESC, id DESC", (alice.group,))]
    assert Old(alice).ids(sort="createdAt,asc") == ids[::-1]
    assert Old(alice).ask("HEAD", "/deployments").content == b""


def test_pages_are_from_0_and_of_10(bound):
    alice = bound.person()
    copies(bound, alice, 24)
    old, url = Old(alice), Old(alice).base + "/deployments"
    everything = old.ids()
    walked = list(pages(old, url + "?page=0&createdBy=me"))
    assert [len(one["content"]) for one in walked] == [10, 10, 5]
    assert [one["uuid"] for page in walked for one in page["content"]] == everything
    assert walked[1]["page"] == {"size": 10, "totalElements": 25, "totalPages": 3, "number": 1}
    is_links(walked[0]["links"], "self", "next", "last")
    is_links(walked[1]["links"], "first", "prev", "self", "next", "last")
    is_links(walked[2]["links"], "first", "prev", "self")
    assert all("createdBy=me" in link["href"] for link in walked[1]["links"])
    assert len(old.list(size=7)["content"]) == 7 and len(old.list(size=2000)["content"]) == 25
    behind = old.list(page=9)
    assert behind["content"] == [] and behind["page"]["number"] == 9
    is_links(behind["links"], "first", "prev", "self")
    assert old.ids(page=0, size=25, sort="createdAt,asc") == everything[::-1]


@pytest.mark.parametrize("params", [
    {"page": "-1"}, {"page": "x"}, {"size": "0"}, {"size": "x"}, {"size": "2001"}, {"sort": "uuid"},
    {"sort": "createdAt"}, {"createdBy": "alice"}, {"createdBy": "@https://iam"}, {"excludedStatus": "GONE"}])
def test_a_bad_parameter_is_named(alice, params):
    [name] = params
    assert name in is_error(Old(alice).ask("GET", "/deployments", 400, params=params))["message"]


def test_unknown_and_empty_parameters_are_overlooked(alice, made):
    old = Old(alice)
    empty = dict.fromkeys(("createdBy", "userGroup", "excludedStatus", "page", "size", "sort"), "")
    assert made in old.ids(before="2023", x="", **empty)
    assert made in old.ids(status="CREATE_FAILED")


def test_statuses_are_excluded(bound):
    alice = bound.person()
    made, gone = alice.deploy(), alice.deploy()
    alice.wait_for_status(made, "CREATE_COMPLETE")
    alice.wait_for_status(gone, "CREATE_COMPLETE")
    old = Old(alice)
    old.ask("DELETE", "/deployments/" + gone, 204)
    alice.wait_for_status(gone, "DELETE_COMPLETE")
    assert old.ids() == [gone, made] and old.ids(excludedStatus="DELETE_COMPLETE") == [made]
    assert old.ids(excludedStatus="DELETE_COMPLETE,DELETE_IN_PROGRESS") == [made]
    assert old.ids(excludedStatus="DELETE_COMPLETE, CREATE_COMPLETE") == []
    assert old.ids(excludedStatus="CREATE_FAILED", page=0) == [gone, made]


def test_whose_deployments(bound, root):
    alice, bob = bound.person(), bound.person()
    hers, his = alice.deploy(), bob.deploy()
    issuer = bound.issuer.url.rstrip("/")
    named = {one: "%s@%s/" % (subject_of(one), issuer) for one in (alice, bob)}
    for given in ("me", named[alice], named[alice].rstrip("/"), ""):
        assert Old(alice).ids(createdBy=given) == [hers]
        assert Old(alice).ids(createdBy=given, page=0) == [hers]
    Old(alice).ask("GET", "/deployments", 403, params={"createdBy": named[bob]})
    Old(alice).ask("GET", "/deployments", 403, params={"createdBy": "nobody@https://nowhere.example/"})
    boss = Old(root)
    assert boss.ids(createdBy=named[alice]) == [hers] and boss.ids(createdBy=named[bob], page=0) == [his]
    assert boss.ids(createdBy="nobody@https://nowhere.example/") == [] == boss.ids(createdBy="me")
    assert boss.ids(createdBy="a@b@" + issuer) == []
    assert {hers, his} <= set(boss.ids())


def test_a_subject_may_have_an_at(bound, root):
    odd = Client(bound, bound.issuer.token(unique("odd") + "@example.org", groups=bound.person().groups))
    odd.groups = claims_of(odd)["groups"]
    made = odd.deploy()
    assert "@" in subject_of(odd)
    name = "%s@%s/" % (subject_of(odd), bound.issuer.url.rstrip("/"))
    assert Old(odd).ids(createdBy=name) == [made] == Old(root).ids(createdBy=name)


def test_whose_group(bound, root):
    alice, bob = bound.person(), bound.person()
    made = alice.deploy()
    assert Old(alice).ids(userGroup=alice.group) == [made] == Old(alice).ids(userGroup="/" + alice.group)
    Old(alice).ask("GET", "/deployments", 403, params={"userGroup": bob.group})
    assert Old(root).ids(userGroup=alice.group) == [made] and Old(root).ids(userGroup=bob.group) == []


# ---- 10, 11: texts ----

def test_the_template_is_its_text(bound, alice):
    content = template(name=unique("named")) + "# as it was given\n"
    made = alice.deploy(alice.store_template(content))
    for answer in (Old(alice).orchent("GET", "/deployments/%s/template" % made),
                   Old(alice).orpy("GET", "/deployments/%s/template/" % made),
                   Old(alice).dashboard("GET", "/deployments/%s/template" % made)):
        assert is_template(answer.text) == content
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"


def test_the_log_is_its_text(alice, made):
    answer = Old(alice).orchent("GET", "/deployments/%s/log" % made)
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    theirs = alice.get("/deployments/%s/logs" % made).json()
    assert answer.text == theirs["orchestrator_logs"] + "\n" + theirs["im_logs"]


# ---- 12, 13: resources ----

def test_resources(alice, made):
    old = Old(alice)
    [one] = old.resources(made)
    assert (one["toscaNodeName"], one["toscaNodeType"], one["state"]) == ("simple_node", "tosca.nodes.Compute",
                                                                         "STARTED")
    machine = json.loads(one["metadata"]["VirtualMachineInfo"])
    [system] = [part for part in machine["vmProperties"] if part["class"] == "system"]
    assert system["instance_name"] == "simple_node" and system["net_interface.0.ip"]
    path = "/deployments/%s/resources" % made
    assert old.orpy("GET", path + "/").json()["content"] == [one] == old.orchent("GET", path).json()["content"]
    for ask in (old.orchent, old.orpy, old.dashboard):
        assert ask("GET", "%s/%s" % (path, one["uuid"])).json() == one
    assert [link["href"] for link in one["links"]] == [
        "%s/deployments/%s" % (old.base, made), "%s%s/%s" % (old.base, path, one["uuid"])]


def test_resources_of_a_type_and_of_what_derives_from_it(alice, made):
    old = Old(alice)
    for name in ("tosca.nodes.Root", "tosca.nodes.Compute"):
        assert len(old.resources(made, type=name)) == 1
    assert old.resources(made, type="tosca.nodes.network.Port") == []
    assert len(old.resources(made, page=0, size=5)) == 1


def test_metadata_is_an_object_before_anything_is_known(alice):
    made = alice.deploy(alice.store_template(template(im_simulator={"launch_ms": HELD})))
    [one] = Old(alice).resources(made)
    assert one["metadata"] == {} and one["state"] in ("INITIAL", "CREATING")
    alice.stack.control.release()


# ---- secrets ----


def test_secrets_are_the_owners(bound, alice, made, root):
    """An administrator who is no owner reads the rest."""
    key = sealed.key_of(bound.path("secret.key"))
    [one] = Old(alice).resources(made)
    known = {"VirtualMachineInfo": {"vmProperties": [{"class": "system", "key": "PRIVATE\"\\ KEY"}]}}
    shown = {"VirtualMachineInfo": {"vmProperties": [{"class": "system", "key": "REDACTED"}]}}
    bound.sql("UPDATE deployments SET template_outputs_sealed = %s, template_inputs_sealed = %s WHERE id = %s",
              (sealed.seal(key, "deployments.template_outputs_sealed", made, '{"password":"open"}'),
               sealed.seal(key, "deployments.template_inputs_sealed", made, '{"secret":"sesame"}'), made))
    before = bound.sql("SELECT metadata FROM resources WHERE id = %s", (one["uuid"],))[0][0]
    bound.sql("UPDATE resources SET metadata = %s, metadata_sealed = %s WHERE id = %s",
              (json.dumps(shown), sealed.seal(key, "resources.metadata_sealed", one["uuid"], json.dumps(known)),
               one["uuid"]))
    try:
        mine, theirs = Old(alice), Old(root)
        assert mine.show(made)["outputs"] == {"password": "open"} and mine.show(made)["inputs"] == {"secret": "sesame"}
        [listed] = [item for item in mine.list()["content"] if item["uuid"] == made]
        assert (listed["outputs"], listed["inputs"]) == ({"password": "open"}, {"secret": "sesame"})
        assert "sesame" not in theirs.ask("GET", "/deployments/" + made).text
        path = "/deployments/%s/resources" % made
        for old, expected in ((mine, known), (theirs, shown)):
            [item] = old.resources(made)
            assert json.loads(item["metadata"]["VirtualMachineInfo"]) == expected["VirtualMachineInfo"]
            assert old.ask("GET", "%s/%s" % (path, one["uuid"])).json() == item
            assert old.ask("GET", "/deployments/%s/extrainfo" % made).json() == [expected["VirtualMachineInfo"]]
    finally:
        bound.sql("UPDATE deployments SET template_outputs_sealed = NULL, template_inputs_sealed = NULL WHERE id = %s",
                  (made,))
        bound.sql("UPDATE resources SET metadata = %s, metadata_sealed = NULL WHERE id = %s",
                  (json.dumps(before), one["uuid"]))


# ---- who ----

READS = ("", "/template", "/log", "/extrainfo", "/resources", "/resources/" + ABSENT)


@pytest.mark.parametrize("below", READS)
def test_who_reads(bound, alice, made, root, below):
    [one] = Old(alice).resources(made)
    path = "/deployments/" + made + below.replace(ABSENT, one["uuid"])
    other = bound.person()
    Old(alice).ask("GET", path)
    Old(root).ask("GET", path)
    Old(other).ask("GET", path, 403)
    Old(Client(bound)).ask("GET", path, 401)
    for person in (alice, other, root):
        Old(person).ask("GET", path.replace(made, ABSENT), 404)
    assert "deployment_id" in is_error(Old(alice).ask("GET", path.replace(made, "mine"), 400))["message"]


def test_a_resource_that_is_not_there(alice, made):
    Old(alice).ask("GET", "/deployments/%s/resources/%s" % (made, uuid.uuid4()), 404)


# ---- how they ask ----

def test_a_bearer_token_in_any_spelling(bound, alice, made):
    token = alice.token
    path = "/deployments/" + made
    for spelling in ("Bearer ", "bearer ", "BEARER ", "Bearer", "bearer", "Bearer  ", "Bearer\t"):
        Old(alice).ask("GET", path, authorization=spelling + token)
    for bad in ("Basic " + token, token, "Bearer", "Bearer ", "Bearerx" + token):
        Old(alice).ask("GET", path, 401, authorization=bad)
    # At its place alone.
    expect(alice.get("/deployments", headers={"Authorization": "Bearer" + token}), 401)


@pytest.mark.parametrize("path", ["/deployments", "/deployments/%s", "/deployments/%s/template",
                                  "/deployments/%s/resources", "/info", "/configuration"])
def test_a_slash_at_the_end_says_nothing(alice, made, path):
    path = path.replace("%s", made)
    for accept in ("application/json", "text/plain", "*/*", "application/hal+json", "nonsense"):
        one, two = (Old(alice).ask("GET", given, headers={"Accept": accept}) for given in (path, path + "/"))
        assert one.text == two.text and one.headers["Content-Type"] == two.headers["Content-Type"]


def test_errors_have_one_form_whoever_makes_them(bound, alice, made):
    old = Old(alice)
    old.ask("GET", "/nowhere", 404)
    old.ask("GET", "/deployments/%s/nowhere" % made, 404)
    old.ask("POST", "/info", 405)
    old.ask("PUT", "/deployments/%s/log" % made, 405)
    old.ask("GET", "/deployments%2F", 404)
    old.ask("PATCH", "/deployments/" + made, 400, data=b"{", headers={"Content-Type": "application/json"})
    old.ask("PATCH", "/deployments/" + made, 415, data=b"{}", headers={"Content-Type": "text/yaml"})
    old.ask("GET", "/deployments?createdBy=%ff", 400)
    old.ask("GET", "/deployments", 401, authorization="Bearer x.y.z")
    for path in ("/deployments", "/nowhere", "/configuration", "/schedules"):
        answer = Old(Client(bound)).ask("GET", path, 401)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_schedules_are_gone(alice):
    for method, path in (("GET", ""), ("POST", ""), ("GET", "/1"), ("GET", "/1/events"), ("GET", "/1/template")):
        assert "schedule" in is_error(Old(alice).ask(method, "/schedules" + path, 410))["message"]


def test_nothing_of_the_api_is_here(alice, made):
    for path in ("/templates", "/health", "/users/me", "/openapi.json", "/docs", "/operations"):
        Old(alice).ask("GET", path, 404)


def test_much_is_sent_in_strides_within_their_bytes(bound):
    """Objects that would be too much at once: each is there all the same, and once."""
    alice = bound.person()
    copies(bound, alice, 9)
    bound.sql("UPDATE deployments SET template_inputs = json_build_object('a', repeat('x', 700000)) "
              "WHERE user_group = %s", (alice.group,))
    value = Old(alice).list()
    assert [len(one["inputs"]["a"]) for one in value["content"]] == [700000] * 10
    assert value["page"]["totalElements"] == 10


def test_a_list_of_which_something_goes_while_it_is_sent_ends_well(bound):
    """The walk goes on behind a row that is there no more."""
    alice = bound.person()
    copies(bound, alice, 300)
    answer = Old(alice).ask("GET", "/deployments", stream=True)
    bound.sql("DELETE FROM deployments WHERE user_group = %s", (alice.group,))
    value = is_list(json.loads(b"".join(answer.iter_content(4096))), is_deployment)
    assert len(value["content"]) == value["page"]["totalElements"] <= 301


def test_whoever_owns_it_sees_it_and_who_made_it_is_another_question(bound, root):
    alice, bob = bound.person(), bound.person()
    made = alice.deploy()
    alice.wait_for_status(made, "CREATE_COMPLETE")
    expect(root.post("/deployments/%s/owners" % made, json={"id": bob.id}), 202)
    bound.wait_for(lambda: made in Old(bob).ids(), 30, "bob's part of it")
    assert Old(bob).ids(createdBy="me") == [] and Old(alice).ids(createdBy="me") == [made]
    assert Old(bob).show(made)["createdBy"]["subject"] == subject_of(alice)


def test_another_modules_authentication_gets_the_header_as_it_was_sent(make_stack):
    modules = "".join('LoadModule %s_module "${modules}/mod_%s.so"\n' % (name, name)
                      for name in ("headers", "auth_basic", "authn_file", "proxy", "proxy_http"))
    stack = make_stack(modules + local.bindings() + """
Header always set Seen "expr=%{HTTP:Authorization}"
<Location /orchestrator/other>
    ProxyPass http://127.0.0.1:1/
    AuthType Basic
    AuthName other
    AuthUserFile /dev/null
    Require valid-user
</Location>
""")
    stack.expect_log("AH01614", required=True)
    alice, url = stack.person(), stack.base_url + "/orchestrator"

    def seen(path):
        headers = {"Authorization": "Bearer" + alice.token}
        return alice.get(url + path, headers=headers, check=False).headers["Seen"]
    assert seen("/configuration") == "Bearer " + alice.token
    assert seen("/other") == "Bearer" + alice.token
