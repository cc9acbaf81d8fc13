-- The two parts of a deployment's log as they are stored, and where a fresher IM part may be had. The operations' lines
-- come behind what was posted; of very many the last 10000.
-- name: log_get
-- columns: exists, is_allowed, timestamp, im_logs, orchestrator_logs, im_endpoint, im_infra_id, is_creator,
-- columns: access_token, creator_id
SELECT d.id IS NOT NULL AS exists, me.user_id IS NOT NULL OR :is_admin AS is_allowed,
    views.rfc3339(greatest(l.updated_at, lines.updated_at, d.created_at)) AS timestamp, l.im_logs,
    nullif(concat_ws(E'\n', nullif(l.orchestrator_logs, ''), lines.text), '') AS orchestrator_logs,
    d.im_endpoint, d.im_infra_id, d.created_by = u.id AS is_creator,
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
                AND created_at > coalesce(l.lines_after, '-infinity')
            ORDER BY id DESC LIMIT 10000) m) lines ON true
WHERE u.id = :caller

-- name: log_keep_im
-- columns: timestamp
INSERT INTO deployment_logs (deployment_id, im_logs) SELECT id, :im_logs FROM deployments WHERE id = :deployment_id
ON CONFLICT (deployment_id) DO UPDATE SET im_logs = excluded.im_logs, updated_at = now()
WHERE deployment_logs.im_logs IS DISTINCT FROM excluded.im_logs
RETURNING views.rfc3339(updated_at) AS timestamp
