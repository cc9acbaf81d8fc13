-- A deletion is at the infrastructure's deletion from the first moment on: nothing else is before it.
CREATE OR REPLACE FUNCTION deployment_task(type operation_type, state operation_state, phase operation_phase) RETURNS smallint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN state IN ('succeeded', 'failed', 'canceled') THEN 8
        WHEN type = 'DELETE' THEN 7
        WHEN phase = 'queued' THEN 0
        WHEN type <> 'CREATE' THEN 6
        WHEN phase = 'placing' THEN 2
        WHEN phase = 'submitting' THEN 4
        WHEN phase = 'cleaning' THEN 7
        ELSE 5
    END::smallint
$$;
