# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Lives of deployments at a real IM: one, one that IM refuses, and hundreds at once."""

import concurrent.futures
import os
import re

from harness.client import expect, unique
from stack import local
from venvs import say

AT_ONCE = 200
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI%s" % ("A" * 43)
CALLERS = 16  # requests to us at once


def no_public_address():
    """The repository's single machine; with the Dummy connector a public address would never come."""
    with open(os.path.join(local.TEMPLATES, "single_vm.yaml"), encoding="utf-8") as file:
        text = file.read()
    named = re.sub(r"^(\s+template_name:).*", r"\1 " + unique("single_vm"), text, flags=re.M)
    return named, {"network_name": "PRIVATE"}


class Crowd:
    """A person with many deployments of one template; `fields`: others of their bodies."""

    def __init__(self, stack, im, **fields):
        self.stack, self.im, self.person = stack, im, stack.person(ttl=7200)
        content, inputs = no_public_address()
        self.fields = {"template_id": self.person.store_template(content), "template_inputs": inputs,
                       "user_group": self.person.group, **fields}

    def _once(self, call):
        """The answer of a request that may be asked again. When all of its threads are busy, httpd closes connections
        that are kept, and a request that is on its way then finds nobody."""
        return self.stack.wait_for(lambda: [call()], 60, "an answer")[0]

    def submit(self):
        """A deployment; its key makes asking again safe."""
        headers = {"Idempotency-Key": unique("key")}
        answer = self._once(lambda: self.person.post("/deployments", json=self.fields, headers=headers))
        return expect(answer, 202).json()["id"]

    def delete(self, deployment):
        expect(self._once(lambda: self.person.delete("/deployments/" + deployment)), 202)

    def at_once(self, *calls):
        """What functions return, called side by side."""
        with concurrent.futures.ThreadPoolExecutor(CALLERS) as pool:
            return [one.result() for one in [pool.submit(call) for call in calls]]

    def submit_many(self, count):
        return self.at_once(*[self.submit] * count)

    def delete_many(self, deployments):
        self.at_once(*[lambda one=one: self.delete(one) for one in deployments])

    def wait(self, deployments, status, timeout=900):
        """Waits until each has this status; none may end otherwise. Their operations of that kind have succeeded."""
        for one in deployments:
            self.person.wait_for_status(one, status, timeout=timeout)
        kind = status.partition("_")[0]
        states = self.stack.sql("SELECT state, count(DISTINCT deployment_id) FROM operations"
                                " WHERE deployment_id = ANY(%s::uuid[]) AND type::text = %s GROUP BY state",
                                (list(deployments), kind))
        assert states == [("succeeded", len(deployments))], "%s of %d: %s" % (kind, len(deployments), states)

    def settle(self, deployments=()):
        """Waits until nobody looks at anything that was deleted any more; then IM has just what these deployments
        say."""
        self.stack.wait_for(lambda: not self.unwanted(), 900, "the last look at what is gone", interval=0.5)
        wanted = {self.person.deployment(one)["im_infra_id"] for one in deployments}
        listed = self.im.infrastructures(self.person)
        assert listed == wanted, "lost: %s; nobody's: %s" % (sorted(wanted - listed)[:3], sorted(listed - wanted)[:3])

    def unwanted(self):
        """How many of the person's infrastructures are not wanted, and not forgotten either."""
        return self.stack.sql("SELECT count(*) FROM infrastructures WHERE user_id = %s AND unwanted_at IS NOT NULL",
                              (self.person.id,))[0][0]

    def came_back(self):
        """How often IM brought something back so far."""
        return self.stack.log_text().count("came back after its deletion")


def whole_life(stack, im):
    """One deployment from its submission to its end."""
    crowd = Crowd(stack, im)
    person, deployment = crowd.person, crowd.submit()
    value = person.wait_for_status(deployment, "CREATE_COMPLETE", timeout=120)
    assert value["template_outputs"], "no outputs"
    assert value["im_infra_id"], "no im_infra_id"
    machines = [one for one in person.get("/deployments/%s/resources" % deployment).json()["data"] if one["im_vm_idx"]]
    assert machines and machines[0]["metadata"]["VirtualMachineInfo"]["vmProperties"], "no machine"
    assert person.get("/deployments/%s/logs" % deployment).json()["im_logs"], "no log of IM"
    crowd.delete(deployment)
    person.wait_for_status(deployment, "DELETE_COMPLETE", timeout=180)
    assert not im.infrastructures(person), "IM still lists it"


def cluster():
    """The repository's cluster; its front end inside of the provider, its workers to be chosen when some go."""
    with open(os.path.join(local.TEMPLATES, "cluster.yaml"), encoding="utf-8") as file:
        text = file.read()
    text = re.sub(r"^(\s+template_name:).*", r"\1 " + unique("cluster"), text, flags=re.M)
    inputs, count = "    network_name:\n", "            count: { get_input: worker_count }\n"
    text = text.replace(inputs, "    gone: { type: list, entry_schema: { type: string }, default: [] }\n"
                        "    users: { type: list, default: [] }\n"
                        "    password: { type: string, default: random(12) }\n" + inputs, 1)
    text = text.replace(count, count + "            removal_list: { get_input: gone }\n", 1)
    return text + "    password: { value: { get_input: password } }\n    users: { value: { get_input: users } }\n"


def changes(stack, im):
    """One deployment through a scale-out, a scale-in that names a machine, other inputs, and owners that come and
    go."""
    person, admin = stack.person(ttl=7200), stack.person(admin=True, ttl=7200)
    deployment = person.deploy(person.store_template(cluster()), {"network_name": "PRIVATE"})
    before = person.wait_for_status(deployment, "CREATE_COMPLETE", timeout=120)

    def workers():
        rows = expect(person.get("/deployments/%s/resources?size=100" % deployment), 200).json()["data"]
        assert {one["status_name"] for one in rows} <= {"STARTED", "DELETED"}, rows
        return {one["id"]: one["im_vm_idx"] for one in rows
                if one["tosca_node_name"] == "worker" and one["status_name"] == "STARTED"}

    def update(**inputs):
        expect(person.patch("/deployments/%s/inputs" % deployment, json=inputs), 202)
        value = person.wait_for_status(deployment, "UPDATE_COMPLETE", timeout=120)
        assert value["im_infra_id"] == before["im_infra_id"]
        assert value["template_outputs"]["password"] == before["template_outputs"]["password"], "another password"
        assert len(value["template_outputs"]["worker_ips"]) == len(workers()), value["template_outputs"]
        return workers()
    old = workers()
    more = update(worker_count=4)
    assert len(more) == 4 and {id: more[id] for id in old} == old, more
    chosen = sorted(more, key=lambda id: int(more[id]))[1]
    fewer = update(worker_count=3, gone=[chosen])
    assert fewer == {id: vm for id, vm in more.items() if id != chosen}, fewer
    assert update(worker_mem="1 GB") == fewer
    assert len(update(worker_count=1)) == 1
    expect(admin.patch("/users/me", json={"public_ssh_key": KEY}), 204)
    for ask, accounts in ((lambda: admin.post("/deployments/%s/owners" % deployment, json={}), 1),
                          (lambda: admin.delete("/deployments/%s/owners/me" % deployment), 0)):
        expect(ask(), 202)
        value = person.wait_for_status(deployment, "UPDATE_COMPLETE", timeout=120)
        assert len(value["template_outputs"]["users"]) == accounts, value["template_outputs"]
    expect(person.delete("/deployments/" + deployment), 202)
    person.wait_for_status(deployment, "DELETE_COMPLETE", timeout=180)
    assert not im.infrastructures(person), "IM still lists it"


def a_refused_template(stack, im):
    """IM's own word on a template that only it can judge; no Python traceback reaches the person."""
    person = stack.person(ttl=7200)
    content, inputs = no_public_address()
    content = content.replace("topology_template:", "imports:\n  - missing: /nowhere/types.yaml\ntopology_template:", 1)
    deployment = person.deploy(person.store_template(content), inputs)
    value = person.wait_for_status(deployment, "CREATE_FAILED", timeout=120)
    assert value["status_reason"] and "Traceback" not in value["status_reason"], value["status_reason"]
    assert not im.infrastructures(person), "IM still lists it"


def many_at_once(stack, im):
    """Hundreds are made at once; hundreds are deleted while hundreds of others are made; the rest is deleted. IM's list
    is empty then, and is once nothing is looked at any more."""
    crowd = Crowd(stack, im)
    first = crowd.submit_many(AT_ONCE)
    crowd.wait(first, "CREATE_COMPLETE")
    calls = [call for one in first for call in (crowd.submit, lambda one=one: crowd.delete(one))]
    second = [one for one in crowd.at_once(*calls) if one]
    crowd.wait(second, "CREATE_COMPLETE")
    crowd.wait(first, "DELETE_COMPLETE")
    crowd.settle(second)
    crowd.delete_many(second)
    crowd.wait(second, "DELETE_COMPLETE")
    stack.wait_for(lambda: not im.infrastructures(crowd.person), 120, "an empty list", interval=1)
    crowd.settle()
    say("    %d came back after their deletion" % crowd.came_back())
