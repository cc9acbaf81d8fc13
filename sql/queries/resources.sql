-- name: resource_get
-- columns: object, tag, exists
SELECT CASE WHEN r.is_owner OR :is_admin THEN r.object END AS object,
    r.version || CASE WHEN r.is_owner THEN '.o' ELSE '.a' END AS tag, r.id IS NOT NULL AS exists
FROM users u LEFT JOIN views.v1_resources(:caller) r ON r.id = :id AND r.deployment_id = :deployment_id
WHERE u.id = :caller

-- name: resource_list
-- parameters: caller, deployment_id, is_admin
SELECT * FROM views.v1_resources(:caller) WHERE deployment_id = :deployment_id
