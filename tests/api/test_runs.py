# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Creations as runs, in the wire form of the runs' document."""

import concurrent.futures
import datetime
import json
import re
import time
import uuid

import pytest
from deployed import ABSENT, bound, own, put, quiet, store  # noqa: F401

from harness import wrong
from harness.client import expect, template
from harness.live import HELD
from stack import local

# The document's examples, but for the words that a system has for its own things.
STEP = {"id": str, "_name": str, "orchstepid": str, "_compid": str, "_orchrunid": str, "_actualparams": str,
        "_sequenceno": int, "_runparams": str, "_status": str, "_statusmsg": str}
RUN = {"id": str, "_orchid": str, "_name": str, "_description": str, "_namespaces": list, "_usertype": str,
       "_createdby": str, "_createdat": str, "_updatedat": str, "_status": str, "_result": str, "orchrunsteps": list}
STATUSES = {"QUEUED", "RUNNING", "COMPLETED", "ERROR", "REQUEST_CANCEL", "CANCELED"}
JSON = {"Content-Type": "application/json"}


class Runs:
    """A person at the surface of runs; the namespace is their group unless `ns` says otherwise (None: none)."""

    def __init__(self, client):
        self.client = client
        self.group = client.groups[0] if client.groups else "nobody"

    def ask(self, method, path="", ns="", status=200, **options):
        query = {} if ns is None else {"nsfilter": ns or self.group}
        url = self.client.stack.base_url + local.BESIDE["orchestrator-orchrun"] + path
        answer = self.client.request(method, url, params={**query, **options.pop("params", {})}, **options)
        expect(answer, status)
        if status >= 400 and method != "HEAD":
            value = answer.json()
            assert set(value) == {"error", "message"} and all(value.values()), value
            assert answer.headers["Content-Type"] == "application/json"
        return answer

    def create(self, inputs=None, status=200, ns="", **metadata):
        body = {"orchestratorId": store(self.client, template(**metadata)),
                "_actualparams": [{"sequence_type_id": "simple_node", "params": inputs or {}}]}
        return self.ask("POST", json=body, status=status, ns=ns)

    def get(self, run):
        [found] = self.ask("GET", "/" + run).json()
        return found

    def ids(self, **params):
        return [one["id"] for one in self.ask("GET", params=params).json()["_list"]]

    def wait(self, run, *statuses):
        return self.client.stack.wait_for(
            lambda: (lambda one: one["_status"] in statuses and one)(self.get(run)), 30, " or ".join(statuses))


def is_run(run):
    """Whether something has the form of the document's runs."""
    assert {name: type(value) for name, value in run.items()} == RUN, run
    assert re.fullmatch(r"\d{13}", run["_createdat"]) and re.fullmatch(r"\d{13}", run["_updatedat"])
    assert run["_status"] in STATUSES and run["_usertype"] == ""
    for number, step in enumerate(run["orchrunsteps"], 1):
        assert {name: type(value) for name, value in step.items()} == STEP, step
        assert (step["_sequenceno"], step["_orchrunid"]) == (number, run["id"])
        assert step["_status"] in STATUSES and step["orchstepid"] == step["_compid"]
        assert uuid.UUID(step["id"]) and isinstance(json.loads(step["_actualparams"]), dict)
        assert isinstance(json.loads(step["_runparams"]), dict)
    return run


def deployment_of(stack, run):
    return str(stack.sql("SELECT deployment_id FROM operations WHERE id = %s", (run,))[0][0])


# ---- the document's examples ----

def test_a_run_from_its_creation_to_its_deletion(bound):
    alice = bound.person()
    runs = Runs(alice)
    before = int(time.time() * 1000)
    made = is_run(runs.create({"num_cpus": 2}, name="Test Instant Orch").json())
    assert (made["_status"], [step["_status"] for step in made["orchrunsteps"]]) == ("QUEUED", ["QUEUED"])
    assert (made["_name"], made["_namespaces"], made["_createdby"]) == ("Test Instant Orch", [alice.group], alice.id)
    assert before - 1000 <= int(made["_createdat"]) <= time.time() * 1000 + 1000
    [first, *_] = made["orchrunsteps"]
    assert (first["_name"], json.loads(first["_actualparams"])) == ("QUEUEING", {"num_cpus": 2})
    found = is_run(runs.wait(made["id"], "COMPLETED"))
    assert {step["_status"] for step in found["orchrunsteps"]} == {"COMPLETED"}
    assert {"IM_SUBMIT", "VM_PROVISIONING"} <= {step["_name"] for step in found["orchrunsteps"]}
    assert "infrastructure_creation" in {step["orchstepid"] for step in found["orchrunsteps"]}
    assert json.loads(found["_result"])["node_ip"]
    deployment = deployment_of(bound, made["id"])
    assert alice.deployment(deployment)["template_id"] == found["_orchid"] == made["_orchid"]
    page = runs.ask("GET").json()
    assert page == {"_offset": 0, "_pageSize": 20, "_total": 1, "_list": [found]}
    operation = expect(alice.get("/operations/" + made["id"]), 200).json()
    assert (operation["type"], operation["deployment_id"]) == ("CREATE", deployment)
    assert runs.ask("DELETE", "/" + made["id"], status=204).content == b""
    for method, path, body in (("GET", "/", None), ("PUT", "/", {"id": made["id"]}), ("DELETE", "/", None),
                               ("GET", "/logs/", None)):
        runs.ask(method, path + made["id"], json=body, status=404)
    assert runs.ask("GET").json()["_total"] == 0
    alice.wait_for_status(deployment, "DELETE_COMPLETE")
    assert expect(alice.get("/operations/" + made["id"]), 200).json()["state"] == "succeeded"


def test_the_same_key_is_the_same_run(bound):
    alice = bound.person()
    runs = Runs(alice)
    body = {"orchestratorId": store(alice), "_actualparams": [{"sequence_type_id": "x", "params": {}}]}
    key = {"Idempotency-Key": "once"}
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: runs.ask("POST", json=body, headers=key).text, range(6)))
    assert len(set(answers)) == 1
    made = is_run(json.loads(answers[0]))
    assert (made["_status"], [step["_status"] for step in made["orchrunsteps"]]) == ("QUEUED", ["QUEUED"])
    runs.wait(made["id"], "COMPLETED")
    assert runs.ask("POST", json=body, headers=key).json() == made and runs.ids() == [made["id"]]
    runs.ask("POST", json={**body, "orchestratorId": ABSENT}, headers=key, status=400)
    runs.ask("POST", json=body, headers={"Idempotency-Key": "k" * 256}, status=400)
    runs.ask("DELETE", "/" + made["id"], status=204)
    assert runs.ask("POST", json=body, headers=key).json() == made
    assert runs.ask("POST", json=body).json()["id"] != made["id"]


def test_a_run_that_fails_is_an_error_that_says_why(bound):
    runs = Runs(bound.person(behaviour="unconfigured"))
    found = is_run(runs.wait(runs.create().json()["id"], "ERROR"))
    assert found["orchrunsteps"][-1]["_status"] == "ERROR" and found["_result"] == ""
    assert all(step["_statusmsg"] for step in found["orchrunsteps"] if step["_status"] == "ERROR")
    assert json.loads(found["orchrunsteps"][-1]["_runparams"])["provider"]


def test_a_run_that_is_canceled_at_work(bound):
    alice = bound.person()
    runs = Runs(alice)
    made = runs.create(im_simulator={"boot_ms": HELD}).json()["id"]
    runs.wait(made, "RUNNING")
    [asked] = runs.ask("PUT", "/" + made, json={"id": made}).json()
    assert is_run(asked)["_status"] == "REQUEST_CANCEL"
    found = is_run(runs.wait(made, "CANCELED"))
    assert found["_description"].startswith("Canceled by") and found["orchrunsteps"][-1]["_status"] == "CANCELED"
    runs.ask("PUT", "/" + made, json={"id": made}, status=409)


def test_the_log_is_one_string_of_lines(bound):
    alice = bound.person()
    runs = Runs(alice)
    made = runs.create().json()["id"]
    runs.wait(made, "COMPLETED")
    answer = runs.ask("GET", "/logs/" + made)
    assert answer.headers["Content-Type"] == "application/json"
    text = answer.json()
    assert isinstance(text, str) and text.endswith("\n")
    first, *lines = [json.loads(line) for line in text[:-1].split("\n")]
    assert set(first) == {"orchRunId", "level", "message", "timestamp"} and first["orchRunId"] == made
    for line in lines[:-1]:
        assert set(line) == {"level", "message", "timestamp"}, line
    assert set(lines[-1]) == {"end", "level", "message", "timestamp"} and lines[-1]["end"] is True
    for line in [first, *lines]:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["timestamp"]), line
    theirs = [json.loads(line) for line in alice.get("/operations/%s/logs" % made).text.split("\n") if line]
    assert [line["message"] for line in [first, *lines[:-1]]] == [line["message"] for line in theirs[:-1]]
    assert runs.ask("HEAD", "/logs/" + made).content == b""


def test_the_log_of_a_run_that_has_not_ended_has_no_end(quiet):
    runs = Runs(quiet.person())
    made = runs.create().json()["id"]
    assert "end" not in runs.ask("GET", "/logs/" + made).json()
    quiet.sql("INSERT INTO operation_logs (operation_id, deployment_id, level, stage, message) SELECT id,"
              " deployment_id, 'warning', 'submitting', 'say \"hi\" \\ \t\u00e4 ' || n"
              " FROM operations, generate_series(1, 2500) n WHERE id = %s", (made,))
    lines = [json.loads(line) for line in runs.ask("GET", "/logs/" + made).json().split("\n") if line]
    assert [line["message"] for line in lines[-2500:]] == ['say "hi" \\ \t\u00e4 %d' % n for n in range(1, 2501)]
    assert [line for line in lines if "orchRunId" in line] == lines[:1] and not any("end" in line for line in lines)


# ---- namespaces, and who sees what ----

ROUTES = [("GET", ""), ("POST", ""), ("GET", "/%s"), ("PUT", "/%s"), ("DELETE", "/%s"), ("GET", "/logs/%s")]


def body_for(method, run):
    return {"POST": {"orchestratorId": ABSENT, "_actualparams": []}, "PUT": {"id": run}}.get(method)


@pytest.mark.parametrize("method, path", ROUTES)
def test_a_namespace_is_needed_and_has_to_be_ones_own(quiet, method, path):
    alice = quiet.person()
    runs = Runs(alice)
    run = runs.create().json()["id"]
    path = path.replace("%s", run)
    ask = {"json": body_for(method, run)}
    runs.ask(method, path, ns=None, status=400, **ask)
    for value in ("", [alice.group, alice.group], "x" * 256):
        answer = runs.ask(method, path, ns=None, params={"nsfilter": value}, status=400, **ask)
        assert answer.json()["message"].startswith("nsfilter ")
    if method != "POST":
        runs.ask(method, path, ns=quiet.person().group, status=403, **ask)
    else:
        body = {"orchestratorId": store(alice), "_actualparams": []}
        runs.ask(method, path, ns=quiet.person().group, status=403, json=body)
    stranger = Runs(quiet.client(None))
    assert stranger.ask(method, path, status=401, **ask).headers["WWW-Authenticate"].startswith("Bearer")
    assert runs.get(run)["_status"] == "QUEUED"


def test_a_run_is_in_its_namespace_only(quiet):
    alice = quiet.person(groups=["left-" + uuid.uuid4().hex[:8], "right-" + uuid.uuid4().hex[:8]])
    left, right = alice.groups
    runs = Runs(alice)
    here, there = runs.create(ns=left).json()["id"], runs.create(ns="/" + right).json()["id"]
    assert [one["id"] for one in runs.ask("GET", ns=left).json()["_list"]] == [here]
    assert [one["id"] for one in runs.ask("GET", ns=right).json()["_list"]] == [there]
    for method, path in ROUTES[2:]:
        runs.ask(method, path % there, ns=left, json=body_for(method, there), status=404)


def test_a_stranger_sees_nothing_and_owners_and_administrators_do(quiet):
    alice = quiet.person()
    bob, admin, colleague = (quiet.person(groups=[alice.group]), quiet.person(admin=True),
                             quiet.person(groups=[alice.group]))
    run = Runs(alice).create().json()["id"]
    for method, path in ROUTES[2:]:
        Runs(bob).ask(method, path % run, json=body_for(method, run), status=403)
        Runs(bob).ask(method, path % ABSENT, json=body_for(method, ABSENT), status=404)
    assert Runs(bob).ask("GET").json()["_total"] == 0
    own(quiet, deployment_of(quiet, run), colleague)
    assert Runs(colleague).ids() == [run] and Runs(colleague).get(run)["id"] == run
    theirs = Runs(admin)
    assert [one["id"] for one in theirs.ask("GET", ns=alice.group).json()["_list"]] == [run]
    for method, path in ROUTES[2:]:
        if method != "DELETE":
            theirs.ask(method, path % run, ns=alice.group, json=body_for(method, run))
    theirs.ask("DELETE", "/" + run, ns=alice.group, status=204)


def test_what_is_no_creation_is_no_run(quiet):
    alice = quiet.person()
    runs = Runs(alice)
    run = runs.create().json()["id"]
    deployment = deployment_of(quiet, run)
    deletion = expect(alice.delete("/deployments/" + deployment), 202).headers["Location"].rpartition("/")[2]
    assert runs.ids() == [run]
    for method, path in ROUTES[2:]:
        runs.ask(method, path % deletion, json=body_for(method, deletion), status=404)
    quiet.sql("UPDATE operations SET is_dry_run = true WHERE id = %s", (run,))
    assert runs.ids() == []
    runs.ask("GET", "/" + run, status=404)


# ---- pages and filters ----

@pytest.fixture(scope="module")
def many(quiet):
    """Six runs, the newest first, a minute apart, each with a status of its own; what they are, and who has them."""
    runs = Runs(quiet.person())
    states = ["pending", "in progress", "succeeded", "failed", "canceling", "canceled"]
    made = []
    for number, state in enumerate(states):
        run = runs.create().json()["id"]
        put(quiet, deployment_of(quiet, run), state=state, phase="ended" if number in (2, 3, 5) else "placing")
        quiet.sql("UPDATE operations SET created_at = '2026-01-01T10:00:00.123456Z'::timestamptz"
                  " - %s * interval '1 min' WHERE id = %s", (number, run))
        made.append(run)
    return runs, made


def test_pages(quiet, many):
    runs, made = many
    assert runs.ids() == made
    for params, wanted in (({"_pageSize": 2}, made[:2]), ({"_pageSize": 2, "_offset": 3}, made[3:5]),
                           ({"_offset": 5}, made[5:]), ({"_offset": 6}, []),
                           ({"_pageSize": 500, "_offset": 1}, made[1:]), ({"_offset": 9007199254740991}, [])):
        page = runs.ask("GET", params=params).json()
        assert [one["id"] for one in page["_list"]] == wanted, params
        assert (page["_total"], page["_offset"], page["_pageSize"]) == (
            6, params.get("_offset", 0), params.get("_pageSize", 20))
    for params in ({"_pageSize": 0}, {"_pageSize": 501}, {"_pageSize": "x"}, {"_offset": -1}, {"_offset": "9" * 400},
                   {"_pageSize": [1, 1]}, {"page": 1}, {"size": 1}, {"sort": "id"}, {"colour": "red"}):
        [name] = params
        assert name in runs.ask("GET", params=params, status=400).json()["message"]


def test_a_page_of_too_much_says_how_much_fits(quiet):
    runs = Runs(quiet.person())
    made = [runs.create().json()["id"] for _ in range(4)]
    quiet.sql("UPDATE deployments SET template_inputs = json_build_object('num_cpus', repeat('x', 3000000)) WHERE id IN"
              " (SELECT deployment_id FROM operations WHERE id = ANY (%s::uuid[]))", (made,))
    text = runs.ask("GET", status=400).json()["message"]
    fits = int(re.search(r"_pageSize .* (\d+) would fit", text).group(1))
    assert 0 < fits < 4
    page = runs.ask("GET", params={"_pageSize": fits}).json()
    assert (page["_total"], len(page["_list"])) == (4, fits)


def test_no_run_has_more_bytes_than_its_list_reckons_with(bound):
    """What is told in it may be longer than in the database, since it is JSON in a text."""
    runs = Runs(bound.person())
    content = template().replace("num_cpus: { type: integer, default: 1 }",
                                 "num_cpus: { type: integer, default: 1 }\n    word: { type: string }")
    body = {"orchestratorId": store(runs.client, content), "_actualparams": [entry(word='"\\\n' * 5000)]}
    runs.wait(runs.ask("POST", json=body).json()["id"], "COMPLETED")
    for name, in bound.sql("SELECT nspname FROM pg_namespace WHERE starts_with(nspname::text, 'orc_views_')"):
        for bytes_, length in bound.sql('SELECT bytes, octet_length(object::text) FROM "%s".runs(NULL)' % name):
            assert length <= bytes_


def test_statuses(quiet, many):
    runs, made = many
    for run, status in zip(made, ("QUEUED", "RUNNING", "COMPLETED", "ERROR", "REQUEST_CANCEL", "CANCELED")):
        assert runs.get(run)["_status"] == status and runs.ids(_status=status) == [run]
    for value in ("", "queued", "FAILED", "QUEUED,RUNNING", "pending"):
        assert "_status" in runs.ask("GET", params={"_status": value}, status=400).json()["message"]


def test_dates_are_those_that_are_shown_and_count_themselves(quiet, many):
    runs, made = many
    at = runs.get(made[2])["_createdat"]
    text = datetime.datetime.fromtimestamp(int(at) / 1000, datetime.timezone.utc).isoformat(timespec="milliseconds")
    assert text == "2026-01-01T09:58:00.123+00:00"
    for date in (at, text, text.replace("+00:00", "Z"), "2026-01-01T10:58:00.123+01:00"):
        assert runs.ids(startDate=date) == made[:3] and runs.ids(endDate=date) == made[2:]
        assert runs.ids(startDate=date, endDate=date) == [made[2]]
    later, earlier = str(int(at) + 1), str(int(at) - 1)
    assert runs.ids(startDate=later) == made[:2] and runs.ids(endDate=earlier) == made[3:]
    assert runs.ids(startDate=later, endDate=earlier) == []
    assert runs.ids(endDate="0") == [] and len(runs.ids(startDate="0", endDate="253402300799999")) == 6
    for value in ("", "yesterday", "2026-01-01", "-1", "1e3", "253402300800000", "9" * 15, "9" * 30,
                  "2026-02-30T00:00:00Z", "1675164393072.5", " 1", "\uff11"):
        for name in ("startDate", "endDate"):
            assert name in runs.ask("GET", params={name: value}, status=400).json()["message"], value


# ---- asking for one ----

def test_inputs_come_in_entries_under_either_name(quiet):
    runs = Runs(quiet.person())
    id_ = store(runs.client)
    for name in ("_actualparams", "_actualParams"):
        for entries in ([{"sequence_type_id": "a", "params": {}}, {"sequence_type_id": "b", "params": {"num_cpus": 3}}],
                        [{"sequence_type_id": "b", "params": {"num_cpus": 3}}]):
            run = is_run(runs.ask("POST", json={"orchestratorId": id_, name: entries}).json())
            assert json.loads(run["orchrunsteps"][0]["_actualparams"]) == {"num_cpus": 3}
            assert (run["_status"], [step["_status"] for step in run["orchrunsteps"]]) == ("QUEUED", ["QUEUED"])
            expect(runs.client.post("/operations/%s/cancel" % run["id"]), 202)
    assert runs.ask("POST", json={"orchestratorId": id_.upper(), "_actualparams": []}).json()["_orchid"] == id_


def entry(**params):
    return {"sequence_type_id": "a", "params": params}


@pytest.mark.parametrize("change, named", [
    ({"orchestratorId": ABSENT}, "/orchestratorId"),
    ({"orchestratorId": "x"}, "/orchestratorId"),
    ({"_actualparams": None}, "/_actualparams"),
    ({"_actualparams": [entry(num_cpus="many")]}, "/_actualparams/0/params/num_cpus"),
    ({"_actualparams": [entry(), entry(num_cpus="many")]}, "/_actualparams/1/params/num_cpus"),
    ({"_actualparams": [entry(colour="red")]}, "/_actualparams/0/params/colour"),
    ({"_actualparams": [entry(num_cpus=1), entry(num_cpus=1)]}, "/_actualparams/1/params/num_cpus"),
    ({"_actualParams": []}, "/_actualParams"),
    ({"_actualparams": [{"params": {}}]}, "/_actualparams/0/sequence_type_id"),
    ({"_actualparams": [{"sequence_type_id": "a"}]}, "/_actualparams/0/params"),
    ({"user_group": "x"}, "/user_group")])
def test_what_is_wrong_is_named_as_the_client_has_it(quiet, change, named):
    runs = Runs(quiet.person())
    body = {"orchestratorId": store(runs.client), "_actualparams": [entry()], **change}
    answer = runs.ask("POST", json={name: value for name, value in body.items() if value is not None}, status=400)
    assert named + " " in answer.json()["message"]
    assert runs.ids() == []


def test_a_mistake_is_named_beside_others(quiet):
    runs = Runs(quiet.person())
    body = {"orchestratorId": store(runs.client), "_actualparams": [entry(num_cpus="many")], "colour": 1}
    text = runs.ask("POST", json=body, status=400).json()["message"]
    assert "/colour " in text and "/_actualparams/0/params/num_cpus " in text


def test_the_twenty_first_that_waits_is_refused(quiet):
    runs = Runs(quiet.person())
    id_ = store(runs.client)
    body = {"orchestratorId": id_, "_actualparams": []}
    made = [runs.ask("POST", json=body).json()["id"] for _ in range(20)]
    assert int(runs.ask("POST", json=body, status=429).headers["Retry-After"]) > 0
    assert len(runs.ids()) == 20
    [asked] = runs.ask("PUT", "/" + made[0], json={"id": made[0]}).json()
    assert asked["_status"] == "REQUEST_CANCEL" and runs.get(made[0])["_status"] == "CANCELED"
    runs.ask("POST", json=body)


def test_a_wish_for_a_group_of_somebody_elses_is_none_of_an_administrators(quiet):
    admin = quiet.person(admin=True)
    body = {"orchestratorId": store(admin), "_actualparams": []}
    Runs(admin).ask("POST", json=body, ns=quiet.person().group, status=403)


# ---- canceling and deleting ----

def test_another_id_in_the_body_is_refused(quiet):
    runs = Runs(quiet.person())
    run = runs.create().json()["id"]
    for body in ({"id": ABSENT}, {"id": "x"}, {}, [], None, {"id": run, "colour": 1}, {"id": None}):
        runs.ask("PUT", "/" + run, json=body, status=400)
    runs.ask("PUT", "/" + run, data=b"", status=400)
    runs.ask("PUT", "/" + run, data=b'{"id": "' + run.encode() + b'"}', headers={"Content-Type": "text/plain"},
             status=400)
    assert runs.get(run)["_status"] == "QUEUED"
    runs.ask("PUT", "/" + run.upper(), json={"id": run})


@pytest.mark.parametrize("state", ["succeeded", "failed", "canceled"])
def test_what_has_ended_is_not_canceled(quiet, state):
    runs = Runs(quiet.person())
    run = runs.create().json()["id"]
    put(quiet, deployment_of(quiet, run), state=state)
    runs.ask("PUT", "/" + run, json={"id": run}, status=409)


@pytest.mark.parametrize("state", ["pending", "in progress", "canceling"])
def test_what_is_at_work_is_not_deleted(quiet, state):
    runs = Runs(quiet.person())
    run = runs.create().json()["id"]
    put(quiet, deployment_of(quiet, run), state=state, phase="placing")
    assert "Location" not in runs.ask("DELETE", "/" + run, status=409).headers
    assert runs.ids() == [run]
    assert runs.client.deployment(deployment_of(quiet, run))["status_name"] == "CREATE_IN_PROGRESS"


@pytest.mark.parametrize("state", ["succeeded", "failed", "canceled"])
def test_a_run_is_deleted_with_its_deployment(quiet, state):
    runs = Runs(quiet.person())
    run = runs.create().json()["id"]
    deployment = deployment_of(quiet, run)
    put(quiet, deployment, state=state)
    runs.ask("DELETE", "/" + run, status=204)
    assert runs.ids() == []
    assert runs.client.deployment(deployment)["status_name"] == "DELETE_IN_PROGRESS"
    assert expect(runs.client.get("/operations/" + run), 200).json()["state"] == state


def test_a_run_whose_deployment_is_deleted_already(quiet):
    runs = Runs(quiet.person())
    for is_over in (False, True):
        run = runs.create().json()["id"]
        deployment = deployment_of(quiet, run)
        put(quiet, deployment)
        location = expect(runs.client.delete("/deployments/" + deployment), 202).headers["Location"]
        if is_over:
            put(quiet, deployment, type="DELETE")
        runs.ask("DELETE", "/" + run, status=204)
        assert runs.ids() == []
        assert location.endswith(runs.client.deployment(deployment)["last_operation"])


def test_a_run_of_which_something_else_is_at_work_is_not_deleted(quiet):
    """Neither one that was asked for once more, nor one whose deployment is being changed."""
    runs = Runs(quiet.person())
    run = runs.create().json()["id"]
    deployment = deployment_of(quiet, run)
    put(quiet, deployment, state="failed")
    again = expect(runs.client.post("/operations/%s/retry" % run), 202).headers["Location"].rpartition("/")[2]
    runs.ask("DELETE", "/" + run, status=409)
    assert runs.ids() == [again, run]
    put(quiet, deployment)
    runs.ask("DELETE", "/" + run, status=204)
    assert runs.ids() == [again]


# ---- bad input, errors ----

def schemas():
    """The bodies' schemas, as the harness reads them."""
    path = wrong.ROOM / "runs" / "runs.json"
    return {"components": {"schemas": json.loads(path.read_text(encoding="utf-8"))["components"]}}


@pytest.mark.parametrize("name, method", [("RunRequest", "POST"), ("RunCancellation", "PUT")])
def test_every_wrong_body_is_refused(quiet, name, method):
    runs = Runs(quiet.person())
    document = schemas()
    run = runs.create().json()["id"]
    before = quiet.sql("SELECT count(*), md5(string_agg(o::text, '|' ORDER BY o.id)) FROM operations o")
    example = {"orchestratorId": store(runs.client), "_actualparams": [entry()]} if method == "POST" else {"id": run}
    count = 0
    for what, _, data in wrong.bodies(document["components"]["schemas"][name], example, document):
        answer = runs.ask(method, "" if method == "POST" else "/" + run, data=data, headers=JSON, status=400)
        assert "SELECT" not in answer.text, what
        count += 1
    assert count > 10
    assert quiet.sql("SELECT count(*), md5(string_agg(o::text, '|' ORDER BY o.id)) FROM operations o") == before


def test_odd_values_are_no_error_of_the_server(quiet):
    runs = Runs(quiet.person())
    for text in wrong.STRANGE + ["%", "\\", "'", "*"]:
        for name in ("nsfilter", "startDate", "_status"):
            answer = runs.ask("GET", ns=None, params={"nsfilter": runs.group, name: text},
                              status=403 if name == "nsfilter" else 400)
            assert answer.json()["message"]
    for path in ("/x", "/logs/x", "/" + ABSENT + "0", "/%00", "/%ff", "/\u0662"):
        runs.ask("GET", path, status=400)


def test_errors_of_httpd_have_the_form_too(quiet):
    runs = Runs(quiet.person())
    assert set(runs.ask("PATCH", status=405).headers["Allow"].split(", ")) == {"GET", "HEAD", "POST", "OPTIONS"}
    runs.ask("GET", "/%s/more" % ABSENT, status=404)
    runs.ask("GET", "/a%2fb", status=400)
    runs.ask("POST", data=b"x" * 17000000, headers=JSON, status=400)
    runs.ask("GET", params={"nsfilter": "x" * 8000}, ns=None, headers={"X-Long": "y" * 70000}, status=400)
    expect(runs.client.request("OPTIONS", quiet.base_url + local.BESIDE["orchestrator-orchrun"]), 204)


def test_a_run_that_did_not_change_is_not_sent_again(quiet):
    runs = Runs(quiet.person())
    run = runs.create().json()["id"]
    tag = runs.ask("GET", "/" + run).headers["ETag"]
    assert runs.ask("GET", "/" + run, headers={"If-None-Match": tag}, status=304).content == b""
    runs.ask("PUT", "/" + run, json={"id": run})
    assert runs.ask("GET", "/" + run, headers={"If-None-Match": tag}).headers["ETag"] != tag
    assert runs.ask("GET", "/%s/" % run).json()[0]["id"] == run
    assert runs.ask("GET", "/").json()["_total"] == 1 and runs.ask("HEAD").content == b""


def test_secrets_are_not_shown(quiet):
    runs = Runs(quiet.person())
    content = template().replace("num_cpus: { type: integer, default: 1 }",
                                 "num_cpus: { type: integer, default: 1 }\n    admin_password: { type: string }")
    word = "s3cret-" + uuid.uuid4().hex
    body = {"orchestratorId": store(runs.client, content), "_actualparams": [entry(admin_password=word)]}
    assert word not in runs.ask("POST", json=body).text and word not in runs.ask("GET").text
