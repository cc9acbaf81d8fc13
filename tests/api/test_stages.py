# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Stages of operations: of random stories, written as the engine writes them, and of real ones."""

import importlib.util
import json
import os
import pathlib
import random
import re

import pytest
from deployed import ABSENT, CLUSTER, done, frozen, own, put, submit  # noqa: F401

from harness.client import expect, unique

TOP = pathlib.Path(__file__).parents[2]
SEED = os.environ.get("ORCHESTRATOR_SEED", "stages")
STAGES = {
    "CREATE": ["template_validation", "provider_filtering", "providers_ranking", "infrastructure_creation",
               "resources_configuration", "finished"],
    "UPDATE": ["template_validation", "resources_updating", "resources_configuration", "finished"],
    "DELETE": ["infrastructure_deletion", "finished"],
    "START": ["resources_updating"], "ADD_OWNER": ["resources_updating"]}
HOME = {"CREATE": "infrastructure_creation", "DELETE": "infrastructure_deletion"}
KINDS = ("applications", "containers", "jobs", "databases", "helms", "terraforms")
END = {"succeeded": "SUCCESS", "failed": "ERROR", "canceled": "CANCEL"}


@pytest.fixture(scope="module")
def save():
    """The text of the engine's statement, for psycopg2."""
    spec = importlib.util.spec_from_file_location("compile_sql", TOP.joinpath("sql/compile.py"))
    compiler = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(compiler)
    enums = json.loads(TOP.joinpath("mod_orchestrator/routes/enums.json").read_text(encoding="utf-8"))
    schema = compiler.Views(TOP / "sql/views", enums).schema
    [found] = [one for one in compiler.statements(TOP / "sql/queries", enums, schema) if one.name == "work_save"]
    return re.sub(r"\$(\d+)", lambda number: "%%(%s)s" % found.parameters[int(number[1]) - 1],
                  found.text.replace("%", "%%"))


class Story:
    """An operation at work, and what the engine stores of it."""

    def __init__(self, stack, save, made, type_):
        self.stack, self.save, self.made, self.type = stack, save, made, type_
        put(stack, made, type_, "pending", "queued")
        self.id = str(stack.sql("SELECT last_operation_id FROM deployments WHERE id = %s", (made,))[0][0])
        self.step, self.ended = 1, False

    def begin(self):
        put(self.stack, self.made, self.type, "in progress", "queued")
        self.stack.sql("UPDATE operations SET started_at = clock_timestamp() WHERE id = %s", (self.id,))
        self.stack.sql("UPDATE work SET lease_owner = 'a test', lease_number = 7 WHERE id = %s", (self.id,))

    def store(self, **changes):
        rows = self.stack.sql(self.save, {
            "changes": json.dumps(changes), "due": 0, "is_resting": False, "rhythm": 0, "endpoint": None,
            "memory": "{}", "is_over": False, "id": self.id, "owner": "a test", "lease_number": 7, "watching": "{}"})
        assert rows, changes
        self.ended = "ended" in changes

    def end(self, state, **changes):
        if self.step > 1:
            changes.setdefault("steps", []).append(self.told(state))
        self.store(ended=state, phase="ended", times=[*changes.pop("times", []), {"phase": "ended"}], **changes)

    def told(self, status):
        return {"number": self.step, "stage": "infrastructure_creation", "provider": "cloud-a", "region": "r",
                "name": "Attempt %d at cloud-a" % (self.step - 1), "status": status}

    def attempt(self, before=(), steps=()):
        self.step += 1
        self.store(phase="submitting", steps=[*steps, self.told("running")],
                   times=[*before, {"phase": "submitting", "step": self.step}])

    def let_pass(self, seconds):
        """Everything that is stored was so much earlier."""
        for table, columns in (("operations", ("asked_at", "created_at", "started_at", "ended_at")),
                               ("operation_times", ("began_at",))):
            self.stack.sql("UPDATE %s SET %s WHERE %s = %%(id)s" % (
                table, ", ".join("%s = %s - %%(by)s * interval '1 second'" % (name, name) for name in columns),
                "id" if table == "operations" else "operation_id"), {"id": self.id, "by": seconds})


def creation(story, choose):
    """What may come next, one after the other."""
    story.begin()
    yield
    placing = [{"phase": "placing", "name": "TEMPLATE_PARSING"}]
    chosen = {"number": 1, "stage": "provider_filtering", "name": "Choose providers", "status": "succeeded"}
    if choose.random() < 0.1:
        story.store(ended="failed", phase="ended", times=placing)
        return
    placing.append({"phase": "placing", "name": "PROVIDER_FILTERING"})
    if choose.random() < 0.1:
        story.store(ended="failed", phase="ended", times=placing, steps=[{**chosen, "status": "failed"}])
        return
    story.attempt(placing + [{"phase": "placing", "name": "RANKING"}], [chosen])
    phase = "submitting"
    while True:
        yield
        if choose.random() < 0.08:
            story.end("canceled")
            return
        if choose.random() < 0.1:
            story.store(waits_for_token=True)
            yield
            story.store(waits_for_token=False, description="On.")
            yield
        if choose.random() < 0.25:
            if story.step > 3:
                story.end("failed", times=[{"phase": "placing"}])
                return
            story.attempt([{"phase": "placing", "name": "RANKING"}], [story.told("failed")])
            phase = "submitting"
        elif phase == "submitting":
            phase = "provisioning"
            story.store(phase=phase, times=[{"step": story.step, "phase": phase}])
        elif phase == "collecting" and choose.random() < 0.7:
            story.end("succeeded")
            return
        elif phase == "provisioning" and choose.random() < 0.4:
            phase = "collecting"
            story.store(phase=phase, times=[{"phase": phase}])
        else:
            phase = "provisioning"
            story.store(phase=phase, description="More.",
                        times=[{"phase": phase, "name": choose.choice(["CONTEXTUALIZATION", "VM_PROVISIONING"])}])


CHANGE = ["submitting", "provisioning", "collecting"]
PHASES = {"UPDATE": CHANGE, "ADD_OWNER": CHANGE, "DELETE": ["deleting", "confirming"],
          "START": ["submitting", "confirming", "collecting"]}


def change(story, choose):
    story.begin()
    for phase in PHASES[story.type]:
        yield
        if choose.random() < 0.12:
            if story.type in ("UPDATE", "ADD_OWNER") and choose.random() < 0.5:
                story.store(phase="restoring", times=[{"phase": "restoring"}])
                yield
            story.end(choose.choice(["failed", "canceled"]))
            return
        story.store(phase=phase, times=[{"phase": phase}])
        if phase == "provisioning" and choose.random() < 0.6:
            yield
            story.store(description="Configuring.", times=[{"name": "CONTEXTUALIZATION"}])
        if choose.random() < 0.15:
            yield
            story.store(waits_for_token=True)
            yield
            story.store(waits_for_token=False)
    yield
    story.end("succeeded")


def story_of(story, choose):
    yield
    if choose.random() < 0.1:  # it was canceled before its turn came
        put(story.stack, story.made, story.type, "canceled")
        story.ended = True
        return
    yield from (creation if story.type == "CREATE" else change)(story, choose)


# ---- what holds always ----

def check_sums(value, type_):
    stages = [entry["stage"] for entry in value["stages"]]
    assert [stage["name"] for stage in stages] == STAGES[type_]
    total = value["pre_check_stage"]["total_duration_sec"]
    for stage in stages:
        assert stage["steps"]["total_duration_sec"] == sum(step["duration_sec"] for step in stage["steps"]["details"])
        total += stage["steps"]["total_duration_sec"]
    assert value["environment"]["total_deployment_duration_in_seconds"] in (None, total)
    return stages


def check_statuses(value, operation, stages):
    state, statuses = operation["state"], [stage["status"] for stage in stages]
    steps = [step for stage in stages for step in stage["steps"]["details"]]
    running = [step for step in steps if step["status"] == "RUNNING"]
    assert all((step["ended_at"] is None) == (step["status"] == "RUNNING") for step in steps)
    assert (value["environment"]["total_deployment_duration_in_seconds"] is None) == (operation["ended_at"] is None)
    if operation["ended_at"] is None:
        assert len(running) == 1
        at = {"pending": "QUEUED"}.get(state, "ONGOING")
        place = statuses.index(at)
        assert statuses[:place] == ["DONE"] * place and set(statuses[place + 1:]) <= {"QUEUED"}
        assert running[0] in stages[place]["steps"]["details"] and running[0] is stages[place]["steps"]["details"][-1]
        return
    assert not running and END[state] in {step["status"] for step in steps if step["ended_at"] == operation["ended_at"]}
    if state == "succeeded":
        assert set(statuses) == {"DONE"}
        return
    place = statuses.index("ERROR" if state == "failed" else "CANCELED")
    assert statuses[:place] == ["DONE"] * place
    assert set(statuses[place + 1:]) <= ({"SKIPPED", "ERROR"} if state == "failed" else {"SKIPPED"})


def check_waiting(story, stages):
    running = [step["step_name"] for stage in stages for step in stage["steps"]["details"]
               if step["status"] == "RUNNING"]
    [(waits, begun)] = story.stack.sql("SELECT waits_for_token, EXISTS (SELECT FROM operation_times WHERE"
                                       " operation_id = id) FROM operations WHERE id = %s", (story.id,))
    assert not running or (running == ["QUEUEING"]) == (waits or not begun)


def check_progress(before, after):
    """Durations never shrink, and of what is over nothing changes."""
    for one, other in zip(before["stages"], after["stages"]):
        assert one["stage"]["id"] == other["stage"]["id"]
        old, new = one["stage"]["steps"]["details"], other["stage"]["steps"]["details"]
        for past, present in zip(old, new, strict=False):
            if past["status"] == "RUNNING":
                assert present["duration_sec"] >= past["duration_sec"]
                assert present["step_name"] == past["step_name"]
            else:
                times = ("started_at", "ended_at")
                assert {k: v for k, v in past.items() if k not in times} == {
                    k: v for k, v in present.items() if k not in times}
        assert len(new) >= len(old)


def check_resources(value, type_, resources):
    standing = {}
    for entry in value["stages"]:
        for kind in KINDS:
            for resource in entry[kind]:
                assert resource["id"] not in standing
                standing[resource["id"]] = kind, entry["stage"]["name"]
                steps = resource["steps"]
                assert steps["details"] == entry["stage"]["steps"]["details"]
                assert steps["total_duration_sec"] == entry["stage"]["steps"]["total_duration_sec"]
                assert steps["total_computing_duration_sec"] == sum(
                    step["duration_sec"] for step in steps["details"] if step["step_name"] != "QUEUEING")
    assert set(standing) == resources
    assert {stage for _, stage in standing.values()} == {HOME.get(type_, "resources_updating")}


def look(client, story, before, resources):
    operation = expect(client.get("/operations/" + story.id), 200).json()
    value = expect(client.get("/operations/%s/stages" % story.id), 200).json()
    stages = check_sums(value, story.type)
    check_statuses(value, operation, stages)
    check_waiting(story, stages)
    check_resources(value, story.type, resources)
    if before:
        check_progress(before, value)
    return value


@pytest.mark.parametrize("type_, stories", [("CREATE", 25), ("UPDATE", 12), ("DELETE", 6), ("START", 6),
                                            ("ADD_OWNER", 6)])
def test_of_every_story_the_stages_agree(frozen, save, type_, stories):
    alice = frozen.person()
    template, choose = alice.store_template(), random.Random("%s %s" % (SEED, type_))
    for number in range(stories):
        made = submit(frozen, alice, template_id=template)
        frozen.sql("UPDATE operations SET asked_at = asked_at - %s * interval '1 second' WHERE deployment_id = %s",
                   (choose.random() * 3, made))
        resources = {one["id"] for one in alice.get("/deployments/%s/resources" % made).json()["data"]}
        story, before = Story(frozen, save, made, type_), None
        try:
            for _ in story_of(story, choose):
                before = look(alice, story, before, resources)
                story.let_pass(choose.choice([0, choose.random(), choose.random() * 100]))
                before = look(alice, story, before, resources)
            assert story.ended
            last = look(alice, story, before, resources)
            story.let_pass(choose.random() * 100)
            assert look(alice, story, last, resources)["stages"][0]["stage"]["status"] == \
                last["stages"][0]["stage"]["status"]
        except AssertionError as error:
            raise AssertionError("ORCHESTRATOR_SEED=%s, story %d: %s" % (SEED, number, error)) from error
        frozen.sql("DELETE FROM work WHERE id = %s", (story.id,))


# ---- who sees them, and where ----

def test_stages_stand_at_each_place(frozen):
    alice, bob, root = frozen.person(), frozen.person(), frozen.person(admin=True)
    made = done(frozen, alice)
    id = alice.deployment(made)["last_operation"]
    below = "/deployments/%s" % made
    paths = [below + "/statusesWithStages", below + "/statuses-with-stages", below + "/operations/%s/stages" % id,
             "/operations/%s/stages" % id]
    values = [expect(alice.get(path), 200).json() for path in paths]
    assert all(value == values[0] for value in values)
    environment = values[0]["environment"]
    assert (environment["id"], environment["last_deployment_id"], environment["origin"]) == (made, id, "API")
    me = expect(alice.get("/users/me"), 200).json()
    assert environment["triggered_by"] == me["username"]
    for path in paths:
        expect(root.get(path), 200)
        expect(bob.get(path), 403)
        tag = expect(alice.get(path), 200).headers["ETag"]
        expect(alice.get(path, headers={"If-None-Match": tag}), 304)
    resource = expect(alice.get(below + "/resources"), 200).json()["data"][0]["id"]
    expect(alice.get(below + "/resources/%s/operations/%s/stages" % (resource, id)), 404)
    frozen.sql("UPDATE operations SET resource_id = %s, type = 'START' WHERE id = %s", (resource, id))
    expect(alice.get(below + "/resources/%s/operations/%s/stages" % (resource, id)), 200)
    expect(alice.get("/deployments/%s/statusesWithStages" % ABSENT), 404)
    expect(alice.get("/operations/%s/stages" % ABSENT), 404)


def test_resources_stand_by_their_kind(frozen):
    alice = frozen.person()
    content = CLUSTER.format(name=unique()) + """\
    disk:
      type: tosca.nodes.BlockStorage
      properties: { size: 1 GB }
"""
    made = submit(frozen, alice, content, template_inputs={"password": "x", "workers": 1})
    value = expect(alice.get("/deployments/%s/statusesWithStages" % made), 200).json()
    [entry] = [entry for entry in value["stages"] if entry["stage"]["name"] == "infrastructure_creation"]
    assert {kind: sorted(one["name"] for one in entry[kind]) for kind in KINDS} == {
        "applications": ["network", "port", "software"], "containers": ["front", "worker"], "databases": ["disk"],
        "jobs": [], "helms": [], "terraforms": []}
    assert entry["containers"][0]["status_details"] == {"action": "DEPLOY", "status": "QUEUED", "sub_action": "NONE"}
    assert entry["containers"][0]["state"] == value["environment"]["state"] == "DEPLOYMENT_QUEUED"


@pytest.mark.parametrize("type_, state, words", [
    ("CREATE", "pending", ("DEPLOYMENT_QUEUED", "NEVER_DEPLOYED")),
    ("CREATE", "in progress", ("DEPLOYING", "NEVER_DEPLOYED")),
    ("CREATE", "canceling", ("CANCELING", "NEVER_DEPLOYED")),
    ("CREATE", "succeeded", ("DEPLOYED", "UP_TO_DATE")), ("CREATE", "failed", ("DEPLOYMENT_ERROR", "NEVER_DEPLOYED")),
    ("CREATE", "canceled", ("CANCELED", "NEVER_DEPLOYED")), ("UPDATE", "succeeded", ("DEPLOYED", "UP_TO_DATE")),
    ("UPDATE", "failed", ("DEPLOYMENT_ERROR", "OUT_OF_DATE")),
    ("DELETE", "in progress", ("DELETING", "NEVER_DEPLOYED")),
    ("DELETE", "succeeded", ("DELETED", "NEVER_DEPLOYED")), ("DELETE", "failed", ("DELETE_ERROR", "NEVER_DEPLOYED"))])
def test_the_environment_s_words_follow_the_operation(frozen, type_, state, words):
    alice = frozen.person()
    made = submit(frozen, alice)
    put(frozen, made, type_, state, "ended" if state in END else "queued")
    environment = expect(alice.get("/deployments/%s/statusesWithStages" % made), 200).json()["environment"]
    assert (environment["state"], environment["deployment_status"]) == words
    assert environment["last_deployment_state"] == environment["state"]


# ---- real ones ----

def names(value, stage):
    [entry] = [entry["stage"] for entry in value["stages"] if entry["stage"]["name"] == stage]
    return [(step["step_name"], step["status"], step["attempt"]) for step in entry["steps"]["details"]]


def test_a_real_creation_and_its_deletion(stack):
    alice = stack.person(behaviour="slow_boot")
    made = alice.deploy()
    alice.wait_for_status(made, "CREATE_COMPLETE", timeout=60)
    value = expect(alice.get("/deployments/%s/statusesWithStages" % made), 200).json()
    check_sums(value, "CREATE")
    assert names(value, "template_validation") == [("QUEUEING", "SUCCESS", None), ("TEMPLATE_PARSING", "SUCCESS", None)]
    assert names(value, "provider_filtering") == [("PROVIDER_FILTERING", "SUCCESS", None)]
    assert names(value, "providers_ranking") == [("RANKING", "SUCCESS", None)]
    assert names(value, "infrastructure_creation") == [("IM_SUBMIT", "SUCCESS", 1), ("VM_PROVISIONING", "SUCCESS", 1)]
    assert names(value, "resources_configuration") == [("CONTEXTUALIZATION", "SUCCESS", 1)]
    assert names(value, "finished") == [("OUTPUTS", "SUCCESS", 1)]
    expect(alice.delete("/deployments/" + made), 202)
    alice.wait_for_status(made, "DELETE_COMPLETE", timeout=60)
    value = expect(alice.get("/deployments/%s/statusesWithStages" % made), 200).json()
    check_sums(value, "DELETE")
    assert names(value, "infrastructure_deletion") == [("QUEUEING", "SUCCESS", None), ("DELETION", "SUCCESS", None)]
    assert value["environment"]["state"] == "DELETED"


def test_each_real_attempt_has_its_steps(stack):
    alice = stack.person(behaviour="all_vms_failed")
    made = alice.deploy(per_provider_max_retries=2)
    alice.wait_for_status(made, "CREATE_FAILED", timeout=60)
    value = expect(alice.get("/deployments/%s/statusesWithStages" % made), 200).json()
    check_sums(value, "CREATE")
    assert names(value, "infrastructure_creation") == [
        ("IM_SUBMIT", "SUCCESS", 1), ("VM_PROVISIONING", "ERROR", 1),
        ("IM_SUBMIT", "SUCCESS", 2), ("VM_PROVISIONING", "ERROR", 2)]
    assert [entry["stage"]["status"] for entry in value["stages"]] == ["DONE"] * 3 + ["ERROR"] + ["SKIPPED"] * 2
    steps = [step for entry in value["stages"] for step in entry["stage"]["steps"]["details"]]
    assert {step["provider"] for step in steps if step["attempt"]} == {"all_vms_failed"}
