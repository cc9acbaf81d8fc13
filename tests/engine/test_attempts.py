# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Attempts, retries, the next provider, timeouts, and what becomes of failed attempts at IM."""

import json
import re

import pytest

from harness.client import template, unique


def tell(rig, id):
    return [(step["provider"], step["status"]) for step in rig.steps(id)]


def test_every_retry_is_a_step_and_the_reason_sums_them_up(engine_rig):
    alice = engine_rig.person("all_vms_failed")
    id = alice.create(retries=3)
    operation = engine_rig.finish(id, "failed")
    assert tell(engine_rig, id) == [("all_vms_failed", "failed")] * 3
    for number in (1, 2, 3):
        assert "Attempt %d at all_vms_failed:" % number in operation["reason"]
    assert [error["error"] for error in operation["errors"]] == ["attempt.failed"] * 3 + ["deployment.failed"]
    assert [one["status"] for one in engine_rig.resources(id)] == [6]
    assert engine_rig.deployment(id)["im_infra_id"] is None
    assert len(engine_rig.infrastructures(alice)) == 3
    engine_rig.wait_until_gone(alice)


def test_the_next_provider_takes_over(engine_rig):
    alice = engine_rig.person(group=engine_rig.pair())
    id = alice.create(retries=2)
    operation = engine_rig.finish(id)
    assert tell(engine_rig, id) == [("bad-one", "failed"), ("bad-one", "failed"), ("good-one", "succeeded")]
    assert operation["platform_id"] == "good-one"
    engine_rig.wait_until_gone(alice, ["good-one"])
    lines = "\n".join(engine_rig.log_lines(id))
    assert "Provider off-one is left out: it is disabled." in lines
    assert "Provider kube-one is left out: it is of the type kubernetes, the template is for openstack." in lines


def test_of_providers_of_other_groups_only_the_administrator_is_told(engine_rig):
    alice = engine_rig.person(group=engine_rig.pair())
    nobody = engine_rig.person(group=unique("served-by-nobody"))
    ids = [alice.create(), nobody.create()]
    operation = engine_rig.finish(ids[0])
    reason = engine_rig.finish(ids[1], "failed")["reason"]
    assert reason == "No provider can serve this deployment: none serves the group %s." % nobody.group
    told = json.dumps([engine_rig.log_lines(id) for id in ids] + [engine_rig.operation(id) for id in ids])
    assert "off-one" in told and not any(name in told for name in ("cloud-a", "slow_boot", "delete_refused"))
    text = engine_rig.engines[0].text()
    assert re.search("^7 operation %s: the group %s of .* is not served by cloud-a, " % (operation["id"], alice.group),
                     text, re.M)
    assert re.search("^6 operation .*: the group %s of .* is not served by .*off-one" % nobody.group, text, re.M)


def test_max_providers_ends_the_search(engine_rig):
    alice = engine_rig.person(group=engine_rig.pair())
    id = alice.create(max_providers=1)
    engine_rig.finish(id, "failed")
    assert tell(engine_rig, id) == [("bad-one", "failed")]


def test_a_target_provider_is_the_only_candidate(engine_rig):
    alice = engine_rig.person(group=engine_rig.pair())
    id = alice.create(provider="good-one", region="region-2")
    engine_rig.finish(id)
    (step,) = engine_rig.steps(id)
    assert (step["provider"], step["region"]) == ("good-one", "region-2")


def test_the_last_attempt_is_kept_when_asked_for(engine_rig):
    alice = engine_rig.person("unconfigured")
    id = alice.create(retries=2, keep=True)
    engine_rig.finish(id, "failed")
    engine_rig.wait_for(lambda: [one["alive"] for one in engine_rig.infrastructures(alice)] == [False, True], 20,
                        "one that is kept")
    made = engine_rig.infrastructures(alice)
    assert engine_rig.deployment(id)["im_infra_id"] == made[1]["id"]
    alice.delete(id)
    engine_rig.finish(id, type="DELETE")
    assert not engine_rig.infrastructures(alice, alive="true")


def test_a_refused_template_is_not_tried_again_at_the_same_provider(engine_rig):
    alice = engine_rig.person(group=engine_rig.pair())
    id = alice.create(template(im_simulator={"fault": "bad_template"}), retries=3)
    engine_rig.finish(id, "failed")
    assert tell(engine_rig, id) == [("bad-one", "failed"), ("good-one", "failed")]
    assert not engine_rig.infrastructures(alice)


def test_a_reason_that_is_a_sentence_of_im_s_ends_once(engine_rig):
    id = engine_rig.person().create(template(im_simulator={"fault": "conflict", "on": "create"}), max_providers=1)
    operation = engine_rig.finish(id, "failed")
    assert engine_rig.steps(id)[0]["message"].endswith("Invalid State to perform this operation.")
    assert ".." not in json.dumps([operation, engine_rig.log_lines(id)])


def test_the_time_of_the_whole_ends_an_attempt_and_leaves_nothing(engine_rig):
    alice = engine_rig.person("pending_for_ever")
    id = alice.create(retries=3)
    engine_rig.wait_for_phase(id, "provisioning")
    engine_rig.sql("UPDATE operations SET deadline = now() WHERE deployment_id = %s", (id,))
    operation = engine_rig.finish(id, "failed")
    assert "the time of the whole deployment is over" in operation["reason"]
    assert tell(engine_rig, id) == [("pending_for_ever", "failed")]
    engine_rig.wait_until_gone(alice)


def test_the_time_of_a_provider_ends_its_attempts(engine_rig):
    alice = engine_rig.person("pending_for_ever")
    id = alice.create(retries=3, provider_timeout=1)
    engine_rig.wait_for_phase(id, "provisioning")
    engine_rig.let_the_time_of_the_provider_pass(id, "provisioning")
    operation = engine_rig.finish(id, "failed")
    assert "longer than the 1 minutes" in operation["reason"]
    assert tell(engine_rig, id) == [("pending_for_ever", "failed")]
    engine_rig.wait_until_gone(alice)


@pytest.mark.parametrize("behaviour", [{"lost": 1}, {"back": 1, "back_ms": 100}, {"busy_ms": 800}, {"refuse": 1}])
def test_failed_attempts_are_cleaned_whatever_im_does(engine_rig, behaviour):
    alice = engine_rig.person()
    id = alice.create(template(im_simulator={"unconfigured": 1, **behaviour}), retries=1, max_providers=1)
    engine_rig.finish(id, "failed")
    assert len(engine_rig.infrastructures(alice)) == 1
    engine_rig.wait_until_gone(alice)
    engine_rig.wait_for(lambda: not engine_rig.known(id), 20, "the end of the last look")


def test_an_attempt_that_can_not_be_deleted_does_not_hold_up_the_next(engine_rig):
    alice = engine_rig.person()
    id = alice.create(template(im_simulator={"unconfigured": 1, "refuse": 1000}), retries=2, max_providers=1)
    engine_rig.finish(id, "failed", timeout=40)
    made = engine_rig.infrastructures(alice, alive="true")
    assert len(made) == 2
    for one in made:
        engine_rig.wait_for(lambda: any("Infrastructure %s may be left at IM" % one["id"] in line
                                        for line in engine_rig.log_lines(id)), 20,
                            "a word of what IM does not delete")
    alice.delete(id, unsecure=True)
    engine_rig.finish(id, type="DELETE", timeout=40)
    engine_rig.wait_until_gone(alice)


def records(rig, columns):
    return rig.sql("SELECT provider, %s FROM provider_records ORDER BY provider, template_id" % columns)


def test_providers_remember_how_they_did_with_a_template_and_with_all(engine_rig):
    alice = engine_rig.person(group=engine_rig.pair())
    id = alice.create()
    engine_rig.finish(id)
    bad, of_bad, good, of_good = records(engine_rig, "template_id::text, attempts, successes, seconds, last_failure")
    assert [row[0] for row in (bad, of_bad, good, of_good)] == ["bad-one", "bad-one", "good-one", "good-one"]
    assert bad[1] == good[1] == "00000000-0000-0000-0000-000000000000"
    assert [(of_bad[1],), (of_good[1],)] == engine_rig.sql(
        "SELECT template_id::text FROM deployments d, generate_series(1, 2) WHERE d.id = %s", (id,))
    assert bad[2:5] == of_bad[2:5] == (1, 0, 0) and bad[5]
    assert good[2:4] == of_good[2:4] == (1, 1) and 0 < good[4] < 60 and not good[5]


def test_of_what_is_remembered_half_is_forgotten_in_a_week(engine_rig):
    alice = engine_rig.person(group=engine_rig.pair())
    engine_rig.sql("INSERT INTO provider_records VALUES ('good-one', '00000000-0000-0000-0000-000000000000', 4, 2, 80,"
                   " now() - interval '7 days')")
    engine_rig.finish(alice.create())
    attempts, successes, seconds = [row[1:] for row in records(engine_rig, "attempts, successes, seconds")
                                    if row[0] == "good-one"][0]
    assert (round(attempts, 3), round(successes, 3)) == (3, 2)
    assert 40 < seconds < 100


def test_a_provider_that_mostly_fails_comes_last_and_the_log_says_why(engine_rig):
    alice = engine_rig.person(group=engine_rig.pair())
    engine_rig.sql("INSERT INTO provider_records VALUES ('bad-one', '00000000-0000-0000-0000-000000000000', 10, 1, 60,"
                   " now())")
    id = alice.create()
    engine_rig.finish(id)
    assert tell(engine_rig, id) == [("good-one", "succeeded")]
    lines = [line for line in engine_rig.log_lines(id) if line.startswith(("1. ", "2. "))]
    assert len(lines) == 2
    assert lines[0].startswith("1. Provider good-one, region ") and "nothing is known of it yet" in lines[0]
    assert lines[1].startswith("2. Provider bad-one, ") and "10 % of the attempts there succeeded lately" in lines[1]
