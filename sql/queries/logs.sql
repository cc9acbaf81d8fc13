-- The two parts of a deployment's log as they are stored (IM's without its secrets, and sealed when it has any), and
-- where a fresher IM part may be had: nowhere once it was deleted, until an operation gives IM something new to tell.
-- The operations' lines come behind what was posted; of very many the last 10000. The last line says what the operation
-- at work does or waits for now.
-- name: log_get
-- columns: exists, is_allowed, is_owner, timestamp, im_logs, im_logs_sealed, orchestrator_logs, im_endpoint,
-- columns: im_infra_id, is_creator, im_after, access_token, creator_id
SELECT d.id IS NOT NULL AS exists, me.user_id IS NOT NULL OR :is_admin AS is_allowed,
    me.user_id IS NOT NULL AS is_owner,
    views.rfc3339(greatest(l.updated_at, lines.updated_at, present.updated_at, d.created_at)) AS timestamp, l.im_logs,
    l.im_logs_sealed,
    nullif(concat_ws(E'\n', l.orchestrator_logs, lines.text, present.text), '') AS orchestrator_logs,
    d.im_endpoint, CASE WHEN l.im_after IS NULL OR EXISTS (SELECT FROM operations o
        WHERE o.deployment_id = d.id AND coalesce(o.ended_at, 'infinity') > l.im_after) THEN d.im_infra_id
    END AS im_infra_id,
    d.created_by = u.id AS is_creator, l.im_after::text AS im_after,
    CASE WHEN c.expires_at > now() THEN c.access_token END AS access_token, d.created_by AS creator_id
FROM users u
    LEFT JOIN deployments d ON d.id = :deployment_id
    LEFT JOIN deployment_owners me ON me.deployment_id = d.id AND me.user_id = u.id
    LEFT JOIN deployment_logs l ON l.deployment_id = d.id
    LEFT JOIN credentials c ON c.user_id = d.created_by
    LEFT JOIN LATERAL (
        SELECT string_agg(concat_ws(' ', views.rfc3339(m.created_at), m.level, translate(m.message, E'\r\n', '  ')),
            E'\n'
            ORDER BY m.id) AS text, max(m.created_at) AS updated_at
        FROM (SELECT id, created_at, level, message FROM operation_logs
            WHERE deployment_id = d.id AND (me.user_id IS NOT NULL OR :is_admin)
                AND source = 'orchestrator' AND level > 'debug' AND created_at > coalesce(l.lines_after, '-infinity')
            ORDER BY id DESC LIMIT 10000) m) lines ON true
    LEFT JOIN LATERAL (
        SELECT concat_ws(' ', views.rfc3339(o.updated_at), 'info',
            'Now: ' || translate(o.description, E'\r\n', '  ')) AS text, o.updated_at
        FROM operations o
        WHERE o.deployment_id = d.id AND (me.user_id IS NOT NULL OR :is_admin) AND o.ended_at IS NULL
            AND o.description <> '' AND o.updated_at > coalesce(l.lines_after, '-infinity')
        ORDER BY o.id DESC LIMIT 1) present ON true
WHERE u.id = :caller

-- Not over a deletion that came after IM was asked.
-- name: log_keep_im
-- columns: timestamp
INSERT INTO deployment_logs (deployment_id, im_logs, im_logs_sealed, im_infra_id)
SELECT id, :im_logs, :im_logs_sealed, :im_infra_id FROM deployments WHERE id = :deployment_id
ON CONFLICT (deployment_id) DO UPDATE
SET im_logs = excluded.im_logs, im_logs_sealed = excluded.im_logs_sealed, im_infra_id = excluded.im_infra_id,
    updated_at = now()
WHERE (deployment_logs.im_logs, deployment_logs.im_logs_sealed)
        IS DISTINCT FROM (excluded.im_logs, excluded.im_logs_sealed)
    AND deployment_logs.im_after IS NOT DISTINCT FROM :im_after
RETURNING views.rfc3339(updated_at) AS timestamp

-- Each part has a flag before it: whether it is given. What is written into the orchestrator's part stands for the
-- lines of operations up to now.
-- name: log_write
INSERT INTO deployment_logs AS l (deployment_id, im_logs, im_logs_sealed, orchestrator_logs, lines_after)
VALUES (:deployment_id, CASE WHEN :sets_im THEN :im_logs END, CASE WHEN :sets_im THEN :im_logs_sealed END,
    CASE WHEN :sets_orchestrator THEN :orchestrator_logs END,
    CASE WHEN :sets_orchestrator THEN clock_timestamp() END)
ON CONFLICT (deployment_id) DO UPDATE
SET im_logs = CASE WHEN :sets_im THEN excluded.im_logs ELSE l.im_logs END,
    im_logs_sealed = CASE WHEN :sets_im THEN excluded.im_logs_sealed ELSE l.im_logs_sealed END,
    im_infra_id = CASE WHEN :sets_im THEN NULL ELSE l.im_infra_id END,
    orchestrator_logs = CASE WHEN :sets_orchestrator THEN excluded.orchestrator_logs ELSE l.orchestrator_logs END,
    lines_after = CASE WHEN :sets_orchestrator THEN excluded.lines_after ELSE l.lines_after END,
    updated_at = clock_timestamp()

-- name: log_delete
INSERT INTO deployment_logs (deployment_id, lines_after, im_after)
VALUES (:deployment_id, clock_timestamp(), clock_timestamp())
ON CONFLICT (deployment_id) DO UPDATE
SET im_logs = NULL, im_logs_sealed = NULL, orchestrator_logs = NULL, lines_after = excluded.lines_after,
    im_after = excluded.im_after, updated_at = clock_timestamp()

-- The deployment that a log is of, locked so that it does not go meanwhile; no row: the caller is gone.
-- name: log_lock
-- columns: exists
WITH deployment AS (
    SELECT id FROM deployments WHERE id = :deployment_id FOR KEY SHARE
)
SELECT d.id IS NOT NULL AS exists FROM users caller LEFT JOIN deployment d ON true WHERE caller.id = :caller

-- Where a fresher IM part of a deployment's log may be had, and with what: as log_get, without the log.
-- name: log_place
-- columns: im_endpoint, im_infra_id, im_after, access_token, creator_id
SELECT d.im_endpoint, d.im_infra_id, l.im_after::text AS im_after,
    CASE WHEN c.expires_at > now() THEN c.access_token END AS access_token, d.created_by AS creator_id
FROM deployments d
    LEFT JOIN deployment_logs l ON l.deployment_id = d.id
    LEFT JOIN credentials c ON c.user_id = d.created_by
WHERE d.id = :deployment_id
