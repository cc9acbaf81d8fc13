# Licensed under the Apache License, Version 2.0; see LICENSE.
"""What must not be waited for for ever: an IM of a former attempt that is away, a token that never comes, timeouts that
have passed."""

import json
import socket

import pytest

from harness.client import template
from harness.live import HELD
from stack import process


@pytest.fixture(scope="module")
def two_ims(bare_rig):
    """The path of a provider file that knows the simulator by two addresses, so that bad-one is at an IM of its own."""
    with open(bare_rig.path("providers.json"), encoding="utf-8") as file:
        value = json.load(file)
    for one in value["providers"]:
        if one["name"] == "bad-one":
            one["im"] = bare_rig.im_url.replace("127.0.0.1", "localhost")
    with socket.socket() as nobody:  # bound, but nobody listens
        nobody.bind(("127.0.0.1", 0))
        value["providers"].append({**value["providers"][0], "name": "dead-one",
                                   "groups": {"at-the-dead-one": "project"},
                                   "im": "http://127.0.0.1:%d" % nobody.getsockname()[1]})
        process.write(bare_rig.path("two-ims.json"), json.dumps(value))
        yield bare_rig.path("two-ims.json")


@pytest.fixture
def rig(bare_rig, two_ims):
    """An impatient daemon of the test's own: the breakers of the one before may still be open."""
    bare_rig.sql("DELETE FROM provider_records")  # with a record of failures, bad-one would come last
    bare_rig.engine(providers=two_ims, delete_repeat=120, im_create_timeout=700)
    yield bare_rig
    bare_rig.finish_work()


def away(rig, on="all"):
    """The IM of bad-one is away."""
    rig.control.fault(fault="http_503", on=on, cloud="bad-one")


def after_a_failed_attempt(rig, **fields):
    """A creation whose first attempt, at bad-one, failed, and whose second, at good-one, succeeds: (person,
    deployment)."""
    person = rig.person(group=rig.pair())
    return person, person.create(retries=1, **fields)


@pytest.mark.parametrize("on", ["delete", "list"])
def test_the_next_provider_does_not_wait_for_the_im_of_a_failed_attempt(rig, on):
    away(rig, on)
    person, id = after_a_failed_attempt(rig)
    rig.finish(id)
    assert [(step["provider"], step["status"]) for step in rig.steps(id)] == [("bad-one", "failed"),
                                                                              ("good-one", "succeeded")]
    if on == "delete":
        rig.wait_for(lambda: any("may be left at IM" in line for line in rig.log_lines(id)), 20,
                     "a word of what is left")
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
        rig.wait_for(lambda: rig.operation(id,
                                           "DELETE")["description"].startswith("Waits for the Infrastructure Manager"),
                     10, "a deletion that says what it waits for")
        rig.control.mend()
        rig.wait_for(lambda: not rig.operation(id, "DELETE")["description"].startswith("Waits for"), 10,
                     "another description")
        rig.finish(id, type="DELETE")
        assert not rig.infrastructures(person, alive="true")


@pytest.mark.parametrize("force", [False, True])
def test_a_token_that_one_im_rejects_keeps_no_deletion_from_another(rig, force):
    """Its clock is wrong, or its list of issuers changed."""
    rig.control.fault(fault="http_403", on="delete", cloud="bad-one")
    person, id = after_a_failed_attempt(rig)
    rig.finish(id)
    assert {one["cloud_id"] for one in rig.infrastructures(person, alive="true")} == {"bad-one", "good-one"}
    rig.control.fault(fault="token_401", cloud="bad-one")
    person.delete(id, force=force)
    rig.wait_for(lambda: {one["cloud_id"] for one in rig.infrastructures(person, alive="true")} == {"bad-one"}, 10,
                 "the end of what can be deleted")
    if force:
        rig.wait_for(lambda: not rig.sql("SELECT FROM deployments WHERE id = %s", (id,)), 15, "the row's end")
    else:
        rig.wait_for(lambda: rig.operation(id, "DELETE")["waits_for_token"], 10, "a deletion that waits for the person")
        rig.control.mend()
        person.bring_token()
        rig.finish(id, type="DELETE")
        assert not rig.infrastructures(person, alive="true")


def test_a_token_that_the_im_of_a_failed_attempt_rejects_does_not_hold_up_the_next(rig):
    rig.control.post("fault", [{"fault": "token_401", "on": "delete", "cloud": "bad-one"}])
    _, id = after_a_failed_attempt(rig)
    rig.finish(id)


def test_what_can_not_be_removed_for_want_of_a_token_holds_no_end_up(rig):
    person = rig.person()
    id = person.create(template(im_simulator={"boot_ms": HELD}))
    rig.wait_for_phase(id, "provisioning")
    person.bring_token(ttl=-10)
    rig.sql("UPDATE operations SET deadline = now() WHERE deployment_id = %s", (id,))
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


def test_an_unanswered_creation_is_looked_for_no_longer_than_the_provider_s_time(rig):
    rig.control.post("fault", [{"fault": "reset_after", "on": "create", "cloud": "bad-one"},
                               {"fault": "http_503", "on": "list", "cloud": "bad-one"}])
    person, id = after_a_failed_attempt(rig, provider_timeout=1)
    rig.wait_for(lambda: rig.operation(id)["description"].startswith("Waits for the Infrastructure Manager"), 10,
                 "a search")
    rig.let_the_time_of_the_provider_pass(id, "submitting")
    rig.finish(id)
    assert [(step["provider"], step["status"]) for step in rig.steps(id)] == [("bad-one", "failed"),
                                                                              ("good-one", "succeeded")]
    assert len(rig.infrastructures(person, alive="true")) == 2
    rig.control.mend()
    person.delete(id)
    rig.finish(id, type="DELETE")
    assert not rig.infrastructures(person, alive="true")


def test_creations_that_are_never_answered_come_to_an_end(rig):
    rig.control.fault(fault="http_502", on="create", cloud="bad-one")
    person, id = after_a_failed_attempt(rig)
    rig.finish(id, timeout=40)
    steps = rig.steps(id)
    assert [step["provider"] for step in steps] == ["bad-one"] * 10 + ["good-one"]
    assert "left 10 creations unanswered" in steps[-2]["message"]
    assert len(rig.infrastructures(person)) == 1


def test_outputs_that_im_never_gives_end_with_the_provider_s_time(rig):
    person = rig.person()
    id = person.create(template(im_simulator={"fault": "http_500", "on": "outputs"}), max_providers=1,
                       provider_timeout=1)
    rig.wait_for_phase(id, "collecting")
    rig.let_the_time_of_the_provider_pass(id, "collecting")
    assert "longer than the 1 minutes" in rig.finish(id, "failed")["reason"]
    rig.wait_until_gone(person)


def test_a_creation_that_im_refused_for_its_token_is_not_searched_for(rig):
    person = rig.person()
    id = person.create(template(im_simulator={"fault": "token_expired", "on": "create", "first": 1}))
    rig.wait_for(lambda: rig.operation(id)["waits_for_token"], 5, "an operation that waits")
    person.bring_token()
    rig.finish(id)
    assert [step["status"] for step in rig.steps(id)] == ["succeeded"]


@pytest.mark.parametrize("reason", ["im", "token"])
def test_a_deletion_that_can_not_be_done_fails_with_its_reason_and_another_one_does_it(rig, reason):
    person = rig.person()
    id = person.create()
    rig.finish(id)
    if reason == "im":
        rig.control.fault(fault="http_503", on="delete")
    else:
        person.bring_token(ttl=-10)
    operation = person.delete(id)
    rig.wait_for(lambda: rig.operation(id, "DELETE")["description"].startswith("Waits for"), 10,
                 "a deletion that waits")
    rig.sql("UPDATE operations SET deadline = now() WHERE id = %s", (operation,))
    operation = rig.finish(id, "failed", "DELETE")
    assert "could not be deleted in time" in operation["reason"]
    assert ("a fresh token of the owner" if reason == "token" else "the Infrastructure Manager") in operation["reason"]
    assert [one["status"] for one in rig.resources(id)] == [6]
    rig.control.mend()
    person.bring_token()
    person.delete(id)
    rig.finish(id, type="DELETE")
    assert not rig.infrastructures(person, alive="true")


def test_the_administrator_is_told_of_an_im_whose_answers_are_of_no_use(rig):
    (daemon,) = rig.engines
    before = len(daemon.text())
    rig.control.fault(fault="http_404", on="create,list")
    id = rig.person().create(max_providers=1)
    endpoint = "endpoint %s: " % rig.im_url.rstrip("/")
    rig.wait_for(lambda: endpoint + "5 answers in a row were of no use; the last: " in daemon.text()[before:], 10,
                 "a word of it")
    rig.control.mend()
    rig.finish(id)
    assert endpoint + "answers as it should again" in daemon.text()[before:]


def test_a_creation_that_is_held_back_is_not_announced_each_time(rig):
    (daemon,) = rig.engines
    before = len(daemon.text())
    person = rig.person(group="at-the-dead-one")
    id = person.create()
    rig.wait_for(lambda: "calls are held back" in daemon.text()[before:], 20, "an open breaker")
    first = rig.operation(id)
    rig.wait_for(lambda: rig.operation(id)["lease_number"] >= first["lease_number"] + 10, 40, "ten looks")
    assert rig.operation(id)["row_version"] - first["row_version"] < 12
    person.delete(id)
    rig.finish(id, type="DELETE")
