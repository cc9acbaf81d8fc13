-- Rows of one object, as those of the API.
-- name: legacy_deployment
-- columns: object, tag, exists
SELECT CASE WHEN d.is_owner OR :is_admin THEN d.object END AS object,
    CASE WHEN d.is_owner THEN d.version || '.o' WHEN :is_admin THEN d.version || '.a' END AS tag,
    d.id IS NOT NULL AS exists
FROM users u LEFT JOIN views.legacy_deployments(:base_url, :caller) d ON d.id = :id
WHERE u.id = :caller

-- The text of its template.
-- name: legacy_template
-- columns: content, is_allowed, exists
SELECT CASE WHEN p.is_allowed THEN t.content END AS content, p.is_allowed, d.id IS NOT NULL AS exists
FROM users u
    LEFT JOIN deployments d ON d.id = :id
    LEFT JOIN views.deployment_access(d.id, :caller, :is_admin) p ON true
    LEFT JOIN templates t ON t.id = d.template_id
WHERE u.id = :caller

-- What is known of its machines: an array, without secrets where they are not the caller's.
-- name: legacy_machines
-- columns: is_allowed, machines
SELECT p.is_allowed, CASE WHEN p.is_allowed THEN (
    SELECT coalesce(json_agg(json_build_object('id', r.id,
        CASE WHEN s.is_sealed THEN '@sealed' ELSE 'metadata' END,
        CASE WHEN s.is_sealed THEN jsonb_build_object('resources.metadata_sealed', r.metadata_sealed)
            ELSE r.metadata END) ORDER BY r.position), '[]')
    FROM resources r
        LEFT JOIN deployment_owners me ON me.deployment_id = r.deployment_id AND me.user_id = u.id
        CROSS JOIN LATERAL (SELECT me.user_id IS NOT NULL AND r.metadata_sealed IS NOT NULL AS is_sealed) s
    WHERE r.deployment_id = :id AND r.metadata IS NOT NULL) END AS machines
FROM users u LEFT JOIN views.deployment_access(:id, :caller, :is_admin) p ON true
WHERE u.id = :caller

-- Bases of lists. Those of one's own are in the order of an index of who owns them.
-- name: legacy_deployment_list_own
-- parameters: caller, base_url
SELECT w.deployment_id AS id, w.deployment_created_at AS created_at, d.created_by, d.user_group, d.status, d.bytes,
    d.object
FROM deployment_owners w JOIN views.legacy_deployments(:base_url, :caller) d ON d.id = w.deployment_id
WHERE w.user_id = :caller

-- name: legacy_deployment_list_all
-- parameters: caller, base_url
SELECT * FROM views.legacy_deployments(:base_url, :caller)

-- name: legacy_resource_list
-- parameters: caller, deployment_id, is_admin, base_url
SELECT * FROM views.legacy_resources(:base_url, :caller)
WHERE deployment_id = :deployment_id AND :is_admin::boolean IS NOT NULL

-- name: legacy_resource
-- columns: access, object, tag
SELECT p.is_allowed AS access, r.object, r.version || CASE WHEN r.is_owner THEN '.o' ELSE '.a' END AS tag
FROM users u
    LEFT JOIN views.deployment_access(:deployment_id, :caller, :is_admin) p ON true
    LEFT JOIN views.legacy_resources(:base_url, :caller) r
        ON p.is_allowed AND r.id = :id AND r.deployment_id = :deployment_id
WHERE u.id = :caller
