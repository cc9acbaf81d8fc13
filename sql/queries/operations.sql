-- As resource_get.
-- name: operation_get
-- columns: access, object, tag
SELECT p.is_allowed AS access, o.object, o.version AS tag
FROM users u
    LEFT JOIN views.deployment_access(:deployment_id, :caller, :is_admin) p ON true
    LEFT JOIN views.v1_operations(:caller) o ON p.is_allowed AND o.id = :id AND o.deployment_id = :deployment_id
WHERE u.id = :caller

-- name: operation_list
-- parameters: caller, deployment_id, is_admin
SELECT * FROM views.v1_operations(:caller) WHERE deployment_id = :deployment_id
