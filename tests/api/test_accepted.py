# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Whoever follows the Location of a 202 comes to an end by themselves, wherever in the API it was answered."""

import glob
import json
import os

import pytest
from deployed import bound  # noqa: F401

from harness.client import expect, template
from harness.live import HELD
from stack import local

ROUTES = os.path.join(os.path.dirname(__file__), "../../mod_orchestrator/routes/*.json")
FINAL = {"succeeded", "failed", "canceled"}
ASK = {}


def accepted():
    """The names of all routes that may answer so."""
    routes = []
    for path in sorted(glob.glob(ROUTES)):
        with open(path, encoding="utf-8") as file:
            routes += json.load(file).get("routes", [])
    return [route["id"] for route in routes if "202" in route["responses"]]


class Scene:
    """Somebody with a deployment that is complete, or as it is asked for."""

    def __init__(self, stack, behaviour=None):
        self.stack = stack
        self.alice = stack.person(behaviour=behaviour)
        self.admin = stack.person(admin=True)
        self.made = self.path = None

    def deploy(self, status="CREATE_COMPLETE", **simulator):
        alice = self.alice
        content = template(im_simulator=simulator) if simulator else None
        self.made = alice.deploy(alice.store_template(content), per_provider_max_retries=1)
        self.path = "/deployments/" + self.made
        if status:
            alice.wait_for_status(self.made, status)
        return self

    @property
    def machine(self):
        [one] = expect(self.alice.get(self.path + "/resources"), 200).json()["data"]
        return "%s/resources/%s" % (self.path, one["id"])

    @property
    def last(self):
        return self.alice.deployment(self.made)["last_operation"]

    def follow(self, answer):
        """What is there in the end."""
        location = expect(answer, 202).headers["Location"]
        assert location.startswith(self.stack.url + "/") and int(answer.headers["Retry-After"]) >= 1

        def look():
            self.stack.control.release()
            found = expect(self.alice.get(location), 200).json()
            return found["state"] in FINAL and found
        found = self.stack.wait_for(look, 30, "the end of " + location)
        if "/orchestrations/" in location:
            assert "Link" not in answer.headers
        else:
            url, _, rest = answer.headers["Link"].lstrip("<").partition(">")
            assert rest == '; rel="alternate"'
            assert url.startswith(self.stack.base_url + local.BESIDE["orchestrator-broker"] + "/")
            assert expect(self.alice.get(url), 200).json()["id"] == found["id"]
        return found


def asks(*ids):
    """How these routes come to answer so; it gives the answers."""
    def keep(function):
        for id_ in ids:
            ASK[id_] = function
        return function
    return keep


@asks("createDeployment")
def create(stack, _):
    scene = Scene(stack)
    body = {"template_id": scene.alice.store_template(), "template_inputs": {}, "user_group": scene.alice.group}
    return scene, [scene.alice.post("/deployments", json=body)]


@asks("deleteDeployment")
def delete(stack, _):
    scene = Scene(stack).deploy()
    return scene, [scene.alice.delete(scene.path), scene.alice.delete(scene.path)]


@asks("changeDeployment", "replaceDeploymentInputs", "changeDeploymentInputs")
def update(stack, id_):
    scene, inputs = Scene(stack).deploy(), {"num_cpus": 2}
    if id_ == "changeDeploymentInputs":
        return scene, [scene.alice.patch(scene.path + "/inputs", json=inputs)]
    ask = scene.alice.patch if id_ == "changeDeployment" else scene.alice.put
    return scene, [ask(scene.path, json={"template_inputs": inputs})]


@asks("addDeploymentOwner")
def add_owner(stack, _):
    scene, bob = Scene(stack).deploy(), stack.person()
    answers = [scene.admin.post(scene.path + "/owners", json={"id": bob.id})]
    scene.follow(answers[0])
    return scene, answers + [scene.admin.post(scene.path + "/owners", json={"id": bob.id})]  # already an owner


@asks("removeDeploymentOwner")
def remove_owner(stack, _):
    scene, bob = Scene(stack).deploy(), stack.person()
    path = "%s/owners/%s" % (scene.path, bob.id)
    answers = [scene.admin.delete(path)]  # no owner yet
    scene.follow(scene.admin.post(scene.path + "/owners", json={"id": bob.id}))
    return scene, answers + [scene.admin.delete(path)]


@asks("resetDeploymentStatus")
def reset_status(stack, _):
    scene = Scene(stack).deploy(None, boot_ms=HELD)
    return scene, [scene.alice.post(scene.path + "/reset-status")]


@asks("cancelOperation", "cancelOperationOfDeployment", "cancelOperationOfResource")
def cancel(stack, id_):
    if id_ == "cancelOperationOfResource":
        scene = Scene(stack).deploy(power_ms=HELD)
        machine = scene.machine
        asked = expect(scene.alice.patch(machine + "/stop"), 202).headers["Location"]
        path = "%s/operations/%s/cancel" % (machine, asked.rpartition("/")[2])
    else:
        scene = Scene(stack).deploy(None, boot_ms=HELD)
        path = (scene.path if id_ != "cancelOperation" else "") + "/operations/%s/cancel" % scene.last
    return scene, [scene.alice.post(path)]


@asks("retryOperation", "retryOperationOfDeployment")
def retry(stack, id_):
    scene = Scene(stack, "all_vms_failed").deploy("CREATE_FAILED")
    return scene, [scene.alice.post((scene.path if id_ != "retryOperation" else "") + "/operations/%s/retry"
                                    % scene.last)]


@asks("retryOperationOfResource")
def retry_of_resource(stack, _):
    scene = Scene(stack).deploy(power_ms=HELD)
    machine = scene.machine
    asked = expect(scene.alice.patch(machine + "/stop"), 202).headers["Location"].rpartition("/")[2]
    scene.follow(scene.alice.post("%s/operations/%s/cancel" % (machine, asked)))
    return scene, [scene.alice.post("%s/operations/%s/retry" % (machine, asked))]


@asks("createOrchestration")
def orchestrate(stack, _):
    scene = Scene(stack).deploy()
    return scene, [scene.alice.post("/orchestrations", json={"type": "STOP", "targets": {
        "include": [{"target": "all"}]}})]


@asks("retryOrchestration")
def retry_orchestration(stack, _):
    scene = Scene(stack).deploy()
    asked = scene.alice.post("/orchestrations", json={
        "type": "UPDATE", "targets": {"include": [{"target": "all"}]},
        "parameters": {"template_inputs": {"nobody_asked_for": 1}}})
    assert scene.follow(asked)["state"] == "failed"
    return scene, [scene.alice.post(asked.headers["Location"] + "/retry")]


@asks("startResource", "stopResource", "rebootResource", "resetResource")
def act(stack, id_):
    scene = Scene(stack).deploy()
    action = {"resetResource": "reset-status"}.get(id_, id_.removesuffix("Resource"))
    return scene, [scene.alice.patch("%s/%s" % (scene.machine, action))]


@pytest.mark.parametrize("id_", accepted())
def test_a_location_is_followed_to_its_end(bound, id_):
    scene, answers = ASK[id_](bound, id_)
    for answer in answers:
        scene.follow(answer)
