-- One object below a deployment: whether the caller may see the deployment (NULL: there is none), and the object if so.
-- No
-- row: the caller is registered no more.
-- name: resource_get
-- columns: access, object, tag
SELECT p.is_allowed AS access, r.object, r.version || CASE WHEN r.is_owner THEN '.o' ELSE '.a' END AS tag
FROM users u
    LEFT JOIN views.deployment_access(:deployment_id, :caller, :is_admin) p ON true
    LEFT JOIN views.v1_resources(:caller) r ON p.is_allowed AND r.id = :id AND r.deployment_id = :deployment_id
WHERE u.id = :caller

-- name: resource_list
-- parameters: caller, deployment_id, is_admin
SELECT * FROM views.v1_resources(:caller) WHERE deployment_id = :deployment_id

-- Where a resource stands below a locked deployment, for who may change it: its version, whether it is a machine that
-- is at IM, what is at work with it, or with the whole deployment, and the last operation on it, else on the
-- deployment.
-- name: resource_standing
-- columns: tag, status, status_name, is_machine, is_made, operation_id, last_operation_id, own_operation_id
SELECT r.row_version || CASE WHEN me.user_id IS NOT NULL THEN '.o' ELSE '.a' END AS tag, r.status,
    views.resource_status_name(r.status) AS status_name, r.is_compute AS is_machine,
    r.im_vm_idx IS NOT NULL AND d.im_infra_id IS NOT NULL AS is_made,
    (SELECT o.id FROM operations o
     WHERE o.deployment_id = d.id AND o.ended_at IS NULL AND (o.resource_id IS NULL OR o.resource_id = r.id)
     ORDER BY o.created_at DESC, o.id DESC LIMIT 1) AS operation_id,
    coalesce((SELECT o.id FROM operations o WHERE o.resource_id = r.id ORDER BY o.created_at DESC, o.id DESC LIMIT 1),
        (SELECT o.id FROM operations o WHERE o.deployment_id = d.id AND o.resource_id IS NULL
         ORDER BY o.created_at DESC, o.id DESC LIMIT 1)) AS last_operation_id,
    (SELECT o.id FROM operations o WHERE o.resource_id = r.id AND o.ended_at IS NULL LIMIT 1) AS own_operation_id
FROM resources r
    JOIN deployments d ON d.id = r.deployment_id
    LEFT JOIN deployment_owners me ON me.deployment_id = d.id AND me.user_id = :caller
WHERE r.id = :id AND r.deployment_id = :deployment_id

-- A machine has an hour, or the time of a provider when that is shorter.
-- name: resource_act
WITH operation AS (
    INSERT INTO operations (id, deployment_id, resource_id, type, description, options, parent_id, platform_id,
        correlation_id, user_group, user_group_issuer, created_by, deadline)
    SELECT :operation_id, d.id, :id, :type::operation_type, 'Waiting for its turn.',
        jsonb_build_object('former', :former::smallint), :parent_id, d.target_provider, :correlation_id, d.user_group,
        d.user_group_issuer, :caller, now() + LEAST(d.per_provider_timeout_mins, 60) * interval '1 minute'
    FROM deployments d WHERE d.id = :deployment_id
), work AS (
    INSERT INTO work (id, kind) VALUES (:operation_id, :type)
)
UPDATE resources
SET status = :status, updated_by = :caller, updated_at = now(), row_version = row_version + 1
WHERE id = :id

-- What is at work with it has failed.
-- name: resource_reset
WITH ended AS (
    UPDATE operations
    SET state = 'failed', phase = 'ended', description = :reason, reason = :reason,
        errors = jsonb_build_array(jsonb_build_object('error', 'status.reset', 'description', :reason::text)),
        waits_for_token = false, ended_at = clock_timestamp(), updated_at = clock_timestamp(),
        row_version = row_version + 1
    WHERE resource_id = :id AND ended_at IS NULL
    RETURNING id, deployment_id
), gone AS (
    DELETE FROM work w USING ended e WHERE w.id = e.id
), step AS (
    UPDATE operation_steps s SET status = 'failed', message = :reason, ended_at = clock_timestamp()
    FROM ended e WHERE s.operation_id = e.id AND s.ended_at IS NULL
), line AS (
    INSERT INTO operation_logs (operation_id, deployment_id, level, stage, message)
    SELECT id, deployment_id, 'error', 'finished', :reason FROM ended
)
UPDATE resources
SET status = resource_status.ERROR, updated_by = :caller, updated_at = now(), row_version = row_version + 1
WHERE id = :id
