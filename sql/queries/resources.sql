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
