-- A run of a group: whether there is one, and whether the caller may see it. No row: the caller is registered no more.
-- Of another issuer's group of that name administrators only know.
-- name: run_find
-- columns: access, deployment_id
SELECT p.is_allowed AS access, r.deployment_id
FROM users u
    LEFT JOIN views.runs(NULL) r ON r.id = :id AND r.user_group = :user_group
        AND (:is_admin::boolean OR r.user_group_issuer = :issuer)
    LEFT JOIN views.deployment_access(r.deployment_id, :caller, :is_admin) p ON true
WHERE u.id = :caller

-- The same with the run; `said`: the status that it is told to have, or NULL.
-- name: run_get
-- columns: access, object, tag
SELECT p.is_allowed AS access, CASE WHEN p.is_allowed THEN r.object END AS object,
    CASE WHEN p.is_allowed THEN md5(r.object::text) END AS tag
FROM users u
    LEFT JOIN views.runs(:said::text) r ON r.id = :id AND r.user_group = :user_group
        AND (:is_admin::boolean OR r.user_group_issuer = :issuer)
    LEFT JOIN views.deployment_access(r.deployment_id, :caller, :is_admin) p ON true
WHERE u.id = :caller

-- A run that was just made, as the answer that is kept under the key of its request.
-- name: run_keep
-- columns: object
UPDATE idempotency_keys k SET body = r.object::text
FROM views.runs('QUEUED') r
WHERE r.id = :id AND k.user_id = :caller AND k.method = :method AND k.path = :path AND k.key = :key
RETURNING k.body AS object

-- name: run_list_all
-- parameters: caller, user_group
SELECT * FROM views.runs(NULL) WHERE user_group = :user_group::text AND :caller::uuid IS NOT NULL

-- Those of the caller's own deployments, one deployment after the other.
-- name: run_list_own
-- parameters: caller, user_group, issuer
SELECT * FROM views.runs(NULL)
WHERE user_group = :user_group::text AND user_group_issuer = :issuer::text
    AND deployment_id = ANY (ARRAY(SELECT w.deployment_id FROM deployment_owners w WHERE w.user_id = :caller::uuid))

-- A creation that has ended is no run any more. Its deployment is locked.
-- name: run_hide
UPDATE operations SET is_hidden = true
WHERE id = :id AND deployment_id = :deployment_id AND type = 'CREATE' AND ended_at IS NOT NULL
