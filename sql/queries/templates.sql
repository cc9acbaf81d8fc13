-- Rows of one object: the object, its version, whether it exists. No row: the caller is registered no more.
-- name: template_get read
SELECT json_build_object('id', t.id, 'created_at', rfc3339(t.created_at), 'created_by', t.created_by,
        'updated_at', rfc3339(t.updated_at), 'updated_by', t.updated_by, 'content', t.content, 'checksum', t.checksum,
        'name', t.name, 'version', t.version, 'target_provider_type', t.target_provider_type,
        'tosca_definition_version', t.tosca_definition_version),
    t.row_version, t.id IS NOT NULL
FROM users caller LEFT JOIN templates t ON t.id = $1
WHERE caller.id = $2

-- The base of the list.
-- name: template_list read
SELECT t.*,
    json_build_object('id', t.id, 'created_at', rfc3339(t.created_at), 'created_by', t.created_by,
        'updated_at', rfc3339(t.updated_at), 'updated_by', t.updated_by, 'content', t.content, 'checksum', t.checksum,
        'name', t.name, 'version', t.version, 'target_provider_type', t.target_provider_type,
        'tosca_definition_version', t.tosca_definition_version) AS object
FROM templates t

-- name: template_insert
INSERT INTO templates (id, content, checksum, name, version, target_provider_type, tosca_definition_version,
    name_in_content, is_fragment, created_by, updated_by)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, caller.id, caller.id FROM users caller WHERE caller.id = $10

-- name: template_find_checksum read
SELECT id FROM templates WHERE checksum = $1

-- Locks a template for a change; no row: the caller is gone, NULL: there is no such template.
-- name: template_lock
WITH template AS (
    SELECT * FROM templates WHERE id = $1 FOR UPDATE
)
SELECT t.row_version, t.created_by = $2, t.content, t.checksum, t.name, t.version, t.target_provider_type, t.tosca_definition_version, t.name_in_content,
    t.is_fragment
FROM users caller LEFT JOIN template t ON true
WHERE caller.id = $2

-- A statement of its own, behind the lock: its snapshot has the deployments that the lock waited for.
-- name: template_is_used
SELECT EXISTS (SELECT FROM deployments WHERE template_id = $1)

-- Values that are the same as before leave the version as it is.
-- name: template_update
UPDATE templates
SET content = $2, checksum = $3, name = $4, version = $5, target_provider_type = $6, tosca_definition_version = $7,
    name_in_content = $8, is_fragment = $9, updated_by = $10, updated_at = now(), row_version = row_version + 1
WHERE id = $1
    AND (checksum, name, version, target_provider_type, tosca_definition_version) IS DISTINCT FROM
        ($3::text, $4::text, $5::text, $6::text, $7::text)

-- name: template_delete
DELETE FROM templates WHERE id = $1
