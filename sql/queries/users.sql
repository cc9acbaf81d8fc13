-- name: caller_find read
SELECT u.id, (extract(epoch FROM c.expires_at) * 1000000)::bigint,
    EXISTS (SELECT FROM operations o WHERE o.created_by = u.id AND o.waits_for_token)
FROM users u LEFT JOIN credentials c ON c.user_id = u.id
WHERE u.issuer = $1 AND u.sub = $2

-- name: caller_register
WITH person AS (
    INSERT INTO users (id, issuer, sub, name, username, email, picture)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (issuer, sub) DO NOTHING
    RETURNING id
), token AS (
    INSERT INTO credentials (user_id, access_token, expires_at)
    SELECT id, $8::text, $9::timestamptz FROM person WHERE $8::text IS NOT NULL
    RETURNING expires_at
)
SELECT id, (SELECT (extract(epoch FROM expires_at) * 1000000)::bigint FROM token), false FROM person

-- name: caller_refresh
WITH caller AS (
    SELECT id FROM users WHERE id = $1
), person AS (
    UPDATE users
    SET name = coalesce($2, name), username = coalesce($3, username), email = coalesce($4, email),
        row_version = row_version + 1, updated_at = now()
    WHERE id = $1
        AND (name, username, email) IS DISTINCT FROM (coalesce($2, name), coalesce($3, username), coalesce($4, email))
), token AS (
    INSERT INTO credentials (user_id, access_token, expires_at)
    SELECT id, $5, $6 FROM caller
    ON CONFLICT (user_id) DO UPDATE
    SET access_token = excluded.access_token, expires_at = excluded.expires_at, updated_at = now()
)
UPDATE operations SET due_at = now(), waits_for_token = false, updated_at = now(), row_version = row_version + 1
WHERE created_by = $1 AND waits_for_token
