-- What clients see of orchestrations, in the field names of their document.
CREATE FUNCTION views.v1_orchestrations() RETURNS TABLE (
    id          uuid,
    type        text,
    state       text,
    created_by  uuid,
    created_at  timestamptz,
    version     text,
    object      json
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT o.id, o.type::text, o.state::text, o.created_by, o.created_at,
        concat(o.row_version, '.', md5(s.stats::text)),
        json_build_object(
            'orchestrationID', o.id,
            'type', o.type,
            'state', o.state,
            'description', o.description,
            'createdAt', views.rfc3339(o.created_at),
            'updatedAt', views.rfc3339(o.updated_at),
            'parameters', o.parameters,
            'operationStats', s.stats)
    FROM orchestrations o
        CROSS JOIN LATERAL (SELECT coalesce(json_object_agg(n.state, n.number), '{}') AS stats
            FROM (SELECT t.state::text, count(*) AS number FROM orchestration_targets t
                WHERE t.orchestration_id = o.id GROUP BY t.state ORDER BY 1) n) s
$$;

-- Its operations; those that have not begun too.
CREATE FUNCTION views.v1_orchestration_targets() RETURNS TABLE (
    id               uuid,
    orchestration_id uuid,
    number           bigint,
    deployment_id    uuid,
    state            text,
    object           json,
    detail           json  -- what a single one has beside it
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT t.id, t.orchestration_id, t.number, t.deployment_id, t.state::text,
        json_build_object(
            'operationID', t.id,
            'runtimeID', t.infra_id,
            'globalAccountID', t.user_group_issuer,
            'subAccountID', t.user_group,
            'orchestrationID', t.orchestration_id,
            'servicePlanID', (SELECT p.id FROM providers p WHERE p.name = t.provider
                ORDER BY p.source = 'file' DESC LIMIT 1),
            'servicePlanName', t.provider,
            'dryRun', o.is_dry_run,
            'shootName', t.name,
            'maintenanceWindowBegin', views.rfc3339(t.window_begin),
            'maintenanceWindowEnd', views.rfc3339(t.window_end),
            'state', t.state,
            'description', t.description,
            'deploymentID', t.deployment_id),
        json_build_object(
            'kymaConfig', t.inputs,
            'clusterConfig', json_build_object('target_provider', t.provider, 'target_region', t.region,
                'im_infra_id', t.infra_id))
    FROM orchestration_targets t JOIN orchestrations o ON o.id = t.orchestration_id
$$;

-- Who may see an orchestration: who began it, and administrators; owners of deployments see its operations there. No
-- row: there is no such orchestration.
CREATE FUNCTION views.orchestration_access(orchestration uuid, caller uuid, as_admin boolean) RETURNS TABLE (
    is_allowed boolean,
    is_owner   boolean
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT as_admin OR o.created_by = caller,
        EXISTS (SELECT FROM orchestration_targets t
                JOIN deployment_owners w ON w.deployment_id = t.deployment_id AND w.user_id = caller
            WHERE t.orchestration_id = o.id)
    FROM orchestrations o WHERE o.id = orchestration
$$;
