-- ---- what people see ----

-- name: orchestration_get
-- columns: object, tag, exists
SELECT CASE WHEN o.created_by = :caller OR :is_admin THEN o.object END AS object,
    CASE WHEN o.created_by = :caller OR :is_admin THEN o.version END AS tag, o.id IS NOT NULL AS exists
FROM users u LEFT JOIN views.v1_orchestrations() o ON o.id = :id
WHERE u.id = :caller

-- A page. `states`: NULL is any, as `type`. No row: the caller is registered no more.
-- name: orchestration_list
-- columns: object
WITH mine AS MATERIALIZED (
    SELECT o.id, o.created_at FROM orchestrations o
    WHERE (:is_admin::boolean OR o.created_by = :caller::uuid)
        AND (:states::text[] IS NULL OR o.state::text = ANY (:states::text[]))
        AND (:type::text IS NULL OR o.type::text = :type::text)
), page AS MATERIALIZED (
    SELECT id, created_at FROM mine ORDER BY created_at, id LIMIT :size::bigint OFFSET :behind::bigint
)
SELECT json_build_object(
    'data', (SELECT coalesce(json_agg(o.object ORDER BY p.created_at, p.id), '[]')
        FROM page p JOIN views.v1_orchestrations() o ON o.id = p.id),
    'count', (SELECT count(*) FROM page), 'totalCount', (SELECT count(*) FROM mine)) AS object
FROM users u WHERE u.id = :caller::uuid

-- The same of operations. `exists`, `is_allowed`: as the orchestration's, or because some are at the caller's own
-- deployments, who sees these.
-- name: orchestration_operations
-- columns: exists, is_allowed, object
WITH access AS MATERIALIZED (
    SELECT is_allowed, is_owner FROM views.orchestration_access(:id::uuid, :caller::uuid, :is_admin::boolean)
), mine AS MATERIALIZED (
    SELECT t.id, t.number FROM orchestration_targets t CROSS JOIN access a
    WHERE t.orchestration_id = :id::uuid
        AND (:states::text[] IS NULL OR t.state = ANY (:states::text[]::operation_state[]))
        AND (a.is_allowed OR EXISTS (SELECT FROM deployment_owners w
            WHERE w.deployment_id = t.deployment_id AND w.user_id = :caller::uuid))
), page AS MATERIALIZED (
    SELECT id, number FROM mine ORDER BY number LIMIT :size::bigint OFFSET :behind::bigint
)
SELECT a.is_allowed IS NOT NULL AS exists, a.is_allowed OR a.is_owner AS is_allowed, json_build_object(
    'data', (SELECT coalesce(json_agg(t.object ORDER BY p.number), '[]')
        FROM page p JOIN views.v1_orchestration_targets() t ON t.id = p.id),
    'count', (SELECT count(*) FROM page), 'totalCount', (SELECT count(*) FROM mine)) AS object
FROM users u LEFT JOIN access a ON true WHERE u.id = :caller::uuid

-- `access`: whether the caller may see it; NULL: there is no such orchestration.
-- name: orchestration_operation
-- columns: access, object, tag
SELECT a.is_allowed OR w.user_id IS NOT NULL AS access, views.joined(t.object, t.detail) AS object,
    md5(views.joined(t.object, t.detail)::text) AS tag
FROM users u
    LEFT JOIN views.orchestration_access(:id, :caller, :is_admin) a ON true
    LEFT JOIN views.v1_orchestration_targets() t ON t.id = :operation_id AND t.orchestration_id = :id
    LEFT JOIN deployment_owners w ON w.deployment_id = t.deployment_id AND w.user_id = u.id
WHERE u.id = :caller

-- ---- what people ask for ----

-- name: orchestration_insert
WITH orchestration AS (
    INSERT INTO orchestrations (id, type, description, parameters, inputs_sealed, is_admin, is_dry_run, keeps_windows,
        workers, begins_at, correlation_id, created_by)
    VALUES (:id, :type::orchestration_type, 'Waits for its turn.', :parameters::json, :inputs_sealed,
        :is_admin::boolean, :is_dry_run::boolean, :keeps_windows::boolean, :workers::integer,
        GREATEST(coalesce(:begins_at::timestamptz, now()), now()), :correlation_id, :caller)
    RETURNING id, begins_at
)
INSERT INTO work (id, kind, is_begun, is_resting, endpoint, due_at)
SELECT id, 'orchestration', true, true, 'orders', begins_at FROM orchestration

-- Fails with 22023 when the database lacks one of these time zones.
-- name: orchestration_zones
SELECT count(w.window_end) FROM unnest(:zones::text[]) z CROSS JOIN LATERAL window_after(127, 0, 1, z, now()) w

-- By limit_is_passed() when more of a person's have not ended than may be.
-- name: orchestration_limit_check
SELECT limit_is_passed()
FROM (SELECT count(*) AS living FROM orchestrations WHERE created_by = :creator AND ended_at IS NULL) n
WHERE n.living > :most

-- Whose are begun at the same time are counted one after the other; a statement of its own, so that the count's
-- snapshot is taken when the lock is held.
-- name: orchestration_limit_lock
SELECT FROM users WHERE id = :creator FOR NO KEY UPDATE

-- The locks of a change, work first. No row: the caller is gone; NULL: there is no such orchestration.
-- name: orchestration_lock_work
SELECT id FROM work WHERE id = :id FOR NO KEY UPDATE

-- name: orchestration_lock
-- columns: is_allowed, state, tag, caller_name, creator
WITH locked AS MATERIALIZED (
    SELECT id, state, created_by FROM orchestrations WHERE id = :id::uuid FOR NO KEY UPDATE
)
SELECT o.created_by = u.id OR :is_admin::boolean AS is_allowed, o.state,
    (SELECT v.version FROM views.v1_orchestrations() v WHERE v.id = o.id) AS tag,
    coalesce(nullif(u.name, ''), nullif(u.username, ''), u.id::text) AS caller_name, o.created_by AS creator
FROM users u LEFT JOIN locked o ON true WHERE u.id = :caller::uuid

-- Of a locked one: nothing begins any more.
-- name: orchestration_cancel
WITH waiting AS (
    UPDATE orchestration_targets
    SET state = 'canceled', description = 'Canceled by ' || :caller_name::text || ' before it began.'
    WHERE orchestration_id = :id::uuid AND state = 'pending' AND NOT is_begun
), hurried AS (
    UPDATE work SET due_at = now(), is_hurried = true WHERE id = :id::uuid
)
UPDATE orchestrations
SET state = 'canceling', canceled_by = :caller_name::text, updated_at = clock_timestamp(),
    row_version = row_version + 1, description = 'Canceled by ' || :caller_name::text || '; what is at work goes on.'
WHERE id = :id::uuid

-- What of these operations (NULL: all that failed) can be tried again: it failed, and is the last one there. Each is
-- told once, however often it was named.
-- name: orchestration_retriable
-- columns: id, deployment_id, is_last, is_failed
SELECT coalesce(t.id::text, g.id) AS id, t.deployment_id,
    NOT EXISTS (SELECT FROM orchestration_targets n WHERE n.orchestration_id = t.orchestration_id
        AND coalesce(n.resource_id, n.deployment_id) = coalesce(t.resource_id, t.deployment_id)
        AND n.attempt > t.attempt) AS is_last,
    coalesce(t.state = 'failed', false) AS is_failed
FROM (SELECT n.id, min(n.place) AS place
        FROM unnest(coalesce(:ids::text[], ARRAY(SELECT f.id::text FROM orchestration_targets f
            WHERE f.orchestration_id = :id::uuid AND f.state = 'failed' ORDER BY f.number)))
            WITH ORDINALITY AS n (id, place)
        GROUP BY n.id) g
    LEFT JOIN orchestration_targets t ON t.orchestration_id = :id::uuid AND t.id::text = g.id
ORDER BY g.place

-- Of a locked one: `ids` are new ones for the `former`. With `is_immediate` no window is waited for; else that of the
-- last one that had one. Whatever somebody has in hand of it, as its end, is worth nothing any more.
-- name: orchestration_retry
WITH again AS (
    INSERT INTO orchestration_targets (id, orchestration_id, deployment_id, resource_id, attempt, due_at, window_begin,
        window_end, name, user_group, user_group_issuer, provider, region, infra_id, inputs)
    SELECT g.id, t.orchestration_id, t.deployment_id, t.resource_id, t.attempt + 1, GREATEST(now(), w.window_begin),
        w.window_begin, w.window_end, t.name, t.user_group, t.user_group_issuer, t.provider, t.region, t.infra_id,
        t.inputs
    FROM unnest(:ids::uuid[], :former::uuid[]) WITH ORDINALITY AS g (id, former, place)
        JOIN orchestration_targets t ON t.id = g.former
        LEFT JOIN LATERAL (
            SELECT x.window_begin, x.window_end FROM orchestration_targets x
            WHERE NOT :is_immediate::boolean AND x.orchestration_id = t.orchestration_id AND x.window_end IS NOT NULL
                AND coalesce(x.resource_id, x.deployment_id) = coalesce(t.resource_id, t.deployment_id)
            ORDER BY x.attempt DESC LIMIT 1) w ON true
    ORDER BY g.place
), due AS (
    INSERT INTO work AS w (id, kind, phase, is_begun, is_resting, endpoint)
    VALUES (:id::uuid, 'orchestration', 'working', true, true, 'orders')
    ON CONFLICT (id) DO UPDATE
    SET due_at = now(), is_hurried = true, lease_number = w.lease_number + 1,
        phase = CASE w.phase WHEN 'ended' THEN 'working' ELSE w.phase END
)
UPDATE orchestrations
SET state = CASE WHEN ended_at IS NULL THEN state ELSE 'retrying' END, ended_at = NULL, updated_at = clock_timestamp(),
    row_version = row_version + 1
WHERE id = :id::uuid

-- ---- how it is carried out ----

-- A process that stands still in the middle of a transaction loses it, lest others wait for what it has locked.
-- name: orchestration_haste
SELECT set_config('idle_in_transaction_session_timeout', '10s', true)

-- Deployments that an orchestration may be over, behind one, in the order of their creation. `machine` is nothing here.
-- name: orchestration_deployments
-- parameters: caller, is_admin, with_deleted, after_created_at, after_id, after_machine
SELECT d.id, d.created_at, d.updated_at, d.created_by, d.template_id, d.user_group, d.user_group_issuer, d.status,
    d.target_provider, d.target_region, d.im_infra_id, NULL::uuid AS machine, NULL::text AS node
FROM deployments d
WHERE (d.created_at, d.id) > (coalesce(:after_created_at::timestamptz, '-infinity'),
        coalesce(:after_id::uuid, '00000000-0000-0000-0000-000000000000'))
    AND :after_machine::uuid IS NULL
    AND (:is_admin::boolean
        OR EXISTS (SELECT FROM deployment_owners w WHERE w.deployment_id = d.id AND w.user_id = :caller::uuid))
    AND (:with_deleted::boolean OR d.status <> deployment_status.DELETE_COMPLETE)

-- Their machines.
-- name: orchestration_machines
-- parameters: caller, is_admin, with_deleted, after_created_at, after_id, after_machine
SELECT d.id, d.created_at, d.updated_at, d.created_by, d.template_id, d.user_group, d.user_group_issuer, d.status,
    d.target_provider, d.target_region, d.im_infra_id, r.id AS machine, r.tosca_node_name AS node
FROM deployments d JOIN resources r ON r.deployment_id = d.id AND r.is_compute AND r.status <> resource_status.DELETED
WHERE (d.created_at, d.id, r.id) > (coalesce(:after_created_at::timestamptz, '-infinity'),
        coalesce(:after_id::uuid, '00000000-0000-0000-0000-000000000000'),
        coalesce(:after_machine::uuid, '00000000-0000-0000-0000-000000000000'))
    AND (:is_admin::boolean
        OR EXISTS (SELECT FROM deployment_owners w WHERE w.deployment_id = d.id AND w.user_id = :caller::uuid))
    AND (:with_deleted::boolean OR d.status <> deployment_status.DELETE_COMPLETE)

-- What there is to know of one, for who carries it out.
-- name: orchestration_facts
-- columns: type, state, parameters, inputs_sealed, is_admin, is_dry_run, keeps_windows, workers, is_resolved,
-- columns: after_created_at, after_id, after_machine, correlation_id, user_id, issuer, sub
SELECT o.type, o.state, o.parameters, o.inputs_sealed, o.is_admin, o.is_dry_run, o.keeps_windows, o.workers,
    o.resolved_at IS NOT NULL AS is_resolved, o.after_created_at, o.after_id, o.after_machine, o.correlation_id,
    u.id AS user_id, u.issuer, u.sub
FROM orchestrations o JOIN users u ON u.id = o.created_by WHERE o.id = :id

-- The same, locked for who finds its targets.
-- name: orchestration_lock_facts
-- columns: state, is_resolved, after_id, after_machine
SELECT state, resolved_at IS NOT NULL AS is_resolved, after_id, after_machine
FROM orchestrations WHERE id = :id FOR NO KEY UPDATE

-- Of a locked one: targets that were found, in their order, with the first maintenance window of each: of the first
-- rule that their provider or region is like.
-- name: orchestration_add
INSERT INTO orchestration_targets (id, orchestration_id, deployment_id, resource_id, due_at, window_begin, window_end,
    name, user_group, user_group_issuer, provider, region, infra_id, inputs)
SELECT g.id, :id, d.id, g.machine, coalesce(w.window_begin, now()), w.window_begin, w.window_end, t.name, d.user_group,
    d.user_group_issuer, d.target_provider, d.target_region, d.im_infra_id, d.template_inputs
FROM unnest(:ids::uuid[], :deployments::uuid[], :machines::uuid[]) WITH ORDINALITY
        AS g (id, deployment_id, machine, place)
    JOIN deployments d ON d.id = g.deployment_id
    JOIN templates t ON t.id = d.template_id
    LEFT JOIN LATERAL (
        SELECT r.* FROM unnest(:patterns::text[], :days::integer[], :begins::integer[], :ends::integer[],
            :zones::text[]) WITH ORDINALITY AS r (pattern, days, begins, ends, zone, place)
        WHERE d.target_provider LIKE r.pattern OR d.target_region LIKE r.pattern ORDER BY r.place LIMIT 1) r ON true
    LEFT JOIN LATERAL window_after(r.days, r.begins, r.ends, r.zone, now()) w ON r.days IS NOT NULL
ORDER BY g.place

-- So far they are found. `is_last`: these were all.
-- name: orchestration_found
UPDATE orchestrations o
SET state = 'in progress', after_created_at = coalesce(:after_created_at::timestamptz, o.after_created_at),
    after_id = coalesce(:after_id::uuid, o.after_id), after_machine = coalesce(:after_machine::uuid, o.after_machine),
    resolved_at = CASE WHEN :is_last::boolean THEN now() END, updated_at = clock_timestamp(),
    row_version = o.row_version + 1,
    description = CASE WHEN :is_last::boolean THEN s.description ELSE 'Looks for its targets.' END
FROM (SELECT format('Scheduled %s operations', count(*)) AS description
    FROM orchestration_targets WHERE orchestration_id = :id::uuid) s
WHERE o.id = :id::uuid

-- A window that was missed: the next one is waited for.
-- name: orchestration_windows
UPDATE orchestration_targets t
SET window_begin = w.window_begin, window_end = w.window_end, due_at = GREATEST(t.due_at, w.window_begin),
    description = 'Waits for its maintenance window.'
FROM (SELECT x.id, x.provider, x.region FROM orchestration_targets x
    WHERE x.orchestration_id = :id::uuid AND x.state = 'pending' AND NOT x.is_begun AND x.window_end <= now()) m
    CROSS JOIN LATERAL (
        SELECT r.* FROM unnest(:patterns::text[], :days::integer[], :begins::integer[], :ends::integer[],
            :zones::text[]) WITH ORDINALITY AS r (pattern, days, begins, ends, zone, place)
        WHERE m.provider LIKE r.pattern OR m.region LIKE r.pattern ORDER BY r.place LIMIT 1) r
    CROSS JOIN LATERAL window_after(r.days, r.begins, r.ends, r.zone, now()) w
WHERE t.id = m.id

-- Where rules for windows are gone, nothing is waited for.
-- name: orchestration_unbound
UPDATE orchestration_targets SET window_begin = NULL, window_end = NULL
WHERE orchestration_id = :id AND state = 'pending' AND NOT is_begun AND window_end <= now()

-- Those whose turn it is: nothing else is at work where they are about to be.
-- name: orchestration_due
-- columns: id, deployment_id, resource_id, last_operation_id, attempt
SELECT t.id, t.deployment_id, t.resource_id,
    (SELECT d.last_operation_id FROM deployments d WHERE d.id = t.deployment_id) AS last_operation_id, t.attempt
FROM orchestration_targets t
WHERE t.orchestration_id = :id::uuid AND t.state = 'pending' AND NOT t.is_begun AND t.due_at <= now()
    AND (t.window_end IS NULL OR t.window_end > now())
    AND NOT EXISTS (SELECT FROM operations o WHERE o.deployment_id = t.deployment_id AND o.ended_at IS NULL
        AND (o.resource_id = t.resource_id) IS NOT FALSE)
ORDER BY t.due_at, t.number
LIMIT LEAST(:room::bigint, (SELECT CASE WHEN x.state NOT IN ('in progress', 'retrying') THEN 0
        WHEN x.is_dry_run THEN :room::bigint
        ELSE GREATEST(0, x.workers - (SELECT count(*) FROM orchestration_targets n WHERE n.orchestration_id = x.id
            AND n.is_begun AND n.state IN ('pending', 'in progress', 'canceling'))) END
    FROM orchestrations x WHERE x.id = :id::uuid))

-- Those whose operations were made and have not begun. What somebody has locked is in no other's way: its turn comes
-- when that is over.
-- name: orchestration_queued
-- columns: id, deployment_id
SELECT t.id, t.deployment_id
FROM orchestration_targets t JOIN operations o ON o.id = t.id JOIN deployments d ON d.id = o.deployment_id
WHERE t.orchestration_id = :id AND t.state = 'pending' AND t.is_begun
ORDER BY t.number FOR NO KEY UPDATE OF o, d SKIP LOCKED

-- An orchestration's operation that has just been made, or would have been: is it one? Its target's turn is now, and no
-- more are at work than may be, else it has no row. The orchestration is locked.
-- name: orchestration_made
-- columns: id
SELECT id FROM operations WHERE id = :id

-- name: orchestration_adopt
-- columns: id
WITH target AS (
    UPDATE orchestration_targets t
    SET is_begun = true, state = o.state, description = o.description, inputs = coalesce(o.inputs, t.inputs)
    FROM operations o, orchestrations x
    WHERE t.id = :id::uuid AND o.id = t.id AND t.state = 'pending' AND NOT t.is_begun
        AND x.id = t.orchestration_id AND x.state IN ('in progress', 'retrying')
        AND (SELECT count(*) FROM orchestration_targets n WHERE n.orchestration_id = x.id AND n.is_begun
            AND n.state IN ('pending', 'in progress', 'canceling')) < x.workers
    RETURNING t.id, t.orchestration_id
)
UPDATE operations o SET orchestration_id = t.orchestration_id FROM target t WHERE o.id = t.id RETURNING o.id

-- What such an operation would do, in words, and what it would be; of a creation, what its place depends on.
-- name: orchestration_rehearsed
-- columns: operation, deployment_id, content, template_inputs, template_inputs_sealed, user_group, user_group_issuer,
-- columns: provider_type, provider, region, max_providers
SELECT to_jsonb(o) || jsonb_build_object('orchestration_id', :orchestration_id::uuid, 'description', CASE o.type
    WHEN 'DELETE' THEN format('Would delete %s, with %s.', at.infra,
        coalesce((SELECT string_agg(e ->> 'criteria', ', ') FROM jsonb_array_elements(o.transitive) e), 'no resources'))
    WHEN 'UPDATE' THEN format('Would deploy %s anew, with the inputs %s; %s.', at.infra,
        left(coalesce(o.inputs, d.template_inputs)::text, 2000),
        coalesce((SELECT string_agg((e ->> 'criteria') || CASE e ->> 'operation_type' WHEN 'DELETE' THEN ' goes'
            ELSE ' comes' END, ', ') FROM jsonb_array_elements(o.transitive) e), 'no resource comes or goes'))
    WHEN 'CREATE' THEN format('Would create it again, with the inputs %s.', left(d.template_inputs::text, 2000))
    ELSE format('Would %s the machine %s%s of %s.', lower(o.type::text), r.tosca_node_name,
        coalesce(' (' || r.im_vm_idx || ')', ''), at.infra) END) AS operation,
    d.id AS deployment_id, CASE WHEN o.type = 'CREATE' THEN t.content END AS content, d.template_inputs,
    d.template_inputs_sealed, d.user_group, d.user_group_issuer, t.target_provider_type AS provider_type,
    d.target_provider AS provider, d.target_region AS region, d.max_providers
FROM operations o
    JOIN deployments d ON d.id = o.deployment_id
    JOIN templates t ON t.id = d.template_id
    LEFT JOIN resources r ON r.id = o.resource_id
    CROSS JOIN LATERAL (SELECT coalesce('the infrastructure ' || d.im_infra_id
        || coalesce(' at ' || d.target_provider, ''), 'the deployment, which has no infrastructure') AS infra) at
WHERE o.id = :id

-- The outcome of a dry run: an operation that has ended, and its target.
-- name: orchestration_dry
WITH given AS (
    SELECT * FROM jsonb_populate_record(NULL::operations, :row::jsonb)
), target AS (
    UPDATE orchestration_targets t
    SET is_begun = true, state = 'succeeded', description = g.description, inputs = coalesce(g.inputs, t.inputs)
    FROM given g WHERE t.id = g.id AND t.state = 'pending' AND NOT t.is_begun
    RETURNING t.id
), operation AS (
    INSERT INTO operations (id, deployment_id, resource_id, type, state, phase, description, options, transitive,
        inputs, inputs_sealed, platform_id, correlation_id, user_group, user_group_issuer, created_by, deadline,
        orchestration_id, is_dry_run, started_at, ended_at)
    SELECT g.id, g.deployment_id, g.resource_id, g.type, 'succeeded', 'ended', g.description, g.options, g.transitive,
        g.inputs, g.inputs_sealed, g.platform_id, g.correlation_id, g.user_group, g.user_group_issuer, g.created_by,
        g.deadline, g.orchestration_id, true, now(), clock_timestamp()
    FROM given g JOIN target USING (id) JOIN deployments d ON d.id = g.deployment_id
    RETURNING id, deployment_id, description
)
INSERT INTO operation_logs (operation_id, deployment_id, level, stage, message)
SELECT id, deployment_id, 'info', 'finished', description FROM operation

-- One that got no operation: it ends so, or waits.
-- name: orchestration_decide
UPDATE orchestration_targets
SET state = :state::operation_state, is_skipped = :is_skipped::boolean, description = :description,
    due_at = now() + :rest::bigint * interval '1 microsecond'
WHERE id = :id AND state = 'pending' AND NOT is_begun

-- How far it is. `next`: microseconds until the next one's turn, as far as anybody knows; NULL: no more wait.
-- name: orchestration_progress
-- columns: state, is_resolved, waiting, running, next
SELECT o.state, o.resolved_at IS NOT NULL AS is_resolved, s.waiting, s.running, s.next
FROM orchestrations o CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE NOT t.is_begun) AS waiting, count(*) FILTER (WHERE t.is_begun) AS running,
        (extract(epoch FROM min(t.due_at) FILTER (WHERE NOT t.is_begun) - now()) * 1000000)::bigint AS next
    FROM orchestration_targets t
    WHERE t.orchestration_id = o.id AND t.state IN ('pending', 'in progress', 'canceling')) s
WHERE o.id = :id

-- It goes on; how many were scheduled and skipped is told.
-- name: orchestration_tell
UPDATE orchestrations o
SET state = CASE o.state WHEN 'retrying' THEN 'in progress' ELSE o.state END, description = s.description,
    updated_at = clock_timestamp(), row_version = o.row_version + 1
FROM (SELECT format('Scheduled %s operations', count(*) FILTER (WHERE NOT t.is_skipped))
        || coalesce(', ' || nullif(count(*) FILTER (WHERE t.is_skipped), 0) || ' skipped', '') AS description
    FROM orchestration_targets t WHERE t.orchestration_id = :id::uuid) s
WHERE o.id = :id::uuid AND o.resolved_at IS NOT NULL AND o.state IN ('in progress', 'retrying')
    AND (o.state = 'retrying' OR o.description <> s.description)

-- One that ended so long ago goes with its counts, once none of its operations is kept any more.
-- name: keep_house_orchestrations
-- columns: id
DELETE FROM orchestrations WHERE id = ANY (ARRAY(
    SELECT o.id FROM orchestrations o
    WHERE o.ended_at < clock_timestamp() - :retention::bigint * interval '1 microsecond'
      AND NOT EXISTS (SELECT FROM operations x WHERE x.orchestration_id = o.id)
    ORDER BY o.created_at LIMIT 10 FOR UPDATE SKIP LOCKED))
RETURNING id

-- The end of a locked one, when nothing waits or is at work: failed when something has an operation that failed, and no
-- later one that succeeded.
-- name: orchestration_end
-- columns: state
UPDATE orchestrations o
SET state = CASE WHEN o.state = 'canceling' THEN 'canceled'
        WHEN EXISTS (SELECT FROM orchestration_targets t WHERE t.orchestration_id = o.id AND t.state = 'failed'
            AND NOT EXISTS (SELECT FROM orchestration_targets n
                WHERE n.orchestration_id = o.id AND n.state = 'succeeded' AND n.attempt > t.attempt
                    AND coalesce(n.resource_id, n.deployment_id) = coalesce(t.resource_id, t.deployment_id)))
        THEN 'failed' ELSE 'succeeded' END::orchestration_state,
    description = CASE WHEN o.state = 'canceling' THEN 'Canceled by ' || o.canceled_by || '.' ELSE o.description END,
    ended_at = clock_timestamp(), updated_at = clock_timestamp(), row_version = o.row_version + 1
WHERE o.id = :id::uuid AND o.ended_at IS NULL AND (o.resolved_at IS NOT NULL OR o.state = 'canceling')
    AND NOT EXISTS (SELECT FROM orchestration_targets t
        WHERE t.orchestration_id = o.id AND t.state IN ('pending', 'in progress', 'canceling'))
RETURNING o.state
