# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Nobody's trouble is somebody else's: a slow IM, a dead one, a locked row, many daemons."""

import json
import socket

import psycopg2
import pytest

from harness.client import template
from harness.live import HELD
from harness.proxies import Standstill
from stack import process
from test_update_faults import TEMPLATE, update

MORE_THAN_A_DAEMON_HOLDS = 600
IN_HAND = 512 - 32  # as many as a daemon holds, beside those that give orders
MORE_GROUPS_THAN_A_CLAIM_LOOKS_AT = 40


@pytest.fixture
def two_ims(rig):
    """A provider file in which bad-one is well-behaved, at an IM of its own: another name of the simulator's
    address."""
    with open(rig.path("providers.json"), encoding="utf-8") as file:
        value = json.load(file)
    for one in value["providers"]:
        if one["name"] == "bad-one":
            one.update(im=rig.im_url.replace("127.0.0.1", "localhost"), auth="id = {name}; type = Dummy")
    process.write(rig.path("neighbours.json"), json.dumps(value))
    return rig.path("neighbours.json")


def are_provisioning(rig, deployment):
    """More than a daemon holds, as that one, all of them looked at now."""
    rig.sql("""WITH n AS (SELECT gen_random_uuid() AS d, gen_random_uuid() AS o FROM generate_series(1, %s)),
        k AS (INSERT INTO deployments (id, template_id, template_inputs, user_group, user_group_issuer,
        per_provider_max_retries,
                max_providers, tot_timeout_mins, per_provider_timeout_mins, keep_last_attempt, last_operation_id,
                created_by, updated_by)
            SELECT n.d, template_id, '{}', user_group, user_group_issuer, 1, 1, 600, 600, false, n.o, created_by,
            created_by
            FROM n, deployments WHERE id = %s),
        o AS (INSERT INTO operations (id, deployment_id, type, state, phase, user_group, user_group_issuer, created_by,
        deadline, started_at)
            SELECT n.o, n.d, 'CREATE', 'in progress', 'provisioning', user_group, user_group_issuer, created_by,
            deadline, now()
            FROM n, operations WHERE deployment_id = %s)
        INSERT INTO work (id, kind, phase, is_begun, endpoint, memory)
        SELECT n.o, 'CREATE', 'provisioning', true, endpoint, memory FROM n, work JOIN operations USING (id) WHERE
        deployment_id = %s""",
            (MORE_THAN_A_DAEMON_HOLDS, deployment, deployment, deployment))


def test_more_work_at_a_slow_im_than_a_daemon_holds_leaves_room_for_others(rig, two_ims):
    busy = rig.person(group=rig.pair())
    deployment = busy.create(template(im_simulator={"boot_ms": HELD}), max_providers=1, timeout=600,
                             provider_timeout=600)
    rig.engine(providers=two_ims, max_operations=5000, im_timeout=HELD)
    rig.wait_for_phase(deployment, "provisioning")
    rig.control.fault(fault="slow", on="state", ms=HELD, cloud="bad-one")
    are_provisioning(rig, deployment)
    there = rig.sql("SELECT clock_timestamp()")[0][0]
    rig.notify()
    rig.wait_for_calls(4)
    rig.finish(rig.person().create())
    assert rig.sql("SELECT count(*) FROM work WHERE due_at > now() + interval '1 second'")[0][0] < 100  # in hand
    # What could not be called soon was put off where it stands, once it was known that the IM is slow.
    rig.wait_for(lambda: rig.sql("SELECT count(*) FROM work WHERE lease_number = 0 AND due_at > %s",
                                 (there,))[0][0] > 100, 20,
                 "work that was put off without having been claimed")
    rig.control.release()


def test_many_slow_ims_together_leave_room_for_others(rig):
    """Each has no more in hand than one may have; all of them more than a daemon holds."""
    ims = 40
    with open(rig.path("providers.json"), encoding="utf-8") as file:
        value = json.load(file)
    with socket.create_server(("127.0.0.1", 0), backlog=1000) as silent:  # takes connections and says nothing
        urls = ["http://127.0.0.1:%d/%d" % (silent.getsockname()[1], number) for number in range(ims)]
        (one,) = [one for one in value["providers"] if one["name"] == "good-one"]
        value["providers"] += [{**one, "name": "slow-%d" % number, "im": url} for number, url in enumerate(urls)]
        process.write(rig.path("many.json"), json.dumps(value))
        busy = rig.person()
        deployment = busy.create(template(im_simulator={"boot_ms": HELD}), timeout=600, provider_timeout=600)
        daemon = rig.engine(providers=rig.path("many.json"), max_operations=5000, im_timeout=HELD, lease=60000)
        rig.wait_for_phase(deployment, "provisioning")
        daemon.stop()
        are_provisioning(rig, deployment)
        rig.sql("""UPDATE work w SET endpoint = n.url, memory = replace(memory::text, %s, n.url)::jsonb
            FROM (SELECT id, (%s::text[])[1 + row_number() OVER () %% %s] AS url FROM work WHERE kind = 'CREATE') n
            WHERE w.id = n.id""", (rig.im_url, urls, ims))
        daemon.start()
        rig.wait_for(lambda: rig.sql("SELECT count(*) FROM work WHERE lease_number > 0 AND kind = 'CREATE'")[0][0]
                     >= IN_HAND - 2, 20, "as much work that was claimed as a daemon holds")
        for _ in range(3):
            rig.finish(rig.person().create())
        daemon.kill()


def test_a_deletion_at_a_slow_im_stands_behind_no_looks_that_are_put_off(rig, two_ims):
    alice, busy = rig.person(group=rig.pair()), rig.person(group=rig.pair())
    rig.engine(providers=two_ims, max_operations=5000, im_timeout=HELD)
    unloved = alice.create(max_providers=1)
    rig.finish(unloved)
    deployment = busy.create(template(im_simulator={"boot_ms": HELD}), max_providers=1, timeout=600,
                             provider_timeout=600)
    rig.wait_for_phase(deployment, "provisioning")
    rig.control.fault(fault="slow", on="state", ms=HELD, cloud="bad-one")
    are_provisioning(rig, deployment)
    rig.notify()
    rig.wait_for_calls(4)
    rig.wait_for(lambda: rig.sql("SELECT count(*) FROM work WHERE lease_number = 0 AND due_at > now()")[0][0] > 100, 20,
                 "looks that were put off without having been claimed")
    alice.delete(unloved)
    rig.wait_for(lambda: [one for one in rig.known(unloved) if one.get("lease_number")], 5, "a deletion in hand")
    rig.control.mend()
    rig.control.release()
    rig.finish(unloved, type="DELETE")


def test_more_deletions_at_one_im_than_a_daemon_holds_leave_room_for_others(rig, two_ims):
    """They are asked for one at a time, by an IM that is not even slow for other calls."""
    busy = rig.person(group=rig.pair())
    own = rig.im_url.replace("127.0.0.1", "localhost")
    rig.engine(providers=two_ims, lease=60000, poll_max=2000, im_timeout=HELD, looks=[2000])
    rig.control.fault(fault="slow", on="delete", ms=200)
    rig.sql("""WITH n AS (INSERT INTO infrastructures (id, deployment_id, operation_id, step, user_id, user_group,
                user_group_issuer, endpoint, provider, region, infra_id, standing, answer_until, unwanted_at)
            SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 1, %s, %s, %s, %s, 'bad-one', 'region-1',
                'unknown-' || number, 'unwanted', now(), now() FROM generate_series(1, %s) AS number
            RETURNING id, endpoint)
        INSERT INTO work (id, kind, phase, is_begun, is_resting, endpoint)
        SELECT id, 'infrastructure', 'unwanted', true, true, endpoint FROM n""",
            (busy.id, busy.group, busy.issuer, own, 2 * MORE_THAN_A_DAEMON_HOLDS))
    rig.notify()
    rig.wait_for(lambda: rig.sql("SELECT count(*) FROM work WHERE lease_number > 0 AND kind = 'infrastructure'")[0][0]
                 > 400, 20, "deletions that were claimed")
    rig.wait_for(lambda: rig.sql("SELECT count(*) FROM work WHERE due_at > now() + interval '30 seconds'")[0][0] < 100,
                 10, "hands with room in them")
    rig.finish(rig.person().create())
    rig.finish(busy.create(max_providers=1))
    assert rig.control.get("calls")["routes"]["delete"] < MORE_THAN_A_DAEMON_HOLDS  # nobody waited for them


def are_rebooted(rig, deployment):
    """More machines than a daemon holds, all of them that one; IM is looked at, and then asked for what lasts."""
    rig.sql("""WITH n AS (SELECT gen_random_uuid() AS d, gen_random_uuid() AS o, gen_random_uuid() AS r
            FROM generate_series(1, %s)),
        k AS (INSERT INTO deployments (id, template_id, template_inputs, user_group, user_group_issuer,
                per_provider_max_retries, max_providers, tot_timeout_mins, per_provider_timeout_mins, keep_last_attempt,
                last_operation_id, created_by, updated_by, im_endpoint, im_infra_id, target_provider, target_region)
            SELECT n.d, template_id, '{}', user_group, user_group_issuer, 1, 1, 600, 600, false, n.o, created_by,
                created_by, im_endpoint, im_infra_id, target_provider, target_region
            FROM n, deployments WHERE id = %s),
        x AS (INSERT INTO resources (id, deployment_id, position, tosca_node_name, tosca_node_type, is_compute,
                im_vm_idx, status, created_by, updated_by)
            SELECT n.r, n.d, 0, tosca_node_name, tosca_node_type, true, im_vm_idx, status, created_by, created_by
            FROM n, resources WHERE deployment_id = %s),
        o AS (INSERT INTO operations (id, deployment_id, resource_id, type, state, phase, user_group,
                user_group_issuer, created_by, deadline, started_at)
            SELECT n.o, n.d, n.r, 'REBOOT', 'in progress', 'queued', user_group, user_group_issuer, created_by,
                deadline, now()
            FROM n, operations WHERE deployment_id = %s)
        INSERT INTO work (id, kind, is_begun, endpoint)
        SELECT n.o, 'REBOOT', true, im_endpoint FROM n, deployments WHERE id = %s""",
            (MORE_THAN_A_DAEMON_HOLDS, deployment, deployment, deployment, deployment))


def are_still_there(rig, deployment):
    """As many deletions of that one, all of them lost: IM is looked at, and then asked for it again."""
    rig.sql("""WITH n AS (INSERT INTO infrastructures (id, deployment_id, operation_id, step, user_id, user_group,
                user_group_issuer, endpoint, provider, region, infra_id, standing, answer_until, unwanted_at, tried_at)
            SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 1, created_by, user_group,
                user_group_issuer, im_endpoint, target_provider, target_region, im_infra_id, 'deleting', now(), now(),
                now()
            FROM deployments, generate_series(1, %s) WHERE id = %s
            RETURNING id, endpoint)
        INSERT INTO work (id, kind, phase, is_begun, is_resting, endpoint, memory)
        SELECT id, 'infrastructure', 'deleting', true, true, endpoint, '{"sent": 1, "sends": 1, "accepted": true}'
        FROM n""", (MORE_THAN_A_DAEMON_HOLDS, deployment))


@pytest.mark.parametrize("route, fill", [("power", are_rebooted), ("delete", are_still_there)])
def test_looks_before_more_long_calls_than_a_daemon_holds_leave_room_for_others(rig, two_ims, route, fill):
    """The looks are answered at once, so claims see no slow IM; what follows them waits in a lane that stands still."""
    busy = rig.person(group=rig.pair())
    rig.engine(providers=two_ims, lease=60000, poll_max=2000, max_operations=5000, max_operations_per_group=5000,
               im_timeout=HELD, delete_repeat=HELD)
    deployment = busy.create(max_providers=1)
    rig.finish(deployment)
    rig.control.fault(fault="hang", on=route, cloud="bad-one")  # nothing is done
    fill(rig, deployment)
    rig.notify()
    rig.wait_for(lambda: rig.sql("SELECT count(*) FROM work WHERE lease_number > 0 AND kind <> 'sweep'")[0][0] > 500,
                 20, "more work that was claimed than a daemon holds beside others")
    rig.finish(rig.person().create())
    rig.finish(busy.create(max_providers=1))
    rig.control.release()


def are_refused(rig, deployment):
    """Deletions of that one that IM takes long for, all of them to be waited for."""
    rig.sql("""WITH n AS (INSERT INTO infrastructures (id, deployment_id, operation_id, step, user_id, user_group,
                user_group_issuer, endpoint, provider, region, infra_id, standing, answer_until, unwanted_at, tried_at)
            SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 1, created_by, user_group,
                user_group_issuer, im_endpoint, target_provider, target_region, im_infra_id, 'unwanted', now(), now(),
                now()
            FROM deployments, generate_series(1, %s) WHERE id = %s
            RETURNING id, endpoint)
        INSERT INTO work (id, kind, phase, is_begun, is_resting, endpoint, memory)
        SELECT id, 'infrastructure', 'unwanted', true, true, endpoint, '{"sent": 1, "sends": 3, "accepted": true}'
        FROM n""", (MORE_THAN_A_DAEMON_HOLDS, deployment))


def stop(rig, person, deployment):
    """Its machine, as the API does."""
    rig.sql("""WITH o AS (INSERT INTO operations (id, deployment_id, resource_id, type, user_group, user_group_issuer,
                created_by, deadline)
            SELECT gen_random_uuid(), d.id, r.id, 'STOP', user_group, user_group_issuer, d.created_by,
                now() + interval '1 hour'
            FROM deployments d JOIN resources r ON r.deployment_id = d.id WHERE d.id = %s RETURNING id)
        INSERT INTO work (id, kind) SELECT id, 'STOP' FROM o""", (deployment,))
    rig.notify()


def test_a_machine_that_is_to_be_stopped_waits_for_no_deletions_that_nobody_waits_for(rig, two_ims):
    """At an IM that takes minutes for each of hundreds of deletions."""
    busy, alice = (rig.person(group=rig.pair()) for _ in range(2))
    rig.engine(providers=two_ims, lease=60000, poll_max=2000, im_timeout=HELD)
    unloved = busy.create(template(im_simulator={"refuse": 100000, "fault": "slow", "on": "delete", "ms": HELD}),
                          max_providers=1)
    deployment = alice.create(max_providers=1)
    rig.finish(unloved)
    rig.finish(deployment)
    are_refused(rig, unloved)
    rig.notify()
    rig.wait_for_calls(2)
    rig.wait_for(lambda: rig.sql("SELECT count(*) FROM work WHERE lease_number > 0 AND kind = 'infrastructure'")[0][0]
                 > 500, 20, "deletions that were claimed")
    stop(rig, alice, deployment)
    rig.wait_for(lambda: (rig.operation(deployment, "STOP") or {})["lease_number"], 20, "the stop in hand")
    looked = "/infrastructures/%s/state" % rig.deployment(deployment)["im_infra_id"]
    rig.wait_for(lambda: looked in [call["path"] for call in rig.control.get("calls", last=3)["last"]], 20, "a look")
    for _ in range(3):  # one is enough for whatever stands before all deletions
        rig.wait_for_calls(2)
        rig.control.release()
    rig.finish(deployment, type="STOP")


@pytest.mark.parametrize("limit", ["max_operations", "max_operations_per_group"])
def test_what_rests_at_a_dead_im_takes_no_place_of_others(rig, two_ims, limit):
    busy = rig.person(group=rig.pair())
    rig.engine(providers=two_ims, **{limit: 3})
    ids = [busy.create(max_providers=1) for _ in range(3)]
    for id in ids:
        rig.finish(id)
    rig.control.fault(fault="http_503", on="create", cloud="bad-one")
    stuck = [busy.create(max_providers=1) for _ in range(3)]
    for id in stuck:
        rig.wait_for(lambda: rig.operation(id)["description"].startswith("Waits")
                     or "got lost" in rig.operation(id)["description"], 20, "a creation that waits for its IM")
    rig.control.fault(fault="http_503", cloud="bad-one")
    rig.finish(rig.person(group=busy.group).create(max_providers=2, provider="good-one")
               if limit == "max_operations_per_group" else rig.person().create())


@pytest.mark.parametrize("limit", ["max_operations", "max_operations_per_group"])
def test_deletions_at_a_dead_im_take_no_place_of_others(rig, two_ims, limit):
    busy = rig.person(group=rig.pair())
    rig.engine(providers=two_ims, **{limit: 3})
    ids = [busy.create(max_providers=1) for _ in range(3)]
    for id in ids:
        rig.finish(id)
    rig.control.fault(fault="http_503", cloud="bad-one")
    for id in ids:
        busy.delete(id)
    for id in ids:
        rig.wait_for(lambda: rig.operation(id, "DELETE")["description"].startswith("Waits"), 20,
                     "a deletion that waits for its IM")
    rig.finish(rig.person(group=busy.group).create(max_providers=2, provider="good-one")
               if limit == "max_operations_per_group" else rig.person().create())


@pytest.mark.parametrize("limit", ["max_operations", "max_operations_per_group"])
@pytest.mark.parametrize("fault", ["hang", "conflict", "never"])
def test_deletions_that_im_lets_wait_take_no_place_of_others(rig, two_ims, limit, fault):
    """For a day, by an IM that is not ill: its deletions hang, it is still making machines, or says that it deletes."""
    busy = rig.person(group=rig.pair())
    rig.engine(providers=two_ims, im_timeout=HELD, **{limit: 3})
    content = template(im_simulator={"delete_ms": HELD} if fault == "never" else {})
    ids = [busy.create(content, max_providers=1) for _ in range(3)]
    for id in ids:
        rig.finish(id)
    if fault != "never":
        rig.control.fault(fault=fault, on="delete", cloud="bad-one")
    for id in ids:
        busy.delete(id)
    for id in ids:
        rig.wait_for_phase(id, "deleting", "confirming", type="DELETE")
    rig.finish(rig.person(group=busy.group).create(max_providers=2, provider="good-one")
               if limit == "max_operations_per_group" else rig.person().create())
    rig.control.release()


@pytest.mark.parametrize("limit", ["max_operations", "max_operations_per_group"])
def test_updates_that_wait_for_a_stuck_im_take_no_place_of_others(rig, two_ims, limit):
    """Its updates hang, all else is answered: it takes many minutes until a breaker opens, or none does.
    Ten stay in hand; the others are put off."""
    busy = rig.person(group=rig.pair())
    rig.engine(providers=two_ims, im_timeout=10000, **{limit: 12})
    ids = [busy.create(TEMPLATE, max_providers=1, nodes=[("worker", True)], provider_timeout=600, timeout=600)
           for _ in range(12)]
    for id in ids:
        rig.finish(id)
    rig.control.fault(fault="hang", on="update", cloud="bad-one")
    for id in ids:
        update(rig, busy, id, workers=2)
    for id in ids:
        rig.wait_for(lambda: rig.operation(id, "UPDATE")["state"] == "in progress", 10, "an update at work")
    rig.finish(rig.person(group=busy.group).create(max_providers=2, provider="good-one")
               if limit == "max_operations_per_group" else rig.person().create(), timeout=10)
    rig.control.release()


def test_what_nobody_wants_takes_no_place_of_others(rig):
    rig.engine(max_operations=3, im_timeout=HELD)
    busy = rig.person()
    ids = [busy.create() for _ in range(3)]
    for id in ids:
        rig.finish(id)
    rig.control.fault(fault="slow", on="delete", ms=HELD)
    for id in ids:
        busy.delete(id)
    rig.wait_for(lambda: sum(rig.known(id)[0].get("lease_number", 0) > 0 for id in ids) == 3, 20, "all in hand")
    rig.sql("DELETE FROM work USING operations o WHERE work.id = o.id AND deployment_id = ANY (%s::uuid[])", (ids,))
    rig.sql("UPDATE operations SET state = 'failed', phase = 'ended', ended_at = now() WHERE deployment_id = ANY "
            "(%s::uuid[]) AND ended_at IS NULL", (ids,))
    rig.finish(rig.person().create())
    rig.control.release()


def test_no_more_of_a_group_is_at_work_than_it_may_have(rig):
    busy, other = rig.person(), rig.person()
    slow = template(im_simulator={"boot_ms": HELD})
    ids = [busy.create(slow) for _ in range(5)]
    rig.engine(max_operations_per_group=2)
    for id in ids[:2]:
        rig.wait_for_phase(id, "provisioning")
    rig.finish(other.create())
    assert [rig.operation(id)["state"] for id in ids] == ["in progress"] * 2 + ["pending"] * 3

    def release():
        rig.control.release()
        return all(rig.operation(id)["state"] == "succeeded" for id in ids)
    rig.wait_for(release, 20, "the end of all")


def test_more_groups_than_a_claim_looks_at_take_turns(rig):
    held = rig.person().create(template(im_simulator={"boot_ms": HELD}))
    ids = [rig.person().create() for _ in range(MORE_GROUPS_THAN_A_CLAIM_LOOKS_AT)]
    rig.engine(max_operations_per_group=1)
    for id in ids:
        rig.finish(id, timeout=60)
    rig.control.release()
    rig.finish(held)


def test_a_group_that_has_much_under_way_comes_after_one_that_has_nothing(rig):
    busy, other = rig.person(), rig.person()
    slow = template(im_simulator={"boot_ms": 300})
    ids = [busy.create(slow) for _ in range(8)] + [other.create(slow)]
    rig.engine(max_operations=2)
    for id in ids:
        rig.finish(id, timeout=40)
    started = rig.sql("SELECT deployment_id::text FROM operations WHERE deployment_id = ANY (%s::uuid[]) ORDER BY "
                      "started_at, created_at",
                      (ids,))
    assert ids[-1] in [row[0] for row in started[:3]]


@pytest.mark.parametrize("table", ["work", "operations", "deployments"])
def test_rows_that_somebody_has_locked_hold_up_themselves(rig, table):
    """The server's lock_timeout is eight seconds: others would be late if they waited for it once a step."""
    rig.engine()
    alice, bob = rig.person(), rig.person()
    ids = [alice.create(template(im_simulator={"boot_ms": HELD})) for _ in range(12)]
    for id in ids:
        rig.wait_for_phase(id, "provisioning")
    rows = {"work": "SELECT FROM work JOIN operations USING (id) WHERE deployment_id = ANY (%s::uuid[]) FOR UPDATE OF "
                    "work",
            "operations": "SELECT FROM operations WHERE deployment_id = ANY (%s::uuid[]) FOR UPDATE",
            "deployments": "SELECT FROM deployments WHERE id = ANY (%s::uuid[]) FOR UPDATE"}[table]
    connection = psycopg2.connect(rig.postgres.url)
    with connection, connection.cursor() as cursor:
        cursor.execute(rows, (ids,))
        rig.control.release()  # the next looks have something to tell
        for _ in range(3):
            rig.finish(bob.create())
    connection.close()
    for id in ids:
        rig.finish(id)


def test_locked_deployments_whose_creation_is_announced_hold_up_no_trip(rig):
    engine = rig.engine()
    alice, bob = rig.person(), rig.person()
    rig.control.fault(fault="read_only", on="create")
    ids = [alice.create() for _ in range(8)]
    for id in ids:
        rig.wait_for(lambda id=id: "takes no changes" in (rig.operation(id)["description"] or ""), 10, "a refusal")
    with psycopg2.connect(rig.postgres.url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT FROM deployments WHERE id = ANY (%s::uuid[]) FOR UPDATE", (ids,))
        text = engine.text()
        rig.control.mend()
        for _ in range(3):
            rig.finish(bob.create())
        rig.wait_for(lambda: "a step is put off" in engine.text(), 10, "one that was held up")
    connection.close()
    for id in ids:
        rig.finish(id)
    put_off = [line for line in engine.text()[len(text):].splitlines() if "a step is put off" in line]
    assert not [line for line in put_off if "lock timeout" in line]


@pytest.mark.parametrize("table, column", [("credentials", "user_id"), ("users", "id")])
def test_a_person_whose_rows_are_locked_keeps_no_renewal_of_others_waiting(rig, table, column):
    """Before the renewal is asked for, or when what it brought is to be stored."""
    engine = rig.engine()
    alice, bob = rig.person(refresh=True), rig.person(refresh=True)
    ids = [alice.create(template(im_simulator={"boot_ms": HELD})) for _ in range(8)]
    for id in ids:
        rig.wait_for_phase(id, "provisioning")
    token = "SELECT refresh_token FROM users WHERE id = %s"
    before = rig.sql(token, (alice.id,))
    with psycopg2.connect(rig.postgres.url) as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE credentials SET expires_at = now() - interval '1 minute' "
                       "WHERE user_id = ANY (%s::uuid[])", ([alice.id, bob.id],))
        connection.commit()
        cursor.execute("SELECT FROM %s WHERE %s = %%s FOR UPDATE" % (table, column), (alice.id,))
        for _ in range(3):
            rig.finish(bob.create())
        if table == "users":
            rig.wait_for(lambda: "a renewal is not stored" in engine.text(), 10, "a renewal that was held up")
    connection.close()
    rig.wait_for(lambda: rig.sql(token, (alice.id,)) != before, 10, "the token that the issuer gave")
    assert "lock timeout" not in engine.text()
    rig.control.release()
    for id in ids:
        rig.finish(id)


def test_the_window_of_an_im_is_that_of_all_daemons_together(rig):
    daemons = [rig.engine() for _ in range(4)]
    living = "SELECT count(*) FROM engines WHERE lived_at > now() - interval '5 seconds'"
    rig.wait_for(lambda: rig.sql(living)[0][0] >= len(daemons), 20, "all of them")
    live = "SELECT min(lived_at) FROM engines"
    before = rig.sql(live)[0][0]
    rig.wait_for(lambda: rig.sql(live)[0][0] > before, 20, "another round of each")  # each has counted the others
    ids = [rig.person().create(template(im_simulator={"fault": "slow_create", "ms": 300})) for _ in range(24)]
    most = 0

    def look():
        nonlocal most
        most = max(most, rig.control.get("calls")["in_flight"])
        return all(rig.operation(id)["ended_at"] for id in ids)
    rig.wait_for(look, 60, "the end of all")
    assert most <= 8  # four of them, and a daemon each that asks whether IM is there


def test_time_stands_still_while_a_person_is_awaited(rig):
    rig.engine()
    alice = rig.person(ttl=-10)
    id = alice.create(provider_timeout=1, max_providers=1)
    rig.wait_for(lambda: rig.operation(id)["waits_for_token"], 10, "an operation that waits")
    # It began to wait, and the provider's time with it, more than a minute ago.
    assert rig.change_work(id,
                           "memory = memory || jsonb_build_object('since', (memory ->> 'since')::bigint - 61000000, "
                           "'waiting', (memory ->> 'waiting')::bigint - 61000000)") == 1
    alice.bring_token()
    rig.finish(id)


def test_what_was_collected_is_not_thrown_away_because_of_one_machine(rig):
    rig.engine()
    cluster = """\
tosca_definitions_version: tosca_simple_yaml_1_0
metadata: { template_name: many, im_simulator: { fault: http_503, "on": vm, fraction: 0.2 } }
topology_template:
  node_templates:
    node:
      type: tosca.nodes.indigo.Compute
      capabilities:
        scalable: { properties: { count: 20 } }
        os: { properties: { type: linux } }
"""
    id = rig.person().create(cluster, nodes=[("node", True)] * 20)
    rig.finish(id)
    assert len({one["im_vm_idx"] for one in rig.resources(id)}) == 20


def test_what_a_person_withdraws_while_it_is_spent_is_not_written_back(rig):
    rig.engine()
    alice = rig.person(ttl=-10, refresh=True)
    rig.issuer.control("fault", {"route": "/token", "status": -1})  # no answer until it is mended
    asked = rig.issuer.control("calls").get("/token", 0)
    id = alice.create()
    rig.wait_for(lambda: rig.issuer.control("calls").get("/token", 0) > asked, 10, "a renewal")
    rig.sql("UPDATE users SET refresh_token = NULL WHERE id = %s", (alice.id,))
    rig.issuer.control("fault", {"route": "/token", "times": 0})
    rig.finish(id)
    assert rig.sql("SELECT refresh_token FROM users WHERE id = %s", (alice.id,)) == [(None,)]


def test_calls_go_on_while_the_database_stands_still(bare_rig):
    """One operation's outputs come while the note of the next one's creation is under way. The note is lost then, and
    the work is given back."""
    first, second = bare_rig.person(), bare_rig.person()
    proxy = Standstill(bare_rig.postgres.port, b'"asked":[{', 2)
    bare_rig.control.fault(fault="slow", on="outputs", ms=HELD, first=1)
    bare_rig.engine(lease=HELD, database=bare_rig.postgres.conninfo.replace("port=%d" % bare_rig.postgres.port,
                                                                            "port=%d" % proxy.port))
    ids = [first.create()]
    infrastructure = bare_rig.infrastructure(ids[0])
    bare_rig.wait_for(lambda: bare_rig.control.get("fault")[0]["struck"], 10, "the slow call")
    ids.append(second.create())
    bare_rig.wait_for(proxy.stands.is_set, 10, "the second note")
    bare_rig.control.release()

    def is_asked_for_its_machines():
        return any(infrastructure + "/vms/" in call["path"]
                   for call in bare_rig.control.get("calls", last=20)["last"])
    bare_rig.wait_for(is_asked_for_its_machines, 10, "what comes behind the slow call")
    proxy.go.set()
    for id in ids:
        bare_rig.finish(id)
    proxy.close()
