# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Deletions, with everything that IM does wrong in them."""

import pytest

from harness.client import template
from harness.live import HELD


def delete(rig, person, id, state="succeeded", **options):
    person.delete(id, **options)
    return rig.finish(id, state, "DELETE")


def test_a_deletion_leaves_nothing_at_im(engine_rig):
    alice = engine_rig.person()
    id = alice.create()
    engine_rig.finish(id)
    delete(engine_rig, alice, id)
    assert not engine_rig.infrastructures(alice, alive="true")
    assert [one["status"] for one in engine_rig.resources(id)] == [4]
    assert engine_rig.deployment(id)["im_infra_id"] is None
    assert [one["standing"] for one in engine_rig.known(id)] == ["gone"]


def test_a_deployment_without_infrastructure_is_deleted_at_once(engine_rig):
    nobody = engine_rig.person(group="served-by-nobody")
    id = nobody.create()
    engine_rig.finish(id, "failed")
    delete(engine_rig, nobody, id)


@pytest.mark.parametrize("behaviour",
                         [{"behaviour": "delete_lost", "lost": 2},
                          {"behaviour": "delete_lost", "lost_as": "configured"},
                          {"behaviour": "back_after_404", "back_ms": 150}, {"behaviour": "delete_409", "busy_ms": 1200},
                          {"refuse": 2}, {"delete_ms": 1500}])
def test_a_deletion_that_goes_wrong_at_im_is_done_all_the_same(engine_rig, behaviour):
    alice = engine_rig.person()
    id = alice.create(template(im_simulator=behaviour))
    engine_rig.finish(id)
    delete(engine_rig, alice, id)
    engine_rig.wait_until_gone(alice)


def test_a_deletion_that_the_cloud_refuses_fails_with_the_cloud_s_reason(engine_rig):
    alice = engine_rig.person("delete_refused")
    id = alice.create()
    engine_rig.finish(id)
    operation = delete(engine_rig, alice, id, "failed")
    assert "can not be deleted" in operation["reason"] and operation["errors"]
    assert [one["status"] for one in engine_rig.resources(id)] == [6]
    assert engine_rig.infrastructures(alice, alive="true")


def test_unsecure_passes_im_s_force_on(engine_rig):
    alice = engine_rig.person("delete_refused")
    id = alice.create()
    engine_rig.finish(id)
    delete(engine_rig, alice, id, unsecure=True)
    assert [one["status"] for one in engine_rig.resources(id)] == [4]
    assert all(one["orphaned"] for one in engine_rig.infrastructures(alice))


def test_force_removes_the_row_even_if_im_refuses(engine_rig):
    alice = engine_rig.person("delete_refused")
    id = alice.create()
    engine_rig.finish(id)
    alice.delete(id, force=True)
    assert engine_rig.wait_for(lambda: not engine_rig.sql("SELECT FROM deployments WHERE id = %s", (id,)), 15,
                               "the row's end")


def test_force_removes_what_im_deletes_too(engine_rig):
    alice = engine_rig.person()
    id = alice.create()
    engine_rig.finish(id)
    alice.delete(id, force=True)
    engine_rig.wait_for(lambda: not engine_rig.sql("SELECT FROM deployments WHERE id = %s", (id,)), 15, "the row's end")
    assert not engine_rig.infrastructures(alice, alive="true")


@pytest.mark.parametrize("phase", ["queued", "submitting", "provisioning", "collecting"])
def test_a_deletion_ends_a_creation_that_is_at_work(engine_rig, phase):
    alice = engine_rig.person()
    settings = {"submitting": {"fault": "slow_create", "ms": HELD}, "provisioning": {"boot_ms": HELD},
                "collecting": {"outputs_ms": HELD}}.get(phase, {})
    with engine_rig.instead(im_create_timeout=HELD, public_address_recheck=HELD) as engine:
        if phase == "queued":
            engine.stop()
        id = alice.create(template(im_simulator=settings))
        if phase != "queued":
            engine_rig.wait_for_phase(id, phase)
        if phase == "submitting":
            engine_rig.wait_for_creation()
        operation = alice.delete(id)
        if phase == "queued":
            engine.start()
        if phase == "submitting":
            engine_rig.control.release()
        engine_rig.finish(id, type="DELETE")
        assert engine_rig.operation(id)["state"] == "canceled"
        assert engine_rig.sql("SELECT state FROM operations WHERE id = %s", (operation,)) == [("succeeded",)]
        engine_rig.wait_for(lambda: not engine_rig.infrastructures(alice, alive="true"), 10, "an empty list")
