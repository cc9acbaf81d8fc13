CREATE FUNCTION views.v1_resources(caller uuid) RETURNS TABLE (
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
    bytes           bigint, -- that the object has at most, or hardly more
    object          json
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT r.id, r.id, r.created_at, r.created_by, r.updated_at, r.updated_by, r.im_vm_idx, r.status,
        views.resource_status_name(r.status), r.tosca_node_type, r.tosca_node_name, r.deployment_id,
        me.user_id IS NOT NULL, r.row_version::text,
        700 + views.json_bytes(concat(r.im_vm_idx, r.tosca_node_type, r.tosca_node_name))
            + 40 * (SELECT count(*) FROM resource_requirements q WHERE q.resource_id = r.id)
            + CASE WHEN s.is_sealed THEN views.opened_bytes(r.metadata_sealed) ELSE coalesce(r.metadata_bytes, 0) END,
        json_build_object(
            'id', r.id,
            'uuid', r.id,
            'created_at', views.rfc3339(r.created_at),
            'created_by', r.created_by,
            'updated_at', views.rfc3339(r.updated_at),
            'updated_by', r.updated_by,
            'im_vm_idx', r.im_vm_idx,
            'status', r.status,
            'status_name', views.resource_status_name(r.status),
            'tosca_node_type', r.tosca_node_type,
            'tosca_node_name', r.tosca_node_name,
            'required_by', ARRAY(SELECT q.required_by_id
                FROM resource_requirements q JOIN resources b ON b.id = q.required_by_id
                WHERE q.resource_id = r.id ORDER BY b.position),
            CASE WHEN s.is_sealed THEN '@sealed' ELSE 'metadata' END,
            CASE WHEN s.is_sealed THEN jsonb_build_object('resources.metadata_sealed', r.metadata_sealed)
                ELSE r.metadata END,
            'deployment_id', r.deployment_id)
    FROM resources r
        LEFT JOIN deployment_owners me ON me.deployment_id = r.deployment_id AND me.user_id = caller
        CROSS JOIN LATERAL (SELECT me.user_id IS NOT NULL AND r.metadata_sealed IS NOT NULL AS is_sealed) s
$$;
