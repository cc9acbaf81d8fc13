-- Rows of one object: the object, its version, whether it exists. No row: the caller is registered no more.
-- name: template_get
-- columns: object, tag, exists
SELECT t.object, t.row_version AS tag, t.id IS NOT NULL AS exists
FROM users caller
    LEFT JOIN views.template_access(:id, :caller, :is_admin) p ON true
    LEFT JOIN views.v1_templates() t ON p.is_allowed AND t.id = :id
WHERE caller.id = :caller

-- The base of the list. What came with a deployment is with that.
-- name: template_list
-- parameters: caller
SELECT * FROM views.v1_templates() WHERE is_kept

-- name: template_insert
INSERT INTO templates (id, content, checksum, name, version, target_provider_type, tosca_definition_version,
    created_by, updated_by)
SELECT :id, :content, :checksum, :name, :version, :target_provider_type, :tosca_definition_version, caller.id, caller.id
FROM users caller WHERE caller.id = :caller

-- One that comes with a deployment, unless such a one is there by now.
-- name: template_bring
INSERT INTO templates (id, content, checksum, name, version, target_provider_type, tosca_definition_version,
    created_by, updated_by, is_kept)
VALUES (:id, :content, :checksum, :name, :version, :target_provider_type, :tosca_definition_version, :caller, :caller,
    false)
ON CONFLICT (checksum) WHERE NOT is_kept DO NOTHING

-- Keeps one as it was read from going away or changing; no row: it has.
-- name: template_hold
-- columns: id
SELECT id FROM templates WHERE id = :id AND row_version = :version FOR SHARE

-- By limit_is_passed() when a person has made more templates than may be kept, or longer ones together. What came with
-- a deployment is not theirs to keep.
-- name: template_limit_check
SELECT limit_is_passed()
FROM (SELECT count(*) AS templates, coalesce(sum(octet_length(content)), 0) AS bytes FROM templates
    WHERE created_by = :creator AND is_kept) kept
WHERE templates > :most OR bytes > :most_bytes

-- Who stores at the same time for one person is counted one after the other; a statement of its own, so that the
-- count's snapshot is taken when the lock is held.
-- name: template_limit_lock
SELECT FROM users WHERE id = :creator FOR NO KEY UPDATE

-- Of two with a content, one that came with a deployment and one that was stored, the one that is in use at `former`,
-- else the stored one.
-- name: template_find_checksum
-- columns: id, row_version
SELECT id, row_version FROM templates WHERE checksum = :checksum
ORDER BY id IS NOT DISTINCT FROM :former DESC, is_kept DESC LIMIT 1

-- Locks a template for a change; no row: the caller is gone, NULL: there is no such template.
-- name: template_lock
-- columns: tag, creator, content, checksum, name, version, target_provider_type, tosca_definition_version
WITH template AS (
    SELECT * FROM templates WHERE id = :id FOR UPDATE
)
SELECT t.row_version AS tag, t.created_by AS creator, t.content, t.checksum, t.name, t.version,
    t.target_provider_type, t.tosca_definition_version
FROM users caller LEFT JOIN template t ON true
WHERE caller.id = :caller

-- A statement of its own, behind the lock: its snapshot has the deployments that the lock waited for.
-- name: template_is_used
-- columns: is_used
SELECT EXISTS (SELECT FROM deployments WHERE template_id = :id)
    OR EXISTS (SELECT FROM operations WHERE template_id = :id) AS is_used

-- Values that are the same as before leave the version as it is.
-- name: template_update
UPDATE templates
SET content = :content, checksum = :checksum, name = :name, version = :version,
    target_provider_type = :target_provider_type, tosca_definition_version = :tosca_definition_version,
    updated_by = :caller, updated_at = now(), row_version = row_version + 1
WHERE id = :id
    AND (checksum, name, version, target_provider_type, tosca_definition_version) IS DISTINCT FROM
        (:checksum::text, :name::text, :version::text, :target_provider_type::text, :tosca_definition_version::text)

-- name: template_delete
DELETE FROM templates WHERE id = :id
