# Licensed under the Apache License, Version 2.0; see LICENSE.
"""What IM does wrong, line by line as the failure modes of a real IM were recorded. Deletions: test_delete.py; whole
attempts: test_attempts.py; tokens: test_tokens.py."""

import pytest

from harness.client import template
from harness.live import HELD


def create(rig, state="succeeded", timeout=25, retries=1, **settings):
    person = rig.person()
    id = person.create(template(im_simulator=settings), retries=retries, max_providers=1)
    return person, id, rig.finish(id, state, timeout=timeout)


@pytest.mark.parametrize("settings", [
    {"fault": "http_500", "on": "create", "first": 2}, {"fault": "http_503", "on": "state", "first": 3},
    {"fault": "http_502", "on": "outputs,vm,contmsg", "first": 2},
    {"fault": "reset", "on": "state,outputs", "first": 2}, {"fault": "reset_before", "first": 2},
    {"fault": "bad_json", "on": "state,vm", "first": 2}, {"fault": "bad_json", "on": "create", "first": 1},
    {"fault": "iam_outage", "on": "create", "first": 2},
    {"fault": "iam_outage", "on": "state,outputs,info", "first": 3}, {"fault": "read_only", "first": 3},
    {"fault": "hang", "on": "state", "first": 1}, {"fault": "slow", "on": "state", "ms": 400}, {"unknown_ms": 250}])
def test_an_ill_im_is_no_failed_attempt(engine_rig, settings):
    person, id, operation = create(engine_rig, **settings)
    (made,) = engine_rig.infrastructures(person)
    assert made["alive"] and made["id"] == engine_rig.deployment(id)["im_infra_id"]
    assert operation["errors"] == [] and engine_rig.steps(id)[-1]["name"] == "Attempt 1 at cloud-a"


@pytest.mark.parametrize("fault", ["reset_after", "hang_after"])
def test_a_creation_that_was_done_but_not_answered_is_adopted(engine_rig, fault):
    person, id, _ = create(engine_rig, fault=fault, first=1)
    (made,) = engine_rig.infrastructures(person)
    assert made["id"] == engine_rig.deployment(id)["im_infra_id"]
    assert any("was found by its tag" in line for line in engine_rig.log_lines(id))


def test_a_creation_that_was_never_done_is_submitted_again_with_another_tag(engine_rig):
    person, id, _ = create(engine_rig, fault="hang", on="create", first=1)
    (made,) = engine_rig.infrastructures(person)
    assert [step["status"] for step in engine_rig.steps(id)] == ["failed", "succeeded"]
    known = {one["id"]: one for one in engine_rig.known(id)}
    assert known.pop(made["metadata"]["PAAS_ATTEMPT"])["standing"] == "made"
    (never,) = known.values()
    assert never["unwanted_at"] and never["infra_id"] is None


def test_it_says_meanwhile_what_it_waits_for(engine_rig):
    person = engine_rig.person()
    engine_rig.control.fault(fault="http_500", on="state")
    id = person.create()
    engine_rig.wait_for(lambda: engine_rig.operation(id)["description"].startswith("Waits for the Infrastructure "
                                                                                   "Manager"), 10,
                        "the description")
    engine_rig.control.mend()
    engine_rig.finish(id)
    assert engine_rig.operation(id)["description"] == "The deployment is complete."


def test_im_away_for_a_while_is_waited_for(engine_rig):
    people = [engine_rig.person() for _ in range(5)]
    engine_rig.control.fault(fault="http_503")
    ids = [person.create() for person in people]
    for id in ids:
        engine_rig.wait_for(lambda: engine_rig.operation(id)["description"].startswith("Waits for the Infrastructure "
                                                                                       "Manager"), 10,
                            "an operation that waits")
    assert {engine_rig.operation(id)["state"] for id in ids} == {"in progress"}
    engine_rig.control.mend()
    for person, id in zip(people, ids):
        engine_rig.finish(id, timeout=30)
        assert len(engine_rig.infrastructures(person)) == 1


def test_all_machines_failed_tells_the_cloud_s_reason(engine_rig):
    _, _, operation = create(engine_rig, "failed", behaviour="all_vms_failed")
    assert "no machine could be made" in operation["reason"]
    assert "Traceback" not in operation["reason"]


def test_one_failed_machine_fails_the_attempt_and_the_others_are_deleted(engine_rig):
    person, _, operation = create(engine_rig, "failed", behaviour="one_vm_failed")
    assert "no host has room for this VM" in operation["reason"]
    engine_rig.wait_until_gone(person)


def test_a_failed_configuration_fails_the_attempt_and_its_log_is_kept(engine_rig):
    person, id, operation = create(engine_rig, "failed", behaviour="unconfigured")
    assert "unconfigured" in operation["reason"]
    assert engine_rig.sql("SELECT im_logs FROM deployment_logs WHERE deployment_id = %s", (id,))[0][0]
    engine_rig.wait_until_gone(person)


def test_a_secret_in_the_log_of_im_is_sealed_and_stands_in_no_reason(engine_rig):
    person, id, operation = create(engine_rig, "failed", behaviour="unconfigured", says="Error: wrong password: 1234!x")
    assert "Error: wrong password: REDACTED" in operation["reason"]
    [(text, box)] = engine_rig.sql("SELECT im_logs, im_logs_sealed FROM deployment_logs WHERE deployment_id = %s",
                                   (id,))
    assert text.endswith("Error: wrong password: REDACTED") and box
    tables = [row[0] for row in engine_rig.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    for table in tables:
        hits = engine_rig.sql("SELECT count(*) FROM %s t WHERE strpos(t::text, '1234!x') > 0" % table)
        assert hits == [(1 if table == "templates" else 0,)], table  # it is how IM behaves
    engine_rig.wait_until_gone(person)


PUBLIC = """\
tosca_definitions_version: tosca_simple_yaml_1_0
metadata:
  template_name: public
  im_simulator: %s
topology_template:
  node_templates:
    simple_node:
      type: tosca.nodes.indigo.Compute
      capabilities:
        endpoint: { properties: { network_name: PUBLIC } }
        os: { properties: { type: linux } }
  outputs:
    node_ip: { value: { get_attribute: [ simple_node, public_address, 0 ] } }
"""


def test_a_public_address_that_is_there_completes_at_once(engine_rig):
    person = engine_rig.person()
    with engine_rig.instead(public_address_recheck=HELD):
        id = person.create(PUBLIC % "{}")
        engine_rig.finish(id)
    assert engine_rig.deployment(id)["template_outputs"]["node_ip"].startswith("198.")


def test_configured_without_its_public_address_is_waited_for_and_may_fail(engine_rig):
    person = engine_rig.person()
    id = person.create(PUBLIC % "{ outputs_ms: 100000, unconfigured_ms: 350 }", max_providers=1)
    operation = engine_rig.finish(id, "failed")
    assert "unconfigured" in operation["reason"]
    engine_rig.wait_until_gone(person)


def held(rig, content=None, **fields):
    """A creation that IM holds at pending: (deployment, infrastructure)."""
    person = rig.person()
    id = person.create(content or template(im_simulator={"boot_ms": HELD}), max_providers=1, **fields)
    return id, rig.infrastructure(id)


def look(rig, id):
    """Has an engine whose polls are hours apart look now, and waits until it has looked."""
    def rests():
        return rig.sql("""SELECT ended_at IS NOT NULL OR due_at > now() + interval '10 minutes'
            FROM operations LEFT JOIN work USING (id) WHERE deployment_id = %s""", (id,))[0][0]
    rig.wait_for(rests, 10, "an operation at rest")
    rig.change_work(id, "due_at = now()")
    rig.notify()
    rig.wait_for(rests, 10, "the end of a look")
    return rig.operation(id)


def test_a_flicker_of_unconfigured_heals(engine_rig):
    with engine_rig.instead(poll_min=HELD, poll_max=HELD):
        id, infra = held(engine_rig)
        look(engine_rig, id)
        engine_rig.control.force(infra, "unconfigured")
        for _ in range(3):
            operation = look(engine_rig, id)
            assert operation["phase"] == "provisioning" and "that may heal" in operation["description"]
        engine_rig.control.force(infra, "configured")
        engine_rig.wait_for(lambda: look(engine_rig, id)["ended_at"], 10, "the end")
        engine_rig.finish(id)


def test_an_infrastructure_that_vanished_is_a_failed_attempt(engine_rig):
    id, infra = held(engine_rig)
    engine_rig.control.force(infra, "gone")
    operation = engine_rig.finish(id, "failed")
    assert "does not know the infrastructure any more" in operation["reason"]


def test_the_machines_count_and_not_only_the_aggregate(engine_rig):
    """One machine is configured and one stopped: IM calls that configured, or stopped, by their order."""
    content = PUBLIC.replace("outputs:", "unused:").split("  unused:")[0] % ("{ boot_ms: %d }" % HELD)
    content = content.replace("        os:", "        scalable: { properties: { count: 2 } }\n        os:")
    id, infra = held(engine_rig, content, nodes=[("simple_node", True), ("simple_node", True)])
    engine_rig.control.force(infra, "configured", vm_states={"0": "configured", "1": "stopped"})
    operation = engine_rig.finish(id, "failed")
    assert "machine 1 is stopped" in operation["reason"]


def test_postgresql_away_is_waited_for(bare_rig, engine_rig):
    person = engine_rig.person()
    before = len(bare_rig.engines[0].text())
    ids = [person.create(template(im_simulator={"boot_ms": HELD})) for _ in range(5)]
    for id in ids:
        engine_rig.wait_for_phase(id, "provisioning")
    engine_rig.stop_postgres()
    engine_rig.wait_for(lambda: "the database:" in bare_rig.engines[0].text()[before:], 10,
                        "an engine that misses its database")
    engine_rig.control.release()
    engine_rig.start_postgres()
    for id in ids:
        engine_rig.finish(id)
    assert len(engine_rig.infrastructures(person)) == 5
    assert "the database is back" in bare_rig.engines[0].text()[before:]
