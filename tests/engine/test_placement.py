# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Where a deployment goes, by what the provider file says that there is, and what IM is told to take of it."""

import json

import pytest
import requests
import yaml

from harness import live
from harness.client import unique
from stack import process

NODE = """\
tosca_definitions_version: tosca_simple_yaml_1_0
metadata: { template_name: %s }
topology_template:
  inputs:
    cpus: { type: integer, default: 2 }
  node_templates:
    simple_node:
      type: tosca.nodes.indigo.Compute
      capabilities:
        host: { properties: { %s } }
        os: { properties: { %s } }
        endpoint: { properties: { network_name: %s } }
%s"""

FLAVORS = [{"name": "large", "vcpus": 8, "ram": 16384, "disk": 80},
           {"name": "small", "vcpus": 2, "ram": 4096, "disk": 20},
           {"name": "own", "vcpus": 32, "ram": 4096, "disk": 20, "projects": ["p-second"]}]
IMAGES = [{"name": "jammy", "url": "ost://k.example.org/1", "type": "linux", "distribution": "ubuntu",
           "version": "22.04"}]
NETWORKS = [{"name": "in"}]


def content(host="", os="type: linux", network="PRIVATE", policy=None):
    policies = "  policies:\n  - place: { type: tosca.policies.indigo.SlaPlacement, properties: { %s } }\n" % policy
    return NODE % (unique(), host, os, network, policies if policy else "")


@pytest.fixture
def daemon(rig):
    """Starts a daemon with providers that serve the group `rig.lab`: of names to what they say beside it."""
    rig.lab = unique("lab")

    def start(**providers):
        rig.stop_engines()
        of_others = live.provider(rig, "of-others", ["others"], flavors=FLAVORS)
        value = []
        for name, says in providers.items():
            name = name.replace("_", "-")
            value.append({**live.provider(rig, name, []), "groups": {rig.lab: "p-" + name}, **says})
        process.write(rig.path("placed.json"), json.dumps({"providers": value + [of_others]}))
        return rig.engine(providers=rig.path("placed.json"))
    return start


def made_with(rig, person, id):
    """Flavor and image in the document that IM has."""
    infra = rig.deployment(id)["im_infra_id"]
    answer = requests.get("%s/infrastructures/%s/tosca" % (rig.im_url, infra), timeout=10, headers={
        "Authorization": "type = InfrastructureManager; token = '%s'\\nid = one; type = Dummy" % person.token})
    assert answer.status_code == 200, answer.text
    node = yaml.safe_load(answer.text)["topology_template"]["node_templates"]["simple_node"]["capabilities"]
    return node["host"]["properties"].get("instance_type"), node["os"]["properties"].get("image")


def where(rig, id):
    deployment = rig.deployment(id)
    return deployment["target_provider"], deployment["target_region"]


def test_im_is_told_the_smallest_flavor_and_the_image_of_the_place(rig, daemon):
    daemon(first={"flavors": FLAVORS, "images": IMAGES})
    alice = rig.person(group=rig.lab)
    id = alice.create(content("num_cpus: { get_input: cpus }, mem_size: 4 GB", "type: linux, version: 22.04"))
    rig.finish(id)
    assert made_with(rig, alice, id) == ("small", "ost://k.example.org/1")
    other = alice.create(content("num_cpus: { get_input: cpus }", "image: jammy"), inputs={"cpus": 3})
    rig.finish(other)
    assert made_with(rig, alice, other) == ("large", "ost://k.example.org/1")


def test_what_is_not_listed_is_left_to_im(rig, daemon):
    daemon(first={})
    alice = rig.person(group=rig.lab)
    id = alice.create(content("num_cpus: 64", "type: linux, version: 22.04"))
    rig.finish(id)
    assert made_with(rig, alice, id) == (None, None)


def test_the_provider_and_the_region_that_have_it_are_taken(rig, daemon):
    daemon(first={"flavors": FLAVORS, "networks": NETWORKS},
           second={"regions": [{"name": "poor", "flavors": FLAVORS[1:2]}, {"name": "rich", "flavors": FLAVORS}]})
    alice = rig.person(group=rig.lab)
    many, public, plain = (alice.create(content("num_cpus: 16")), alice.create(content(network="PUBLIC")),
                           alice.create(content("num_cpus: 1")))
    for id in (many, public, plain):
        rig.finish(id)
    assert where(rig, many) == ("second", "rich") and made_with(rig, alice, many)[0] == "own"
    assert where(rig, public) == ("second", "poor")
    assert where(rig, plain) == ("first", "region-1")
    assert "Provider first is left out: it has no flavor for simple_node: 16 CPUs." in rig.log_lines(many)
    assert "Provider first is left out: it has no public network." in rig.log_lines(public)


def test_refusals_are_summed_up_without_the_providers_of_others(rig, daemon):
    daemon(first={"flavors": FLAVORS}, second={"images": IMAGES}, third={"type": "kubernetes"})
    alice = rig.person(group=rig.lab)
    id = alice.create(content("num_cpus: 16", "type: linux, distribution: debian"))
    reason = rig.finish(id, "failed")["reason"]
    assert reason == (
        "No provider can serve this deployment: first: it has no flavor for simple_node: 16 CPUs; second: it has no "
        "image for simple_node: linux, debian; third: it is of the type kubernetes, the template is for openstack.")
    assert rig.infrastructures(alice) == []
    told = json.dumps([rig.log_lines(id), rig.operation(id), rig.deployment(id)])
    assert "of-others" not in told


def test_a_policy_narrows_to_a_provider_and_a_region(rig, daemon):
    daemon(first={}, second={"groups": {rig.lab: {"project": "p", "sla": "sla-7"}}})
    alice = rig.person(group=rig.lab)
    by_sla = alice.create(content(policy="sla_id: sla-7, region: region-2"))
    by_name = alice.create(content(policy="sla_id: first"))
    of_others = alice.create(content(policy="sla_id: of-others"))
    rig.finish(by_sla)
    rig.finish(by_name)
    assert (where(rig, by_sla), where(rig, by_name)) == (("second", "region-2"), ("first", "region-1"))
    reason = rig.finish(of_others, "failed")["reason"]
    assert reason.startswith("No provider can serve this deployment: first: the template's policy asks for the SLA ")


def test_policies_that_ask_for_different_places_are_told(rig, daemon):
    daemon(first={})
    alice = rig.person(group=rig.lab)
    torn = content(policy="sla_id: a") + "  - more: { type: tosca.policies.indigo.SlaPlacement, properties: { " \
                                         "sla_id: b } }\n"
    assert "ask for different places" in rig.finish(alice.create(torn), "failed")["reason"]


def test_what_a_provider_offers_no_more_is_noticed_before_the_next_attempt(rig, daemon):
    daemon(first={"flavors": FLAVORS}, second={"flavors": FLAVORS})
    rig.control.fault(fault="http_503", on="state")
    alice = rig.person(group=rig.lab)
    id = alice.create(content("num_cpus: 8"), retries=2, provider="first")
    rig.wait_for_phase(id, "provisioning")
    daemon(first={"flavors": FLAVORS[1:]}, second={"flavors": FLAVORS})
    rig.control.mend()
    rig.control.force(rig.infrastructure(id), "failed")
    reason = rig.finish(id, "failed")["reason"]
    assert ("Attempt 2 at first: the provider does not serve this deployment any more: it has no flavor for "
            "simple_node: 8 CPUs.") in reason
