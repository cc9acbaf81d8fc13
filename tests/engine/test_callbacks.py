# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Callbacks: states of deployments are told to the URLs that these name, by whoever is listed, in order, at least once,
and nobody waits for a receiver."""

import contextlib
import json
import re

import psycopg2
import pytest

from harness.receiver import receivers  # noqa: F401
from stack import keys

STATUS = {"CREATE_COMPLETE": 0, "CREATE_FAILED": 1, "CREATE_IN_PROGRESS": 2, "DELETE_COMPLETE": 3, "DELETE_FAILED": 4,
          "DELETE_IN_PROGRESS": 5, "UNKNOWN": 6, "UPDATE_COMPLETE": 7, "UPDATE_FAILED": 8, "UPDATE_IN_PROGRESS": 9}
KEPT = 8


@pytest.fixture(autouse=True)
def _nothing_is_left(rig):
    """Of former tests: what the end of one changes is told of its deployments, too."""
    rig.sql("DELETE FROM callbacks")


def names(rig, url, person=None, host=None):
    """A deployment that nobody works on, and that names a URL."""
    id = (person or rig.person()).create()
    rig.sql("DELETE FROM work w USING operations o WHERE o.id = w.id AND o.deployment_id = %s", (id,))
    name(rig, id, url, host)
    return id


def name(rig, id, url, host=None):
    rig.sql("UPDATE deployments SET callback = %s, callback_host = %s WHERE id = %s",
            (url, host or url.split("/")[2], id))


def becomes(rig, id, *statuses):
    for status in statuses:
        rig.sql("UPDATE deployments SET status = %s WHERE id = %s", (STATUS[status], id))


def waiting(rig, id):
    return [row[0] for row in rig.sql("""SELECT state ->> 'status' FROM callbacks WHERE deployment_id = %s
        ORDER BY number""", (id,))]


def wait_until_told(rig, receiver, id, statuses, timeout=20):
    """Waits until a deployment's states have been told, hurrying what is tried again."""
    def look():
        rig.sql("UPDATE callbacks SET due_at = now() WHERE deployment_id = %s AND lease_owner IS NULL", (id,))
        return receiver.statuses(id) == statuses and not waiting(rig, id)
    try:
        rig.wait_for(look, timeout, "%s" % statuses)
    except Exception as problem:
        raise AssertionError("%s; told: %s, waiting: %s" % (problem, receiver.statuses(id), rig.sql(
            "SELECT tries, due_at - now(), lease_owner FROM callbacks WHERE deployment_id = %s", (id,)))) from problem


@contextlib.contextmanager
def transaction(rig):
    connection = psycopg2.connect(rig.postgres.url)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '5s'")
            yield connection, cursor
    finally:
        connection.close()


def test_a_deployment_is_told_from_its_creation_to_its_end(rig, receivers):
    receiver = receivers()
    person = rig.person()
    id = person.create()
    name(rig, id, receiver.url)
    rig.engine(callees=[receiver.host])
    rig.finish(id)
    rig.wait_for(lambda: receiver.statuses(id)[-1:] == ["CREATE_COMPLETE"], 20, "the end of the creation")
    person.delete(id)
    rig.wait_for(lambda: receiver.statuses(id)[-1:] == ["DELETE_COMPLETE"], 20, "the end of the deletion")
    assert receiver.statuses(id) == ["CREATE_IN_PROGRESS", "CREATE_COMPLETE", "DELETE_IN_PROGRESS", "DELETE_COMPLETE"]
    assert len(receiver.ids(id)) == 4
    first, complete = receiver.came[0][1], receiver.came[1][1]
    assert first["physicalId"] and first["outputs"] == {} and first["cloudProviderName"]
    for told in (first, complete):
        assert {"uuid", "status", "task", "outputs", "updateTime", "creationTime", "links"} <= set(told)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d\+0000", told["updateTime"])
        assert told["createdBy"] == {"issuer": person.issuer, "subject": "local-" + person.name}
        assert told["callback"] == receiver.url and told["links"] == [] and "statusReason" not in told
        assert person.token not in json.dumps(told)
    headers = receiver.came[0][2]
    assert headers["Content-Type"] == "application/json" and "Authorization" not in headers


def test_a_row_that_goes_is_told_as_deleted(rig, receivers):
    receiver = receivers()
    rig.engine(callees=[receiver.host])
    id = names(rig, receiver.url)
    rig.sql("DELETE FROM deployments WHERE id = %s", (id,))
    wait_until_told(rig, receiver, id, ["DELETE_COMPLETE"])


@pytest.mark.parametrize("answer", ["reset", "garbage", "redirect", "endless headers", 500, 503, 404])
def test_what_was_not_taken_is_told_again(rig, receivers, answer):
    """With the same id. Whom a receiver redirects to is not called."""
    receiver, other = receivers(), receivers()
    rig.engine(callees=[receiver.host, other.host])
    receiver.answers = [answer if answer != "redirect" else "redirect " + other.url] * 2
    id = names(rig, receiver.url)
    becomes(rig, id, "CREATE_COMPLETE", "UPDATE_IN_PROGRESS")
    wait_until_told(rig, receiver, id, ["CREATE_COMPLETE", "UPDATE_IN_PROGRESS"])
    ids = receiver.ids(id)
    assert len(ids) == 4 and len(set(ids[:3])) == 1 and ids[3] != ids[0]
    assert not other.came


@pytest.mark.parametrize("answer", ["body 200", "body 201"])
def test_how_much_a_receiver_says_is_nobody_s_concern(rig, receivers, answer):
    receiver = receivers()
    rig.engine(callees=[receiver.host])
    receiver.answers = [answer]
    id = names(rig, receiver.url)
    becomes(rig, id, "CREATE_COMPLETE")
    wait_until_told(rig, receiver, id, ["CREATE_COMPLETE"])
    assert receiver.count(id) == 1


def test_a_receiver_that_is_away_is_told_in_order_when_it_is_back(rig, receivers):
    gone = receivers()
    gone.close()
    rig.engine(callees=[gone.host])
    id = names(rig, gone.url)
    becomes(rig, id, "CREATE_COMPLETE", "UPDATE_IN_PROGRESS", "UPDATE_FAILED")
    rig.wait_for(lambda: rig.sql("SELECT max(tries) FROM callbacks WHERE deployment_id = %s", (id,))[0][0] > 0, 10,
                 "a try")
    back = receivers(gone.port)
    wait_until_told(rig, back, id, ["CREATE_COMPLETE", "UPDATE_IN_PROGRESS", "UPDATE_FAILED"])


def test_a_slow_receiver_holds_up_nobody_else(rig, receivers):
    """Neither another one nor the work on deployments, and it is asked for no more than four answers at once."""
    slow, quick = receivers(), receivers()
    slow.answers = ["hang"] * 100
    rig.engine(callees=[slow.host, quick.host])
    person = rig.person()
    slows = [names(rig, slow.url, person) for _ in range(12)]
    for id in slows:
        becomes(rig, id, "CREATE_COMPLETE", "UPDATE_IN_PROGRESS")
    rig.wait_for(lambda: slow.at_once == 4, 10, "four calls")
    ids = [names(rig, quick.url, person) for _ in range(12)]
    for id in ids:
        becomes(rig, id, "CREATE_COMPLETE", "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE")
    rig.wait_for(lambda: all(quick.statuses(id)[-1:] == ["UPDATE_COMPLETE"] for id in ids), 20, "the quick one's")
    rig.finish(person.create())
    assert slow.most_at_once == 4
    slow.answers = []
    slow.released.set()
    for id in slows:
        wait_until_told(rig, slow, id, ["CREATE_COMPLETE", "UPDATE_IN_PROGRESS"])


def test_what_the_breaker_holds_back_has_no_try(rig, receivers):
    """What is not called did not refuse: each try that counts is one that came."""
    receiver = receivers()
    receiver.answers = [503] * 1000
    rig.engine(callees=[receiver.host])
    person = rig.person()
    for _ in range(12):
        becomes(rig, names(rig, receiver.url, person), "CREATE_COMPLETE")

    def probed():
        rig.sql("UPDATE callbacks SET due_at = now() WHERE lease_owner IS NULL")
        return len(receiver.came) >= 9
    rig.wait_for(probed, 40, "calls after those that opened the breaker")
    assert rig.sql("SELECT sum(tries) FROM callbacks")[0][0] <= len(receiver.came)
    assert "held back until" not in rig.engines[0].text()


def test_there_is_an_end_to_what_is_under_way_to_all_hosts(rig, receivers):
    """However many hosts there are; and what waits for them waits for the others' answers."""
    receiver = receivers()
    receiver.answers = ["hang"] * 1000
    hosts = ["host-%d.localhost:%d" % (number, receiver.port) for number in range(40)]
    rig.sql("""INSERT INTO callbacks (deployment_id, url, host, state)
        SELECT gen_random_uuid(), 'http://' || host || '/callback', host, jsonb_build_object('id', gen_random_uuid(),
            'status', 0, 'template_outputs', '{}'::jsonb) FROM unnest(%s) host, generate_series(1, 4)""", (hosts,))
    rig.engine(callees=hosts)
    rig.wait_for(lambda: rig.sql("SELECT count(*) FROM callbacks WHERE lease_owner IS NOT NULL")[0][0] >= 100, 20,
                 "many that are in hand")
    assert rig.sql("SELECT count(*) FROM callbacks WHERE lease_owner IS NOT NULL")[0][0] <= 128
    receiver.answers = []
    receiver.released.set()


def test_two_daemons_tell_each_state_once(rig, receivers):
    receiver = receivers()
    for _ in range(2):
        rig.engine(callees=[receiver.host])
    person = rig.person()
    ids = [names(rig, receiver.url, person) for _ in range(20)]
    wanted = ["CREATE_COMPLETE", "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"]
    for status in wanted:
        for id in ids:
            becomes(rig, id, status)
    for id in ids:
        wait_until_told(rig, receiver, id, wanted)
        assert receiver.count(id) == 3


def test_a_daemon_that_is_killed_leaves_nothing_untold(rig, receivers):
    receiver = receivers()
    receiver.answers = ["hang"]
    engine = rig.engine(callees=[receiver.host])
    id = names(rig, receiver.url)
    becomes(rig, id, "CREATE_COMPLETE", "UPDATE_IN_PROGRESS")
    rig.wait_for(lambda: receiver.at_once == 1, 10, "a call")
    engine.kill()
    engine.start()  # takes over what its former process had in hand
    rig.wait_for(lambda: receiver.statuses(id) == ["CREATE_COMPLETE", "UPDATE_IN_PROGRESS"], 20, "both")
    ids = receiver.ids(id)
    assert len(ids) == 3 and ids[0] == ids[1] != ids[2]


def is_told_in_order(receiver, id, wanted):
    """Each state, the later ones after the earlier ones, and what came twice with the id that it had."""
    came = [object["status"] for object in receiver.objects(id)]
    assert came == sorted(came, key=wanted.index) and set(came) == set(wanted), came
    assert len(set(receiver.ids(id))) == len(wanted)


def test_of_two_daemons_one_is_killed(rig, receivers):
    """What it had in hand the other one tells, and everything else in its order."""
    receiver = receivers()
    receiver.answers = ["hang"] * 8
    engines = [rig.engine(callees=[receiver.host], lease=500) for _ in range(2)]
    person, wanted = rig.person(), ["CREATE_COMPLETE", "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"]
    ids = [names(rig, receiver.url, person) for _ in range(20)]
    for id in ids:
        becomes(rig, id, *wanted)
    rig.wait_for(lambda: receiver.at_once == 8, 20, "calls of both")
    engines[0].kill()
    receiver.answers = []
    receiver.released.set()
    for id in ids:
        wait_until_told(rig, receiver, id, wanted, 40)
        is_told_in_order(receiver, id, wanted)


def test_a_database_that_goes_and_comes_back_loses_nothing(rig, receivers):
    """It goes while calls are under way, whose answers come when there is nobody to tell."""
    receiver = receivers()
    receiver.answers = ["hang"] * 8
    for _ in range(2):
        rig.engine(callees=[receiver.host])
    person, wanted = rig.person(), ["CREATE_COMPLETE", "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"]
    ids = [names(rig, receiver.url, person) for _ in range(20)]
    for id in ids:
        becomes(rig, id, *wanted)
    rig.wait_for(lambda: receiver.at_once == 8, 20, "calls of both")
    rig.stop_postgres()
    receiver.answers = []
    receiver.released.set()
    rig.wait_for(lambda: receiver.at_once == 0, 10, "their answers")
    rig.start_postgres()
    for id in ids:
        wait_until_told(rig, receiver, id, wanted, 40)
        is_told_in_order(receiver, id, wanted)
        assert receiver.count(id) == 3


def test_what_was_taken_is_stored_on_another_connection(rig, receivers):
    """The one that it was claimed on breaks meanwhile."""
    receiver = receivers()
    receiver.answers = ["hang"]
    rig.engine(callees=[receiver.host])
    id = names(rig, receiver.url)
    becomes(rig, id, "CREATE_COMPLETE")
    rig.wait_for(lambda: receiver.at_once == 1, 10, "a call")
    rig.sql("""SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()""")
    receiver.released.set()
    rig.wait_for(lambda: not waiting(rig, id), 20, "nothing that waits")
    assert receiver.count(id) == 1


def test_who_is_given_up_waits_for_a_locked_deployment_alone(rig, receivers):
    """The line of its log needs the deployment; the others' states are stored meanwhile."""
    receiver = receivers()
    receiver.answers = [500]
    id, other = names(rig, receiver.url), names(rig, receiver.url)
    becomes(rig, id, "CREATE_COMPLETE")
    rig.sql("UPDATE callbacks SET created_at = now() - interval '6 hours 30 minutes' WHERE deployment_id = %s", (id,))
    with transaction(rig) as (_, cursor):
        cursor.execute("SELECT FROM deployments WHERE id = %s FOR UPDATE", (id,))
        rig.engine(callees=[receiver.host])
        rig.wait_for(lambda: receiver.count(id) == 1, 10, "the try")
        becomes(rig, other, "CREATE_COMPLETE", "UPDATE_IN_PROGRESS")
        wait_until_told(rig, receiver, other, ["CREATE_COMPLETE", "UPDATE_IN_PROGRESS"])
        assert waiting(rig, id)
    rig.wait_for(lambda: not waiting(rig, id), 20, "the end")
    assert receiver.count(id) == 1


def test_a_daemon_that_ends_hands_back_what_it_has_in_hand(rig, receivers):
    receiver = receivers()
    receiver.answers = ["hang"]
    engine = rig.engine(callees=[receiver.host])
    id = names(rig, receiver.url)
    becomes(rig, id, "CREATE_COMPLETE")
    rig.wait_for(lambda: receiver.at_once == 1, 10, "a call")
    engine.stop()
    assert rig.sql("SELECT lease_owner, due_at <= now() FROM callbacks WHERE deployment_id = %s", (id,)) == [
        (None, True)]


@pytest.mark.parametrize("callees", [["dashboard.example.org"], ["*.localhost"]])
def test_who_may_not_be_called_is_not(rig, receivers, callees):
    """A host that is listed no more; a private address of a name that only its domain is listed of."""
    receiver = receivers()
    host = "a.localhost:%d" % receiver.port
    rig.engine(callees=["%s:%d" % (one, receiver.port) for one in callees])
    id = names(rig, "http://%s/callback" % host)
    becomes(rig, id, "CREATE_COMPLETE")
    rig.wait_for(lambda: rig.sql("SELECT max(tries) FROM callbacks WHERE deployment_id = %s", (id,))[0][0] > 1, 20,
                 "two tries")
    assert not receiver.came
    assert ("no address that may be called" if callees == ["*.localhost"] else "not among the hosts") in \
        rig.engines[0].text()


def test_a_private_address_of_a_host_that_is_named_is_called(rig, receivers):
    receiver = receivers()
    host = "localhost:%d" % receiver.port
    rig.engine(callees=[host])
    id = names(rig, "http://LOCALHOST:%d/callback?of=me" % receiver.port, host=host)
    becomes(rig, id, "CREATE_COMPLETE")
    wait_until_told(rig, receiver, id, ["CREATE_COMPLETE"])


def test_secrets_among_the_outputs_go_over_https_only(rig, receivers, tmp_path):
    """And only while the deployment has the outputs that are told."""
    certificate = (str(tmp_path / "certificate.pem"), str(tmp_path / "key.pem"))
    keys.self_signed(*certificate)
    open_one, tls = receivers(), receivers(certificate=certificate)
    rig.engine(callees=[open_one.host, tls.host], ca=certificate[0])
    person = rig.person()
    whole, shown = {"url": "https://x", "password": "quite secret"}, {"url": "https://x", "password": "REDACTED"}
    for receiver, outputs in ((open_one, shown), (tls, whole)):
        id = names(rig, receiver.url, person)
        rig.sql("UPDATE deployments SET status = 0, template_outputs = %s, template_outputs_sealed = %s WHERE id = %s",
                (json.dumps(shown), rig.seal("deployments.template_outputs_sealed", id, json.dumps(whole)), id))
        wait_until_told(rig, receiver, id, ["CREATE_COMPLETE"])
        rig.sql("DELETE FROM deployments WHERE id = %s", (id,))
        wait_until_told(rig, receiver, id, ["CREATE_COMPLETE", "DELETE_COMPLETE"])
        assert [object["outputs"] for _, object, _ in receiver.came] == [outputs, shown]


def test_a_receiver_whose_certificate_is_not_trusted_is_told_nothing(rig, receivers, tmp_path):
    certificate = (str(tmp_path / "certificate.pem"), str(tmp_path / "key.pem"))
    keys.self_signed(*certificate)
    receiver = receivers(certificate=certificate)
    rig.engine(callees=[receiver.host])
    id = names(rig, receiver.url)
    becomes(rig, id, "CREATE_COMPLETE")
    rig.wait_for(lambda: rig.sql("SELECT max(tries) FROM callbacks WHERE deployment_id = %s", (id,))[0][0] > 0, 20,
                 "a try")
    assert not receiver.came


def test_a_receiver_whose_certificate_has_another_name_is_told_nothing(rig, receivers, tmp_path):
    """Though it is one that is trusted."""
    certificate = (str(tmp_path / "certificate.pem"), str(tmp_path / "key.pem"))
    keys.self_signed(*certificate)
    receiver = receivers(certificate=certificate)
    host = "another.localhost:%d" % receiver.port
    rig.engine(callees=[host], ca=certificate[0])
    id = names(rig, "https://%s/callback" % host)
    becomes(rig, id, "CREATE_COMPLETE")
    rig.wait_for(lambda: rig.sql("SELECT max(tries) FROM callbacks WHERE deployment_id = %s", (id,))[0][0] > 0, 20,
                 "a try")
    assert not receiver.came


def test_the_queue_of_a_host_has_an_end(rig):
    """What is beyond it goes, the oldest first, and what nobody calls any more."""
    rig.sql("""INSERT INTO callbacks (deployment_id, url, host, state, created_at)
        SELECT gen_random_uuid(), 'x', CASE WHEN i % 2 = 0 THEN 'full' ELSE 'old' END, '{}',
            now() - CASE WHEN i % 2 = 0 OR i > 40000 THEN interval '1 h' ELSE interval '8 h' END
        FROM generate_series(20001, 40010) i""")
    rig.engine()

    def left():
        return rig.sql("""SELECT host, count(*) FROM callbacks WHERE host IN ('full', 'old')
            GROUP BY host ORDER BY host""")
    rig.wait_for(lambda: left() == [("full", 10000), ("old", 5)], 30, "the rest")
    assert rig.sql("SELECT max(number) - min(number) FROM callbacks WHERE host = 'full'")[0][0] == 19998


def test_of_a_deployment_that_is_not_told_the_last_states_are_kept(rig):
    id = names(rig, "http://nowhere.example.org/x", host="nowhere.example.org:80")
    changes = ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"] * 10
    becomes(rig, id, *changes)
    assert waiting(rig, id) == [str(STATUS[word]) for word in changes[-KEPT:]]


def test_what_nobody_took_for_hours_is_given_up(rig, receivers):
    """The deployment's log says so, and the next state is told."""
    receiver = receivers()
    receiver.answers = [500]
    id = names(rig, receiver.url)
    becomes(rig, id, "CREATE_COMPLETE")
    rig.sql("UPDATE callbacks SET created_at = now() - interval '6 hours 30 minutes' WHERE deployment_id = %s", (id,))
    becomes(rig, id, "UPDATE_IN_PROGRESS")
    rig.engine(callees=[receiver.host])
    rig.wait_for(lambda: receiver.statuses(id) == ["CREATE_COMPLETE", "UPDATE_IN_PROGRESS"], 20, "the next one")
    assert receiver.count(id) == 2
    assert rig.log_lines(id)[-1] == ("The callback at %s did not take the status CREATE_COMPLETE within 6 hours: "
                                     "It answered with the status 500." % receiver.host)


def test_what_could_not_be_tried_for_hours_is_told_as_given_up(rig):
    """Of a host that so much waits for that its turn did not come, or that is called no more."""
    id = names(rig, "http://nowhere.example.org/x", host="nowhere.example.org:80")
    becomes(rig, id, "CREATE_COMPLETE")
    rig.sql("UPDATE callbacks SET created_at = now() - interval '8 hours' WHERE deployment_id = %s", (id,))
    rig.engine()
    rig.wait_for(lambda: not waiting(rig, id), 20, "the end")
    assert rig.log_lines(id)[-1:] == ["The callback at nowhere.example.org:80 was not told the status CREATE_COMPLETE: "
                                      "it could not be called within 7 hours."]


def test_what_is_told_is_what_a_transaction_left(rig):
    id = names(rig, "http://nowhere.example.org/x", host="nowhere.example.org:80")
    with transaction(rig) as (connection, cursor):
        cursor.execute("UPDATE deployments SET status = 0 WHERE id = %s", (id,))
        cursor.execute("UPDATE deployments SET status = 9 WHERE id = %s", (id,))
        cursor.execute("UPDATE deployments SET template_outputs = '{\"a\": 1}' WHERE id = %s", (id,))
        connection.commit()
        assert rig.sql("SELECT state ->> 'status', state -> 'template_outputs' FROM callbacks WHERE deployment_id = %s",
                       (id,)) == [("9", {"a": 1})]
        cursor.execute("UPDATE deployments SET status = 7 WHERE id = %s", (id,))
        connection.rollback()
        assert waiting(rig, id) == ["9"]


def test_who_is_an_owner_no_more_is_told_no_more(rig):
    """Of what they named; another owner's goes on, as does the end of a deployment that goes with its owners."""
    person, other = rig.person(), rig.person()
    ids = [names(rig, "http://nowhere.example.org/x", person, host="nowhere.example.org:80") for _ in range(3)]
    for id, by in zip(ids, (other, person, other)):
        rig.sql("INSERT INTO deployment_owners (deployment_id, user_id) VALUES (%s, %s)", (id, other.id))
        rig.sql("UPDATE deployments SET callback_by = %s WHERE id = %s", (by.id, id))
        becomes(rig, id, "CREATE_COMPLETE")
    for id in ids[:2]:
        rig.sql("DELETE FROM deployment_owners WHERE deployment_id = %s AND user_id = %s", (id, other.id))
        becomes(rig, id, "UPDATE_IN_PROGRESS")
    rig.sql("DELETE FROM deployments WHERE id = %s", (ids[2],))
    assert [waiting(rig, id) for id in ids] == [[], ["0", "9"], ["0", "3"]]
    assert rig.deployment(ids[0])["callback"] is None


def test_who_has_a_callback_in_hand_keeps_no_status_from_changing(rig):
    id = names(rig, "http://nowhere.example.org/x", host="nowhere.example.org:80")
    becomes(rig, id, *["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"] * 4)
    with transaction(rig) as (_, cursor), transaction(rig) as (other, writer):
        cursor.execute("SELECT FROM callbacks WHERE deployment_id = %s FOR UPDATE", (id,))
        writer.execute("UPDATE deployments SET status = 9 WHERE id = %s", (id,))
        other.commit()
    assert len(waiting(rig, id)) == KEPT + 1
