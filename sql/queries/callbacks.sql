-- What is told to the URLs that deployments name. A receiver is told the states of a deployment one after the other, so
-- the first one of each is in hand or waits, and the others are due behind it.

-- The hosts that somebody has something to be told at.
-- name: callback_hosts
-- columns: host
WITH RECURSIVE hosts AS (
    (SELECT host FROM callbacks ORDER BY host LIMIT 1)
    UNION ALL
    SELECT (SELECT c.host FROM callbacks c WHERE c.host > h.host ORDER BY c.host LIMIT 1)
    FROM hosts h WHERE h.host IS NOT NULL
)
SELECT host FROM hosts WHERE host IS NOT NULL;

-- What is due at some hosts, of each as many as it has room for, and no more than `most` of all; `lease` in
-- microseconds. What is secret among the outputs is sealed for the deployment, and told of these while they are the
-- ones that the deployment has.
-- name: callback_claim
-- columns: number, id, deployment_id, url, host, tries, lease_number, object, outputs_sealed
WITH due AS MATERIALIZED (
    SELECT one.number
    FROM unnest(:hosts::text[], :rooms::integer[]) h (host, room)
        CROSS JOIN LATERAL (SELECT c.number FROM callbacks c
            WHERE c.host = h.host AND c.due_at <= clock_timestamp()
              AND NOT EXISTS (SELECT FROM callbacks e
                  WHERE e.deployment_id = c.deployment_id AND e.number < c.number)
            ORDER BY c.due_at, c.number LIMIT h.room FOR NO KEY UPDATE SKIP LOCKED) one
    LIMIT :most::integer
), claimed AS (
    UPDATE callbacks c
    SET due_at = clock_timestamp() + :lease::bigint * interval '1 microsecond', lease_owner = :owner::text,
        lease_number = c.lease_number + 1
    FROM due WHERE c.number = due.number
    RETURNING c.*
)
SELECT c.number, c.id, c.deployment_id, c.url, c.host, c.tries, c.lease_number,
    views.joined(views.legacy_deployment(d, '[]'), json_build_object('outputs', d.template_outputs)) AS object,
    n.template_outputs_sealed AS outputs_sealed
FROM claimed c
    CROSS JOIN LATERAL jsonb_populate_record(NULL::deployments, c.state) d
    LEFT JOIN deployments n ON n.id = c.deployment_id AND n.template_outputs = d.template_outputs
ORDER BY c.number;

-- It was told: what comes behind it is due.
-- name: callback_told
WITH told AS (
    DELETE FROM callbacks WHERE number = :number::bigint AND lease_number = :lease_number::bigint
    RETURNING number, deployment_id
)
UPDATE callbacks c SET due_at = now() FROM told t WHERE c.deployment_id = t.deployment_id AND c.number <> t.number;

-- It was not: it is tried again later (`pause` in microseconds), or given up six hours after its time, which the
-- deployment's log tells while there is one.
-- name: callback_untold
-- columns: is_given_up
WITH mine AS MATERIALIZED (
    SELECT number, deployment_id, host, state, created_at < now() - interval '6 hours' AS is_given_up FROM callbacks
    WHERE number = :number::bigint AND lease_number = :lease_number::bigint FOR UPDATE
), again AS (
    UPDATE callbacks c
    SET due_at = clock_timestamp() + CASE WHEN m.is_given_up THEN 0 ELSE :pause::bigint END * interval '1 microsecond',
        tries = c.tries + (c.number = m.number)::integer, lease_owner = NULL
    FROM mine m
    WHERE c.deployment_id = m.deployment_id AND NOT (m.is_given_up AND c.number = m.number)
), gone AS (
    DELETE FROM callbacks c USING mine m WHERE c.number = m.number AND m.is_given_up
), noted AS (
    INSERT INTO operation_logs (operation_id, deployment_id, level, stage, message)
    SELECT d.last_operation_id, d.id, 'warning', 'finished',
        format('The callback at %s did not take the status %s within 6 hours: %s', m.host,
            views.deployment_status_name((m.state ->> 'status')::smallint), :reason::text)
    FROM mine m JOIN deployments d ON d.id = m.deployment_id
    WHERE m.is_given_up AND d.last_operation_id IS NOT NULL
)
SELECT is_given_up FROM mine;

-- Who ends hands back what is in hand.
-- name: callback_release
UPDATE callbacks SET due_at = now(), lease_owner = NULL
WHERE number = ANY (ARRAY(SELECT number FROM callbacks WHERE lease_owner = :owner::text FOR UPDATE SKIP LOCKED));

-- What waits for whom, most of it first.
-- name: callback_load
-- columns: host, waiting, failures, oldest
SELECT host, count(*) AS waiting, sum(tries) AS failures,
    greatest((extract(epoch FROM now() - min(created_at)) * 1000000)::bigint, 0) AS oldest
FROM callbacks GROUP BY host ORDER BY waiting DESC, host;

-- Of each host no more than the last ten thousand are kept, and nothing that nobody calls any more, or whose turn did
-- not come. The logs of the deployments tell it.
-- name: keep_house_callbacks
WITH gone AS (
    DELETE FROM callbacks c USING (
        SELECT number, created_at, row_number() OVER (PARTITION BY host ORDER BY number DESC) AS place
        FROM callbacks WHERE lease_owner IS NULL) o
    WHERE c.number = o.number AND (o.place > 10000 OR o.created_at < now() - interval '7 hours')
    RETURNING c.number, c.deployment_id, c.host, c.state, o.place > 10000 AS is_too_much
)
INSERT INTO operation_logs (operation_id, deployment_id, level, stage, message)
SELECT d.last_operation_id, d.id, 'warning', 'finished',
    format('The callback at %s was not told the status %s: %s.', g.host,
        views.deployment_status_name((g.state ->> 'status')::smallint),
        CASE WHEN g.is_too_much THEN 'too much waits for it' ELSE 'it could not be called within 7 hours' END)
FROM gone g JOIN deployments d ON d.id = g.deployment_id
WHERE d.last_operation_id IS NOT NULL
ORDER BY g.number;
