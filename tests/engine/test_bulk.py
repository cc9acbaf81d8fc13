# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Orchestrations: never more at work than there are workers, nothing done twice and nothing forgotten, whoever dies."""

import datetime
import json
import random
import uuid

import pytest

from harness.client import template

MANY = 10000
FINAL = ("succeeded", "failed", "canceled")


def orchestrate(rig, person, type="DELETE", include=({"target": "all"},), workers=1, is_dry_run=False, windows=False,
                chosen=None, **parameters):
    """One, as POST /orchestrations leaves it; its id."""
    made = str(uuid.uuid4())
    rig.sql("""WITH o AS (INSERT INTO orchestrations (id, type, description, parameters, is_admin, is_dry_run,
            keeps_windows, workers, begins_at, created_by)
            VALUES (%s, %s, 'Waits for its turn.', %s, false, %s, %s, %s, now(), %s) RETURNING id)
        INSERT INTO work (id, kind, is_begun, is_resting) SELECT id, 'orchestration', true, true FROM o""",
            (made, type, json.dumps({"targets": chosen or {"include": list(include)}, **parameters}), is_dry_run,
             windows, workers, person.id))
    rig.notify()
    return made


def one(rig, id_):
    return rig.sql("SELECT to_jsonb(o) FROM orchestrations o WHERE id = %s", (id_,))[0][0]


def targets(rig, id_):
    return [row[0] for row in rig.sql("SELECT to_jsonb(t) FROM orchestration_targets t WHERE orchestration_id = %s"
                                      " ORDER BY number", (id_,))]


def end(rig, id_, state="succeeded", timeout=60, meanwhile=lambda: None):
    def look():
        meanwhile()
        return one(rig, id_)["state"] in FINAL
    rig.wait_for(look, timeout, "the end of an orchestration")
    found = one(rig, id_)
    assert found["state"] == state, (found, targets(rig, id_)[:20])
    rig.wait_for(lambda: rig.sql("SELECT count(*) FROM work WHERE id = %s", (id_,)) == [(0,)], 10, "no work left")
    return found


def rows(rig, person, number):
    """So many deployments that are complete, without anything at IM."""
    rig.sql("""
        WITH t AS (INSERT INTO templates (id, content, checksum, name, target_provider_type,
                tosca_definition_version, created_by, updated_by)
            VALUES (gen_random_uuid(), %(text)s, gen_random_uuid()::text, 'many', 'openstack', 'tosca_simple_yaml_1_0',
                %(person)s, %(person)s) RETURNING id),
        n AS MATERIALIZED (SELECT gen_random_uuid() AS id, gen_random_uuid() AS operation, t.id AS template,
            now() + n * interval '1 microsecond' AS at FROM generate_series(1, %(number)s) n CROSS JOIN t),
        d AS (INSERT INTO deployments (id, created_at, template_id, template_inputs, user_group, user_group_issuer,
                per_provider_max_retries, tot_timeout_mins, per_provider_timeout_mins, keep_last_attempt,
                last_operation_id, created_by, updated_by)
            SELECT id, at, template, '{}', %(group)s, %(issuer)s, 1, 60, 60, false, operation, %(person)s, %(person)s
            FROM n),
        w AS (INSERT INTO deployment_owners (deployment_id, user_id, deployment_created_at)
            SELECT id, %(person)s, at FROM n)
        INSERT INTO operations (id, deployment_id, type, state, phase, ended_at, user_group, user_group_issuer,
            created_by)
        SELECT operation, id, 'CREATE', 'succeeded', 'ended', now(), %(group)s, %(issuer)s, %(person)s FROM n""",
            {"text": template(), "person": person.id, "group": person.group, "issuer": person.issuer,
             "number": number})
    rig.sql("ANALYZE deployments, operations, deployment_owners")


def complete(rig, person, number, **behaviour):
    """So many that are at IM."""
    made = [person.create(content=template(im_simulator=behaviour)) for _ in range(number)]
    for deployment in made:
        rig.finish(deployment, timeout=60)
    return made


def most_at_once(rig, id_):
    """How many of its operations were at work at the same time: from when they were asked for to their end."""
    return rig.sql("""
        WITH o AS (SELECT created_at, ended_at FROM operations WHERE orchestration_id = %s)
        SELECT max((SELECT count(*) FROM o x WHERE x.created_at <= o.created_at AND x.ended_at > o.created_at)) FROM o
        """, (id_,))[0][0]


def stops(rig, deployments):
    """How often IM stopped a machine of each."""
    ledger = {entry["metadata"].get("PAAS_DEP_UUID"): entry["power"]["stop"] for entry in rig.control.ledger()}
    return [ledger[deployment] for deployment in deployments]


def test_workers_are_a_limit_of_all_daemons_together(rig):
    first, _ = rig.engine(), rig.engine()
    person = rig.person()
    made = complete(rig, person, 12)
    id_ = orchestrate(rig, person, "STOP", workers=3)
    end(rig, id_)
    assert most_at_once(rig, id_) == 3
    assert stops(rig, made) == [1] * 12
    assert first.process.poll() is None


@pytest.mark.parametrize("seed", [1, 2])
def test_daemons_that_die_all_the_time_change_nothing(rig, seed):
    """The outcome and IM's ledger are those of a quiet day."""
    luck = random.Random(seed)
    engines = [rig.engine(lease=1000) for _ in range(2)]
    person = rig.person()
    made = complete(rig, person, 10)
    id_ = orchestrate(rig, person, "STOP", workers=4)
    killed = []

    def kill():
        if len(killed) >= 12:
            return
        begun = sum(target["is_begun"] for target in targets(rig, id_))
        if killed and begun < min(luck.randint(0, 2) + killed[-1], 10):
            return
        engine = luck.choice(engines)
        engine.kill()
        killed.append(begun)
        engine.start()
    end(rig, id_, timeout=90, meanwhile=kill)
    assert len(killed) > 3
    assert most_at_once(rig, id_) <= 4
    assert stops(rig, made) == [1] * 10
    assert sorted(target["deployment_id"] for target in targets(rig, id_)) == sorted(made)
    assert rig.sql("SELECT count(*) FROM operations WHERE orchestration_id = %s", (id_,)) == [(10,)]


def test_ten_thousand_are_found_in_batches(rig):
    rig.engine()
    person = rig.person()
    rows(rig, person, MANY)
    id_ = orchestrate(rig, person, "DELETE", is_dry_run=True)
    rig.wait_for(lambda: one(rig, id_)["resolved_at"], 30, "ten thousand targets")
    assert rig.sql("SELECT count(*), count(DISTINCT deployment_id) FROM orchestration_targets"
                   " WHERE orchestration_id = %s", (id_,)) == [(MANY, MANY)]
    # Each batch is a transaction of its own, whose time its rows have.
    assert rig.sql("SELECT count(DISTINCT created_at) FROM orchestration_targets WHERE orchestration_id = %s",
                   (id_,)) == [(MANY // 1000,)]
    assert one(rig, id_)["description"] == "Scheduled %d operations" % MANY


def test_a_thousand_in_a_dry_run_whoever_dies(rig):
    engine = rig.engine(lease=1000)
    person = rig.person()
    rows(rig, person, 1000)
    id_ = orchestrate(rig, person, "DELETE", is_dry_run=True)
    killed = []

    def kill():
        [(done,)] = rig.sql("SELECT count(*) FROM orchestration_targets WHERE orchestration_id = %s"
                            " AND state = 'succeeded'", (id_,))
        if done and done >= 250 * len(killed) and len(killed) < 4:
            killed.append(done)
            engine.kill()
            engine.start()
    found = end(rig, id_, meanwhile=kill)
    assert found["description"] == "Scheduled 1000 operations" and len(killed) > 1
    assert rig.sql("SELECT state, count(*) FROM orchestration_targets WHERE orchestration_id = %s GROUP BY 1",
                   (id_,)) == [("succeeded", 1000)]
    assert rig.sql("SELECT count(*) FROM operations WHERE orchestration_id = %s AND is_dry_run", (id_,)) == [(1000,)]
    assert rig.sql("SELECT count(*) FROM deployments d JOIN operations o ON o.id = d.last_operation_id"
                   " WHERE o.is_dry_run") == [(0,)]
    assert rig.sql("SELECT count(*) FROM work w JOIN operations o USING (id) WHERE o.orchestration_id = %s",
                   (id_,)) == [(0,)]


def test_what_is_found_is_found_once_whoever_dies(rig):
    """A daemon that is killed between two batches, at each of which another one goes on."""
    engine = rig.engine(lease=1000)
    person = rig.person()
    rows(rig, person, 3500)
    id_ = orchestrate(rig, person, "UPDATE", include=[{"target": "all"}])
    seen = set()

    def kill():
        [(count,)] = rig.sql("SELECT count(*) FROM orchestration_targets WHERE orchestration_id = %s", (id_,))
        if count not in seen and count < 3500:
            seen.add(count)
            engine.kill()
            engine.start()
        return one(rig, id_)["resolved_at"]
    rig.wait_for(kill, 60, "all targets")
    found = [target["deployment_id"] for target in targets(rig, id_)]
    assert len(found) == len(set(found)) == 3500
    created = dict(rig.sql("SELECT id::text, created_at FROM deployments WHERE created_by = %s", (person.id,)))
    assert [created[deployment] for deployment in found] == sorted(created.values())


def test_a_person_goes_before_what_an_orchestration_waits_for(rig):
    """With one place for the group, a person's later request has it before what an orchestration asked for."""
    person = rig.person()
    rows(rig, person, 2)
    other = person.create(content=template())
    rig.sql("DELETE FROM work WHERE id IN (SELECT id FROM operations WHERE deployment_id = %s)", (other,))
    rig.sql("UPDATE operations SET state = 'succeeded', phase = 'ended', ended_at = now() WHERE deployment_id = %s",
            (other,))
    id_ = orchestrate(rig, person, "DELETE", include=[{"template_id": rig.sql(
        "SELECT template_id::text FROM deployments WHERE created_by = %s AND id <> %s LIMIT 1",
        (person.id, other))[0][0]}], workers=2)
    for engine in [rig.engine(max_operations_per_group=0)]:
        rig.wait_for(lambda: sum(target["is_begun"] for target in targets(rig, id_)) == 2, 20, "two that are asked for")
        engine.stop()
    own = person.delete(other)
    rig.engine(max_operations_per_group=1)
    end(rig, id_)
    order = [row[0] for row in rig.sql("SELECT id::text FROM operations WHERE created_by = %s AND type = 'DELETE'"
                                       " ORDER BY started_at", (person.id,))]
    assert order[0] == own and len(order) == 3


def test_what_ended_long_ago_goes_behind_its_operations(rig):
    person = rig.person()
    rows(rig, person, 1)
    engine = rig.engine()
    kept, gone, young = [orchestrate(rig, person, "DELETE", is_dry_run=True) for _ in range(3)]
    for id_ in (kept, gone, young):
        end(rig, id_)
    engine.stop()
    rig.sql("UPDATE orchestrations SET ended_at = now() - interval '1 day' WHERE id IN (%s, %s)", (kept, gone))
    rig.sql("DELETE FROM operations WHERE orchestration_id IN (%s, %s)", (gone, young))
    rig.engine(retention=3600000)
    rig.wait_for(lambda: not rig.sql("SELECT FROM orchestrations WHERE id = %s", (gone,)), 20, "one less")
    assert rig.sql("SELECT count(*) FROM orchestrations WHERE id IN (%s, %s)", (kept, young)) == [(2,)]
    assert targets(rig, gone) == [] and len(targets(rig, young)) == 1


# ---- selectors ----

@pytest.fixture(scope="module")
def choice(bare_rig):
    """Deployments with names by which tests choose some of them: (rig, person, {name: id})."""
    person, other = bare_rig.person(), bare_rig.person()
    rows(bare_rig, person, 5)
    names = dict(zip("abcde", [row[0] for row in bare_rig.sql(
        "SELECT id::text FROM deployments WHERE created_by = %s ORDER BY created_at", (person.id,))]))
    for name, changes in {
            "a": "target_provider = 'cloud-a', target_region = 'eu-1', im_infra_id = 'infra-1'",
            "b": "target_provider = 'cloud-b', target_region = 'eu-2', user_group = 'lab/one', status = 1",
            "c": "target_provider = 'cloud_a', target_region = 'us-1', user_group_issuer = 'https://else.example'",
            "d": "target_provider = 'CLOUD-A', created_at = '2020-01-01', updated_at = '2020-02-01'",
            "e": "target_provider = 'a%b_c\\d', status = 3"}.items():
        bare_rig.sql("UPDATE deployments SET %s WHERE id = '%s'" % (changes.replace("%", "%%"), names[name]))
    bare_rig.sql("INSERT INTO deployment_owners (deployment_id, user_id) VALUES (%s, %s)", (names["c"], other.id))
    for name, node, is_compute in (("a", "front", True), ("a", "worker", True), ("b", "worker", True),
                                   ("c", "disk", False)):
        bare_rig.sql("INSERT INTO resources (id, deployment_id, position, tosca_node_name, tosca_node_type, is_compute,"
                     " created_by, updated_by) SELECT gen_random_uuid(), %s, count(*), %s, 'x', %s, %s, %s FROM"
                     " resources WHERE deployment_id = %s",
                     (names[name], node, is_compute, person.id, person.id, names[name]))
    return bare_rig, person, other, names


@pytest.mark.parametrize("type_, include, exclude, chosen", [
    ("UPDATE", [{"target": "all"}], [], "dabc"),
    ("DELETE", [{"target": "all"}], [], "dabc"),  # there is nothing to be done with what is deleted
    ("UPDATE", [{"planName": "cloud-a"}], [], "a"),
    ("UPDATE", [{"target_provider": "cloud-*"}], [], "ab"),
    ("UPDATE", [{"target_provider": "cloud_a"}], [], "c"),
    ("UPDATE", [{"target_provider": "cloud"}], [], ""),
    ("UPDATE", [{"target_provider": "*"}], [], "dabc"),
    ("UPDATE", [{"target_provider": "*-*", "region": "*-1"}], [], "a"),
    ("UPDATE", [{"region": "*-1"}, {"status": 1}], [], "abc"),
    ("UPDATE", [{"target": "all"}], [{"region": "eu-*"}], "dc"),  # what has no region is in none of these
    ("UPDATE", [{"target": "all"}], [{"target": "all"}], ""),
    ("UPDATE", [{"target": "all"}], [{"region": "eu-*", "status": "CREATE_FAILED"}, {"runtimeID": "infra-?"}], "dac"),
    ("UPDATE", [{"runtimeID": "infra-1"}], [], "a"),
    ("UPDATE", [{"status": "CREATE_FAILED"}], [], "b"),
    ("UPDATE", [{"status": "DELETE_COMPLETE"}], [], ""),
    ("UPDATE", [{"subAccount": "lab/*"}], [], "b"),
    ("UPDATE", [{"user_group": "/lab/one"}], [], "b"),
    ("UPDATE", [{"globalAccount": "https://else.example/"}], [], "c"),
    ("UPDATE", [{"created_before": "2020-01-01T00:00:01Z"}], [], "d"),
    ("UPDATE", [{"updated_before": "2020-01-02T00:00:00Z"}], [], ""),
    ("UPDATE", [{"updated_before": "2020-03-01T00:00:00+01:00"}], [], "d"),
    ("UPDATE", [{"owned_by": "OTHER"}], [], "c"),
    ("UPDATE", [{"created_by": "PERSON"}], [], "dabc"),
    ("UPDATE", [{"deploymentID": "A"}, {"deploymentID": "C"}], [], "ac"),
    ("UPDATE", [{"tosca_node_name": "work*"}], [], "ab"),
    ("UPDATE", [{"tosca_node_name": "disk"}], [], "c"),
    ("STOP", [{"target": "all"}], [], "aab"),
    ("STOP", [{"tosca_node_name": "worker"}], [], "ab"),
    ("STOP", [{"target": "all"}], [{"tosca_node_name": "front"}], "ab"),
    ("STOP", [{"tosca_node_name": "disk"}], [], ""),
])
def test_which_are_chosen(choice, type_, include, exclude, chosen):
    rig, person, other, names = choice
    words = {"OTHER": other.id, "PERSON": person.id, "A": names["a"], "C": names["c"]}

    def meant(selectors):
        return [{key: words.get(value, value) for key, value in one_.items()} for one_ in selectors]
    engine = rig.engine()
    id_ = orchestrate(rig, person, type_, chosen={"include": meant(include), "exclude": meant(exclude)},
                      is_dry_run=True)
    try:
        rig.wait_for(lambda: one(rig, id_)["resolved_at"], 20, "targets")
    finally:
        engine.stop()
        rig.engines.remove(engine)
    found = [target["deployment_id"] for target in targets(rig, id_)]
    letters = {made: name for name, made in names.items()}
    assert "".join(letters[made] for made in found) == chosen
    rig.sql("DELETE FROM orchestrations WHERE id = %s", (id_,))


# ---- windows ----

def window(rig, days, begins, ends, zone, after):
    """(begin, end) in local time of the first one that is not over."""
    bits = sum(1 << ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].index(day) for day in days.split())
    minutes = [int(at[:2]) * 60 + int(at[3:]) for at in (begins, ends)]
    [(begin, end_)] = rig.sql(
        "SELECT to_char(window_begin AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),"
        " to_char(window_end AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') FROM window_after(%s, %s, %s, %s, %s)",
        (bits, *minutes, zone, after))
    return begin, end_


ALL = "Mon Tue Wed Thu Fri Sat Sun"


@pytest.mark.parametrize("days, begins, ends, zone, after, expected", [
    # Before it, within it, at its end; 2024-01-01 is a Monday.
    (ALL, "10:00", "12:00", "UTC", "2024-01-01 09:00+00", ("2024-01-01 10:00", "2024-01-01 12:00")),
    (ALL, "10:00", "12:00", "UTC", "2024-01-01 11:59:59+00", ("2024-01-01 10:00", "2024-01-01 12:00")),
    (ALL, "10:00", "12:00", "UTC", "2024-01-01 12:00+00", ("2024-01-02 10:00", "2024-01-02 12:00")),
    # It ends with its day.
    ("Sat Sun", "00:00", "24:00", "UTC", "2024-01-06 23:59:59+00", ("2024-01-06 00:00", "2024-01-07 00:00")),
    ("Sat Sun", "00:00", "24:00", "UTC", "2024-01-07 00:00+00", ("2024-01-07 00:00", "2024-01-08 00:00")),
    # It crosses midnight, and belongs to the day it begins.
    (ALL, "22:00", "02:00", "UTC", "2024-01-02 01:00+00", ("2024-01-01 22:00", "2024-01-02 02:00")),
    ("Mon", "22:00", "02:00", "UTC", "2024-01-02 01:59+00", ("2024-01-01 22:00", "2024-01-02 02:00")),
    ("Mon", "22:00", "02:00", "UTC", "2024-01-01 01:00+00", ("2024-01-01 22:00", "2024-01-02 02:00")),
    ("Tue", "22:00", "02:00", "UTC", "2024-01-02 01:00+00", ("2024-01-02 22:00", "2024-01-03 02:00")),
    ("Mon", "22:00", "02:00", "UTC", "2024-01-02 02:00+00", ("2024-01-08 22:00", "2024-01-09 02:00")),
    # To midnight, and nearly a whole day.
    (ALL, "22:00", "00:00", "UTC", "2024-01-01 23:59+00", ("2024-01-01 22:00", "2024-01-02 00:00")),
    ("Sun", "00:01", "00:00", "UTC", "2024-01-01 00:00+00", ("2024-01-07 00:01", "2024-01-08 00:00")),
    # The day is the zone's.
    ("Mon", "00:30", "01:00", "Europe/Rome", "2023-12-31 20:00+00", ("2023-12-31 23:30", "2024-01-01 00:00")),
    ("Mon", "23:00", "23:30", "America/New_York", "2024-01-02 03:00+00", ("2024-01-02 04:00", "2024-01-02 04:30")),
    ("Sat Sun", "08:00", "09:00", "Asia/Tokyo", "2024-01-01 00:00+00", ("2024-01-05 23:00", "2024-01-06 00:00")),
    # Summer time: an hour shorter and longer, and a window that the clock jumps over is none.
    (ALL, "01:00", "04:00", "Europe/Rome", "2024-03-31 00:00+00", ("2024-03-31 00:00", "2024-03-31 02:00")),
    (ALL, "01:00", "04:00", "Europe/Rome", "2024-10-26 23:00+00", ("2024-10-26 23:00", "2024-10-27 03:00")),
    (ALL, "02:00", "03:00", "Europe/Rome", "2024-03-30 12:00+00", ("2024-04-01 00:00", "2024-04-01 01:00")),
    (ALL, "02:30", "05:00", "Europe/Rome", "2024-03-30 12:00+00", ("2024-03-31 01:30", "2024-03-31 03:00")),
    (ALL, "23:00", "03:00", "Europe/Rome", "2024-03-31 00:30+00", ("2024-03-30 22:00", "2024-03-31 01:00")),
])
def test_the_next_window(bare_rig, days, begins, ends, zone, after, expected):
    assert window(bare_rig, days, begins, ends, zone, after) == expected


def minute_of(when):
    return when.hour * 60 + when.minute


def test_operations_begin_in_their_windows_only(rig):
    person = rig.person()
    rows(rig, person, 2)
    first, second = [row[0] for row in rig.sql("SELECT id FROM deployments WHERE created_by = %s ORDER BY created_at",
                                               (person.id,))]
    rig.sql("UPDATE deployments SET target_provider = 'open-one', target_region = 'x' WHERE id = %s", (first,))
    rig.sql("UPDATE deployments SET target_region = 'later-2', target_provider = 'y' WHERE id = %s", (second,))
    now = datetime.datetime.now(datetime.timezone.utc)
    later = minute_of(now + datetime.timedelta(hours=3))
    windows = [{"pattern": "later-*", "days": 127, "begins": later, "ends": (later + 60) % 1440, "zone": "UTC"},
               {"pattern": "open-one", "days": 127, "begins": 0, "ends": 1439, "zone": "UTC"},
               {"pattern": "*", "days": 127, "begins": later, "ends": (later + 60) % 1440, "zone": "UTC"}]
    if now.hour == 23 and now.minute >= 58:
        pytest.skip("the first window ends within minutes")
    rig.engine(windows=windows)
    id_ = orchestrate(rig, person, "DELETE", windows=True, workers=5)
    rig.wait_for(lambda: [target["state"] for target in targets(rig, id_)] == ["succeeded", "pending"], 20,
                 "the one whose window is open")
    waiting = targets(rig, id_)[1]
    begin = datetime.datetime.fromisoformat(waiting["window_begin"])
    assert minute_of(begin) == later and waiting["due_at"] == waiting["window_begin"] and begin > now
    # Its window is missed, because nobody was there: the next one is waited for, which is open by now.
    rig.sql("""UPDATE orchestration_targets SET window_begin = now() - interval '1 day',
        window_end = now() - interval '1 hour', due_at = now() WHERE id = %s""", (waiting["id"],))
    rig.sql("UPDATE work SET due_at = now(), is_hurried = true WHERE id = %s", (id_,))
    rig.notify()
    rig.wait_for(lambda: targets(rig, id_)[1]["description"] == "Waits for its maintenance window.", 20,
                 "another window")
    moved = targets(rig, id_)[1]
    assert moved["window_begin"] == waiting["window_begin"] and moved["state"] == "pending"
    # And where windows are taken from the configuration, nothing is waited for.
    rig.stop_engines()
    rig.sql("UPDATE orchestration_targets SET window_end = now() - interval '1 hour', due_at = now() WHERE id = %s",
            (waiting["id"],))
    rig.sql("UPDATE work SET due_at = now(), is_hurried = true WHERE id = %s", (id_,))
    rig.engine()
    end(rig, id_)
