# Licensed under the Apache License, Version 2.0; see LICENSE.
"""A creation from its row to CREATE_COMPLETE."""

import base64
import datetime
import json
import os

from harness.client import template, unique
from harness.live import HELD
from stack import process

CLUSTER = """\
tosca_definitions_version: tosca_simple_yaml_1_0
metadata: { template_name: cluster }
topology_template:
  inputs:
    workers: { type: integer, default: 2 }
    users:
      type: list
      default: []
      entry_schema: { type: map }
  node_templates:
    front:
      type: tosca.nodes.indigo.Compute
      capabilities:
        endpoint: { properties: { network_name: PUBLIC } }
        os: { properties: { type: linux } }
    worker:
      type: tosca.nodes.indigo.Compute
      capabilities:
        scalable: { properties: { count: { get_input: workers } } }
        os: { properties: { type: linux } }
  outputs:
    front_ip: { value: { get_attribute: [ front, public_address, 0 ] } }
    secret: { value: { get_attribute: [ front, endpoint, credential, 0 ] } }
"""


# Pending until the first release, being configured until the second.
SLOW_BOOT = {"behaviour": "slow_boot", "boot_ms": HELD, "config_ms": HELD}


def shown(rig, id):
    """The phase and the status of the resource, in one snapshot."""
    return rig.sql("SELECT o.phase::text, r.status FROM operations o JOIN resources r USING (deployment_id) WHERE "
                   "deployment_id = %s",
                   (id,))[0]


def test_a_creation_ends_with_outputs_machines_and_the_log(engine_rig):
    alice = engine_rig.person()
    id = alice.create()
    operation = engine_rig.finish(id)
    deployment = engine_rig.deployment(id)
    assert deployment["template_outputs"] == {"node_ip": "10.0.0.1"}
    assert deployment["im_infra_id"] and deployment["im_endpoint"] == engine_rig.im_url
    assert deployment["target_iaas_project"] == "project-" + alice.group
    assert (deployment["target_provider"], deployment["target_region"]) == ("cloud-a", "region-1")
    (resource,) = engine_rig.resources(id)
    assert resource["status"] == 8 and resource["im_vm_idx"] == "0"
    assert resource["metadata"]["VirtualMachineInfo"]["vmProperties"]
    assert operation["platform_id"] == "cloud-a" and operation["phase"] == "ended"
    assert engine_rig.sql("SELECT im_logs FROM deployment_logs WHERE deployment_id = %s", (id,))[0][0]
    (step,) = engine_rig.steps(id)
    assert step["status"] == "succeeded" and step["im_infra_id"] == deployment["im_infra_id"]
    assert any("succeeded" in line for line in engine_rig.log_lines(id))


def test_a_machine_is_asked_for_within_50_ms_of_the_submission(engine_rig):
    alice = engine_rig.person()
    engine_rig.finish(alice.create())  # the endpoint and the statements are warm
    took = []
    # "At rest" is said of the machine too. An engine that had to poll for its work would hardly be lucky three times
    # running.
    while len(took) < 30 and not (len(took) >= 3 and max(took[-3:]) < 50):
        id = alice.create()
        engine_rig.finish(id)
        took.append(engine_rig.sql("""SELECT extract(epoch FROM s.started_at - o.created_at) * 1000
            FROM operations o JOIN operation_steps s ON s.operation_id = o.id AND s.number = 2
            WHERE deployment_id = %s""", (id,))[0][0])
    assert max(took[-3:]) < 50, took


def test_im_gets_the_tags_and_only_one_infrastructure(engine_rig):
    alice = engine_rig.person()
    id = alice.create()
    engine_rig.finish(id)
    (made,) = engine_rig.infrastructures(alice)
    (known,) = engine_rig.known(id)
    assert (known["standing"], known["infra_id"]) == ("made", made["id"])
    assert made["metadata"]["PAAS_DEP_UUID"] == id
    assert made["metadata"]["PAAS_URL"] == "https://paas.example.org/api/v1"
    assert made["metadata"]["PAAS_ATTEMPT"] == known["id"]


def test_machines_go_to_the_resources_of_their_nodes(engine_rig):
    alice = engine_rig.person()
    id = alice.create(CLUSTER, nodes=[("front", True), ("worker", True), ("worker", True)])
    engine_rig.finish(id)
    resources = engine_rig.resources(id)
    assert sorted(one["im_vm_idx"] for one in resources) == ["0", "1", "2"]
    for one in resources:
        names = [part["id"] for part in one["metadata"]["VirtualMachineInfo"]["vmProperties"]
                 if part["class"] == "system"]
        assert names == [one["tosca_node_name"]]


def test_secrets_of_outputs_and_machines_are_sealed(engine_rig):
    alice = engine_rig.person()
    id = alice.create(CLUSTER, nodes=[("front", True), ("worker", True), ("worker", True)])
    engine_rig.finish(id)
    deployment = engine_rig.deployment(id)
    assert "REDACTED" in json.dumps(deployment["template_outputs"]) and deployment["template_outputs_sealed"]
    for one in engine_rig.resources(id):
        assert "REDACTED" in json.dumps(one["metadata"]) and one["metadata_sealed"]


WITH_PASSWORD = CLUSTER.replace("  inputs:\n", "  inputs:\n    password: { type: string }\n").replace(
    "  outputs:\n", "  outputs:\n    greeting: { value: { concat: [ 'it is ', { get_input: password } ] } }\n")
NODES = [("front", True), ("worker", True), ("worker", True)]


def test_im_gets_the_secret_inputs(engine_rig):
    alice = engine_rig.person()
    password = engine_rig.secret(unique("password"))
    id = alice.create(WITH_PASSWORD, {"password": "REDACTED"}, NODES, {"password": password})
    engine_rig.finish(id)
    assert engine_rig.deployment(id)["template_outputs"]["greeting"] == "it is " + password


def test_inputs_sealed_with_a_key_that_is_missing_wait_for_it(engine_rig):
    alice = engine_rig.person()
    other = engine_rig.path("other.key")
    process.write(other, base64.b64encode(os.urandom(32)).decode(), 0o600)
    with engine_rig.instead(key=other) as engine:
        id = alice.create(WITH_PASSWORD, {"password": "REDACTED"}, NODES, {"password": "x"})
        engine_rig.wait_for(lambda: "administrator" in engine_rig.operation(id)["description"], 10,
                            "the wait for the key")
        assert "deployments.template_inputs_sealed of row %s can't be opened" % id in engine.text()
    engine_rig.finish(id)


def test_damaged_inputs_end_the_operation(engine_rig):
    alice = engine_rig.person()
    box = engine_rig.seal("deployments.template_inputs_sealed", "another", "{}")
    with engine_rig.instead() as engine:
        id = alice.create(WITH_PASSWORD, {"password": "REDACTED"}, NODES, box)
        engine_rig.finish(id, "failed")
        assert "deployments.template_inputs_sealed of row %s can't be opened" % id in engine.text()
    assert not engine_rig.infrastructures(alice)


def test_a_slow_infrastructure_is_followed_through_its_states(engine_rig):
    alice = engine_rig.person()
    id = alice.create(template(im_simulator=SLOW_BOOT))
    for status in (3, 1):
        engine_rig.wait_for(lambda: shown(engine_rig, id) == ("provisioning", status), 10, "status %d" % status)
        engine_rig.control.release()
    engine_rig.finish(id)


def test_im_s_change_is_seen_at_the_next_look_which_is_a_poll_interval_away(engine_rig):
    alice = engine_rig.person()
    # What is in hand is due in minutes, what rests in less than poll_max.
    with engine_rig.instead(lease=600000):
        id = alice.create(template(im_simulator={"boot_ms": HELD}))
        engine_rig.wait_for_phase(id, "provisioning")
        looks = {}

        def look():
            due, rest = engine_rig.sql("""SELECT due_at, extract(epoch FROM due_at - clock_timestamp())
                FROM work JOIN operations o USING (id) WHERE deployment_id = %s""", (id,))[0]
            if rest < 60:
                looks.setdefault(due, rest)
            return len(looks) >= 8
        engine_rig.wait_for(look, 20, "eight looks", interval=0.005)
        assert max(looks.values()) <= 0.3
        infrastructure = engine_rig.infrastructure(id)
        engine_rig.control.force(infrastructure, "configured")
        changed = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        engine_rig.finish(id)
        later = [call for call in engine_rig.control.get("calls", last=1000)["last"]
                 if call["path"] == "/infrastructures/%s/state" % infrastructure and call["time"] > changed]
        assert len(later) <= 1, later


def test_outputs_that_come_late_are_waited_for(engine_rig):
    alice = engine_rig.person()
    id = alice.create(template(im_simulator={"outputs_ms": 400}))
    engine_rig.finish(id)
    assert engine_rig.deployment(id)["template_outputs"] == {"node_ip": "10.0.0.1"}


def test_an_output_that_never_comes_is_not_waited_for_for_ever(engine_rig):
    alice = engine_rig.person()
    id = alice.create(template(im_simulator={"outputs_ms": 100000}))
    engine_rig.finish(id)
    assert any("does not give the outputs node_ip" in line for line in engine_rig.log_lines(id))


def test_every_visible_change_moves_the_versions_of_both_rows(engine_rig):
    alice = engine_rig.person()
    id = alice.create(template(im_simulator=SLOW_BOOT))
    seen = {}

    def look():
        operation, deployment = engine_rig.sql("""SELECT to_jsonb(o), to_jsonb(d) FROM operations o
            JOIN deployments d ON d.id = o.deployment_id WHERE d.id = %s""", (id,))[0]
        version = (operation.pop("row_version"), deployment.pop("row_version"))
        text = json.dumps([operation, deployment], sort_keys=True)
        if seen.setdefault(version, text) != text:
            different.append((version, seen[version], text))
        return operation["ended_at"]
    different = []
    for status in (3, 1):
        engine_rig.wait_for(lambda: look() or shown(engine_rig, id) == ("provisioning", status), 10, "a status",
                            interval=0.005)
        look()
        engine_rig.control.release()
    engine_rig.wait_for(look, 20, "the end", interval=0.005)
    assert not different
    assert len({operation for operation, _ in seen}) == len({deployment for _, deployment in seen}) >= 3


def test_no_more_than_the_limit_are_at_work_and_the_oldest_come_first(engine_rig):
    alice = engine_rig.person()
    with engine_rig.instead(max_operations=2) as limited:
        limited.stop()
        ids = [alice.create(template(im_simulator={"boot_ms": 300})) for _ in range(6)]
        limited.start()
        most = 0

        def look():
            nonlocal most
            at_work, ended = engine_rig.sql("""SELECT count(*) FILTER (WHERE state = 'in progress'),
                count(*) FILTER (WHERE state = 'succeeded') FROM operations WHERE deployment_id = ANY (%s::uuid[])""",
                (ids,))[0]
            most = max(most, at_work)
            return ended == len(ids)
        engine_rig.wait_for(look, 30, "the end of all")
        assert most <= 2
        started = engine_rig.sql("SELECT deployment_id::text FROM operations WHERE deployment_id = ANY (%s::uuid[]) "
                                 "ORDER BY started_at, created_at", (ids,))
        assert [row[0] for row in started] == ids
