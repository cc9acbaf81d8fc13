-- As resource_get, of one that is looked for below a deployment, below one of its resources, or (these are NULL) by its
-- id alone.
-- name: operation_get
-- columns: access, object, tag
SELECT p.is_allowed AS access, o.object, o.version AS tag
FROM users u
    LEFT JOIN operations x ON x.id = :id
    LEFT JOIN views.deployment_access(coalesce(:deployment_id, x.deployment_id), :caller, :is_admin) p ON true
    LEFT JOIN views.v1_operations(:caller) o ON p.is_allowed AND o.id = x.id
        AND o.deployment_id = coalesce(:deployment_id, o.deployment_id)
        AND (:resource_id::uuid IS NULL OR x.resource_id = :resource_id)
WHERE u.id = :caller

-- Everybody's, and the same rows from an index alone, in their usual order.
-- name: operation_list_all
-- parameters: caller
SELECT * FROM views.v1_operations(:caller)

-- name: operation_keys_all
-- parameters: caller
-- columns: id, created_at
SELECT id, created_at FROM operations

-- Those of the caller's own deployments, one deployment after the other.
-- name: operation_list_own
-- parameters: caller
SELECT * FROM views.v1_operations(:caller)
WHERE deployment_id = ANY (ARRAY(SELECT w.deployment_id FROM deployment_owners w WHERE w.user_id = :caller))

-- name: operation_list_of_resource
-- parameters: caller, deployment_id, resource_id, is_admin
SELECT * FROM views.v1_operations(:caller) WHERE deployment_id = :deployment_id AND resource_id = :resource_id

-- Where one stands for who wants to change its row, locked: whether it has ended, whether it is needed: the last one of
-- what it is about, or what the deployment's status is read off, or may be again. A dry run is never needed, and counts
-- for no other.
-- name: operation_record
-- columns: access, tag, is_open, is_needed
SELECT p.is_allowed AS access, v.version AS tag, o.ended_at IS NULL AS is_open,
    NOT o.is_dry_run AND (NOT EXISTS (SELECT FROM operations n
            WHERE coalesce(n.resource_id, n.deployment_id) = coalesce(o.resource_id, o.deployment_id)
                AND (n.created_at, n.id) > (o.created_at, o.id) AND NOT n.is_dry_run)
        OR EXISTS (SELECT FROM deployments d WHERE d.last_operation_id = o.id)
        OR EXISTS (SELECT FROM operations n
            WHERE n.deployment_id = o.deployment_id AND n.former_id = o.id AND n.ended_at IS NULL)) AS is_needed
FROM users u
    LEFT JOIN operations x ON x.id = :id
    LEFT JOIN views.deployment_access(coalesce(:deployment_id, x.deployment_id), :caller, :is_admin) p ON true
    LEFT JOIN operations o ON p.is_allowed AND o.id = x.id
        AND o.deployment_id = coalesce(:deployment_id, o.deployment_id)
        AND (:resource_id::uuid IS NULL OR o.resource_id = :resource_id)
    LEFT JOIN views.v1_operations(:caller) v ON v.id = o.id
WHERE u.id = :caller

-- name: operation_lock
SELECT id FROM operations WHERE id = :id FOR NO KEY UPDATE

-- name: operation_label
UPDATE operations SET labels = :labels, updated_at = now(), row_version = row_version + 1 WHERE id = :id

-- name: operation_delete
DELETE FROM operations WHERE id = :id

-- name: operation_list
-- parameters: caller, deployment_id, is_admin
SELECT * FROM views.v1_operations(:caller) WHERE deployment_id = :deployment_id

-- Cancels what a locked deployment is at: one operation, or all of them for a deletion that comes behind (`id` is
-- NULL). What waits for its turn is over at once, and leaves what was true before; what is at work is told, and looked
-- at now. An update that a deletion ended and that has not ended yet is followed to its end when there is no deletion
-- any more; what a creation made goes all the same.
-- name: operation_cancel
WITH who AS MATERIALIZED (
    SELECT concat('Canceled by ', coalesce(nullif(name, ''), nullif(username, ''), id::text),
        CASE WHEN :deletion_id::uuid IS NOT NULL THEN ', who deletes the deployment' END, '.') AS reason
    FROM users WHERE id = :caller
), over AS (
    UPDATE operations o
    SET state = 'canceled', phase = 'ended', description = w.reason, reason = w.reason,
        canceled_for = :deletion_id::uuid,
        errors = jsonb_build_array(jsonb_build_object('error', 'operation.canceled', 'description', w.reason)),
        waits_for_token = false, ended_at = clock_timestamp(), updated_at = clock_timestamp(),
        row_version = o.row_version + 1
    FROM who w
    WHERE o.deployment_id = :deployment_id::uuid AND o.id = coalesce(:id::uuid, o.id) AND o.state = 'pending'
    RETURNING o.id, o.deployment_id, o.resource_id, o.type, o.options, o.former_id, o.reason
), ending AS (
    UPDATE operations o
    SET state = 'canceling', reason = w.reason, canceled_for = coalesce(:deletion_id::uuid, o.canceled_for),
        updated_at = clock_timestamp(), row_version = o.row_version + 1
    FROM who w
    WHERE o.deployment_id = :deployment_id::uuid AND o.id = coalesce(:id::uuid, o.id)
        AND o.state IN ('in progress', 'canceling')
    RETURNING o.id
), followed AS (
    UPDATE operations x SET canceled_for = NULL
    FROM over o WHERE o.type = 'DELETE' AND x.deployment_id = o.deployment_id AND x.canceled_for = o.id
        AND x.type <> 'CREATE' AND x.ended_at IS NULL
), gone AS (
    DELETE FROM work w USING over o WHERE w.id = o.id
), told AS (
    UPDATE work w SET due_at = now(), is_hurried = true FROM ending e WHERE w.id = e.id
), unrelated AS (
    DELETE FROM resource_requirements q USING resources r, over o
    WHERE o.type = 'UPDATE' AND r.deployment_id = o.deployment_id AND r.status = resource_status.CREATING
        AND r.id IN (q.resource_id, q.required_by_id)
), line AS (
    INSERT INTO operation_logs (operation_id, deployment_id, level, stage, message)
    SELECT id, deployment_id, 'info', 'finished', reason FROM over
), deployment AS (
    UPDATE deployments d
    SET last_operation_id = f.id, updated_by = :caller, updated_at = now(), row_version = d.row_version + 1
    FROM over o JOIN operations f ON f.id = o.former_id WHERE d.last_operation_id = o.id
)
UPDATE resources r
SET status = CASE WHEN o.resource_id IS NOT NULL THEN (o.options ->> 'former')::smallint
        WHEN r.status = resource_status.DELETING THEN resource_status.STARTED
        WHEN o.type = 'UPDATE' THEN resource_status.DELETED ELSE resource_status.ERROR END,
    is_added = r.is_added AND o.type <> 'UPDATE',
    updated_by = :caller, updated_at = now(), row_version = r.row_version + 1
FROM over o
WHERE r.deployment_id = o.deployment_id AND CASE o.type
    WHEN 'CREATE' THEN r.status NOT IN (resource_status.ERROR, resource_status.DELETED)
    WHEN 'UPDATE' THEN r.status IN (resource_status.CREATING, resource_status.DELETING)
    ELSE r.id = o.resource_id END

-- What a retry has to know before anything is locked.
-- name: operation_facts
-- columns: deployment_id, type, inputs, inputs_sealed, template_id, options
SELECT deployment_id, type, inputs, inputs_sealed, template_id, options FROM operations WHERE id = :id

-- Where an operation of a locked deployment, or of one of its resources, stands for who wants to cancel or retry it:
-- its version; whether no later one does the same to the same; what is at work there; whether the infrastructure was
-- changed since.
-- name: operation_standing
-- columns: has_resource, tag, type, state, resource_id, options, former_id, is_dry_run, is_last, busy_id, is_changed,
-- columns: user_group, user_group_issuer
SELECT :resource_id::uuid IS NULL OR EXISTS (
        SELECT FROM resources r WHERE r.id = :resource_id AND r.deployment_id = :deployment_id) AS has_resource,
    v.version AS tag, o.type, o.state, o.resource_id, o.options, o.former_id, o.is_dry_run,
    NOT EXISTS (SELECT FROM operations x
        WHERE x.deployment_id = o.deployment_id AND x.type = o.type AND NOT x.is_dry_run
            AND x.resource_id IS NOT DISTINCT FROM o.resource_id AND (x.created_at, x.id) > (o.created_at, o.id))
        AS is_last,
    (SELECT x.id FROM operations x
     WHERE x.deployment_id = o.deployment_id AND x.ended_at IS NULL
        AND (x.resource_id IS NULL OR x.resource_id = o.resource_id) LIMIT 1) AS busy_id,
    EXISTS (SELECT FROM operations x WHERE x.deployment_id = o.deployment_id AND x.type = 'UPDATE' AND NOT x.is_dry_run
        AND x.created_at > o.created_at) AS is_changed, d.user_group, d.user_group_issuer
FROM deployments d
    LEFT JOIN operations o ON o.id = :id AND o.deployment_id = :deployment_id
        AND (:resource_id::uuid IS NULL OR o.resource_id = :resource_id)
    LEFT JOIN views.v1_operations(:caller) v ON v.id = o.id
WHERE d.id = :deployment_id
