# Licensed under the Apache License, Version 2.0; see LICENSE.
"""What must not be waited for for ever: an IM of a former attempt that is away, a token that never comes, timeouts that have passed."""

import json

import pytest

from harness.client import template
from stack import process


@pytest.fixture(scope="module")
def two_ims(bare_rig):
    """A daemon that knows the simulator by two addresses, so that its provider bad-one is at an IM of its own; impatient."""
    with open(bare_rig.path("providers.json"), encoding="utf-8") as file:
        value = json.load(file)
    for one in value["providers"]:
        if one["name"] == "bad-one":
            one["im"] = bare_rig.im_url.replace("127.0.0.1", "localhost")
    process.write(bare_rig.path("two-ims.json"), json.dumps(value))
    bare_rig.engine(providers=bare_rig.path("two-ims.json"), delete_repeat=120)
    yield bare_rig
    bare_rig.stop_engines()


@pytest.fixture
def rig(two_ims):
    yield two_ims
    two_ims.control.mend()


def away(rig, on="all"):
    """The IM of bad-one is away."""
    rig.control.fault(fault="http_503", on=on, cloud="bad-one")


def after_a_failed_attempt(rig, **fields):
    """A creation whose first attempt, at bad-one, failed, and whose second, at good-one, succeeds: (person, deployment)."""
    person = rig.person(group=rig.pair())
    return person, person.create(retries=1, **fields)


@pytest.mark.parametrize("on", ["delete", "list"])
def test_the_next_provider_does_not_wait_for_the_im_of_a_failed_attempt(rig, on):
    away(rig, on)
    person, id = after_a_failed_attempt(rig)
    rig.finish(id)
    assert [(step["provider"], step["status"]) for step in rig.steps(id)] == [("bad-one", "failed"), ("good-one", "succeeded")]
    assert any("is not deleted yet" in line for line in rig.log_lines(id))
    rig.control.mend()
    person.delete(id)
    rig.finish(id, type="DELETE")
    assert not rig.infrastructures(person, alive="true")


@pytest.mark.parametrize("force", [False, True])
def test_a_deletion_at_one_im_does_not_wait_for_another(rig, force):
    away(rig, "delete")
    person, id = after_a_failed_attempt(rig)
    rig.finish(id)
    away(rig)
    person.delete(id, force=force)
    rig.wait_for(lambda: {one["cloud_id"] for one in rig.infrastructures(person, alive="true")} == {"bad-one"}, 10,
                 "the end of what can be deleted")
    if force:
        rig.wait_for(lambda: not rig.sql("SELECT FROM deployments WHERE id = %s", (id,)), 15, "the row's end")
    else:
        assert rig.operation(id, "DELETE")["description"].startswith("Waits for the Infrastructure Manager")
        rig.control.mend()
        rig.finish(id, type="DELETE")
        assert not rig.infrastructures(person, alive="true")


def test_cleaning_without_a_token_ends_after_the_deadline(rig):
    person = rig.person()
    id = person.create(template(im_simulator={"boot_ms": 60000}), deadline=1.0)
    rig.wait_for_phase(id, "provisioning")
    person.bring_token(ttl=-10)
    operation = rig.finish(id, "failed")
    assert "time of the whole" in operation["reason"]
    assert len(rig.infrastructures(person, alive="true")) == 1
    person.bring_token()
    person.delete(id)
    rig.finish(id, type="DELETE")
    assert not rig.infrastructures(person, alive="true")


def test_force_ends_when_im_rejects_every_token(rig):
    person = rig.person(refresh=True)
    id = person.create()
    rig.finish(id)
    rig.control.fault(fault="token_400")
    person.delete(id, force=True)
    rig.wait_for(lambda: not rig.sql("SELECT FROM deployments WHERE id = %s", (id,)), 15, "the row's end")
