-- name: idempotency_keep
INSERT INTO idempotency_keys (user_id, method, path, key, body_sha256, status, headers, body)
VALUES (:user_id, :method, :path, :key, :fingerprint, :status, :headers, :body)

-- name: idempotency_find
-- columns: fingerprint, status, headers, body, is_old
SELECT body_sha256 AS fingerprint, status, headers, body, created_at < now() - interval '24 hours' AS is_old
FROM idempotency_keys
WHERE user_id = :user_id AND method = :method AND path = :path AND key = :key

-- name: idempotency_forget
DELETE FROM idempotency_keys
WHERE user_id = :user_id AND method = :method AND path = :path AND key = :key
    AND created_at < now() - interval '24 hours'
