-- Rows of one object: the object if the caller may see it, its version, whether it exists. No row: the caller is
-- registered no more. A record moves without the provider's row, so the version is the object's.
-- name: provider_get
-- columns: object, tag, exists
SELECT CASE WHEN a.is_allowed THEN p.object END AS object, CASE WHEN a.is_allowed THEN md5(p.object::text) END AS tag,
    p.id IS NOT NULL AS exists
FROM users caller LEFT JOIN views.v1_providers() p ON p.id = :id
    LEFT JOIN views.provider_access(p.id, :issuer, :groups::text[], :is_admin) a ON true
WHERE caller.id = :caller

-- The base of the list. PostgreSQL wants to know the type of each parameter, used or not.
-- name: provider_list
-- parameters: caller, issuer, groups, is_admin
SELECT p.* FROM views.v1_providers() p
    JOIN views.provider_access(p.id, :issuer::text, :groups::text[], :is_admin::boolean) a ON a.is_allowed
WHERE :caller::uuid IS NOT NULL

-- Who writes a source writes all of it, one after the other.
-- name: provider_lock
SELECT pg_advisory_xact_lock(hashtext('providers'), hashtext(:source))

-- What a source says no more; what it says is left, with its id.
-- name: provider_forget
DELETE FROM providers
WHERE source = :source AND name <> ALL (ARRAY(SELECT n ->> 'name' FROM jsonb_array_elements(:providers::jsonb) n))

-- name: provider_write
INSERT INTO providers AS p (id, source, name, type, is_enabled)
SELECT n.id, :source, n.name, n.type, n.enabled
FROM jsonb_to_recordset(:providers::jsonb) AS n (id uuid, name text, type text, enabled boolean)
ON CONFLICT (source, name) DO UPDATE SET type = excluded.type, is_enabled = excluded.is_enabled
WHERE (p.type, p.is_enabled) IS DISTINCT FROM (excluded.type, excluded.is_enabled)

-- All that is below the providers of a source, before provider_fill.
-- name: provider_clear
WITH known AS (
    SELECT id FROM providers WHERE source = :source
), projects AS (
    DELETE FROM provider_projects USING known WHERE provider_id = known.id
), identity_providers AS (
    DELETE FROM provider_identity_providers USING known WHERE provider_id = known.id
)
DELETE FROM provider_regions USING known WHERE provider_id = known.id

-- name: provider_fill
WITH given AS (
    SELECT p.id, n AS says
    FROM jsonb_array_elements(:providers::jsonb) n JOIN providers p ON p.source = :source AND p.name = n ->> 'name'
), regions AS (
    SELECT id, region, (place - 1)::integer AS position
    FROM given, jsonb_array_elements(says -> 'regions') WITH ORDINALITY AS r (region, place)
), projects AS (
    INSERT INTO provider_projects (provider_id, user_group, issuer, name, sla)
    SELECT id, j."group", j.issuer, j.project, j.sla
    FROM given, jsonb_to_recordset(says -> 'projects') AS j ("group" text, issuer text, project text, sla text)
), identity_providers AS (
    INSERT INTO provider_identity_providers (provider_id, issuer)
    SELECT id, issuer FROM given, jsonb_array_elements_text(says -> 'issuers') AS issuer
), places AS (
    INSERT INTO provider_regions (provider_id, position, name, lists_flavors, lists_images, lists_networks)
    SELECT id, position, region ->> 'name', region ? 'flavors', region ? 'images', region ? 'networks' FROM regions
), flavors AS (
    INSERT INTO provider_flavors (provider_id, region, name, vcpus, ram, disk, gpus, projects)
    SELECT id, position, f.* FROM regions, jsonb_to_recordset(region -> 'flavors')
        AS f (name text, vcpus bigint, ram bigint, disk bigint, gpus bigint, projects text[])
), images AS (
    INSERT INTO provider_images (provider_id, region, name, url, type, distribution, version, architecture, projects)
    SELECT id, position, i.* FROM regions, jsonb_to_recordset(region -> 'images')
        AS i (name text, url text, type text, distribution text, version text, architecture text, projects text[])
)
INSERT INTO provider_networks (provider_id, region, name, is_public, projects)
SELECT id, position, w.* FROM regions, jsonb_to_recordset(region -> 'networks')
    AS w (name text, "public" boolean, projects text[])
