-- Where an operation's log begins for who asks: `mark` is the id of the line before the last `tail` ones of those that
-- are asked for; NULL: all of them.
-- name: operation_log_find
-- columns: access, tag, deployment_id, type, mark
SELECT p.is_allowed AS access, o.row_version AS tag, o.deployment_id, o.type,
    CASE WHEN :tail::integer IS NOT NULL THEN
        (SELECT l.id FROM operation_logs l
         WHERE l.operation_id = o.id AND l.level >= :level::log_level AND l.created_at > :since::timestamptz
         ORDER BY l.id DESC LIMIT 1 OFFSET :tail::integer) END AS mark
FROM users u
    LEFT JOIN operations x ON x.id = :id
    LEFT JOIN views.deployment_access(coalesce(:deployment_id, x.deployment_id), :caller, :is_admin) p ON true
    LEFT JOIN operations o ON p.is_allowed AND o.id = x.id
        AND o.deployment_id = coalesce(:deployment_id, o.deployment_id)
        AND (:resource_id::uuid IS NULL OR o.resource_id = :resource_id)
WHERE u.id = :caller

-- The next lines of a log, at most so many: those behind `mark` that were not `sent` before. A line may be committed
-- later than one with a higher id, so the mark that is given back stays behind what came in the last half minute, and
-- what was sent of that is given back with it; behind it is also what nobody asks for, which is not to be walked over
-- again. Times never go back: a line that was committed late has that of what was told before it, `last` (NULL: nothing
-- was), and nothing is behind the end. `end_line`: the operation has ended, and this is all of it. No row: the caller
-- is gone; `is_allowed` is NULL when the operation is.
-- name: operation_log_read
-- columns: is_allowed, is_open, count, text, end_line, next_mark, next_sent, next_last
SELECT p.is_allowed, o.ended_at IS NULL AS is_open, b.count, b.text,
    CASE WHEN o.ended_at IS NOT NULL AND b.count < :most::integer THEN
        (SELECT row_to_json(r) || E'\n'
         FROM (SELECT views.rfc3339(greatest(o.ended_at, :last::timestamptz, b.last_told, (SELECT l.created_at
                FROM operation_logs l WHERE l.operation_id = o.id ORDER BY l.operation_id DESC, l.id DESC LIMIT 1)))
            AS timestamp, true AS "end", o.state) r) END AS end_line,
    n.mark AS next_mark,
    ARRAY(SELECT i FROM unnest(:sent::bigint[] || b.ids) i WHERE i > n.mark)::text AS next_sent,
    views.rfc3339(greatest(:last::timestamptz, b.last_told)) AS next_last
FROM users u
    LEFT JOIN operations o ON o.id = :id
    LEFT JOIN views.deployment_access(o.deployment_id, :caller, :is_admin) p ON true
    CROSS JOIN LATERAL (
        SELECT count(*) AS count, string_agg((SELECT row_to_json(r)::text FROM (
                SELECT views.rfc3339(l.told_at) AS timestamp, l.level, l.message, l.operation_id, l.deployment_id,
                    l.stage, l.step, l.source) r) || E'\n', '' ORDER BY l.id) AS text,
            coalesce(array_agg(l.id), '{}') AS ids, max(l.id) AS last, max(l.told_at) AS last_told,
            max(l.id) FILTER (WHERE l.created_at < clock_timestamp() - interval '30 seconds') AS settled
        FROM (SELECT x.*, greatest(:last::timestamptz, max(x.created_at) OVER (ORDER BY x.id)) AS told_at
              FROM (SELECT * FROM operation_logs l
                    WHERE l.operation_id = o.id AND p.is_allowed AND l.id > :mark::bigint
                      AND l.id <> ALL (:sent::bigint[])
                      AND l.level >= :level::log_level AND l.created_at > :since::timestamptz
                    ORDER BY l.id LIMIT :most::integer) x) l) b
    CROSS JOIN LATERAL (
        SELECT greatest(:mark::bigint, b.settled, CASE WHEN b.count < :most::integer THEN (SELECT l.id
            FROM operation_logs l
            WHERE l.operation_id = o.id AND p.is_allowed AND l.created_at < clock_timestamp() - interval '30 seconds'
            ORDER BY l.operation_id DESC, l.id DESC LIMIT 1) END, (SELECT max(l.id) FROM operation_logs l
            WHERE l.id = ANY (:sent::bigint[]) AND (b.count < :most::integer OR l.id <= b.last)
                AND l.created_at < clock_timestamp() - interval '30 seconds')) AS mark OFFSET 0) n
WHERE u.id = :caller

-- What moves whenever one of these operations, or its log, does.
-- name: operation_log_news
-- columns: id, news
SELECT o.id, concat(o.row_version, '.', (SELECT max(l.id) FROM operation_logs l WHERE l.operation_id = o.id)) AS news
FROM operations o WHERE o.id = ANY (:ids::uuid[])
