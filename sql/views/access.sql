-- Who may see a deployment, and with it everything below it. No row: there is no such deployment. A table rather than a
-- value, because PostgreSQL inlines only that into the statement that asks.
CREATE FUNCTION views.deployment_access(deployment uuid, caller uuid, is_admin boolean) RETURNS TABLE (
    is_allowed boolean
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT is_admin OR EXISTS (SELECT FROM deployment_owners w WHERE w.deployment_id = d.id AND w.user_id = caller)
    FROM deployments d WHERE d.id = deployment
$$;

-- Who may see a template, and deploy it: everybody one that was stored for its own sake; one that came with a
-- deployment is as private as this.
CREATE FUNCTION views.template_access(template uuid, caller uuid, is_admin boolean) RETURNS TABLE (
    is_allowed boolean
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT t.is_kept OR is_admin OR EXISTS (
        SELECT FROM deployments d JOIN deployment_owners w ON w.deployment_id = d.id AND w.user_id = caller
        WHERE d.template_id = t.id)
    FROM templates t WHERE t.id = template
$$;
