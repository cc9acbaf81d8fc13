-- name: idempotency_keep
INSERT INTO idempotency_keys (user_id, method, path, key, body_sha256, status, headers, body)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)

-- name: idempotency_find read
SELECT body_sha256, status, headers, body, created_at < now() - interval '24 hours'
FROM idempotency_keys
WHERE user_id = $1 AND method = $2 AND path = $3 AND key = $4

-- name: idempotency_forget read
DELETE FROM idempotency_keys
WHERE user_id = $1 AND method = $2 AND path = $3 AND key = $4 AND created_at < now() - interval '24 hours'
