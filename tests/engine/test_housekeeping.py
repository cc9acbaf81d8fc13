# Licensed under the Apache License, Version 2.0; see LICENSE.
"""What is too old goes, however much of it there is."""


def test_more_than_a_portion_goes_at_once(bare_rig):
    person = bare_rig.person()
    bare_rig.sql("""INSERT INTO idempotency_keys (user_id, method, path, key, body_sha256, status, headers, body,
        created_at)
        SELECT %s, 'POST', '/deployments', n::text, '', 202, '{}', '', now() - interval '25 hours' * (n > 1)::integer
        FROM generate_series(1, 3500) AS n""", (person.id,))
    bare_rig.engine()

    def left():
        return bare_rig.sql("SELECT count(*) FROM idempotency_keys WHERE user_id = %s", (person.id,))[0][0]
    # the next round would be a minute later
    bare_rig.wait_for(lambda: left() == 1, 8, "the one that is young")
