-- name: resource_get read
SELECT CASE WHEN r.is_owner OR $4 THEN r.object END, r.version || CASE WHEN r.is_owner THEN '.o' ELSE '.a' END,
    r.id IS NOT NULL
FROM users u LEFT JOIN v1_resources($3) r ON r.id = $2 AND r.deployment_id = $1
WHERE u.id = $3

-- name: resource_list read
SELECT * FROM v1_resources($1) WHERE deployment_id = $2
