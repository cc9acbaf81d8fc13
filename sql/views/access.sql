-- Who may see a deployment, and with it everything below it. No row: there is no such deployment. A table rather than a
-- value, because PostgreSQL inlines only that into the statement that asks.
CREATE FUNCTION views.deployment_access(deployment uuid, caller uuid, is_admin boolean) RETURNS TABLE (
    is_allowed boolean
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT is_admin OR EXISTS (SELECT FROM deployment_owners w WHERE w.deployment_id = d.id AND w.user_id = caller)
    FROM deployments d WHERE d.id = deployment
$$;
