# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Updates that lose their daemon, or IM's answer: no machine is left that nobody asked for."""

import json
import uuid

TEMPLATE = """\
tosca_definitions_version: tosca_simple_yaml_1_0
topology_template:
  inputs:
    workers: { type: integer, default: 1 }
  node_templates:
    worker:
      type: tosca.nodes.indigo.Compute
      capabilities: { scalable: { properties: { count: { get_input: workers } } } }
"""


def update(rig, person, deployment, **inputs):
    """Another worker, as PATCH /deployments/{id} leaves it."""
    operation = str(uuid.uuid4())
    rig.sql("""
        WITH k AS (INSERT INTO work (id, kind) VALUES (%(operation)s, 'UPDATE')),
        r AS (INSERT INTO resources (id, deployment_id, position, tosca_node_name, tosca_node_type, is_compute, status,
                is_added, created_by, updated_by)
            VALUES (gen_random_uuid(), %(id)s, 1, 'worker', 'tosca.nodes.indigo.Compute', true,
                3, true, %(person)s, %(person)s)),
        o AS (INSERT INTO operations (id, deployment_id, type, inputs, user_group, user_group_issuer, created_by,
                former_id, deadline)
            SELECT %(operation)s, id, 'UPDATE', %(inputs)s, user_group, user_group_issuer, %(person)s,
                last_operation_id, now() + interval '1 hour' FROM deployments WHERE id = %(id)s)
        UPDATE deployments SET last_operation_id = %(operation)s WHERE id = %(id)s""",
            {"operation": operation, "id": deployment, "person": person.id, "inputs": json.dumps(inputs)})
    rig.notify()


def machines(rig, deployment):
    [found] = rig.alive(deployment)
    return {vm for vm, state in found["vm_states"].items() if state != "off"}


def test_what_im_carries_out_late_of_an_update_that_failed_is_undone(rig):
    alice = rig.person()
    engine = rig.engine(lease=1000)
    deployment = alice.create(TEMPLATE, provider_timeout=1, nodes=[("worker", True)])
    rig.finish(deployment)
    before = machines(rig, deployment)
    rig.control.fault(fault="queued", on="update", ms=4000, first=1)
    update(rig, alice, deployment, workers=2)
    rig.wait_for(lambda: rig.control.get("fault")[0]["struck"], 10, "the call")
    engine.kill()
    engine.start()

    def is_over():
        """The time of the provider, which is a minute at least; a step that is under way may write that anew."""
        rig.change_work(deployment, "due_at = now(), memory = memory || '{\"since\": 1}'", type="UPDATE")
        return (rig.operation(deployment, "UPDATE") or {}).get("phase") in ("restoring", "ended")
    rig.wait_for(is_over, 10, "a failure", interval=0.2)
    rig.finish(deployment, "failed", type="UPDATE", timeout=30)
    rig.wait_for_calls(0)
    assert machines(rig, deployment) == before


OWNED = """\
tosca_definitions_version: tosca_simple_yaml_1_0
metadata: { im_simulator: { failed_adds: %d } }
topology_template:
  inputs:
    workers: { type: integer, default: 1 }
    users: { type: list, default: [] }
  node_templates:
    worker:
      type: tosca.nodes.indigo.Compute
      properties: { os_users: { get_input: users } }
      capabilities: { scalable: { properties: { count: { get_input: workers } } } }
"""


def change(rig, person, deployment, type="UPDATE", inputs=None, coming=(), going=()):
    """An operation that changes the infrastructure, as the API leaves it: workers that come and go, by positions."""
    operation = str(uuid.uuid4())
    rig.sql("""
        WITH k AS (INSERT INTO work (id, kind) VALUES (%(operation)s, %(type)s)),
        u AS (UPDATE resources SET status = 4, is_added = false
            WHERE deployment_id = %(id)s AND is_added),
        g AS (UPDATE resources SET status = 5
            WHERE deployment_id = %(id)s AND position = ANY (%(going)s::integer[])),
        r AS (INSERT INTO resources (id, deployment_id, position, tosca_node_name, tosca_node_type, is_compute, status,
                is_added, created_by, updated_by)
            SELECT gen_random_uuid(), %(id)s, position, 'worker', 'tosca.nodes.indigo.Compute', true,
                3, true, %(person)s, %(person)s
            FROM unnest(%(coming)s::integer[]) AS position),
        o AS (INSERT INTO operations (id, deployment_id, type, inputs, user_group, user_group_issuer, created_by,
                former_id, deadline)
            SELECT %(operation)s, id, %(type)s::operation_type, %(inputs)s, user_group, user_group_issuer, %(person)s,
                last_operation_id, now() + interval '1 hour' FROM deployments WHERE id = %(id)s)
        UPDATE deployments SET last_operation_id = %(operation)s WHERE id = %(id)s""",
            {"operation": operation, "id": deployment, "person": person.id, "type": type, "coming": list(coming),
             "going": list(going), "inputs": None if inputs is None else json.dumps(inputs)})
    rig.notify()


def test_a_machine_that_failed_and_was_left_costs_no_other_one_its_life(rig):
    """IM counts it, and takes the oldest of those that are too many."""
    alice = rig.person()
    rig.engine()
    deployment = alice.create(OWNED % 1, nodes=[("worker", True)])
    rig.finish(deployment)
    rig.control.fault(fault="http_503", on="vm_delete")
    change(rig, alice, deployment, inputs={"workers": 3}, coming=(1, 2))
    rig.finish(deployment, "failed", type="UPDATE", timeout=30)
    assert machines(rig, deployment) == {"0", "1", "2"}
    rig.control.mend()
    change(rig, alice, deployment, inputs={"workers": 1})
    ended = rig.wait_for_end(deployment, "UPDATE")
    assert (machines(rig, deployment), ended["state"]) == ({"0"}, "succeeded")


def test_a_change_of_owners_brings_no_machine_back_that_an_update_removed(rig):
    alice = rig.person()
    rig.engine()
    deployment = alice.create(OWNED % 0, inputs={"workers": 2}, nodes=[("worker", True), ("worker", True)])
    rig.finish(deployment)
    rig.control.fault(fault="bad_template", on="update")
    change(rig, alice, deployment, inputs={"workers": 1}, going=(1,))
    rig.finish(deployment, "failed", type="UPDATE")
    rig.control.mend()
    before = machines(rig, deployment)
    assert len(before) == 1
    change(rig, alice, deployment, type="ADD_OWNER")
    rig.finish(deployment, type="ADD_OWNER")
    assert machines(rig, deployment) == before


def test_what_undoes_an_update_is_not_carried_out_after_the_next_one(rig):
    """IM would take the oldest of the machines that are too many by then."""
    alice = rig.person()
    engine = rig.engine()
    deployment = alice.create(OWNED % 0, nodes=[("worker", True)])
    rig.finish(deployment)
    infrastructure = rig.deployment(deployment)["im_infra_id"]
    rig.control.fault(fault="queued", on="update", ms=6000, after=1, first=1)
    rig.control.force(infrastructure, "running")
    change(rig, alice, deployment, inputs={"workers": 2}, coming=(1,))
    rig.wait_for(lambda: len(machines(rig, deployment)) == 2, 10, "what the update makes")
    rig.control.force(infrastructure, "failed")
    rig.wait_for(lambda: rig.control.get("fault")[0]["struck"], 20, "what undoes it")
    engine.kill()
    rig.control.force(infrastructure, None)
    engine.start()
    rig.finish(deployment, "failed", type="UPDATE", timeout=30)
    change(rig, alice, deployment, inputs={"workers": 3}, coming=(2, 3))
    rig.finish(deployment, type="UPDATE")
    rig.wait_for_calls(0)
    assert "0" in machines(rig, deployment)
