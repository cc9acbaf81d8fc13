# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Rows that no daemon can work on: they end as failed, and take nothing down with them."""

import json

import pytest

from harness.live import HELD
from harness.client import template
from left import left, wait_for_warning

TAG = {"attempt": {"number": 1, "name": "Attempt 1 at cloud-a", "provider": "cloud-a", "tag": "a tag", "asked": True}}


def damage(rig, id, phase, progress):
    rig.change_work(id, "phase = %s, memory = %s, due_at = now()", phase, json.dumps(progress))
    rig.notify()


@pytest.mark.parametrize("phase, progress", [
    ("provisioning", {}), ("submitting", {}), ("submitting", {"attempt": {"number": 1}}),
    ("collecting", {"attempt": {"number": 1}}), ("submitting", TAG),
    ("provisioning", {"attempt": {**TAG["attempt"], "endpoint": "http://127.0.0.1:1"}}), ("provisioning", []),
    ("placing", {"candidates": [{}]}), ("placing", {"since": "x"})])
def test_an_operation_whose_record_is_damaged_has_failed(engine_rig, phase, progress):
    alice = engine_rig.person()
    (daemon,) = engine_rig.engines
    pid, id = daemon.process.pid, alice.create(template(im_simulator={"boot_ms": HELD}))
    engine_rig.wait_for_phase(id, "provisioning")
    damage(engine_rig, id, phase, progress)
    operation = engine_rig.finish(id, "failed")
    assert operation["reason"].startswith("The record of the operation is damaged")
    assert operation["errors"] == [{"error": "operation.damaged", "description": operation["reason"]}]
    assert "operation %s: its record is damaged" % operation["id"] in daemon.text()
    infra = engine_rig.deployment(id)["im_infra_id"]
    wait_for_warning(engine_rig, id,
                     left(engine_rig, "Infrastructure " + infra, "cloud-[ab]",
                          "the record of its operation is damaged"))
    engine_rig.control.release()
    alice.delete(id)
    engine_rig.finish(id, type="DELETE")
    assert not engine_rig.infrastructures(alice, alive="true")
    assert (daemon.process.pid, daemon.process.poll()) == (pid, None)


def test_what_the_database_does_not_take_ends_the_operation(engine_rig):
    """A step whose number is none that its table takes, behind an answer that comes."""
    alice = engine_rig.person()
    id = alice.create(template(im_simulator={"boot_ms": HELD}))
    engine_rig.wait_for_phase(id, "provisioning")
    progress = engine_rig.operation(id)["memory"]
    progress["attempt"]["number"] = 10 ** 12
    damage(engine_rig, id, "provisioning", progress)
    engine_rig.control.force(engine_rig.deployment(id)["im_infra_id"], "failed")
    operation = engine_rig.finish(id, "failed")
    assert operation["reason"].startswith("The record of the operation is damaged")
    engine_rig.control.release()
    alice.delete(id)
    engine_rig.finish(id, type="DELETE")
    assert not engine_rig.infrastructures(alice, alive="true")


@pytest.mark.parametrize("what", ["kind = 'CENSUS'", "phase = 'deleting'"])
def test_what_another_version_does_is_left_to_it(engine_rig, what):
    """As on a host of an older version, in the middle of an upgrade."""
    alice = engine_rig.person()
    id = alice.create(template(im_simulator={"boot_ms": HELD}))
    engine_rig.wait_for_phase(id, "provisioning")
    engine_rig.change_work(id, "due_at = now() - interval '1 minute', " + what)
    before = engine_rig.operation(id)
    engine_rig.finish(engine_rig.person().create())
    assert engine_rig.operation(id) == before
    engine_rig.change_work(id, "kind = 'CREATE', phase = 'provisioning', due_at = now()")
    engine_rig.notify()
    engine_rig.control.release()
    engine_rig.finish(id)
