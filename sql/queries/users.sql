-- What waits for a token waits for that of the deployment's creator, whoever asked for the operation.
-- name: caller_find
-- columns: id, token_expires, waits
SELECT u.id, (extract(epoch FROM c.expires_at) * 1000000)::bigint AS token_expires,
    EXISTS (SELECT FROM operations o JOIN deployments d ON d.id = o.deployment_id
        WHERE o.waits_for_token AND o.ended_at IS NULL AND d.created_by = u.id)
    OR EXISTS (SELECT FROM infrastructures i WHERE i.user_id = u.id AND i.waits_for_token) AS waits
FROM users u LEFT JOIN credentials c ON c.user_id = u.id
WHERE u.issuer = :issuer AND u.sub = :subject

-- name: caller_register
WITH person AS (
    INSERT INTO users (id, issuer, sub, name, username, email, picture)
    VALUES (:id, :issuer, :subject, :name, :username, :email, :picture)
    ON CONFLICT (issuer, sub) DO NOTHING
    RETURNING id
), token AS (
    INSERT INTO credentials (user_id, access_token, expires_at)
    SELECT id, :access_token::text, :expires_at::timestamptz FROM person WHERE :access_token::text IS NOT NULL
)
SELECT FROM person

-- name: caller_refresh
WITH caller AS (
    SELECT id FROM users WHERE id = :id
), person AS (
    UPDATE users
    SET name = coalesce(:name, name), username = coalesce(:username, username), email = coalesce(:email, email),
        row_version = row_version + 1, updated_at = now()
    WHERE id = :id
        AND (name, username, email) IS DISTINCT FROM
            (coalesce(:name, name), coalesce(:username, username), coalesce(:email, email))
)
INSERT INTO credentials (user_id, access_token, expires_at)
SELECT id, :access_token, :expires_at FROM caller
ON CONFLICT (user_id) DO UPDATE
SET access_token = excluded.access_token, expires_at = excluded.expires_at, updated_at = now()

-- Rows of one object: the object if the caller may see it, its version for this reader, whether it exists.
-- name: user_get
-- columns: object, tag, exists
SELECT CASE WHEN u.id = :caller OR :is_admin THEN u.object END AS object,
    CASE WHEN u.id = :caller THEN u.row_version || '.s' WHEN :is_admin THEN u.row_version || '.a' END AS tag,
    u.id IS NOT NULL AS exists
FROM users caller LEFT JOIN views.v1_users(:caller) u ON u.id = :id
WHERE caller.id = :caller

-- Bases of lists.
-- name: user_list_all
-- parameters: caller
SELECT * FROM views.v1_users(NULL)

-- The caller and those who own a deployment together with them. What is not shown of a person is not there to be
-- filtered or sorted by either.
-- name: user_list_own
SELECT u.id, u.name, u.username, u.picture,
    CASE WHEN u.id = :caller THEN u.created_at END AS created_at,
    CASE WHEN u.id = :caller THEN u.sub END AS sub,
    CASE WHEN u.id = :caller THEN u.issuer END AS issuer,
    CASE WHEN u.id = :caller THEN u.email END AS email,
    CASE WHEN u.id = :caller THEN u.public_ssh_key END AS public_ssh_key,
    u.bytes, CASE WHEN u.id = :caller THEN u.object ELSE u.public END AS object
FROM views.v1_users(NULL) u
WHERE u.id = :caller OR u.id IN (
    SELECT theirs.user_id
    FROM deployment_owners mine JOIN deployment_owners theirs ON theirs.deployment_id = mine.deployment_id
    WHERE mine.user_id = :caller)

-- Locks a person for a change; no row: the caller is gone, NULL: there is no such person.
-- name: user_lock
-- columns: tag
WITH person AS (
    SELECT id, row_version FROM users WHERE id = :id FOR UPDATE
)
SELECT p.row_version || CASE WHEN p.id = :caller THEN '.s' ELSE '.a' END AS tag
FROM users caller LEFT JOIN person p ON true
WHERE caller.id = :caller

-- Each value has a flag before it: whether it is given.
-- name: user_update
UPDATE users
SET picture = CASE WHEN :sets_picture THEN :picture ELSE picture END,
    public_ssh_key = CASE WHEN :sets_public_ssh_key THEN :public_ssh_key ELSE public_ssh_key END,
    refresh_token = CASE WHEN :sets_refresh_token THEN :refresh_token ELSE refresh_token END,
    row_version = row_version + 1, updated_at = now()
WHERE id = :id AND (:sets_picture OR :sets_public_ssh_key OR :sets_refresh_token)

-- name: user_has_key
SELECT FROM users WHERE id = :id AND public_ssh_key IS NOT NULL

-- A token of theirs may be what an operation waits for.
-- The work first, in the order of ids, as the engine takes both.
-- name: user_wake_operations
WITH waiting AS MATERIALIZED (
    SELECT w.id FROM work w
    WHERE w.id IN (SELECT o.id FROM operations o JOIN deployments d ON d.id = o.deployment_id
                   WHERE o.waits_for_token AND o.ended_at IS NULL AND d.created_by = :id
                   UNION ALL SELECT i.id FROM infrastructures i WHERE i.user_id = :id AND i.waits_for_token)
    ORDER BY w.id FOR NO KEY UPDATE OF w
), woken AS (
    UPDATE work w SET due_at = now(), is_hurried = true FROM waiting x WHERE w.id = x.id
), known AS (
    UPDATE infrastructures i SET waits_for_token = false FROM waiting x WHERE i.id = x.id
)
UPDATE operations o
SET waits_for_token = false, updated_at = now(), row_version = o.row_version + 1
FROM waiting x WHERE o.id = x.id AND o.waits_for_token

-- name: user_delete
DELETE FROM users WHERE id = :id
