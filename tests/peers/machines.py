# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Machines at a real IM: stopped, started and rebooted by us, and behind our back. IM is asked what is true."""

from harness.client import expect
from lives import cluster

STATUSES = {"configured": "STARTED", "running": "STARTED", "stopped": "STOPPED"}  # by what IM says


def _addresses(radl):
    return {name: value for block in radl if block["class"] == "system" for name, value in block.items()
            if name.startswith("net_interface.") and name.endswith(".ip")}


class Cluster:
    """A complete deployment of a front end and two workers."""

    def __init__(self, stack, im):
        self.stack, self.im, self.person = stack, im, stack.person(ttl=7200)
        self.id = self.person.deploy(self.person.store_template(cluster()), {"network_name": "PRIVATE"})
        made = self.person.wait_for_status(self.id, "CREATE_COMPLETE", timeout=120)
        self.infrastructure = "/infrastructures/" + made["im_infra_id"]
        self.workers = [one for one in self.machines() if one["tosca_node_name"] == "worker"]
        assert len(self.machines()) == 3 and len(self.workers) == 2, self.machines()

    def machines(self):
        rows = expect(self.person.get("/deployments/%s/resources?size=100" % self.id), 200).json()["data"]
        return sorted((one for one in rows if one["im_vm_idx"]), key=lambda one: int(one["im_vm_idx"]))

    def statuses(self):
        return {one["im_vm_idx"]: one["status_name"] for one in self.machines()}

    def ask_im(self, method, path):
        return self.im.call(self.person, method, self.infrastructure + path)

    def same(self):
        """Every machine is what IM says of it, with the addresses that it has there, and so are the outputs."""
        states = expect(self.ask_im("GET", "/state"), 200).json()["state"]["vm_states"]
        assert {vm: STATUSES[state] for vm, state in states.items()} == self.statuses(), states
        for one in self.machines():
            radl = expect(self.ask_im("GET", "/vms/" + one["im_vm_idx"]), 200).json()["radl"]
            found = _addresses(one["metadata"]["VirtualMachineInfo"]["vmProperties"])
            assert found and found == _addresses(radl), "%s; IM: %s" % (found, radl)
        outputs = expect(self.ask_im("GET", "/outputs"), 200).json()["outputs"]
        assert self.person.deployment(self.id)["template_outputs"]["worker_ips"] == outputs["worker_ips"], outputs

    def act(self, machine, action):
        """To the end of the operation; it has succeeded."""
        path = "/deployments/%s/resources/%s/%s" % (self.id, machine["id"], action)
        location = expect(self.person.patch(path), 202).headers["Location"]
        ended = self.stack.wait_for(lambda: [one for one in [self.person.get(location).json()] if one["ended_at"]], 120,
                                    "the end of the " + action)[0]
        assert ended["state"] == "succeeded", ended
        assert self.person.deployment(self.id)["status_name"] == "CREATE_COMPLETE"
        self.same()

    def wait(self, status="CREATE_COMPLETE", **changed):
        """Until the machines are STARTED but for those that are named by `vm` and their number."""
        wanted = {one["im_vm_idx"]: "STARTED" for one in self.machines()}
        wanted.update({name[2:]: one for name, one in changed.items()})

        def look():
            return (self.statuses(), self.person.deployment(self.id)["status_name"]) == (wanted, status)
        self.stack.wait_for(look, 60, "%s of what is %s" % (wanted, status), interval=0.2)

    def delete(self):
        expect(self.person.delete("/deployments/" + self.id), 202)
        self.person.wait_for_status(self.id, "DELETE_COMPLETE", timeout=180)
        assert not self.im.infrastructures(self.person), "IM still lists it"


def power(stack, im):
    """One of three machines is stopped, started, rebooted; stopped while it is stopped, started while it runs; then the
    others; an update leaves what is stopped as it is."""
    made = Cluster(stack, im)
    made.same()
    first, second = made.workers
    for action, status in (("stop", "STOPPED"), ("stop", "STOPPED"), ("start", "STARTED"), ("start", "STARTED"),
                           ("reboot", "STARTED")):
        made.act(first, action)
        others = {one["im_vm_idx"]: "STARTED" for one in made.machines()}
        assert made.statuses() == {**others, first["im_vm_idx"]: status}
    for one in made.machines():
        made.act(one, "stop")
    expect(made.person.patch("/deployments/%s/resources/%s/reboot" % (made.id, first["id"])), 409)
    for one in made.machines():
        made.act(one, "start")
    made.act(second, "stop")
    expect(made.person.patch("/deployments/%s/inputs" % made.id, json={"worker_count": 3}), 202)
    made.person.wait_for_status(made.id, "UPDATE_COMPLETE", timeout=120)
    assert sorted(made.statuses().values()) == ["STARTED", "STARTED", "STARTED", "STOPPED"], made.statuses()
    assert made.statuses()[second["im_vm_idx"]] == "STOPPED"
    made.same()
    made.delete()


def watching(stack, im):
    """A machine is stopped and started with IM's own API, another removed, in the end the whole: the resources show it,
    and the deployment."""
    made = Cluster(stack, im)
    first, second = (one["im_vm_idx"] for one in made.workers)
    for action, status in (("stop", "STOPPED"), ("start", "STARTED")):
        expect(made.ask_im("PUT", "/vms/%s/%s" % (first, action)), 200)
        made.wait(**{"vm" + first: status})
        made.same()
    expect(made.ask_im("PUT", "/stop"), 200)
    made.wait(**{"vm" + one["im_vm_idx"]: "STOPPED" for one in made.machines()})
    made.act(made.workers[0], "start")  # what was stopped behind our back
    expect(made.ask_im("PUT", "/start"), 200)
    made.wait()
    made.same()
    expect(made.ask_im("DELETE", "/vms/" + second), 200)
    made.wait(**{"vm" + second: "ERROR"})

    def gone():
        # IM 2.0.0 is known to bring back what it has deleted.
        answer = made.ask_im("DELETE", "")
        return answer.status_code == 404 and made.person.deployment(made.id)["status_name"] == "UNKNOWN"
    stack.wait_for(gone, 120, "a deployment that is UNKNOWN", interval=0.5)
    value = made.person.deployment(made.id)
    assert "does not know the infrastructure" in value["status_reason"], value["status_reason"]
    assert set(made.statuses().values()) == {"ERROR"}, made.statuses()
    made.delete()


def refused(stack, im):
    """What is asked for without IM having the machine any more ends as failed, and says so."""
    made = Cluster(stack, im)
    lost = made.workers[1]
    expect(made.ask_im("DELETE", "/vms/" + lost["im_vm_idx"]), 200)
    path = "/deployments/%s/resources/%s/stop" % (made.id, lost["id"])
    location = expect(made.person.patch(path), 202).headers["Location"]
    ended = stack.wait_for(lambda: [one for one in [made.person.get(location).json()] if one["ended_at"]], 120,
                           "its end")[0]
    assert ended["state"] == "failed" and "does not have the machine" in ended["errors"][0]["description"], ended
    assert made.statuses()[lost["im_vm_idx"]] == "ERROR", made.statuses()
    made.delete()
