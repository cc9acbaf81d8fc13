# Licensed under the Apache License, Version 2.0; see LICENSE.
"""What is too old goes, however much of it there is; and a duty that can't be done is no reason to leave others."""

import psycopg2

from harness.client import template
from harness.live import HELD


def test_more_than_a_portion_goes_at_once(rig):
    person = rig.person()
    rig.sql("""INSERT INTO idempotency_keys (user_id, method, path, key, body_sha256, status, headers, body,
        created_at)
        SELECT %s, 'POST', '/deployments', n::text, '', 202, '{}', '', now() - interval '25 hours' * (n > 1)::integer
        FROM generate_series(1, 3500) AS n""", (person.id,))
    rig.engine()

    def left():
        return rig.sql("SELECT count(*) FROM idempotency_keys WHERE user_id = %s", (person.id,))[0][0]
    # the next round would be a minute later
    rig.wait_for(lambda: left() == 1, 8, "the one that is young")


OLD = """INSERT INTO operations (id, deployment_id, resource_id, type, state, phase, is_dry_run, user_group,
    user_group_issuer, created_by, created_at, ended_at)
    SELECT gen_random_uuid(), d.id, %s, 'UPDATE', 'failed', 'ended', %s, 'g', 'i', created_by, at - interval '1 hour',
    at
    FROM deployments d, (SELECT clock_timestamp() - %s::interval AS at) t WHERE d.id = %s RETURNING id"""


def old(rig, deployment, age="100 days", resource=None, dry=False):
    return str(rig.sql(OLD, (resource, dry, age, deployment))[0][0])


def test_old_operations_go_but_for_those_that_are_needed(bare_rig):
    rig = bare_rig
    engine = rig.engine()
    person = rig.person()
    made, failed = person.create(), person.create(template(im_simulator={"behaviour": "all_vms_failed"}))
    rig.finish(made)
    rig.wait_for_end(failed)
    rig.finish_work()
    engine.stop()
    resource = rig.sql("SELECT id FROM resources WHERE deployment_id = %s LIMIT 1", (made,))[0][0]
    gone = [old(rig, made), old(rig, made, resource=resource), old(rig, made, dry=True)]
    kept = [old(rig, made, "80 days"), old(rig, made, "99 days", resource), old(rig, failed)]
    for id in gone:
        rig.sql("INSERT INTO operation_logs (operation_id, deployment_id, level, stage, message)"
                " VALUES (%s, %s, 'info', '', '')", (id, made))
    # what the status is read off is neither the last one of its deployment, nor young
    last = rig.operation(made)
    rig.sql("UPDATE operations SET created_at = now() - interval '200 days', ended_at = now() - interval '199 days'"
            " WHERE id = %s", (last["id"],))
    kept.append(str(last["id"]))
    # what the status is read off again when what is at work there ends
    kept.append(old(rig, made, "98 days"))
    rig.sql("INSERT INTO operations (id, deployment_id, type, former_id, user_group, user_group_issuer, created_by)"
            " VALUES (gen_random_uuid(), %s, 'ADD_OWNER', %s, 'g', 'i', %s)", (made, kept[-1], person.id))
    # one that left something at an IM that has to go
    rig.sql("INSERT INTO infrastructures (id, deployment_id, operation_id, step, user_id, user_group,"
            " user_group_issuer, endpoint, answer_until, unwanted_at, standing) SELECT gen_random_uuid(), %s, %s, 1,"
            " %s, 'g', 'i', 'e', now(), now(), 'stuck'", (failed, kept[2], person.id))
    old(rig, failed, "95 days")
    rig.engine()

    def left():
        return {str(id) for id, in rig.sql("SELECT id FROM operations WHERE id = ANY (%s::uuid[])", (gone + kept,))}
    rig.wait_for(lambda: left() == set(kept), 10, "those that are needed")
    assert rig.sql("SELECT count(*) FROM operation_logs WHERE operation_id = ANY (%s::uuid[])", (gone,))[0][0] == 0


def test_old_operations_that_stay_hide_no_others(bare_rig):
    rig = bare_rig
    engine = rig.engine()
    person = rig.person()
    made = person.create()
    rig.finish(made)
    engine.stop()
    rig.sql("""INSERT INTO resources (id, deployment_id, position, tosca_node_name, tosca_node_type, is_compute,
        created_by, updated_by) SELECT gen_random_uuid(), %s, n, 'n', 't', true, %s, %s
        FROM generate_series(100, 2600) n""", (made, person.id, person.id))
    rig.sql("""INSERT INTO operations (id, deployment_id, resource_id, type, state, phase, user_group,
        user_group_issuer, created_by, created_at, ended_at) SELECT gen_random_uuid(), deployment_id, id, 'START',
        'succeeded', 'ended', 'g', 'i', created_by, now() - interval '1 year', now() - interval '1 year'
        FROM resources WHERE deployment_id = %s""", (made,))
    gone = old(rig, made)
    rig.engine()
    rig.wait_for(lambda: not rig.sql("SELECT FROM operations WHERE id = %s", (gone,)), 10, "the one behind them")
    assert rig.sql("SELECT count(*) FROM operations WHERE type = 'START' AND deployment_id = %s", (made,))[0][0] > 2500


def test_a_table_that_is_locked_keeps_nobody_from_looking_for_what_was_missed(rig):
    rig.engine()
    id = rig.person().create(template(im_simulator={"boot_ms": HELD}))
    rig.wait_for_phase(id, "provisioning")
    rig.finish(rig.person().create())
    connection = psycopg2.connect(rig.postgres.url)
    with connection, connection.cursor() as cursor:
        cursor.execute("LOCK TABLE idempotency_keys")
        rig.wait_for(lambda: rig.change_work(id, "due_at = now() - interval '1 hour'"), 10, "a row that is at work")
        rig.control.release()
        rig.finish(id)
    connection.close()
