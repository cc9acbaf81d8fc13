-- Whole seconds from one time to another, counted from a third.
CREATE FUNCTION views.seconds_between(since timestamptz, one timestamptz, other timestamptz) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (floor(extract(epoch FROM other - since)) - floor(extract(epoch FROM one - since)))::bigint
$$;

-- What an operation did and does, from operation_times: each entry lasts until the next one, the last one until the
-- end, or now. Before the first one it waits for its turn, and from the request to `created_at` it was checked.
-- Durations are differences of whole seconds since the request, so that they add up.
CREATE FUNCTION views.operation_spans(operation uuid) RETURNS TABLE (
    number    integer,
    stage     smallint,
    name      text,
    step      integer,
    began_at  timestamptz,
    ended_at  timestamptz, -- NULL: it goes on
    seconds   bigint,
    status    text,        -- of the step, as clients see it
    provider  text,
    region    text,
    attempt   integer
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH entry AS (
        SELECT 0 AS number, operation_stage(o.type, 'QUEUEING') AS stage, 'QUEUEING' AS name, NULL::integer AS step,
            o.created_at AS at
        FROM operations o WHERE o.id = operation
        UNION ALL
        SELECT t.number, t.stage, t.name, t.step, t.began_at FROM operation_times t WHERE t.operation_id = operation
    ), placed AS (
        -- No entry is before the one before it, or behind the end, whatever clocks did.
        SELECT e.number, e.stage, e.name, e.step, o.asked_at, o.state, o.ended_at AS over_at,
            least(max(e.at) OVER (ORDER BY e.number), coalesce(o.ended_at, 'infinity')) AS began_at
        FROM entry e, operations o WHERE o.id = operation
    ), span AS (
        SELECT p.*, coalesce(lead(p.began_at) OVER each, p.over_at) AS ended_at,
            lead(p.number) OVER each IS NULL AS is_last, lead(p.step) OVER each AS next_step
        FROM placed p WINDOW each AS (ORDER BY p.number)
    )
    SELECT s.number, s.stage, s.name, s.step, s.began_at, s.ended_at,
        views.seconds_between(s.asked_at, s.began_at, coalesce(s.ended_at, greatest(s.began_at, now()))),
        CASE
            WHEN s.is_last AND s.over_at IS NULL THEN 'RUNNING'
            WHEN s.is_last THEN CASE s.state WHEN 'succeeded' THEN 'SUCCESS' WHEN 'failed' THEN 'ERROR'
                ELSE 'CANCEL' END
            WHEN x.status = 'failed' AND s.next_step IS DISTINCT FROM s.step THEN 'ERROR'
            ELSE 'SUCCESS'
        END, x.provider, x.region, substring(x.name FROM '^Attempt (\d+) ')::integer
    FROM span s LEFT JOIN operation_steps x ON x.operation_id = operation AND x.number = s.step
$$;

-- The stages that operations of a type go through, in order.
CREATE FUNCTION views.stages_of(type operation_type) RETURNS TABLE (stage smallint, ord bigint, description text)
    LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT s.stage, s.ord, CASE s.stage
        WHEN 1 THEN 'The template is read with its inputs'
        WHEN 2 THEN 'Providers are looked for that can serve it'
        WHEN 3 THEN 'They are put into an order'
        WHEN 4 THEN 'Machines are made, at one provider after the other'
        WHEN 5 THEN 'The machines are configured'
        WHEN 6 THEN 'What is there is changed'
        WHEN 7 THEN 'What is there is deleted'
        ELSE 'What came of it is collected'
    END
    FROM unnest(CASE type WHEN 'CREATE' THEN '{1,2,3,4,5,8}' WHEN 'UPDATE' THEN '{1,6,5,8}' WHEN 'DELETE' THEN '{7,8}'
        ELSE '{6}' END::smallint[]) WITH ORDINALITY s (stage, ord)
$$;

-- What is done to something by an operation, in the words of the stages' document: {action, status, sub_action}.
CREATE FUNCTION views.stage_details(type operation_type, state operation_state) RETURNS json
    LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT json_build_object(
        'action', CASE type WHEN 'DELETE' THEN 'DELETE' WHEN 'STOP' THEN 'STOP' WHEN 'REBOOT' THEN 'RESTART'
            ELSE 'DEPLOY' END,
        'status', CASE state WHEN 'pending' THEN 'QUEUED' WHEN 'in progress' THEN 'ONGOING'
            WHEN 'canceling' THEN 'CANCELING' WHEN 'canceled' THEN 'CANCELED' WHEN 'failed' THEN 'ERROR'
            ELSE 'SUCCESS' END,
        'sub_action', CASE WHEN type IN ('CREATE', 'DELETE', 'STOP', 'REBOOT') THEN 'NONE' ELSE type::text END)
$$;

-- What something is in that document once an operation is so far.
CREATE FUNCTION views.stage_state(type operation_type, state operation_state) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE state
        WHEN 'canceling' THEN 'CANCELING'
        WHEN 'canceled' THEN 'CANCELED'
        WHEN 'pending' THEN w.action || '_QUEUED'
        WHEN 'in progress' THEN w.going
        WHEN 'failed' THEN w.action || '_ERROR'
        ELSE w.done
    END
    FROM (VALUES ('DELETE', 'DELETE', 'DELETING', 'DELETED'), ('STOP', 'STOP', 'STOPPING', 'STOPPED'),
        ('REBOOT', 'RESTART', 'RESTARTING', 'RESTARTED'), (NULL, 'DEPLOYMENT', 'DEPLOYING', 'DEPLOYED'))
        w (word, action, going, done)
    WHERE w.word IS NOT DISTINCT FROM CASE WHEN type IN ('DELETE', 'STOP', 'REBOOT') THEN type::text END
$$;

-- The same of a resource, by its status, and by what was done last when that says no more.
CREATE FUNCTION views.stage_resource_state(status smallint, type operation_type, state operation_state) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN status IN (resource_status.CONFIGURED, resource_status.STARTED) THEN 'DEPLOYED'
        WHEN status = resource_status.STOPPED THEN 'STOPPED'
        WHEN status = resource_status.STOPPING THEN 'STOPPING'
        WHEN status = resource_status.DELETED THEN 'DELETED'
        WHEN status = resource_status.DELETING THEN 'DELETING'
        WHEN status = resource_status.STARTING THEN CASE type WHEN 'REBOOT' THEN 'RESTARTING' ELSE 'DEPLOYING' END
        WHEN status = resource_status.INITIAL THEN
            CASE WHEN state IN ('pending', 'in progress', 'canceling') THEN 'DEPLOYMENT_QUEUED' ELSE 'READY' END
        WHEN status = resource_status.ERROR THEN
            CASE WHEN type IN ('DELETE', 'STOP', 'REBOOT') THEN views.stage_state(type, 'failed')
                ELSE 'DEPLOYMENT_ERROR' END
        ELSE 'DEPLOYING'
    END
$$;

-- An operation's stages with their steps, and what stands in each: the shape of statusesWithStages. `steps` of a
-- resource are those of the stage that it stands in.
CREATE FUNCTION views.v1_stages(operation uuid) RETURNS TABLE (object json)
    LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH o AS (
        SELECT o.*, d.status AS deployment_status, l.type AS last_type, l.state AS last_state, u.username,
            EXISTS (SELECT FROM operations x WHERE x.deployment_id = o.deployment_id
                AND (x.type NOT IN ('CREATE', 'DELETE') OR x.type = 'CREATE' AND x.state = 'succeeded')) AS was_deployed
        FROM operations o
            JOIN deployments d ON d.id = o.deployment_id
            JOIN users u ON u.id = o.created_by
            LEFT JOIN operations l ON l.id = d.last_operation_id
        WHERE o.id = operation
    ), span AS MATERIALIZED (
        SELECT * FROM views.operation_spans(operation)
    ), stage AS MATERIALIZED (
        SELECT s.stage, s.ord, s.description, coalesce(sum(p.seconds), 0) AS seconds,
            coalesce(sum(p.seconds) FILTER (WHERE p.name <> 'QUEUEING'), 0) AS computing,
            (array_agg(p.status ORDER BY p.number DESC) FILTER (WHERE p.number IS NOT NULL))[1] AS last,
            coalesce(json_agg(json_build_object(
                'step_name', p.name,
                'status', p.status,
                'duration_sec', p.seconds,
                'started_at', views.rfc3339(p.began_at),
                'ended_at', views.rfc3339(p.ended_at),
                'provider', p.provider,
                'region', p.region,
                'attempt', p.attempt) ORDER BY p.number)
                FILTER (WHERE p.number IS NOT NULL), '[]') AS details
        FROM o CROSS JOIN LATERAL views.stages_of(o.type) s LEFT JOIN span p ON p.stage = s.stage
        GROUP BY s.stage, s.ord, s.description
    ), present AS (
        SELECT g.ord FROM stage g JOIN span p ON p.stage = g.stage ORDER BY p.number DESC LIMIT 1
    ), shown AS MATERIALIZED (
        SELECT g.*, CASE
            WHEN o.state = 'succeeded' THEN 'DONE'
            WHEN g.ord < p.ord THEN 'DONE'
            WHEN g.ord = p.ord THEN CASE o.state WHEN 'pending' THEN 'QUEUED' WHEN 'failed' THEN 'ERROR'
                WHEN 'canceled' THEN 'CANCELED' ELSE 'ONGOING' END
            WHEN o.ended_at IS NULL THEN 'QUEUED'
            WHEN o.state = 'failed' AND g.last = 'ERROR' THEN 'ERROR'
            ELSE 'SKIPPED'
        END AS status
        FROM o, stage g, present p
    ), resource AS (
        SELECT r.*, o.type, o.state AS operation_state, o.was_deployed, s.is_part,
            CASE WHEN r.is_compute THEN 'containers'
                WHEN r.tosca_node_type ~* '(block_?storage|database|dbms)' THEN 'databases'
                ELSE 'applications' END AS kind
        FROM o JOIN resources r ON r.deployment_id = o.deployment_id
            CROSS JOIN LATERAL (SELECT CASE
                WHEN o.resource_id IS NOT NULL THEN r.id = o.resource_id
                WHEN o.type = 'UPDATE' THEN o.transitive = '[]' OR o.transitive @> jsonb_build_array(
                    jsonb_build_object('id', r.id))
                ELSE true END AS is_part) s
        WHERE s.is_part OR r.status <> resource_status.DELETED
    ), standing AS (
        SELECT g.stage, r.kind, json_agg(json_build_object(
            'id', r.id,
            'name', r.tosca_node_name,
            'tosca_node_type', r.tosca_node_type,
            'state', views.stage_resource_state(r.status, r.type, r.operation_state),
            'service_deployment_status', CASE
                WHEN NOT r.was_deployed OR r.status = resource_status.INITIAL THEN 'NEVER_DEPLOYED'
                WHEN r.status = resource_status.ERROR THEN 'OUT_OF_DATE' ELSE 'UP_TO_DATE' END,
            'is_part_last_deployment', r.is_part,
            'status_details', views.stage_details(r.type, r.operation_state),
            'deployment_request_id', CASE WHEN r.is_part THEN operation END,
            'deployment_requests_count', (SELECT count(*) FROM operations x WHERE x.deployment_id = r.deployment_id
                AND x.state = 'pending' AND (x.resource_id IS NULL OR x.resource_id = r.id)),
            'last_deployment_date', views.rfc3339(r.updated_at),
            'steps', json_build_object(
                'total_duration_sec', CASE WHEN r.is_part THEN g.seconds ELSE 0 END,
                'total_computing_duration_sec', CASE WHEN r.is_part THEN g.computing ELSE 0 END,
                'details', CASE WHEN r.is_part THEN g.details ELSE '[]' END),
            'execution_id', CASE WHEN r.is_part THEN operation END) ORDER BY r.position) AS list
        FROM resource r JOIN shown g ON g.stage = CASE r.type WHEN 'CREATE' THEN 4 WHEN 'DELETE' THEN 7 ELSE 6 END
        GROUP BY g.stage, r.kind
    )
    SELECT json_build_object(
        'environment', json_build_object(
            'id', o.deployment_id,
            'state', CASE WHEN o.deployment_status = deployment_status.UNKNOWN THEN 'UNAVAILABLE'
                ELSE coalesce(views.stage_state(o.last_type, o.last_state), 'UNAVAILABLE') END,
            'last_deployment_state', views.stage_state(o.type, o.state),
            'last_deployment_date', views.rfc3339(coalesce(o.started_at, o.created_at)),
            'last_deployment_id', o.id,
            'total_deployment_duration_in_seconds', views.seconds_between(o.asked_at, o.asked_at, o.ended_at),
            'origin', 'API',
            'triggered_by', o.username,
            'deployment_status', CASE WHEN NOT o.was_deployed THEN 'NEVER_DEPLOYED'
                WHEN o.state IN ('failed', 'canceled') THEN 'OUT_OF_DATE' ELSE 'UP_TO_DATE' END),
        'stages', (SELECT json_agg(json_build_object(
            'stage', json_build_object(
                'id', md5(o.id || '/' || g.stage)::uuid,
                'name', views.deployment_task_name(g.stage),
                'description', g.description,
                'status', g.status,
                'steps', json_build_object('total_duration_sec', g.seconds, 'details', g.details)),
            'applications', coalesce((SELECT list FROM standing s WHERE s.stage = g.stage AND s.kind = 'applications'),
                '[]'),
            'containers', coalesce((SELECT list FROM standing s WHERE s.stage = g.stage AND s.kind = 'containers'),
                '[]'),
            'jobs', '[]'::json,
            'databases', coalesce((SELECT list FROM standing s WHERE s.stage = g.stage AND s.kind = 'databases'),
                '[]'),
            'helms', '[]'::json,
            'terraforms', '[]'::json) ORDER BY g.ord) FROM shown g),
        'pre_check_stage', json_build_object(
            'status', 'SUCCESS',
            'total_duration_sec', views.seconds_between(o.asked_at, o.asked_at, o.created_at)))
    FROM o
$$;
