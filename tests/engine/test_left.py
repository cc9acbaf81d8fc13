# Licensed under the Apache License, Version 2.0; see LICENSE.
"""What is left at IM is named: by every end of a deletion that leaves something there, in the administrator's log and,
where the row stays, in the operation."""

import re

import pytest

from harness.client import expect, template
from harness.live import HELD
from left import left, lines_about, wait_for_warning

OVERDUE = {"delete_repeat": 60}  # twenty times that is as long as anybody waits for one


def assert_silence(rig, id):
    assert not any("may be left" in line for line in lines_about(rig, id))


def assert_told(rig, id, operation, sentence):
    """The operation names it in its log, as a warning, and among its errors."""
    lines = rig.sql("SELECT message FROM operation_logs WHERE operation_id = %s AND level = 'warning'",
                    (operation["id"],))
    assert any(re.match(sentence, line) for line, in lines), rig.log_lines(id)
    assert any(re.match(sentence, one["description"]) for one in operation["errors"]
               if one["error"] == "infrastructure.left")
    assert not any("is deleted" in line for line in rig.log_lines(id))


def complete(rig, person=None, **settings):
    """A complete deployment: (person, deployment, infrastructure)."""
    person = person or rig.person()
    id = person.create(template(im_simulator=settings), max_providers=1)
    rig.finish(id)
    return person, id, rig.deployment(id)["im_infra_id"]


def wait_until_forgotten(rig, id):
    rig.wait_for(lambda: not rig.sql("SELECT FROM deployments WHERE id = %s", (id,)), 15, "the row's end")


# ---- force: the row goes ----


def absent(rig, person):
    person.bring_token(ttl=-10)


def fault(**settings):
    return lambda rig, person: rig.control.fault(**settings)


@pytest.mark.parametrize("settings, prepare, reason", [
    ({"fault": "http_400", "on": "delete"}, None, "400"),
    ({"refuse": 1000}, None, "the cloud refuses to delete the VM"),
    ({}, fault(fault="http_503", on="delete"), "503"),
    ({}, fault(fault="token_400"), "token"),
    ({}, absent, "no token of the owner could be had")],
    ids=["refused", "refused by the cloud", "ill", "token refused", "no token"])
def test_force_names_what_im_keeps(engine_rig, settings, prepare, reason):
    person, id, infra = complete(engine_rig, engine_rig.person(refresh=prepare is not absent), **settings)
    if prepare:
        prepare(engine_rig, person)
    person.delete(id, force=True)
    wait_until_forgotten(engine_rig, id)
    wait_for_warning(engine_rig, id, left(engine_rig, "Infrastructure " + infra, reason=reason))
    engine_rig.wait_for(lambda: any("its row is removed by force" in line for line in lines_about(engine_rig, id)), 10,
                        "a word of it")


def test_force_names_what_im_deletes_for_ever(engine_rig):
    with engine_rig.instead(**OVERDUE):
        person, id, infra = complete(engine_rig, delete_ms=HELD)
        person.delete(id, force=True)
        wait_until_forgotten(engine_rig, id)
        reason = "its deletion came no further than this: The infrastructure is being deleted"
        wait_for_warning(engine_rig, id, left(engine_rig, "Infrastructure " + infra, reason=reason))


def test_what_a_creation_makes_whose_deployment_is_gone_is_removed_when_the_person_is_back(engine_rig):
    with engine_rig.instead(im_create_timeout=HELD):
        person = engine_rig.person()
        id = person.create(template(im_simulator={"fault": "slow_create", "ms": HELD}))
        engine_rig.wait_for_creation()
        absent(engine_rig, person)
        person.delete(id, force=True)
        wait_until_forgotten(engine_rig, id)
        wait_for_warning(engine_rig, id,
                         left(engine_rig, "An infrastructure with the tag [0-9a-f-]{36}", reason="token"))
        engine_rig.control.release()
        (made,) = engine_rig.wait_for(lambda: engine_rig.infrastructures(person), 10, "an infrastructure")
        engine_rig.wait_for(lambda: [one["infra_id"] for one in engine_rig.known(id)] == [made["id"]], 10,
                            "its answer, noted")
        person.bring_token()
        engine_rig.wait_until_gone(person)


def test_what_only_the_deployment_knows_of_has_its_provider_too(engine_rig):
    person, id, infra = complete(engine_rig, fault="http_400", on="delete")
    engine_rig.sql("DELETE FROM operation_steps s USING operations o WHERE o.id = s.operation_id AND o.deployment_id "
                   "= %s", (id,))
    person.delete(id, force=True)
    wait_until_forgotten(engine_rig, id)
    wait_for_warning(engine_rig, id, left(engine_rig, "Infrastructure " + infra, "cloud-a", "400"))


# ---- unsecure: DELETE_COMPLETE ----


def test_unsecure_names_what_im_refuses_to_delete(engine_rig):
    person, id, infra = complete(engine_rig, fault="http_400", on="delete")
    sentence = left(engine_rig, "Infrastructure " + infra, reason="400")
    person.delete(id, unsecure=True)
    operation = engine_rig.finish(id, type="DELETE")
    wait_for_warning(engine_rig, id, sentence)
    assert_told(engine_rig, id, operation, sentence)
    assert (operation["description"] == "The deployment is deleted, but something may be left at the Infrastructure "
                                        "Manager.")
    assert [one["status"] for one in engine_rig.resources(id)] == [4]
    assert engine_rig.deployment(id)["im_infra_id"] == infra
    engine_rig.control.force(infra, "gone")
    person.delete(id)
    engine_rig.finish(id, type="DELETE")
    assert engine_rig.deployment(id)["im_infra_id"] is None


def test_unsecure_does_not_say_what_it_can_not_know(engine_rig):
    person, id, _ = complete(engine_rig, refuse=1000)
    person.delete(id, unsecure=True)
    operation = engine_rig.finish(id, type="DELETE")
    assert (engine_rig.log_lines(id)[-1] == "The infrastructure was deleted at IM by force; whether its machines are "
                                            "gone is not known.")
    assert engine_rig.deployment(id)["im_infra_id"] is None and not operation["errors"]
    assert_silence(engine_rig, id)


def test_a_deletion_that_leaves_nothing_says_so(engine_rig):
    person, id, _ = complete(engine_rig)
    person.delete(id)
    operation = engine_rig.finish(id, type="DELETE")
    assert engine_rig.log_lines(id)[-1] == "The infrastructure is deleted." and not operation["errors"]
    assert_silence(engine_rig, id)


def test_a_deletion_that_had_nothing_to_delete_says_so(engine_rig):
    person = engine_rig.person(group="served-by-nobody")
    id = person.create()
    engine_rig.finish(id, "failed")
    person.delete(id)
    engine_rig.finish(id, type="DELETE")
    assert engine_rig.log_lines(id)[-1] == "There was no infrastructure to delete."


# ---- a deletion that failed ----


@pytest.mark.parametrize("moment", ["refused", "deadline", "deadline before its turn"])
def test_a_failed_deletion_names_what_is_left(engine_rig, moment):
    person, id, infra = complete(engine_rig, **({"refuse": 1000} if moment == "refused" else {}))
    if moment == "deadline":
        engine_rig.control.fault(fault="http_503", on="delete")
    with engine_rig.instead() as daemon:
        if moment == "deadline before its turn":
            daemon.stop()
        operation = person.delete(id)
        if moment == "deadline":
            engine_rig.wait_for(lambda: engine_rig.operation(id, "DELETE")["description"].startswith("Waits for"), 10,
                                "a deletion that waits")
        if moment != "refused":
            engine_rig.sql("UPDATE operations SET deadline = now() WHERE id = %s", (operation,))
        if moment == "deadline before its turn":
            daemon.start()
        operation = engine_rig.finish(id, "failed", "DELETE")
        sentence = left(engine_rig, "Infrastructure " + infra)
        wait_for_warning(engine_rig, id, sentence)
        assert_told(engine_rig, id, operation, sentence)
        assert operation["errors"][0] == {"error": "deletion.failed", "description": operation["reason"]}
        assert engine_rig.deployment(id)["im_infra_id"] == infra


def test_of_many_only_those_that_are_left_are_named(engine_rig):
    """An attempt that can't be deleted, and the deployment's own infrastructure, which can."""
    person = engine_rig.person(group=engine_rig.pair())
    engine_rig.control.fault(fault="http_400", on="delete", cloud="bad-one")
    id = person.create(retries=1)
    engine_rig.finish(id)
    kept, infra = [one["id"] for one in engine_rig.infrastructures(person)]
    person.delete(id)
    operation = engine_rig.finish(id, "failed", "DELETE")
    wait_for_warning(engine_rig, id, left(engine_rig, "Infrastructure " + kept, "bad-one", "400"))
    assert [one["error"] for one in operation["errors"]] == ["deletion.failed", "infrastructure.left"]
    assert (engine_rig.deployment(id)["im_infra_id"] is None
            and infra not in engine_rig.engines[0].text().rpartition("may be left")[0])


# ---- a creation that gives up on what its attempts left ----


@pytest.mark.parametrize("state", ["failed", "succeeded"])
def test_what_attempts_leave_is_named_though_the_creation_has_ended(engine_rig, state):
    person = engine_rig.person(group=engine_rig.pair())
    engine_rig.control.fault(fault="http_400", on="delete", cloud="bad-one")
    id = person.create(retries=1, max_providers=1 if state == "failed" else 2)
    operation = engine_rig.finish(id, state)
    infra = engine_rig.infrastructures(person)[0]["id"]
    sentence = left(engine_rig, "Infrastructure " + infra, "bad-one", "400")
    wait_for_warning(engine_rig, id, sentence)
    engine_rig.wait_for(lambda: any(re.match(sentence, line) for line in engine_rig.log_lines(id)), 10,
                        "the same in the operation's log")
    assert [one["error"] for one in operation["errors"]] == {
        "failed": ["attempt.failed", "deployment.failed"], "succeeded": []}[state]
    engine_rig.control.mend()
    person.delete(id)
    engine_rig.finish(id, type="DELETE")
    assert not engine_rig.infrastructures(person, alive="true")


def test_what_is_left_for_want_of_a_token_is_named(engine_rig):
    with engine_rig.instead(**OVERDUE):
        person = engine_rig.person()
        id = person.create(template(im_simulator={"boot_ms": HELD}))
        infra = engine_rig.infrastructure(id)
        absent(engine_rig, person)
        engine_rig.sql("UPDATE operations SET deadline = now() WHERE deployment_id = %s", (id,))
        # it may be waiting for a token already, with its next look at what was the deadline
        engine_rig.change_work(id, "due_at = now()")
        engine_rig.finish(id, "failed")
        sentence = left(engine_rig, "Infrastructure " + infra, reason="no token of the owner could be had")
        wait_for_warning(engine_rig, id, sentence)
        engine_rig.wait_for(lambda: any(re.match(sentence, line) for line in engine_rig.log_lines(id)), 10,
                            "the same in the operation's log")


# ---- a creation that was never answered ----


def test_a_creation_that_was_never_found_is_named_by_its_tag(engine_rig):
    person = engine_rig.person()
    id = person.create(template(im_simulator={"fault": "hang", "on": "create", "first": 1}), max_providers=1)
    engine_rig.finish(id)
    tag = engine_rig.known(id)[0]["id"]
    person.delete(id)
    operation = engine_rig.finish(id, type="DELETE")
    sentence = left(engine_rig, "An infrastructure with the tag " + tag, reason="never answered, and it was not found")
    wait_for_warning(engine_rig, id, sentence)
    assert any(re.match(sentence, line) for line in engine_rig.log_lines(id))
    assert not operation["errors"] and engine_rig.deployment(id)["im_infra_id"] is None


def test_what_the_last_look_did_not_find_is_named_when_its_row_goes(engine_rig):
    with engine_rig.instead(looks=[100, 100]):
        person = engine_rig.person()
        id = person.create(template(im_simulator={"fault": "hang", "on": "create", "first": 1}), max_providers=1)
        engine_rig.finish(id)
        engine_rig.wait_for(lambda: len(engine_rig.known(id)) == 1, 10, "the end of the first one's row")
        sentence = left(engine_rig, "An infrastructure with the tag [0-9a-f-]{36}", reason="it was not found")
        assert any(re.match(sentence, line) for line in engine_rig.log_lines(id))


def test_a_creation_that_could_not_be_looked_for_is_named_by_its_tag(engine_rig):
    with engine_rig.instead(**OVERDUE):
        person = engine_rig.person()
        engine_rig.control.post("fault",
                                [{"fault": "reset_after", "on": "create"}, {"fault": "http_503", "on": "list"}])
        id = person.create()
        engine_rig.wait_for(lambda: engine_rig.infrastructures(person), 10, "an infrastructure")
        person.delete(id, force=True)
        wait_until_forgotten(engine_rig, id)
        wait_for_warning(engine_rig, id, left(engine_rig, "An infrastructure with the tag [0-9a-f-]{36}", reason="503"))


# ---- through httpd ----


def test_httpd_s_log_names_what_is_left(stack):
    admin = stack.person(admin=True)
    ids = [admin.deploy(admin.store_template(im_simulator={"fault": "http_400", "on": "delete"})) for _ in range(2)]
    infras = [admin.wait_for_status(id, "CREATE_COMPLETE")["im_infra_id"] for id in ids]
    patterns = [r"\[orchestrator:warn\] .*deployment %s: %s" %
                (id, left(stack, "Infrastructure " + infra, "cloud-.", "400"))
                for id, infra in zip(ids, infras)]
    for pattern in patterns:
        stack.expect_log(pattern, required=True)
    assert admin.delete("/deployments/%s?force=true" % ids[0]).status_code in (202, 204)
    expect(admin.delete("/deployments/%s?unsecure=true" % ids[1]), 202)
    for pattern in patterns:
        stack.wait_for_log(pattern)
    value = admin.wait_for_status(ids[1], "DELETE_COMPLETE")
    operation = expect(admin.get("/deployments/%s/operations/%s" % (ids[1], value["last_operation"])), 200).json()
    assert value["im_infra_id"] == infras[1]
    assert [one["error"] for one in operation["errors"]] == ["infrastructure.left"] and \
        infras[1] in operation["errors"][0]["description"]
    log = expect(admin.get("/deployments/%s/logs" % ids[1]), 200).json()["orchestrator_logs"]
    assert re.search(left(stack, "Infrastructure " + infras[1], "cloud-.", "400"), log) and "is deleted" not in log
    stack.wait_for(lambda: admin.get("/deployments/" + ids[0]).status_code == 404, 10, "the row's end")
