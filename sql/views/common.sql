-- What all shapes share.

-- RFC 3339, UTC, microseconds.
CREATE FUNCTION views.rfc3339(at timestamptz) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;

-- One object of two that have members. PostgreSQL joins jsonb only, which keeps neither order nor the text of numbers.
CREATE FUNCTION views.joined(one json, other json) RETURNS json
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (left(one::text, -1) || ', ' || substr(other::text, 2))::json
$$;

-- NULL when no status follows from it.
CREATE FUNCTION views.deployment_status(type operation_type, state operation_state)
    RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN state = 'succeeded' THEN
            CASE type WHEN 'CREATE' THEN deployment_status.CREATE_COMPLETE
                WHEN 'UPDATE' THEN deployment_status.UPDATE_COMPLETE
                WHEN 'DELETE' THEN deployment_status.DELETE_COMPLETE END
        WHEN state IN ('failed', 'canceled') THEN
            CASE type WHEN 'CREATE' THEN deployment_status.CREATE_FAILED
                WHEN 'DELETE' THEN deployment_status.DELETE_FAILED ELSE deployment_status.UPDATE_FAILED END
        ELSE
            CASE type WHEN 'CREATE' THEN deployment_status.CREATE_IN_PROGRESS
                WHEN 'DELETE' THEN deployment_status.DELETE_IN_PROGRESS ELSE deployment_status.UPDATE_IN_PROGRESS END
    END::smallint
$$;

-- The task: what the last operation is at; finished once it ended, however it did. A deletion is at the infrastructure's
-- deletion from the first moment on: nothing else is before it.
CREATE FUNCTION views.deployment_task(type operation_type, state operation_state, phase operation_phase)
    RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN state IN ('succeeded', 'failed', 'canceled') THEN deployment_task.finished
        WHEN type = 'DELETE' THEN deployment_task.infrastructure_deletion
        WHEN phase = 'queued' THEN deployment_task.submitted
        WHEN type <> 'CREATE' THEN deployment_task.resources_updating
        WHEN phase = 'placing' THEN deployment_task.provider_filtering
        WHEN phase = 'submitting' THEN deployment_task.infrastructure_creation
        WHEN phase = 'cleaning' THEN deployment_task.infrastructure_deletion
        ELSE deployment_task.resources_configuration
    END::smallint
$$;
