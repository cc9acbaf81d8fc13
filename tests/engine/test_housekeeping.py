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
