-- `ready`: what the operation worked on was left ready for use. `reschedule`: IM has taken the request over, so that
-- the work goes on from there whatever happens to the one who does it. Nothing schedules deletions, has labels, parents
-- or orchestrations yet.
CREATE FUNCTION views.v1_operations(caller uuid) RETURNS TABLE (
    id                 uuid,
    type               text,
    state              text,
    description        text,
    ready              boolean,
    resource_id        uuid,
    resource_type      text,
    deployment_id      uuid,
    platform_id        text,
    correlation_id     text,
    reschedule         boolean,
    deletion_scheduled boolean,
    parent_id          uuid,
    orchestration_id   uuid,
    created_by         uuid,
    created_at         timestamptz,
    started_at         timestamptz,
    updated_at         timestamptz,
    ended_at           timestamptz,
    is_owner           boolean,
    version            text,
    bytes              bigint, -- that the object has at most, or hardly more
    object             json
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT o.id, o.type::text, o.state::text, o.description, s.ready, coalesce(o.resource_id, o.deployment_id),
        s.resource_type, o.deployment_id, o.platform_id, o.correlation_id, s.reschedule, false,
        NULL::uuid, NULL::uuid, o.created_by, o.created_at, o.started_at, o.updated_at, o.ended_at,
        me.user_id IS NOT NULL, o.row_version::text,
        1000 + o.lists_bytes + views.json_bytes(concat(o.description, o.platform_id, o.correlation_id)),
        json_build_object(
            'id', o.id,
            'type', o.type,
            'state', o.state,
            'description', o.description,
            'ready', s.ready,
            'resource_id', coalesce(o.resource_id, o.deployment_id),
            'resource_type', s.resource_type,
            'deployment_id', o.deployment_id,
            'transitive_resources', o.transitive,
            'platform_id', o.platform_id,
            'correlation_id', o.correlation_id,
            'reschedule', s.reschedule,
            'deletion_scheduled', false,
            'errors', o.errors,
            'labels', '{}'::json,
            'parent_id', NULL,
            'orchestration_id', NULL,
            'created_by', o.created_by,
            'created_at', views.rfc3339(o.created_at),
            'started_at', views.rfc3339(o.started_at),
            'updated_at', views.rfc3339(o.updated_at),
            'ended_at', views.rfc3339(o.ended_at))
    FROM operations o
        LEFT JOIN deployment_owners me ON me.deployment_id = o.deployment_id AND me.user_id = caller
        CROSS JOIN LATERAL (SELECT
            o.state = 'succeeded' AND o.type NOT IN ('DELETE', 'STOP') AS ready,
            CASE WHEN o.resource_id IS NULL THEN 'deployments' ELSE 'resources' END AS resource_type,
            o.state IN ('in progress', 'canceling') AND o.phase IN ('provisioning', 'collecting', 'confirming')
                AS reschedule) s
$$;
