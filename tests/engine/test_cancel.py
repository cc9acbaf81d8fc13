# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Operations whose end somebody asks for, at the moments when that is hard."""

import contextlib
import os
import random

import psycopg2
import pytest
from test_update_faults import TEMPLATE, machines, update

from harness import statements
from harness.client import template
from harness.live import HELD


def is_canceled(rig, deployment, type="CREATE"):
    found = rig.finish(deployment, "canceled", type)
    assert found["reason"].startswith("Canceled by ") and found["errors"][0]["error"] == "operation.canceled"
    return found


def is_failed(rig, deployment, status=1):
    found = rig.deployment(deployment)
    assert (found["status"], found["im_infra_id"], found["im_endpoint"]) == (status, None, None)


@contextlib.contextmanager
def unseen(rig, person, deployment, type="CREATE"):
    """Somebody asks for the end, and it is not committed yet."""
    operation = rig.operation(deployment, type)["id"]
    with contextlib.closing(psycopg2.connect(rig.postgres.url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT FROM work WHERE id = %s FOR UPDATE", (operation,))
        yield
        cursor.execute(*statements.together(("operation_cancel", {
            "deployment_id": deployment, "id": operation, "deletion_id": None, "caller": person.id})))
        connection.commit()
    rig.notify()


# ---- in every phase ----

SETTINGS = {"submitting": {"fault": "slow_create", "ms": HELD}, "provisioning": {"boot_ms": HELD},
            "collecting": {"outputs_ms": HELD}}


@pytest.mark.parametrize("phase", ["queued", *SETTINGS])
@pytest.mark.parametrize("keep", [False, True])
def test_a_creation_leaves_nothing_but_what_it_keeps(engine_rig, phase, keep):
    alice = engine_rig.person()
    with engine_rig.instead(im_create_timeout=HELD, public_address_recheck=HELD) as engine:
        if phase == "queued":
            engine.stop()
        id = alice.create(template(im_simulator=SETTINGS.get(phase, {})), keep=keep)
        if phase != "queued":
            engine_rig.wait_for_phase(id, phase)
        if phase == "submitting":
            engine_rig.wait_for_calls(1)
        alice.cancel(id)
        if phase == "submitting":
            engine_rig.control.release()
        is_canceled(engine_rig, id)
        assert [one["status"] for one in engine_rig.resources(id)] == [6]
        if keep and phase != "queued":
            [kept] = engine_rig.alive(id)
            assert engine_rig.deployment(id)["im_infra_id"] == kept["id"]
        else:
            is_failed(engine_rig, id)
            engine_rig.wait_until_gone(alice)
        if phase == "queued":
            engine.start()


# ---- answers that get lost ----

@pytest.mark.parametrize("fault, is_kept", [("hang_after", True), ("reset_after", True), ("reset_before", False)])
def test_what_is_to_be_kept_is_found_first(engine_rig, fault, is_kept):
    alice = engine_rig.person()
    with engine_rig.instead(im_create_timeout=700):
        engine_rig.control.fault(fault=fault, on="create", first=1)
        id = alice.create(template(im_simulator={"boot_ms": HELD}), keep=True)
        engine_rig.wait_for(lambda: engine_rig.control.get("fault")[0]["struck"], 10, "the call")
        alice.cancel(id)
        is_canceled(engine_rig, id)
        found = [one["id"] for one in engine_rig.alive(id)]
        assert found == ([engine_rig.deployment(id)["im_infra_id"]] if is_kept else [])
        assert engine_rig.control.get("calls")["routes"].get("create", 0) >= 1
        engine_rig.control.release()


def test_a_creation_that_waits_for_a_token_waits_no_longer(engine_rig):
    alice = engine_rig.person(ttl=-60, refresh=False)
    id = alice.create()
    engine_rig.wait_for(lambda: engine_rig.operation(id)["waits_for_token"], 15, "one that waits")
    alice.cancel(id)
    assert is_canceled(engine_rig, id)["waits_for_token"] is False
    is_failed(engine_rig, id)


def test_a_creation_at_an_ill_im_waits_no_longer(engine_rig):
    alice = engine_rig.person()
    engine_rig.control.fault(fault="http_503", on="create")
    id = alice.create()
    engine_rig.wait_for(lambda: engine_rig.control.get("fault")[0]["struck"], 10, "the call")
    alice.cancel(id)
    is_canceled(engine_rig, id)
    is_failed(engine_rig, id)


# ---- between two looks at the row ----

def test_an_end_that_was_on_its_way_is_none(engine_rig):
    """The last answer comes while somebody's request is under way: the creation would have succeeded."""
    alice = engine_rig.person()
    with engine_rig.instead(im_timeout=HELD):
        engine_rig.control.fault(fault="slow", on="contmsg", ms=HELD, first=1)
        id = alice.create()
        engine_rig.wait_for(lambda: engine_rig.control.get("fault")[0]["struck"], 20, "the last call")
        with unseen(engine_rig, alice, id):
            engine_rig.control.release()
            engine_rig.wait_for_calls(0)
        is_canceled(engine_rig, id)
        is_failed(engine_rig, id)
        engine_rig.wait_until_gone(alice)


# ---- updates ----

def test_machines_of_an_update_that_im_did_late_are_not_left(engine_rig):
    """The request waits in IM's queue, is canceled, and carried out then."""
    alice = engine_rig.person()
    id = alice.create(TEMPLATE, nodes=[("worker", True)])
    engine_rig.finish(id)
    before = machines(engine_rig, id)
    engine_rig.control.fault(fault="queued", on="update", ms=1500, first=1)
    update(engine_rig, alice, id, workers=2)
    engine_rig.wait_for(lambda: engine_rig.control.get("fault")[0]["struck"], 10, "the call")
    alice.cancel(id, "UPDATE")
    is_canceled(engine_rig, id, "UPDATE")
    engine_rig.wait_for_calls(0)
    found = engine_rig.deployment(id)
    assert found["status"] == 8 and found["status_reason"].startswith("Canceled by ")
    there, known = machines(engine_rig, id), {one["im_vm_idx"] for one in engine_rig.resources(id)
                                             if one["status"] == 8}
    assert there == known and before <= there and len(there) == found["template_inputs"].get("workers", 1)


def test_a_deletion_that_comes_behind_an_update_waits_for_nothing(engine_rig):
    alice = engine_rig.person()
    id = alice.create(TEMPLATE, nodes=[("worker", True)])
    engine_rig.finish(id)
    engine_rig.control.force(engine_rig.infrastructure(id), "running")
    update(engine_rig, alice, id, workers=2)
    engine_rig.wait_for_phase(id, "provisioning", type="UPDATE")
    alice.cancel(id, "UPDATE")
    alice.delete(id)
    engine_rig.finish(id, type="DELETE")
    is_canceled(engine_rig, id, "UPDATE")
    engine_rig.wait_until_gone(alice)


# ---- whenever ----

STORIES = 12
SEED = int(os.environ.get("ORCHESTRATOR_SEED", "0")) or random.randrange(1, 10 ** 6)


def test_whenever_it_is_canceled_im_has_what_the_deployment_says(engine_rig):
    """Creations at random moments, some of a machine that is to be kept, at an IM of which some answers get lost."""
    print("ORCHESTRATOR_SEED=%d" % SEED)
    choose = random.Random(SEED)
    with engine_rig.instead(im_create_timeout=700, im_timeout=700):
        engine_rig.control.fault(fault="lost", on="create", fraction=0.25)
        alice, ids = engine_rig.person(), []
        for _ in range(STORIES):
            ids.append(alice.create(template(im_simulator={"boot_ms": choose.randrange(400)}),
                                    keep=bool(choose.randrange(2))))
            for id in choose.sample(ids, min(len(ids), 2)):
                calls = engine_rig.control.get("calls")["total"] + choose.randrange(4)
                engine_rig.wait_for(lambda id=id, calls=calls: engine_rig.operation(id)["ended_at"] or
                                    engine_rig.control.get("calls")["total"] >= calls, 20, "a moment")
                if engine_rig.operation(id)["state"] in ("pending", "in progress"):
                    alice.cancel(id)
        for id in ids:
            found = engine_rig.wait_for_end(id, timeout=30)
            assert found["state"] in ("canceled", "succeeded"), (found["state"], found["reason"])

        def is_equal():
            return {id: [one["id"] for one in engine_rig.alive(id)] for id in ids} == {
                id: [one for one in [engine_rig.deployment(id)["im_infra_id"]] if one] for id in ids}
        engine_rig.wait_for(is_equal, 30, "what the deployments say")
        for id in ids:
            deployment, operation = engine_rig.deployment(id), engine_rig.operation(id)
            assert deployment["status"] == {"succeeded": 0, "canceled": 1}[operation["state"]]
            assert operation["state"] == "canceled" or deployment["im_infra_id"]
            assert not deployment["im_infra_id"] or deployment["keep_last_attempt"] or deployment["status"] == 0
