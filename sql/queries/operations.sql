-- name: operation_get read
SELECT CASE WHEN o.is_owner OR $4 THEN o.object END, o.version, o.id IS NOT NULL
FROM users u LEFT JOIN v1_operations($3) o ON o.id = $2 AND o.deployment_id = $1
WHERE u.id = $3

-- name: operation_list read
SELECT * FROM v1_operations($1) WHERE deployment_id = $2
