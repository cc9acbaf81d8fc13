-- name: operation_get
-- columns: object, tag, exists
SELECT CASE WHEN o.is_owner OR :is_admin THEN o.object END AS object, o.version AS tag, o.id IS NOT NULL AS exists
FROM users u LEFT JOIN views.v1_operations(:caller) o ON o.id = :id AND o.deployment_id = :deployment_id
WHERE u.id = :caller

-- name: operation_list
-- parameters: caller, deployment_id, is_admin
SELECT * FROM views.v1_operations(:caller) WHERE deployment_id = :deployment_id
