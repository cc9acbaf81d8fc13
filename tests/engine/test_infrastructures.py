# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Infrastructures have a life of their own: what nobody wants goes, and stays gone, whatever IM says meanwhile."""

import contextlib
import datetime
import json
import signal

import pytest
import requests

from harness.client import template
from harness.live import HELD
from harness.proxies import Late
from left import left, wait_for_warning
from stack import process

LONG = [300, 600, 1000, 1000, 2000, 4000, 8000, 16000]  # further looks, for as long as a test may take


def complete(rig, person, **settings):
    id = person.create(template(im_simulator=settings), max_providers=1)
    rig.finish(id)
    return id


# ---- an IM that has lost its database: 404 for everything, and an empty list ----


def test_an_im_that_knows_nothing_of_a_person_who_has_others_there_is_not_believed(rig):
    rig.engine()
    alice = rig.person()
    kept, id = complete(rig, alice), complete(rig, alice)
    rig.control.fault(fault="no_database")
    alice.delete(id)
    rig.wait_for(lambda: rig.known(id)[0]["tries"] >= 2, 20, "two looks at an IM that knows nothing")
    assert rig.known(id)[0]["standing"] == "unwanted" and rig.operation(id, "DELETE")["state"] == "in progress"
    rig.control.mend()
    rig.finish(id, type="DELETE")
    rig.wait_for(lambda: not rig.alive(id), 10, "an IM that has deleted it")
    assert len(rig.alive(kept)) == 1


def test_what_an_im_without_its_database_did_not_know_is_deleted_when_it_is_back(rig):
    """The person's only one, so that nothing contradicts IM: the deletion ends, the looks go on."""
    rig.engine(looks=LONG)
    alice = rig.person()
    id = complete(rig, alice)
    rig.control.fault(fault="no_database")
    alice.delete(id)
    rig.finish(id, type="DELETE")
    assert len(rig.alive(id)) == 1
    rig.control.mend()
    rig.wait_until_gone(alice)


def test_a_creation_outlives_an_im_without_its_database(rig):
    rig.engine()
    alice = rig.person()
    id = alice.create(template(im_simulator={"boot_ms": HELD}), max_providers=1)
    rig.wait_for_phase(id, "provisioning")
    rig.control.fault(fault="no_database")
    rig.wait_for(lambda: "does not know it" in rig.operation(id)["description"], 20,
                 "a look at an IM that knows nothing")
    rig.control.mend()
    rig.control.release()
    rig.finish(id)
    assert len(rig.infrastructures(alice)) == 1


@contextlib.contextmanager
def an_im_that_forgot(rig, person):
    """Its database is away, and in its memory is only what the person made since."""
    rig.control.post("database", {"away": True, "forget": True})
    try:
        complete(rig, person)
        yield
    finally:
        rig.control.post("database", {"away": False})


def test_an_im_that_lists_only_what_it_remembers_is_not_believed(rig):
    rig.engine(looks=[300, HELD])
    alice = rig.person()
    kept, id = complete(rig, alice), complete(rig, alice)
    with an_im_that_forgot(rig, alice):
        alice.delete(id)
        rig.wait_for(lambda: "nor others that are wanted" in (rig.known(id)[0]["note"] or ""), 20, "a doubt")
        assert rig.operation(id, "DELETE")["state"] == "in progress"
    rig.sql("UPDATE work SET due_at = now(), is_hurried = true WHERE kind = 'infrastructure'")
    rig.notify()
    rig.finish(id, type="DELETE")
    assert not rig.alive(id) and len(rig.alive(kept)) == 1


def test_a_creation_outlives_an_im_that_lists_only_what_it_remembers(rig):
    rig.engine()
    alice = rig.person()
    complete(rig, alice)
    id = alice.create(template(im_simulator={"boot_ms": HELD}), max_providers=1)
    rig.wait_for_phase(id, "provisioning")
    with an_im_that_forgot(rig, alice):
        rig.wait_for(lambda: rig.sql("SELECT (memory ->> 'misses')::int FROM work JOIN operations USING (id)"
                                     " WHERE deployment_id = %s", (id,)) >= [(3,)], 20, "looks that don't find it")
    rig.control.release()
    rig.finish(id)
    assert len(rig.infrastructures(alice)) == 3


# ---- answers that never came ----


@pytest.mark.parametrize("deleted", [False, True])
def test_a_creation_that_im_carries_out_when_nobody_waits_any_more_is_removed(rig, deleted):
    proxy = Late(rig.ports["simulator"])
    with open(rig.path("providers.json"), encoding="utf-8") as file:
        value = json.load(file)
    value["providers"][0]["im"] = "http://127.0.0.1:%d" % proxy.port
    process.write(rig.path("late.json"), json.dumps(value))
    rig.engine(providers=rig.path("late.json"), looks=LONG)
    alice = rig.person()
    id = alice.create(max_providers=1)
    rig.finish(id)
    (made,) = rig.alive(id)
    if deleted:
        alice.delete(id)
        rig.finish(id, type="DELETE")
        rig.wait_until_gone(alice)
    proxy.go.set()
    assert proxy.delivered.wait(60)
    assert len(rig.infrastructures(alice)) == 2
    rig.wait_for(lambda: [one["id"] for one in rig.alive(id)] == ([] if deleted else [made["id"]]), 20,
                 "only what is wanted")
    proxy.close()


def test_a_creation_whose_document_im_lost_is_found_by_what_im_made_of_it(rig):
    rig.engine()
    alice = rig.person()
    id = alice.create(template(im_simulator={"faults": [{"fault": "reset_after", "on": "create", "first": 1},
                                                        {"fault": "no_document", "on": "tosca"}]}), max_providers=1)
    rig.finish(id)
    assert len(rig.infrastructures(alice)) == 1
    assert any("was found by its tag" in line for line in rig.log_lines(id))


@pytest.mark.parametrize("behaviour", ["http_403", "nameless"])
def test_nothing_is_made_anew_while_im_tells_nothing_of_one_that_may_be_it(rig, behaviour):
    """It answers neither, or it died before the launch was over: then there is no name yet."""
    rig.engine()
    alice = rig.person()
    lost = {"fault": "reset_after", "on": "create", "first": 1}
    if behaviour == "nameless":
        lost.update(behaviour="no_document", nameless=1)
    else:
        rig.control.fault(fault="http_403", on="tosca,radl")
    id = alice.create(template(im_simulator=lost), max_providers=1)
    rig.wait_for(lambda: "tells nothing of" in rig.operation(id)["description"], 20, "an open question")
    [made] = rig.infrastructures(alice)
    rig.control.mend()
    if behaviour == "nameless":  # of that one IM never tells more; somebody has to take it away
        rig.control.post("infrastructures/%s/state" % made["id"], {"state": "gone"})
    rig.finish(id)
    assert len(rig.alive(id)) == 1
    assert (rig.alive(id)[0]["id"] == made["id"]) == (behaviour != "nameless")


def test_what_im_tells_nothing_of_is_looked_for_until_it_does(rig):
    rig.engine()
    alice = rig.person()
    rig.control.post("fault", [{"fault": "lost", "on": "create", "first": 1}, {"fault": "no_document", "on": "tosca"},
                               {"fault": "http_400", "on": "radl"}])
    id = alice.create()
    rig.wait_for(lambda: rig.operation(id)["description"].endswith("which may be it."), 10, "an open question")
    alice.delete(id)
    ended = rig.finish(id, "failed", type="DELETE", timeout=30)
    (made,) = rig.infrastructures(alice)
    assert "with the tag %s can not be deleted" % made["tag"] in ended["reason"]
    rig.control.mend()
    rig.wait_until_gone(alice)


def test_an_answer_that_comes_when_another_has_the_lease_is_noted(rig):
    first = rig.engine(lease=60000, im_create_timeout=HELD)
    alice = rig.person()
    id = alice.create(template(im_simulator={"fault": "slow_create", "ms": HELD, "first": 1}))
    rig.wait_for_creation()
    first.signal(signal.SIGSTOP)
    second = rig.engine(lease=60000, im_create_timeout=1500)
    operation = alice.delete(id)
    rig.wait_for(lambda: rig.operation(id)["state"] == "canceled", 10, "the canceled creation")
    second.stop()
    rig.control.release()
    first.signal(signal.SIGCONT)
    rig.wait_for(lambda: rig.known(id)[0]["infra_id"], 20, "its infrastructure")
    rig.finish(id, type="DELETE")
    rig.wait_until_gone(alice)
    assert rig.sql("SELECT state FROM operations WHERE id = %s", (operation,)) == [("succeeded",)]


def test_the_note_of_a_creation_is_on_disk_whatever_synchronous_commit_says(rig):
    rig.sql("ALTER ROLE orchestrator SET synchronous_commit = off")
    rig.sql("CREATE TABLE settings_seen (value text)")
    rig.sql("""CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO settings_seen VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$""")
    rig.sql("CREATE TRIGGER see AFTER INSERT ON infrastructures FOR EACH ROW EXECUTE FUNCTION see()")
    try:
        rig.engine()
        rig.finish(rig.person().create())
        assert rig.sql("SELECT DISTINCT value FROM settings_seen") == [("on",)]
    finally:
        rig.sql("DROP TRIGGER see ON infrastructures")
        rig.sql("DROP FUNCTION see")
        rig.sql("DROP TABLE settings_seen")
        rig.sql("ALTER ROLE orchestrator RESET synchronous_commit")


# ---- further looks, one deletion at a time ----


def test_an_infrastructure_that_comes_back_late_is_deleted_again(rig):
    rig.engine()
    alice = rig.person()
    id = complete(rig, alice, behaviour="back_after_404", back_ms=2000)
    alice.delete(id)
    rig.finish(id, type="DELETE")
    rig.wait_for(lambda: not rig.known(id), 40, "the end of the last look")
    assert not rig.alive(id)


def moment(call):
    return datetime.datetime.strptime(call["time"], "%Y-%m-%dT%H:%M:%S.%fZ").timestamp() * 1000


def test_an_im_is_asked_for_one_deletion_at_a_time(rig):
    rig.engine(im_timeout=HELD)
    alice = rig.person()
    ids = [complete(rig, alice) for _ in range(6)]
    rig.control.fault(fault="slow", on="delete", ms=150)
    for id in ids:
        alice.delete(id)
    for id in ids:
        rig.finish(id, type="DELETE")
    calls = [call for call in rig.control.get("calls", last=1000)["last"] if call["method"] == "DELETE"][:6]
    ends = sorted(moment(call) for call in calls)
    assert min(later - earlier for earlier, later in zip(ends, ends[1:])) >= 100, ends


# ---- what nobody has to look at ----


@pytest.mark.parametrize("force", [False, True])
def test_what_waits_for_its_turn_is_not_named(rig, force):
    """An IM is asked for one deletion at a time: of many the last ones wait for long."""
    engine = rig.engine(delete_repeat=20000, im_timeout=HELD)
    person = rig.person()
    deleted = [complete(rig, person) for _ in range(4)]
    rig.control.fault(fault="slow", on="delete", ms=HELD)
    for id in deleted:
        person.delete(id, force=force)
    in_hand = "SELECT count(*) FROM work w JOIN infrastructures i USING (id) WHERE user_id = %s AND lease_number > 0"
    rig.wait_for(lambda: rig.sql(in_hand, (person.id,))[0][0] == len(deleted), 20, "all in hand")
    rig.sql("UPDATE infrastructures SET unwanted_at = now() - interval '1 hour' WHERE user_id = %s", (person.id,))
    rig.wait_for(lambda: rig.sql("SELECT FROM work WHERE kind = 'DELETE' AND lease_number > 2"), 20,
                 "a look at what is an hour old")
    rig.control.mend()
    rig.control.release()
    rig.wait_until_gone(person)
    rig.wait_for(lambda: not rig.sql("SELECT FROM work WHERE kind = 'DELETE'"), 20, "the end of all")
    assert "may be left" not in engine.text()


def test_what_came_back_and_is_deleted_again_is_not_named(rig):
    engine = rig.engine(delete_repeat=20000, looks=[1000] * 6)
    person = rig.person()
    id = complete(rig, person)
    infra = rig.known(id)[0]["infra_id"]
    person.delete(id)
    rig.finish(id, type="DELETE")
    rig.sql("UPDATE infrastructures SET unwanted_at = now() - interval '1 day', tried_at = now() - interval '1 day' "
            "WHERE deployment_id = %s", (id,))
    rig.control.post("infrastructures/%s/back" % infra, {"ms": 0})
    rig.wait_for(lambda: "came back after its deletion" in engine.text(), 20, "a look at it")
    rig.wait_for(lambda: not rig.known(id), 20, "its last look")
    rig.wait_until_gone(person)
    assert "may be left" not in engine.text()


def test_a_creation_that_im_refused_when_nobody_wanted_it_any_more_is_not_looked_for(rig):
    engine = rig.engine(im_create_timeout=HELD)
    alice = rig.person()
    faults = [{"fault": "slow_create", "ms": HELD}, {"fault": "bad_template"}]
    id = alice.create(template(im_simulator={"faults": faults}))
    rig.wait_for_creation()
    alice.delete(id)
    rig.wait_for(lambda: rig.known(id)[0]["unwanted_at"], 20, "a deletion that looks for it")
    rig.control.release()
    rig.finish(id, type="DELETE")
    assert not rig.known(id) and "may be left" not in engine.text()


# ---- what nobody knows of ----


def test_what_a_restored_database_does_not_know_is_deleted(rig):
    """As after a backup from before the creation."""
    engine = rig.engine(sweep_interval=300)
    alice, bob = rig.person(), rig.person()
    id, kept = complete(rig, alice), complete(rig, bob)
    (made,) = rig.alive(id)
    rig.sql("DELETE FROM infrastructures WHERE deployment_id = %s", (id,))
    rig.sql("DELETE FROM deployments WHERE id = %s", (id,))
    rig.wait_until_gone(alice)
    assert "infrastructure %s at IM %s carries this service's tags" % (made["id"],
                                                                       rig.im_url.rstrip("/")) in engine.text()
    assert len(rig.alive(kept)) == 1


def test_what_im_made_of_a_creation_that_reached_it_twice_is_deleted(rig):
    """A proxy may have sent it again; both carry the tag."""
    engine = rig.engine(sweep_interval=300)
    alice = rig.person()
    id = complete(rig, alice)
    (made,) = rig.alive(id)
    own = rig.im_url.rstrip("/") + "/infrastructures"
    headers = {"Authorization": 'type = InfrastructureManager; token = "%s"\\nid = %s; type = Dummy'
               % (alice.token, made["cloud_id"]), "Content-Type": "text/yaml"}
    document = requests.get("%s/%s/tosca" % (own, made["id"]), headers=headers, timeout=10).text
    requests.post(own, document, headers=headers, timeout=10).raise_for_status()
    assert len(rig.alive(id)) == 2
    rig.wait_for(lambda: len(rig.alive(id)) == 1, 20, "one of them")
    assert rig.alive(id)[0]["id"] == made["id"] and "carries this service's tags" in engine.text()


def test_what_a_restored_database_does_not_know_is_looked_for_again_when_im_has_lost_its_own(rig):
    """An IM without its database lists nothing, and nothing should be there."""
    engine = rig.engine(sweep_interval=500)
    alice = rig.person()
    id = complete(rig, alice)
    rig.control.post("database", {"away": True, "forget": True})
    rig.sql("DELETE FROM infrastructures WHERE deployment_id = %s", (id,))
    rig.sql("DELETE FROM deployments WHERE id = %s", (id,))
    asked = rig.control.get("calls")["routes"]["list"]
    rig.wait_for(lambda: rig.control.get("calls")["routes"]["list"] > asked, 20, "a look at an IM that lists nothing")
    engine.stop()
    rig.control.post("database", {"away": False})
    engine.start()
    rig.wait_until_gone(alice)


def test_where_nothing_is_and_nothing_should_be_nobody_looks_for_ever(rig):
    rig.engine(sweep_interval=100)
    alice = rig.person()
    id = complete(rig, alice)
    alice.delete(id)
    rig.finish(id, type="DELETE")
    rig.wait_for(lambda: not rig.sql("SELECT FROM sweeps WHERE user_id = %s", (alice.id,)), 20, "the last look")


def test_what_another_service_made_is_left_alone(rig):
    """The same person has it, with tags of another address."""
    other = rig.engine()
    alice = rig.person()
    id = complete(rig, alice)
    other.stop()
    rig.engines.clear()
    rig.sql("DELETE FROM infrastructures WHERE deployment_id = %s", (id,))
    rig.sql("DELETE FROM deployments WHERE id = %s", (id,))
    rig.engine(sweep_interval=100, public_url="https://another.example.org/api/v1")
    rig.sql("UPDATE work SET due_at = now() WHERE kind = 'sweep'")
    rig.notify()
    own = complete(rig, alice)
    looks = "SELECT lease_number FROM work JOIN sweeps USING (id) WHERE user_id = %s"
    before = rig.sql(looks, (alice.id,))[0][0]
    rig.wait_for(lambda: rig.sql(looks, (alice.id,))[0][0] >= before + 3, 20, "three looks")
    assert len(rig.alive(id)) == 1 and len(rig.alive(own)) == 1


def test_what_is_gone_waits_long_for_a_person_who_is_away(rig):
    rig.engine(looks=[300, 300, HELD])
    alice = rig.person()
    id = complete(rig, alice)
    alice.delete(id)
    rig.finish(id, type="DELETE")
    rig.sql("UPDATE credentials SET expires_at = now() - interval '1 minute' WHERE user_id = %s", (alice.id,))
    rig.wait_for(lambda: rig.known(id)[0]["waits_for_token"], 20, "a look without a token")
    assert rig.sql("SELECT FROM work w JOIN infrastructures i USING (id) WHERE deployment_id = %s AND "
                   "due_at > now() + interval '50 minutes'", (id,))


def test_what_im_never_deletes_is_told_once_and_tried_again(rig):
    rig.engine()
    alice = rig.person()
    id = complete(rig, alice, fault="http_400", on="delete")
    infra = rig.known(id)[0]["infra_id"]
    alice.delete(id)
    rig.finish(id, "failed", "DELETE")
    wait_for_warning(rig, id, left(rig, "Infrastructure " + infra, reason="400"))
    rig.control.force(infra, "gone")  # as when somebody deleted it at the cloud
    rig.wait_for(lambda: not rig.known(id) or rig.known(id)[0]["standing"] == "gone", 20, "another look")
