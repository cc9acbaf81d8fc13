-- `ready`: what the operation worked on was left ready for use. `reschedule`: IM has taken the request over, so that
-- the work goes on from there whatever happens to the one who does it. `deletion_scheduled`: since when what it made,
-- or what a deletion left, has to go, as long as it is not gone.
CREATE FUNCTION views.v1_operations(caller uuid) RETURNS TABLE (
    id                 uuid,
    type               operation_type,
    state              operation_state,
    description        text,
    ready              boolean,
    resource_id        uuid,
    resource_type      text,
    deployment_id      uuid,
    platform_id        text,
    correlation_id     text,
    reschedule         boolean,
    deletion_scheduled timestamptz,
    parent_id          uuid,
    orchestration_id   uuid,
    dry_run            boolean,
    created_by         uuid,
    created_at         timestamptz,
    started_at         timestamptz,
    updated_at         timestamptz,
    ended_at           timestamptz,
    label_words        text[], -- "name:value"
    is_owner           boolean,
    version            text,
    bytes              bigint, -- that the object has at most, or hardly more
    object             json
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT o.id, o.type, o.state, o.description, s.ready, coalesce(o.resource_id, o.deployment_id),
        s.resource_type, o.deployment_id, o.platform_id, o.correlation_id, s.reschedule, s.deletion_scheduled,
        o.parent_id, o.orchestration_id, o.is_dry_run, o.created_by, o.created_at, o.started_at, o.updated_at,
        o.ended_at, o.label_words,
        -- No join: one that nobody needs is left out, but its deployment_id would be read all the same.
        EXISTS (SELECT FROM deployment_owners me WHERE me.deployment_id = o.deployment_id AND me.user_id = caller),
        concat(o.row_version, '.d' || extract(epoch FROM s.deletion_scheduled)),
        1000 + o.lists_bytes + octet_length(o.labels::text)
            + views.json_bytes(concat(o.description, o.platform_id, o.correlation_id)),
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
            'deletion_scheduled', views.rfc3339(s.deletion_scheduled),
            'errors', o.errors,
            'labels', o.labels,
            'parent_id', o.parent_id,
            'orchestration_id', o.orchestration_id,
            'dry_run', o.is_dry_run,
            'created_by', o.created_by,
            'created_at', views.rfc3339(o.created_at),
            'started_at', views.rfc3339(o.started_at),
            'updated_at', views.rfc3339(o.updated_at),
            'ended_at', views.rfc3339(o.ended_at))
    FROM operations o
        CROSS JOIN LATERAL (SELECT
            o.state = 'succeeded' AND o.type NOT IN ('DELETE', 'STOP') AS ready,
            CASE WHEN o.resource_id IS NULL THEN 'deployments' ELSE 'resources' END AS resource_type,
            o.state IN ('in progress', 'canceling') AND o.phase IN ('provisioning', 'collecting', 'confirming')
                AS reschedule,
            (SELECT min(i.unwanted_at) FROM infrastructures i
             WHERE i.deployment_id = o.deployment_id AND i.standing <> 'gone'
               AND (i.operation_id = o.id OR o.type = 'DELETE' AND o.ended_at IS NOT NULL)) AS deletion_scheduled) s
$$;
