-- The wire form of the former orchestrator's clients. What is sealed has the name that its member has there ("as").

-- UTC, minutes: one of the clients writes it into a DATETIME of MariaDB as it is, which takes no other form.
CREATE FUNCTION views.legacy_time(at timestamptz) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI"+0000"')
$$;

CREATE FUNCTION views.legacy_link(rel text, href text) RETURNS json
    LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT json_build_object('rel', rel, 'href', href)
$$;

-- Where a deployment is; {} until it is known.
CREATE FUNCTION views.legacy_endpoint(im_endpoint text, provider text, region text) RETURNS json
    LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN im_endpoint IS NULL THEN '{}' ELSE (
        SELECT json_strip_nulls(json_build_object('cpEndpoint', im_endpoint, 'cpComputeServiceId', min(p.id::text),
            'region', region, 'deploymentType', coalesce(upper(min(p.type)), 'OPENSTACK'),
            'iaasType', coalesce(min(p.type), 'openstack')))
        FROM providers p WHERE p.name = provider) END
$$;

-- What everybody is told of a deployment, the receiver of its callbacks included. What is not known is not there.
CREATE FUNCTION views.legacy_deployment(d deployments, links json) RETURNS json
    LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT json_strip_nulls(json_build_object(
        'uuid', d.id,
        'creationTime', views.legacy_time(d.created_at),
        'updateTime', views.legacy_time(d.updated_at),
        'physicalId', d.im_infra_id,
        'status', views.deployment_status_name(d.status),
        'statusReason', d.status_reason,
        'task', views.deployment_task_name(d.task),
        'callback', d.callback,
        'userGroup', d.user_group,
        'cloudProviderName', d.target_provider,
        'cloudProviderEndpoint', views.legacy_endpoint(d.im_endpoint, d.target_provider, d.target_region),
        'createdBy', (SELECT json_build_object('issuer', u.issuer, 'subject', u.sub)
            FROM users u WHERE u.id = d.created_by),
        'stinputs', json_object('{}'::text[]),
        'links', links))
$$;

-- As views.v1_deployments, with a column for each filter of its lists.
CREATE FUNCTION views.legacy_deployments(base_url text, caller uuid) RETURNS TABLE (
    id          uuid,
    created_at  timestamptz,
    created_by  uuid,
    template_id uuid,
    user_group  text,
    status      smallint,
    is_owner    boolean,
    version     text,
    bytes       bigint, -- that the object has at most, or hardly more
    object      json
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT d.id, d.created_at, d.created_by, d.template_id, d.user_group, d.status, me.user_id IS NOT NULL,
        concat(d.row_version, '.', (SELECT o.row_version FROM operations o WHERE o.id = d.last_operation_id)),
        2000 + 3 * octet_length(base_url) + octet_length(concat(d.user_group, d.target_provider, d.target_region,
                d.im_infra_id, d.im_endpoint, d.callback)) + coalesce(views.json_bytes(d.status_reason), 0)
            + (SELECT views.json_bytes(concat(u.issuer, u.sub)) FROM users u WHERE u.id = d.created_by)
            + CASE WHEN s.has_secret_inputs THEN views.opened_bytes(d.template_inputs_sealed)
                ELSE d.template_inputs_bytes END
            + CASE WHEN s.has_secret_outputs THEN views.opened_bytes(d.template_outputs_sealed)
                ELSE d.template_outputs_bytes END,
        -- An input or output that is null is there.
        views.joined(
            views.legacy_deployment(d, (SELECT json_build_array(
                views.legacy_link('self', l.url),
                views.legacy_link('resources', l.url || '/resources'),
                views.legacy_link('template', l.url || '/template'))
                -- OFFSET 0: made once, not once for each link.
                FROM (SELECT base_url || '/deployments/' || d.id AS url OFFSET 0) l)),
            json_build_object(
                CASE WHEN s.has_secret_inputs THEN '@sealed' ELSE 'inputs' END,
                CASE WHEN s.has_secret_inputs THEN json_build_object('deployments.template_inputs_sealed',
                    json_build_object('as', 'inputs', 'sealed', d.template_inputs_sealed))
                    ELSE d.template_inputs END,
                CASE WHEN s.has_secret_outputs THEN '@sealed' ELSE 'outputs' END,
                CASE WHEN s.has_secret_outputs THEN json_build_object('deployments.template_outputs_sealed',
                    json_build_object('as', 'outputs', 'sealed', d.template_outputs_sealed))
                    ELSE d.template_outputs::json END))
    FROM deployments d
        LEFT JOIN deployment_owners me ON me.deployment_id = d.id AND me.user_id = caller
        CROSS JOIN LATERAL (SELECT
            me.user_id IS NOT NULL AND d.template_inputs_sealed IS NOT NULL AS has_secret_inputs,
            me.user_id IS NOT NULL AND d.template_outputs_sealed IS NOT NULL AS has_secret_outputs) s
$$;

-- What is known of a machine is a text in which there is JSON.
CREATE FUNCTION views.legacy_metadata(metadata jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN jsonb_typeof(metadata -> 'VirtualMachineInfo') <> 'string'
        THEN jsonb_set(metadata, '{VirtualMachineInfo}', to_jsonb((metadata -> 'VirtualMachineInfo')::text))
        ELSE coalesce(metadata, '{}') END
$$;

CREATE FUNCTION views.legacy_resources(base_url text, caller uuid) RETURNS TABLE (
    id              uuid,
    created_at      timestamptz,
    tosca_node_type text,
    deployment_id   uuid,
    is_owner        boolean,
    version         text,
    bytes           bigint, -- that the object has at most, or hardly more
    object          json
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT r.id, r.created_at, r.tosca_node_type, r.deployment_id, me.user_id IS NOT NULL, r.row_version::text,
        1000 + 2 * octet_length(base_url)
            + views.json_bytes(concat(r.im_vm_idx, r.tosca_node_type, r.tosca_node_name))
            + 40 * (SELECT count(*) FROM resource_requirements q WHERE q.resource_id = r.id)
            -- A text within a text has a backslash before each of its quotes.
            + 2 * CASE WHEN s.is_sealed THEN views.opened_bytes(r.metadata_sealed)
                ELSE coalesce(r.metadata_bytes, 0) END,
        views.joined(json_strip_nulls(json_build_object(
            'uuid', r.id,
            'creationTime', views.legacy_time(r.created_at),
            'updateTime', views.legacy_time(r.updated_at),
            'physicalId', r.im_vm_idx,
            'state', views.resource_status_name(r.status),
            'toscaNodeType', r.tosca_node_type,
            'toscaNodeName', r.tosca_node_name,
            'requiredBy', ARRAY(SELECT q.required_by_id
                FROM resource_requirements q JOIN resources b ON b.id = q.required_by_id
                WHERE q.resource_id = r.id ORDER BY b.position),
            'links', (SELECT json_build_array(
                views.legacy_link('deployment', l.url),
                views.legacy_link('self', l.url || '/resources/' || r.id))
                FROM (SELECT base_url || '/deployments/' || r.deployment_id AS url OFFSET 0) l))),
            json_build_object(
                CASE WHEN s.is_sealed THEN '@sealed' ELSE 'metadata' END,
                CASE WHEN s.is_sealed THEN jsonb_build_object('resources.metadata_sealed', jsonb_build_object(
                        'as', 'metadata', 'text', 'VirtualMachineInfo', 'sealed', r.metadata_sealed))
                    ELSE views.legacy_metadata(r.metadata) END))
    FROM resources r
        LEFT JOIN deployment_owners me ON me.deployment_id = r.deployment_id AND me.user_id = caller
        CROSS JOIN LATERAL (SELECT me.user_id IS NOT NULL AND r.metadata_sealed IS NOT NULL AS is_sealed) s
$$;
