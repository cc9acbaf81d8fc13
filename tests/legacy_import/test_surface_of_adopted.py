# Licensed under the Apache License, Version 2.0; see LICENSE.
"""A deployment that was imported, in the hands of the former orchestrator's clients: read, updated and deleted through
the legacy surface, by a real httpd and its engine."""

import json
import uuid

import pytest
import requests

from harness.client import template, unique
from legacy.old import Old, claims_of, is_template
from legacy_import import old as source
from stack import local


@pytest.fixture(scope="module")
def bound(make_stack):
    return make_stack(local.bindings() + "OrchestratorWatchInterval 1s\n")


class Former(source.Old):
    """Its rows, imported into a whole stack."""

    def deployment_of(self, person, content, nodes, **columns):
        """A deployment with an infrastructure that IM has; its id, and the infrastructure's."""
        made = made_at_im(self.rig, person, content)
        owner = self.owner(person.claims["sub"], person.claims["iss"])
        return self.deployment(person, made, template=content, nodes=nodes, owner_id=owner, **columns), made


def made_at_im(stack, person, content):
    answer = requests.post(stack.im_url + "/infrastructures", params={"async": "true"}, timeout=10, data=content,
                           headers={"Authorization": "id = im; type = InfrastructureManager; token = %s\\n"
                                                     "id = cloud-a; type = Dummy" % person.token,
                                    "Accept": "application/json", "Content-Type": "text/yaml"})
    assert answer.status_code == 200, answer.text
    return answer.json()["uri"].rpartition("/")[2]


@pytest.fixture
def former(bound, mariadb):
    return Former(bound, mariadb)


def test_it_is_read_updated_and_deleted(bound, former):
    alice = bound.person()
    alice.claims = claims_of(alice)
    old = Old(alice)
    content, node = template(unique("adopted")), str(uuid.uuid4())
    machine = {"vmProperties": [{"class": "system", "id": "simple_node", "state": "configured"}]}
    id, made = former.deployment_of(alice, content, [{
        "id": node, "iaas_id": "0", "metadata": json.dumps({"VirtualMachineInfo": json.dumps(machine)})}],
        inputs={"num_cpus": "1"}, outputs={"node_ip": "10.0.0.1"})
    former.write()
    # read
    shown = old.show(id)
    assert (shown["status"], shown["physicalId"], shown["cloudProviderName"]) == ("CREATE_COMPLETE", made, "cloud-a")
    assert shown["creationTime"] == "2024-03-01T09:56+0000" and shown["outputs"] == {"node_ip": "10.0.0.1"}
    assert shown["inputs"]["num_cpus"] == 1
    assert shown["createdBy"] == {"issuer": bound.issuer.url.rstrip("/") + "/", "subject": alice.claims["sub"]} or \
        shown["createdBy"]["subject"] == alice.claims["sub"]
    assert old.ids(createdBy="me") == [id]
    (resource,) = old.resources(id)
    assert (resource["uuid"], resource["state"], resource["physicalId"]) == (node, "STARTED", "0")
    assert is_template(old.orchent("GET", "/deployments/%s/template" % id).text) == content
    assert "taken over from the former orchestrator" in old.dashboard("GET", "/deployments/%s/log" % id).text
    assert "vmProperties" in old.ask("GET", "/deployments/%s/extrainfo" % id).text
    # updated
    old.orchent("PUT", "/deployments/" + id, 202, json={"template": content, "parameters": {"num_cpus": 2}})
    alice.wait_for_status(id, "UPDATE_COMPLETE")
    assert old.show(id)["physicalId"] == made and old.show(id)["inputs"]["num_cpus"] == 2
    assert [one["uuid"] for one in old.resources(id)] == [node]
    # deleted
    old.orpy("DELETE", "/deployments/" + id, 204)
    alice.wait_for_status(id, "DELETE_COMPLETE")
    assert made not in [one["id"] for one in bound.control.ledger(alive="true")]
    assert old.ids(excludedStatus="DELETE_COMPLETE") == []
