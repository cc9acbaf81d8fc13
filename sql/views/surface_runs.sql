-- Milliseconds since 1970, as text.
CREATE FUNCTION views.epoch_ms(at timestamptz) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT floor(extract(epoch FROM at) * 1000)::bigint::text
$$;

CREATE FUNCTION views.run_status(state operation_state) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE state WHEN 'pending' THEN 'QUEUED' WHEN 'in progress' THEN 'RUNNING' WHEN 'succeeded' THEN 'COMPLETED'
        WHEN 'failed' THEN 'ERROR' WHEN 'canceling' THEN 'REQUEST_CANCEL' ELSE 'CANCELED' END
$$;

-- The steps of one, an array; in the first one its inputs, which may be long. `said`: as below; one that is said to be
-- QUEUED waits in its first step.
CREATE FUNCTION views.run_steps(run uuid, state operation_state, said text, reason text, inputs text)
RETURNS TABLE (
    list json
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT json_agg(json_build_object(
        'id', md5(run || '/step/' || s.number)::uuid,
        '_name', s.name,
        'orchstepid', views.deployment_task_name(s.stage),
        '_compid', views.deployment_task_name(s.stage),
        '_orchrunid', run,
        '_actualparams', CASE WHEN s.number = 0 THEN inputs ELSE '{}' END,
        '_sequenceno', s.number + 1,
        '_runparams', json_strip_nulls(json_build_object('provider', s.provider, 'region', s.region,
            'attempt', s.attempt))::text,
        '_status', CASE WHEN state = 'pending' OR said = 'QUEUED' THEN 'QUEUED'
            WHEN s.status = 'SUCCESS' THEN 'COMPLETED' WHEN s.status IN ('ERROR', 'RUNNING') THEN s.status
            ELSE 'CANCELED' END,
        '_statusmsg', CASE WHEN s.status IN ('ERROR', 'CANCEL') THEN coalesce(nullif(x.message, ''), reason, '')
            ELSE '' END) ORDER BY s.number)
    FROM views.operation_spans(run) s
        LEFT JOIN operation_steps x ON x.operation_id = run AND x.number = s.step
    WHERE s.number = 0 OR said IS DISTINCT FROM 'QUEUED'
$$;

-- Creations as runs, in the words of the runs' document. `said`: the status that is told of all of them, whatever it
-- is; NULL: what it is.
CREATE FUNCTION views.runs(said text) RETURNS TABLE (
    id                uuid,
    deployment_id     uuid,
    user_group        text,
    user_group_issuer text,
    status            text,
    created_at        timestamptz,
    bytes             bigint, -- that the object has at most, or hardly more
    object            json
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT o.id, o.deployment_id, o.user_group, o.user_group_issuer, views.run_status(o.state), o.created_at,
        -- A text within a text has a backslash before each of its quotes.
        1000 + views.json_bytes(concat(t.name, o.description, o.user_group)) + 2 * d.template_inputs_bytes
            + CASE WHEN o.state = 'succeeded' THEN 2 * d.template_outputs_bytes ELSE 0 END
            + (SELECT 600 * (count(*) + 1) FROM operation_times n WHERE n.operation_id = o.id)
            + coalesce(views.json_bytes(o.reason), 0)
            + (SELECT coalesce(sum(views.json_bytes(concat(x.message, x.provider, x.region))), 0)::bigint
                FROM operation_steps x WHERE x.operation_id = o.id),
        json_build_object(
            'id', o.id,
            '_orchid', d.template_id,
            '_name', t.name,
            '_description', o.description,
            '_namespaces', json_build_array(o.user_group),
            '_usertype', '',
            '_createdby', o.created_by,
            '_createdat', views.epoch_ms(o.created_at),
            '_updatedat', views.epoch_ms(o.updated_at),
            '_status', coalesce(said, views.run_status(o.state)),
            '_result', CASE WHEN o.state = 'succeeded' AND d.template_outputs <> '{}' THEN d.template_outputs::text
                ELSE '' END,
            'orchrunsteps', (SELECT s.list FROM views.run_steps(o.id, o.state, said, o.reason,
                d.template_inputs::text) s))
    FROM operations o
        JOIN deployments d ON d.id = o.deployment_id
        JOIN templates t ON t.id = d.template_id
    WHERE o.type = 'CREATE' AND NOT o.is_dry_run AND NOT o.is_hidden
$$;
