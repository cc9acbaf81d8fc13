-- Where the service manager's form has an operation: below the deployment, or below the grant that a change of owners
-- is about, which is both by their ids.
CREATE FUNCTION views.broker_place(type operation_type, deployment uuid, options jsonb) RETURNS TABLE (
    resource_type text,
    resource_id   text
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN type IN ('ADD_OWNER', 'REMOVE_OWNER') THEN 'service_bindings' ELSE 'service_instances' END,
        deployment || CASE WHEN type IN ('ADD_OWNER', 'REMOVE_OWNER') THEN ':' || (options ->> 'user_id') ELSE '' END
$$;

-- Operations in that form, as they are told at a place. A dry run is none: whoever waits for it would take it for done.
CREATE FUNCTION views.broker_operations(at_type text, at_id text) RETURNS TABLE (
    id      uuid,
    version text,
    object  json
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT v.id, v.version,
        json_build_object(
            'id', v.id,
            'ready', v.ready,
            'type', CASE WHEN v.type IN ('CREATE', 'ADD_OWNER') THEN 'CREATE'
                WHEN v.type IN ('DELETE', 'REMOVE_OWNER') THEN 'DELETE' ELSE 'UPDATE' END,
            'state', CASE WHEN v.state = 'succeeded' THEN 'succeeded' WHEN v.state IN ('failed', 'canceled')
                THEN 'failed' ELSE 'in progress' END,
            'description', v.description,
            'resource_id', at_id,
            'transitive_resources', o.transitive,
            'resource_type', '/v1/' || at_type,
            'platform_id', v.platform_id,
            'correlation_id', v.correlation_id,
            'reschedule', v.reschedule,
            'deletion_scheduled', views.rfc3339(v.deletion_scheduled),
            'created_at', views.rfc3339(v.created_at),
            'updated_at', views.rfc3339(v.updated_at),
            'errors', CASE WHEN v.state = 'canceled' AND NOT o.errors @> '[{"error": "operation.canceled"}]'
                THEN jsonb_build_array(jsonb_build_object('error', 'operation.canceled', 'description',
                    v.description)) || o.errors
                ELSE o.errors END,
            'labels', o.labels)
    FROM views.v1_operations(NULL) v
        JOIN operations o ON o.id = v.id
        CROSS JOIN LATERAL views.broker_place(o.type, o.deployment_id, o.options) p
    WHERE NOT v.dry_run
        AND CASE WHEN at_type IN ('service_instances', 'service_bindings')
            THEN p.resource_type = at_type AND p.resource_id = at_id
            ELSE EXISTS (SELECT FROM providers w WHERE w.id::text = at_id AND w.name = v.platform_id) END
$$;
