-- What the v1 surface reads. A surface's objects depend on the URL it is reached at and on who asks, so they are
-- functions of these: PostgreSQL inlines them into the statement that uses them, as it does with views. An owner gets
-- the sealed column in place of what is without secrets: under "@sealed", where the module opens it.

CREATE FUNCTION v1_deployments(base_url text, caller uuid, with_template boolean) RETURNS TABLE (
    id                        uuid,
    created_at                timestamptz,
    created_by                uuid,
    updated_at                timestamptz,
    updated_by                uuid,
    template_id               uuid,
    user_group                text,
    user_group_issuer         text,
    per_provider_max_retries  smallint,
    max_providers             integer,
    tot_timeout_mins          smallint,
    per_provider_timeout_mins smallint,
    keep_last_attempt         boolean,
    target_provider           text,
    target_region             text,
    target_iaas_project       text,
    im_infra_id               text,
    status                    smallint,
    status_name               text,
    status_reason             text,
    task                      smallint,
    task_name                 text,
    last_operation            uuid,
    is_owner                  boolean,
    version                   text, -- moves with every change of the object
    object                    json
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT d.id, d.created_at, d.created_by, d.updated_at, d.updated_by, d.template_id, d.user_group,
        d.user_group_issuer, d.per_provider_max_retries, d.max_providers, d.tot_timeout_mins,
        d.per_provider_timeout_mins, d.keep_last_attempt, d.target_provider, d.target_region, d.target_iaas_project,
        d.im_infra_id, s.status, deployment_status_name(s.status),
        CASE WHEN s.status IN (1, 4, 6, 8) THEN o.reason END, s.task, deployment_task_name(s.task),
        d.last_operation_id, me.user_id IS NOT NULL, concat(d.row_version, '.', o.row_version),
        json_build_object(
            'id', d.id,
            'created_at', rfc3339(d.created_at),
            'created_by', d.created_by,
            'updated_at', rfc3339(d.updated_at),
            'updated_by', d.updated_by,
            'owned_by', (SELECT json_agg(w.user_id ORDER BY w.created_at, w.user_id)
                FROM deployment_owners w WHERE w.deployment_id = d.id),
            'template_id', d.template_id,
            CASE WHEN s.has_secret_inputs THEN '@sealed' ELSE 'template_inputs' END,
            CASE WHEN s.has_secret_inputs
                THEN jsonb_build_object('deployments.template_inputs_sealed', d.template_inputs_sealed)
                ELSE d.template_inputs END,
            CASE WHEN s.has_secret_outputs THEN '@sealed' ELSE 'template_outputs' END,
            CASE WHEN s.has_secret_outputs
                THEN jsonb_build_object('deployments.template_outputs_sealed', d.template_outputs_sealed)
                ELSE d.template_outputs END,
            'user_group', d.user_group,
            'user_group_issuer', d.user_group_issuer,
            'per_provider_max_retries', d.per_provider_max_retries,
            'max_providers', d.max_providers,
            'tot_timeout_mins', d.tot_timeout_mins,
            'per_provider_timeout_mins', d.per_provider_timeout_mins,
            'keep_last_attempt', d.keep_last_attempt,
            'target_provider', d.target_provider,
            'target_region', d.target_region,
            'target_iaas_project', d.target_iaas_project,
            'im_infra_id', d.im_infra_id,
            'status', s.status,
            'status_name', deployment_status_name(s.status),
            'status_reason', CASE WHEN s.status IN (1, 4, 6, 8) THEN o.reason END,
            'task', s.task,
            'task_name', deployment_task_name(s.task),
            'last_operation', d.last_operation_id,
            'links', CASE WHEN with_template THEN json_build_object(
                'template', base_url || '/deployments/' || d.id || '/templates',
                'resources', base_url || '/deployments/' || d.id || '/resources',
                'logs', base_url || '/deployments/' || d.id || '/logs',
                'operations', base_url || '/deployments/' || d.id || '/operations',
                'templates', (SELECT t.content FROM templates t WHERE t.id = d.template_id))
            ELSE json_build_object(
                'template', base_url || '/deployments/' || d.id || '/templates',
                'resources', base_url || '/deployments/' || d.id || '/resources',
                'logs', base_url || '/deployments/' || d.id || '/logs',
                'operations', base_url || '/deployments/' || d.id || '/operations') END)
    FROM deployments d
        LEFT JOIN operations o ON o.id = d.last_operation_id
        LEFT JOIN deployment_owners me ON me.deployment_id = d.id AND me.user_id = caller
        CROSS JOIN LATERAL (SELECT
            CASE WHEN o.id IS NULL THEN 6::smallint
                ELSE coalesce(deployment_status(o.type, o.state, o.status_before), 6::smallint) END AS status,
            CASE WHEN o.id IS NULL THEN 8::smallint ELSE deployment_task(o.type, o.state, o.phase) END AS task,
            me.user_id IS NOT NULL AND d.template_inputs_sealed IS NOT NULL AS has_secret_inputs,
            me.user_id IS NOT NULL AND d.template_outputs_sealed IS NOT NULL AS has_secret_outputs) s
$$;

CREATE FUNCTION v1_resources(caller uuid) RETURNS TABLE (
    id              uuid,
    uuid            uuid,
    created_at      timestamptz,
    created_by      uuid,
    updated_at      timestamptz,
    updated_by      uuid,
    im_vm_idx       text,
    status          smallint,
    status_name     text,
    tosca_node_type text,
    tosca_node_name text,
    deployment_id   uuid,
    is_owner        boolean,
    version         text,
    object          json
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT r.id, r.id, r.created_at, r.created_by, r.updated_at, r.updated_by, r.im_vm_idx, r.status,
        resource_status_name(r.status), r.tosca_node_type, r.tosca_node_name, r.deployment_id, me.user_id IS NOT NULL,
        r.row_version::text,
        json_build_object(
            'id', r.id,
            'uuid', r.id,
            'created_at', rfc3339(r.created_at),
            'created_by', r.created_by,
            'updated_at', rfc3339(r.updated_at),
            'updated_by', r.updated_by,
            'im_vm_idx', r.im_vm_idx,
            'status', r.status,
            'status_name', resource_status_name(r.status),
            'tosca_node_type', r.tosca_node_type,
            'tosca_node_name', r.tosca_node_name,
            'required_by', ARRAY(SELECT q.required_by_id FROM resource_requirements q JOIN resources b ON b.id = q.required_by_id
                WHERE q.resource_id = r.id ORDER BY b.position),
            CASE WHEN s.is_sealed THEN '@sealed' ELSE 'metadata' END,
            CASE WHEN s.is_sealed THEN jsonb_build_object('resources.metadata_sealed', r.metadata_sealed) ELSE r.metadata END,
            'deployment_id', r.deployment_id)
    FROM resources r
        LEFT JOIN deployment_owners me ON me.deployment_id = r.deployment_id AND me.user_id = caller
        CROSS JOIN LATERAL (SELECT me.user_id IS NOT NULL AND r.metadata_sealed IS NOT NULL AS is_sealed) s
$$;

-- `ready`: what the operation worked on was left ready for use. `reschedule`: IM has taken the request over, so that the
-- work goes on from there whatever happens to the one who does it.
CREATE FUNCTION v1_operations(caller uuid) RETURNS TABLE (
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
    object             json
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT o.id, o.type::text, o.state::text, o.description, s.ready, coalesce(o.resource_id, o.deployment_id),
        s.resource_type, o.deployment_id, o.platform_id, o.correlation_id, s.reschedule, o.deletion_scheduled,
        o.parent_id, o.orchestration_id, o.created_by, o.created_at, o.started_at, o.updated_at, o.ended_at,
        me.user_id IS NOT NULL, o.row_version::text,
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
            'deletion_scheduled', o.deletion_scheduled,
            'errors', o.errors,
            'labels', o.labels,
            'parent_id', o.parent_id,
            'orchestration_id', o.orchestration_id,
            'created_by', o.created_by,
            'created_at', rfc3339(o.created_at),
            'started_at', rfc3339(o.started_at),
            'updated_at', rfc3339(o.updated_at),
            'ended_at', rfc3339(o.ended_at))
    FROM operations o
        LEFT JOIN deployment_owners me ON me.deployment_id = o.deployment_id AND me.user_id = caller
        CROSS JOIN LATERAL (SELECT
            o.state = 'succeeded' AND o.type NOT IN ('DELETE', 'STOP') AS ready,
            CASE WHEN o.resource_id IS NULL THEN 'deployments' ELSE 'resources' END AS resource_type,
            o.state IN ('in progress', 'canceling') AND o.phase IN ('provisioning', 'collecting', 'confirming') AS reschedule) s
$$;
