-- Of a name that several sources have, the file's counts. A rate is of what is remembered: old attempts hardly count.
CREATE FUNCTION views.v1_providers() RETURNS TABLE (
    id           uuid,
    created_at   timestamptz,
    name         text,
    type         text,
    success_rate numeric,
    last_failure timestamptz,
    bytes        bigint, -- that the object has at most, or hardly more
    object       json
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT p.id, p.created_at, p.name, p.type, s.rate, r.last_failure,
        400 + views.json_bytes(concat(p.name, p.type)) + views.json_bytes(to_json(l.regions)::text)
            + views.json_bytes(to_json(l.groups)::text) + views.json_bytes(to_json(l.issuers)::text),
        json_build_object(
            'id', p.id,
            'name', p.name,
            'type', p.type,
            'regions', l.regions,
            'groups', l.groups,
            'issuers', l.issuers,
            'success_rate', s.rate,
            'last_failure', views.rfc3339(r.last_failure))
    FROM providers p
        LEFT JOIN provider_records r ON r.template_id = '00000000-0000-0000-0000-000000000000' AND r.provider = p.name
        CROSS JOIN LATERAL (SELECT round((r.successes / nullif(r.attempts, 0))::numeric, 3) AS rate) s
        CROSS JOIN LATERAL (SELECT
            ARRAY(SELECT g.name FROM provider_regions g WHERE g.provider_id = p.id AND g.name IS NOT NULL
                ORDER BY g.position) AS regions,
            ARRAY(SELECT DISTINCT j.user_group FROM provider_projects j WHERE j.provider_id = p.id
                ORDER BY j.user_group) AS groups,
            ARRAY(SELECT i.issuer FROM provider_identity_providers i WHERE i.provider_id = p.id
                ORDER BY i.issuer) AS issuers) l
    WHERE p.source = 'file' OR NOT EXISTS (SELECT FROM providers f WHERE f.source = 'file' AND f.name = p.name)
$$;

-- Who may see a provider: administrators, and whoever is in a group that it serves. No row: there is no such provider.
CREATE FUNCTION views.provider_access(provider uuid, caller_issuer text, caller_groups text[], is_admin boolean)
RETURNS TABLE (
    is_allowed boolean
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT is_admin OR EXISTS (SELECT FROM provider_projects j
        WHERE j.provider_id = p.id AND (j.user_group = '*' OR j.user_group = ANY (caller_groups))
            AND (j.issuer = caller_issuer OR j.issuer IS NULL AND (
                caller_issuer IN (SELECT i.issuer FROM provider_identity_providers i WHERE i.provider_id = p.id)
                OR NOT EXISTS (SELECT FROM provider_identity_providers i WHERE i.provider_id = p.id))))
    FROM providers p WHERE p.id = provider
$$;
