# Licensed under the Apache License, Version 2.0; see LICENSE.
"""What IM has against what the API says."""

import collections

from harness.client import expect


class Verdict:
    """What a cell came to; all but `faults` and `operations` should be empty."""

    def __init__(self):
        self.faults = self.operations = 0
        self.lost, self.doubled, self.stuck = [], [], []

    def is_good(self):
        return not (self.lost or self.doubled or self.stuck)

    def counts(self):
        return {"faults": self.faults, "operations": self.operations, "lost": len(self.lost),
                "doubled": len(self.doubled), "stuck": len(self.stuck)}

    def __str__(self):
        return "; ".join("%s: %s" % (word, ", ".join(found)) for word, found in (
            ("lost", self.lost), ("doubled", self.doubled), ("stuck", self.stuck)) if found)


HAVE_ONE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_FAILED")
# What a machine's resource shows of IM's words.
MACHINES = {"configured": "STARTED", "stopped": "STOPPED"}
UNTOLD = "has one that it tells nothing of, which may be it."


class Oracle:
    """Of one person's deployments; everything through the API and the simulator's ledger. `is_untold`: IM never tells
    whose one of their infrastructures is; it is enough that people are told, by its tag."""

    def __init__(self, stack, person, ids, is_untold=False):
        self.stack, self.person, self.ids, self.is_untold = stack, person, ids, is_untold
        self.seen = set()  # ids of operations: by force they go with their deployment

    def _get(self, path):
        """None: a deployment that is removed by force, or something of it."""
        answer = self.person.get("/deployments/" + path)
        return None if answer.status_code == 404 else expect(answer, 200).json()

    def operations(self):
        found = [one for id in self.ids for one in (self._get(id + "/operations?size=50") or {"data": []})["data"]]
        self.seen.update(one["id"] for one in found)
        return found

    def open_ones(self):
        return [one for one in self.operations() if one["ended_at"] is None]

    def failed(self):
        return [one for one in self.operations() if one["state"] == "failed"]

    def is_over(self):
        return not self.open_ones()

    def is_settled(self):
        """Whether nothing changes any more."""
        return all(self.is_untold and one["description"].endswith(UNTOLD) for one in self.open_ones())

    def alive(self):
        """What is at IM, or will be there again: ids by deployment."""
        found = collections.defaultdict(list)
        for one in self.stack.control.ledger(alive="true"):
            id = one["metadata"].get("PAAS_DEP_UUID")
            if id in self.ids and not (self.is_untold and self._is_told(id, one["tag"])):
                found[id].append(one["id"])
        return found

    def _is_told(self, id, tag):
        return tag in (self._get(id + "/logs")["orchestrator_logs"] or "") or any(
            one["deployment_id"] == id and one["description"].endswith(UNTOLD) for one in self.open_ones())

    def wanted(self):
        """The infrastructure that each deployment should have, or None."""
        found = {id: self._get(id) for id in self.ids}
        return {id: one["im_infra_id"] if one and (one["status_name"] in HAVE_ONE or self._is_kept(one)) else None
                for id, one in found.items()}

    @staticmethod
    def _is_kept(deployment):
        return deployment["keep_last_attempt"] and deployment["status_name"] == "CREATE_FAILED"

    def machines(self, id):
        """Of a deployment: those that its resources are, and those that IM has."""
        rows = self._get(id + "/resources?size=100")["data"]
        known = {one["im_vm_idx"] for one in rows if one["status_name"] in MACHINES.values()} - {None}
        [found] = [one for one in self.stack.control.ledger(alive="true") if one["metadata"].get("PAAS_DEP_UUID") == id]
        return known, set(found["vm_states"])

    def differences(self):
        """(lost, doubled): sentences."""
        lost, doubled, alive = [], [], self.alive()
        for id in [id for id, infrastructure in self.wanted().items() if [infrastructure] == alive[id]]:
            if self._is_kept(self._get(id)):  # its resources are ERROR
                continue
            known, there = self.machines(id)
            lost += ["deployment %s has no machine %s" % (id, one) for one in known - there]
            doubled += ["deployment %s has the machine %s beside %s" % (id, one, known) for one in there - known]
        for id, infrastructure in self.wanted().items():
            others = [one for one in alive[id] if one != infrastructure]
            if infrastructure and infrastructure not in alive[id]:
                lost.append("deployment %s is complete and has no infrastructure %s" % (id, infrastructure))
            if infrastructure and others:
                doubled.append("deployment %s has %s beside %s" % (id, others, infrastructure))
            elif others:
                lost.append("nobody wants %s of deployment %s" % (others, id))
        return lost, doubled

    # orchestrations

    def orchestrated(self, id_):
        """An orchestration that has ended, or None."""
        answer = self.person.get("/orchestrations/" + id_)
        is_over = answer.status_code == 200 and answer.json()["state"] in ("succeeded", "failed", "canceled")
        return answer.json() if is_over else None

    def is_orchestrated(self, id_):
        return self.orchestrated(id_) is not None

    def wait_until_orchestrated(self, verdict, id_, tries=1, timeout=40):
        """Until it has ended, with one operation for each deployment and try, unless somebody canceled it."""
        state = None
        try:
            ended = self.stack.wait_for(lambda: self.orchestrated(id_), timeout, "the end of the orchestration")
            state = ended["state"]
        except AssertionError:
            verdict.stuck.append("orchestration %s" % self.person.get("/orchestrations/" + id_).text)
        found = expect(self.person.get("/orchestrations/%s/operations" % id_), 200).json()["data"]
        for id in self.ids:
            asked = {one["operationID"]: one["state"] for one in found if one["deploymentID"] == id}
            made = {one["id"]: one["state"] for one in self.operations()
                    if one["deployment_id"] == id and one["orchestration_id"] == id_}
            if len(asked) > tries or len(made) > tries:
                verdict.doubled.append("operations of %s: %s, %s" % (id, asked, made))
            if len(asked) < tries and state != "canceled":
                verdict.lost.append("the orchestration forgot %s" % id)
            if any(asked.get(one) != state_ for one, state_ in made.items()):
                verdict.lost.append("what became of %s: %s is told as %s" % (id, made, asked))

    # machines

    def deployment(self, id):
        return self._get(id)

    def paths_of_machines(self):
        """Of resources."""
        return ["/deployments/%s/resources/%s" % (id, one["id"])
                for id in self.ids for one in self._get(id + "/resources")["data"]]

    def machines_that_differ(self):
        """(lost, doubled): what IM has of a machine is shown; nothing was asked for twice."""
        lost, doubled = [], []
        for entry in self.stack.control.ledger(alive="true"):
            id = entry["metadata"].get("PAAS_DEP_UUID")
            if id not in self.ids:
                continue
            shown = [one["status_name"] for one in self._get(id + "/resources")["data"]]
            wanted = [MACHINES.get(state) for _, state in sorted(entry["vm_states"].items())]
            if shown != wanted:
                lost.append("machines of deployment %s are %s, not %s" % (id, shown, wanted))
            doubled += ["machines of deployment %s: %s" % (id, entry["power"])
                        for count in entry["power"].values() if count > 1]
            asked = {one["type"]: one["state"] for one in self.operations() if one["deployment_id"] == id}
            lost += ["%s of deployment %s succeeded, and IM did not do it" % (type, id)
                     for type, word in (("STOP", "stop"), ("REBOOT", "reboot"))
                     if asked.get(type) == "succeeded" and not entry["power"][word]]
        return lost, doubled

    def wait_until_machines_are_equal(self, verdict, when, timeout=10):
        """Until the API shows what IM has."""
        try:
            self.stack.wait_for(lambda: self.machines_that_differ() == ([], []), timeout, "what IM has")
        except AssertionError:
            lost, doubled = self.machines_that_differ()
            verdict.lost += ["%s %s" % (one, when) for one in lost]
            verdict.doubled += ["%s %s" % (one, when) for one in doubled]

    def wait_until_over(self, verdict, when, timeout=15):
        """Until every operation has ended; those that have not, and don't say what they wait for, are stuck."""
        try:
            self.stack.wait_for(self.is_settled, timeout, "the end of all operations")
        except AssertionError:
            verdict.stuck += ["%s of deployment %s %s: %s, %r" % (
                one["type"], one["deployment_id"], when, one["state"], one["description"])
                for one in self.open_ones() if not (one["description"] or "").startswith("Waits ")]

    def wait_until_equal(self, verdict, when, timeout=3):
        """Until IM has what is wanted; what differs for good is lost or doubled."""
        try:
            self.stack.wait_for(lambda: self.differences() == ([], []), timeout, "what is wanted")
        except AssertionError:
            lost, doubled = self.differences()
            verdict.lost += ["%s %s" % (one, when) for one in lost]
            verdict.doubled += ["%s %s" % (one, when) for one in doubled]
