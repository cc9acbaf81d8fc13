# Licensed under the Apache License, Version 2.0; see LICENSE.
"""A creation from its row to CREATE_COMPLETE."""

import json

from harness.client import template

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
    for _ in range(5):
        id = alice.create()
        engine_rig.finish(id)
        took.append(engine_rig.sql("""SELECT extract(epoch FROM s.started_at - o.created_at) * 1000
            FROM operations o JOIN operation_steps s ON s.operation_id = o.id AND s.number = 2 WHERE deployment_id = %s""", (id,))[0][0])
    assert sorted(took)[2] < 50, took


def test_im_gets_the_tags_and_only_one_infrastructure(engine_rig):
    alice = engine_rig.person()
    id = alice.create()
    engine_rig.finish(id)
    (made,) = engine_rig.infrastructures(alice)
    (step,) = engine_rig.steps(id)
    assert made["metadata"]["PAAS_DEP_UUID"] == id
    assert made["metadata"]["PAAS_URL"] == "https://paas.example.org/api/v1"
    assert made["metadata"]["PAAS_ATTEMPT"] == step["attempt_tag"]


def test_machines_go_to_the_resources_of_their_nodes(engine_rig):
    alice = engine_rig.person()
    id = alice.create(CLUSTER, nodes=[("front", True), ("worker", True), ("worker", True)])
    engine_rig.finish(id)
    resources = engine_rig.resources(id)
    assert sorted(one["im_vm_idx"] for one in resources) == ["0", "1", "2"]
    for one in resources:
        names = [part["id"] for part in one["metadata"]["VirtualMachineInfo"]["vmProperties"] if part["class"] == "system"]
        assert names == [one["tosca_node_name"]]


def test_secrets_of_outputs_and_machines_are_sealed(engine_rig):
    alice = engine_rig.person()
    id = alice.create(CLUSTER, nodes=[("front", True), ("worker", True), ("worker", True)])
    engine_rig.finish(id)
    deployment = engine_rig.deployment(id)
    assert "REDACTED" in json.dumps(deployment["template_outputs"]) and deployment["template_outputs_sealed"]
    for one in engine_rig.resources(id):
        assert "REDACTED" in json.dumps(one["metadata"]) and one["metadata_sealed"]


def test_a_slow_infrastructure_is_followed_through_its_states(engine_rig):
    alice = engine_rig.person("slow_boot")
    id = alice.create()
    seen = set()

    def look():
        operation = engine_rig.operation(id)
        seen.add((operation["phase"], engine_rig.resources(id)[0]["status"]))
        return operation["ended_at"]
    engine_rig.wait_for(look, 20, "the end", interval=0.01)
    assert engine_rig.operation(id)["state"] == "succeeded"
    assert ("provisioning", 3) in seen and ("provisioning", 1) in seen


def test_im_s_change_is_seen_within_one_poll_interval(engine_rig):
    alice = engine_rig.person()
    id = alice.create(template(im_simulator={"boot_ms": 1500}))
    operation = engine_rig.finish(id)
    took = engine_rig.sql("SELECT extract(epoch FROM ended_at - created_at) FROM operations WHERE id = %s", (operation["id"],))[0][0]
    assert took < 1.5 + 0.3 + 0.5


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
    alice = engine_rig.person("slow_boot")
    id = alice.create()
    seen = {}

    def look():
        operation, deployment = engine_rig.sql("""SELECT to_jsonb(o) - 'due_at' - 'lease_number' - 'lease_owner' - 'progress',
            to_jsonb(d) FROM operations o JOIN deployments d ON d.id = o.deployment_id WHERE d.id = %s""", (id,))[0]
        version = (operation.pop("row_version"), deployment.pop("row_version"))
        text = json.dumps([operation, deployment], sort_keys=True)
        assert seen.setdefault(version, text) == text, version
        return operation["ended_at"]
    engine_rig.wait_for(look, 20, "the end", interval=0.005)
    assert len({operation for operation, _ in seen}) == len({deployment for _, deployment in seen}) > 3


def test_no_more_than_the_limit_are_at_work_and_the_oldest_come_first(bare_rig, engine_rig):
    alice = engine_rig.person()
    bare_rig.engines[0].stop()
    ids = [alice.create(template(im_simulator={"boot_ms": 300})) for _ in range(6)]
    limited = bare_rig.engine(max_operations=2)
    try:
        most = 0

        def look():
            nonlocal most
            at_work, ended = engine_rig.sql("""SELECT count(*) FILTER (WHERE state = 'in progress'),
                count(*) FILTER (WHERE state = 'succeeded') FROM operations WHERE deployment_id = ANY (%s::uuid[])""", (ids,))[0]
            most = max(most, at_work)
            return ended == len(ids)
        engine_rig.wait_for(look, 30, "the end of all")
        assert most <= 2
        started = engine_rig.sql("SELECT deployment_id::text FROM operations WHERE deployment_id = ANY (%s::uuid[]) ORDER BY started_at, created_at", (ids,))
        assert [row[0] for row in started] == ids
    finally:
        limited.stop()
        bare_rig.engines.remove(limited)
        bare_rig.engines[0].start()
