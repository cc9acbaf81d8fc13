-- An operation at its place in the service manager's form. `deployment_id`: whose it is by the place, which is decided
-- upon first; NULL: of whichever, because a provider's is meant.
-- name: broker_operation
-- columns: access, object, tag
SELECT p.is_allowed AS access, b.object, b.version AS tag
FROM users u
    LEFT JOIN operations x ON x.id = :id AND (:deployment_id::uuid IS NOT NULL
        OR EXISTS (SELECT FROM providers w WHERE w.id::text = :resource_id AND w.name = x.platform_id))
    LEFT JOIN views.deployment_access(coalesce(:deployment_id, x.deployment_id), :caller, :is_admin) p ON true
    LEFT JOIN views.broker_operations(:resource_type, :resource_id) b ON p.is_allowed AND b.id = x.id
WHERE u.id = :caller

-- name: broker_place
-- columns: resource_type, resource_id
SELECT p.resource_type, p.resource_id
FROM operations o CROSS JOIN LATERAL views.broker_place(o.type, o.deployment_id, o.options) p
WHERE o.id = :id
