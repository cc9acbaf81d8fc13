-- As operation_get.
-- name: operation_stages
-- columns: access, object, tag
SELECT p.is_allowed AS access, s.object, md5(s.object::text) AS tag
FROM users u
    LEFT JOIN operations x ON x.id = :id
    LEFT JOIN views.deployment_access(coalesce(:deployment_id, x.deployment_id), :caller, :is_admin) p ON true
    LEFT JOIN LATERAL views.v1_stages(x.id) s ON p.is_allowed
        AND x.deployment_id = coalesce(:deployment_id, x.deployment_id)
        AND (:resource_id::uuid IS NULL OR x.resource_id = :resource_id)
WHERE u.id = :caller

-- The same of the last operation that sets the deployment's status.
-- name: deployment_stages
-- columns: access, object, tag
SELECT p.is_allowed AS access, s.object, md5(s.object::text) AS tag
FROM users u
    LEFT JOIN deployments d ON d.id = :deployment_id
    LEFT JOIN views.deployment_access(:deployment_id, :caller, :is_admin) p ON true
    LEFT JOIN LATERAL views.v1_stages(d.last_operation_id) s ON p.is_allowed
WHERE u.id = :caller
