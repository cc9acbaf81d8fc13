# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Resources of a deployment."""

import collections

import pytest
from deployed import ABSENT, CLUSTER, done, frozen, own, parameters, person_id, seal, submit  # noqa: F401

from harness.client import expect, unique

CODES = ["CONFIGURED", "CONFIGURING", "CREATED", "CREATING", "DELETED", "DELETING", "ERROR", "INITIAL", "STARTED",
         "STARTING", "STOPPED", "STOPPING"]


def cluster(stack, client, workers=2):
    return submit(stack, client, CLUSTER.format(name=unique()), template_inputs={"password": "x", "workers": workers})


def resources(client, deployment, **query):
    return expect(client.get("/deployments/%s/resources" % deployment, params={"size": 100, **query}),
                  200).json()["data"]


def test_there_is_one_resource_per_node_and_count(frozen):
    alice = frozen.person()
    found = resources(alice, cluster(frozen, alice, 3))
    names = collections.Counter(one["tosca_node_name"] for one in found)
    assert names == {"network": 1, "front": 1, "worker": 3, "software": 3, "port": 1}


def test_count_0_makes_none(frozen):
    alice = frozen.person()
    assert {one["tosca_node_name"] for one in resources(alice, cluster(frozen, alice, 0))} == {"network", "front",
                                                                                               "port"}


def test_a_resource_names_those_that_require_it(frozen):
    alice = frozen.person()
    found = resources(alice, cluster(frozen, alice, 2))
    named = collections.defaultdict(list)
    for one in found:
        named[one["tosca_node_name"]].append(one)
    [front], [network], [port] = named["front"], named["network"], named["port"]
    assert front["required_by"] == [port["id"]] and network["required_by"] == [port["id"]] and port["required_by"] == []
    hosted = [worker["required_by"] for worker in named["worker"]]
    assert sorted(hosted) == sorted([one["id"]] for one in named["software"])


def test_a_new_resource(frozen):
    alice = frozen.person()
    made = submit(frozen, alice)
    [value] = resources(alice, made)
    path = "/deployments/%s/resources/%s" % (made, value["id"])
    assert expect(alice.get(path), 200).json() == value
    me = person_id(frozen, alice)
    assert value.pop("created_at") == value.pop("updated_at")
    assert value == {"id": value["id"], "uuid": value["id"], "created_by": me, "updated_by": me, "im_vm_idx": None,
                     "status": 7, "status_name": "INITIAL", "tosca_node_type": "tosca.nodes.Compute",
                     "tosca_node_name": "simple_node", "required_by": [], "metadata": None, "deployment_id": made}


@pytest.mark.parametrize("code", range(12))
def test_each_status_has_its_name(frozen, code):
    alice = frozen.person()
    made = submit(frozen, alice)
    frozen.sql("UPDATE resources SET status = %s, im_vm_idx = '0' WHERE deployment_id = %s", (code, made))
    [value] = resources(alice, made)
    assert (value["status"], value["status_name"], value["im_vm_idx"]) == (code, CODES[code], "0")
    for query in ({"status": code}, {"status": CODES[code]}, {"status_name": CODES[code]}):
        assert resources(alice, made, **query) == [value]
        assert resources(alice, made, **{name: CODES[(code + 1) % 12] for name in query}) == []


@pytest.mark.parametrize("type_, names", [
    ("tosca.nodes.Compute", {"front", "worker"}), ("tosca.nodes.network.Port", {"port"}),
    ("tosca.nodes.Root", {"front", "worker", "network", "port", "software"}),
    ("tosca.nodes.network.Network,tosca.nodes.network.Port", {"network", "port"}), ("tosca.nodes.Nothing", set())])
def test_a_type_stands_for_what_derives_from_it(frozen, type_, names):
    alice = frozen.person()
    made = cluster(frozen, alice)
    assert {one["tosca_node_name"] for one in resources(alice, made, type=type_)} == names


def test_the_nodes_own_type_is_an_exact_filter(frozen):
    alice = frozen.person()
    made = cluster(frozen, alice)
    assert resources(alice, made, tosca_node_type="tosca.nodes.Root") == []
    assert len(resources(alice, made, tosca_node_type="tosca.nodes.Compute")) == 3


def test_every_scalar_attribute_filters_and_sorts(frozen):
    alice = frozen.person()
    made = cluster(frozen, alice)
    value = resources(alice, made, tosca_node_name="FRON")[0]
    for name, held in value.items():
        answer = alice.get("/deployments/%s/resources?sort=%s" % (made, name))
        if isinstance(held, (dict, list)) or name == "metadata":
            assert parameters(answer) == ["sort"]
            continue
        assert len(expect(answer, 200).json()["data"]) == 5
        if held is not None and not name.endswith("_at"):
            assert value in resources(alice, made, **{name: held}), name


@pytest.mark.parametrize("query",
                         ["metadata=x", "required_by=x", "type=", "status=12", "id=x", "sort=type", "name=x", "size=x"])
def test_a_bad_parameter_is_named(frozen, query):
    alice = frozen.person()
    made = submit(frozen, alice)
    assert parameters(alice.get("/deployments/%s/resources?%s" % (made, query))) == [query.partition("=")[0]]


def test_a_client_that_has_the_version_gets_304(frozen):
    alice = frozen.person()
    made = submit(frozen, alice)
    path = "/deployments/%s/resources/%s" % (made, resources(alice, made)[0]["id"])
    tag = expect(alice.get(path), 200).headers["ETag"]
    expect(alice.get(path, headers={"If-None-Match": tag}), 304)
    frozen.sql("UPDATE resources SET status = 8, row_version = row_version + 1 WHERE deployment_id = %s", (made,))
    assert expect(alice.get(path, headers={"If-None-Match": tag}), 200).json()["status_name"] == "STARTED"


def test_secrets_in_the_metadata_are_shown_to_owners_only(frozen):
    alice, carol, admin = frozen.person(), frozen.person(), frozen.person(admin=True)
    made = done(frozen, alice)
    own(frozen, made, carol)
    secret = "pass" + "word-of-the-machine"
    whole = ('{"VirtualMachineInfo": {"vmProperties": [{"class": "system", "disk.0.os.credentials.password": "%s"}]}}' %
             secret)
    [resource] = resources(alice, made)
    frozen.sql("UPDATE resources SET metadata = %s, metadata_sealed = %s WHERE id = %s", (
        whole.replace(secret, "***"), seal(frozen, "resources.metadata_sealed", resource["id"], whole), resource["id"]))
    for person, shown in ((alice, secret), (carol, secret), (admin, "***")):
        [listed] = resources(person, made)
        properties = listed["metadata"]["VirtualMachineInfo"]["vmProperties"]
        assert properties[0]["disk.0.os.credentials.password"] == shown
        path = "/deployments/%s/resources/%s" % (made, listed["id"])
        assert expect(person.get(path), 200).json() == listed
    assert alice.get(path).headers["ETag"] != admin.get(path).headers["ETag"]


def test_a_resource_is_found_below_its_own_deployment_only(frozen):
    alice = frozen.person()
    one, other = submit(frozen, alice), submit(frozen, alice)
    resource = resources(alice, one)[0]["id"]
    expect(alice.get("/deployments/%s/resources/%s" % (other, resource)), 404)
    expect(alice.get("/deployments/%s/resources/%s" % (one, ABSENT)), 404)
    expect(alice.get("/deployments/%s/resources" % ABSENT), 404)
    assert parameters(alice.get("/deployments/%s/resources/7" % one)) == ["resource_id"]
    assert parameters(alice.get("/deployments/7/resources/8")) == ["deployment_id", "resource_id"]
