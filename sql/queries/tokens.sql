-- Renewing a person's token. A renewal has a random id, and its right ends by itself, as issuers rotate refresh tokens
-- and take a second use for a theft. What counts as the old tokens is what was read, sealed: a value that is sealed
-- anew, or brought by the person, is another one.

-- Asks for the right to renew, for so many microseconds. No row: what was read is not what is stored any more, or
-- somebody has it locked; all persons' calls would wait.
-- is_granted: else another renewal is under way, for `elapsed` microseconds already.
-- name: token_renew_begin
-- columns: is_granted, elapsed
WITH read AS MATERIALIZED (
    SELECT c.user_id, COALESCE(c.renewing_until <= clock_timestamp(), true) AS is_free,
        (extract(epoch FROM clock_timestamp() - c.renewing_until) * 1000000)::bigint + :time::bigint AS elapsed
    FROM credentials c JOIN users u ON u.id = c.user_id
    WHERE c.user_id = :user_id::uuid AND c.access_token = :access_token::text
        AND u.refresh_token IS NOT DISTINCT FROM :refresh_token::text
    FOR UPDATE OF c SKIP LOCKED
), granted AS (
    UPDATE credentials c
    SET renewed_by = :renewal::text, renewing_until = clock_timestamp() + :time::bigint * interval '1 microsecond'
    FROM read WHERE c.user_id = read.user_id AND read.is_free
)
SELECT is_free AS is_granted, elapsed FROM read;

-- Its time runs from now: the request goes out. No row: the right has passed to another one, or there is another token,
-- or somebody has it locked.
-- name: token_renew_send
-- columns: user_id
WITH mine AS MATERIALIZED (
    SELECT c.user_id FROM credentials c JOIN users u ON u.id = c.user_id
    WHERE c.user_id = :user_id::uuid AND c.renewed_by = :renewal::text
        AND u.refresh_token IS NOT DISTINCT FROM :refresh_token::text
    FOR UPDATE OF c SKIP LOCKED
)
UPDATE credentials c SET renewing_until = clock_timestamp() + :time::bigint * interval '1 microsecond'
FROM mine WHERE c.user_id = mine.user_id
RETURNING c.user_id;

-- What a renewal brought, whoever has the right by now: a refresh token takes the place of the old one and of no other,
-- for what the person withdrew or replaced is theirs. NULL: the issuer left it as it is. An access token that is none
-- of the two and lasts longer stays. `expires_at` in microseconds since 1970. is_kept: false when the refresh token has
-- not taken that place. No row: there is no such person. A row that somebody has locked is an error at once.
-- name: token_renewed
-- columns: is_kept
WITH free AS MATERIALIZED (
    SELECT c.user_id FROM credentials c JOIN users u ON u.id = c.user_id
    WHERE c.user_id = :user_id::uuid FOR NO KEY UPDATE NOWAIT
), access AS (
    UPDATE credentials
    SET (access_token, expires_at) = (SELECT x.token, x.ends_at FROM (VALUES
            (:access_token::text, to_timestamp(:expires_at::bigint / 1000000.0)),
            (access_token, expires_at)) AS x (token, ends_at)
            ORDER BY access_token = :old_access_token::text AND x.token = access_token, x.ends_at DESC LIMIT 1),
        updated_at = clock_timestamp(),
        renewing_until = CASE WHEN renewed_by = :renewal::text THEN NULL ELSE renewing_until END,
        renewed_by = NULLIF(renewed_by, :renewal::text)
    WHERE user_id = (SELECT f.user_id FROM free f)
    RETURNING user_id
), rotated AS (
    UPDATE users u
    SET refresh_token = :refresh_token::text, row_version = row_version + 1, updated_at = clock_timestamp()
    FROM access a
    WHERE u.id = a.user_id AND :refresh_token::text IS NOT NULL
        AND u.refresh_token IS NOT DISTINCT FROM :old_refresh_token::text
    RETURNING u.id
)
SELECT :refresh_token::text IS NULL OR EXISTS (SELECT FROM rotated) AS is_kept FROM access;

-- name: token_stored
-- columns: refresh_token
SELECT refresh_token FROM users WHERE id = :user_id::uuid;

-- Gives the right back without a token; one that somebody has locked ends by itself.
-- name: token_renew_failed
WITH mine AS MATERIALIZED (
    SELECT user_id FROM credentials WHERE user_id = :user_id::uuid AND renewed_by = :renewal::text
    FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE credentials c SET renewed_by = NULL, renewing_until = NULL FROM mine WHERE c.user_id = mine.user_id;
