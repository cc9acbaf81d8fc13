-- What waits for a token waits for that of the deployment's creator, whoever asked for the operation.
-- name: caller_find read
SELECT u.id, (extract(epoch FROM c.expires_at) * 1000000)::bigint,
    EXISTS (SELECT FROM operations o JOIN deployments d ON d.id = o.deployment_id
        WHERE o.waits_for_token AND o.ended_at IS NULL AND d.created_by = u.id)
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
UPDATE operations o
SET due_at = now(), waits_for_token = false, updated_at = now(), row_version = o.row_version + 1
FROM deployments d
WHERE o.waits_for_token AND o.ended_at IS NULL AND d.id = o.deployment_id AND d.created_by = $1

-- Rows of one object: the object if the caller may see it, its version for this reader, whether it exists.
-- name: user_get read
SELECT CASE
        WHEN u.id = $2 THEN json_build_object('id', u.id, 'created_at', rfc3339(u.created_at), 'sub', u.sub,
            'issuer', u.issuer, 'name', u.name, 'username', u.username, 'email', u.email, 'picture', u.picture,
            'public_ssh_key', u.public_ssh_key,
            '@sealed', json_build_object('users.refresh_token', u.refresh_token))
        WHEN $3 THEN json_build_object('id', u.id, 'created_at', rfc3339(u.created_at), 'sub', u.sub,
            'issuer', u.issuer, 'name', u.name, 'username', u.username, 'email', u.email, 'picture', u.picture,
            'public_ssh_key', u.public_ssh_key)
    END, u.row_version || CASE WHEN u.id = $2 THEN '.s' ELSE '.a' END, u.id IS NOT NULL
FROM users caller LEFT JOIN users u ON u.id = $1
WHERE caller.id = $2

-- Bases of lists.
-- name: user_list_all read
SELECT u.id, u.created_at, u.sub, u.issuer, u.name, u.username, u.email, u.picture, u.public_ssh_key,
    json_build_object('id', u.id, 'created_at', rfc3339(u.created_at), 'sub', u.sub, 'issuer', u.issuer,
        'name', u.name, 'username', u.username, 'email', u.email, 'picture', u.picture,
        'public_ssh_key', u.public_ssh_key) AS object
FROM users u

-- The caller and those who own a deployment together with them. What is not shown of a person is not there to be
-- filtered or sorted by either.
-- name: user_list_own read
SELECT u.id, u.name, u.username, u.picture,
    CASE WHEN u.id = $1 THEN u.created_at END AS created_at,
    CASE WHEN u.id = $1 THEN u.sub END AS sub,
    CASE WHEN u.id = $1 THEN u.issuer END AS issuer,
    CASE WHEN u.id = $1 THEN u.email END AS email,
    CASE WHEN u.id = $1 THEN u.public_ssh_key END AS public_ssh_key,
    CASE WHEN u.id = $1
        THEN json_build_object('id', u.id, 'created_at', rfc3339(u.created_at), 'sub', u.sub, 'issuer', u.issuer,
            'name', u.name, 'username', u.username, 'email', u.email, 'picture', u.picture,
            'public_ssh_key', u.public_ssh_key)
        ELSE json_build_object('id', u.id, 'name', u.name, 'username', u.username, 'picture', u.picture)
    END AS object
FROM users u
WHERE u.id = $1 OR u.id IN (
    SELECT theirs.user_id
    FROM deployment_owners mine JOIN deployment_owners theirs ON theirs.deployment_id = mine.deployment_id
    WHERE mine.user_id = $1)

-- Locks a person for a change; no row: the caller is gone, NULL: there is no such person.
-- name: user_lock
WITH person AS (
    SELECT id, row_version FROM users WHERE id = $1 FOR UPDATE
)
SELECT p.row_version || CASE WHEN p.id = $2 THEN '.s' ELSE '.a' END
FROM users caller LEFT JOIN person p ON true
WHERE caller.id = $2

-- Each value has a flag before it: whether it is given.
-- name: user_update
UPDATE users
SET picture = CASE WHEN $2 THEN $3 ELSE picture END,
    public_ssh_key = CASE WHEN $4 THEN $5 ELSE public_ssh_key END,
    refresh_token = CASE WHEN $6 THEN $7 ELSE refresh_token END,
    row_version = row_version + 1, updated_at = now()
WHERE id = $1 AND ($2 OR $4 OR $6)

-- A refresh token may be what an operation of theirs waits for.
-- name: user_wake_operations
UPDATE operations o
SET due_at = now(), waits_for_token = false, updated_at = now(), row_version = o.row_version + 1
FROM deployments d
WHERE o.waits_for_token AND o.ended_at IS NULL AND d.id = o.deployment_id AND d.created_by = $1

-- name: user_delete
DELETE FROM users WHERE id = $1
