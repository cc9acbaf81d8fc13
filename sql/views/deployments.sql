-- A surface's objects depend on the URL it is reached at and on who asks, so they are functions of these: PostgreSQL
-- inlines them into the statement that uses them, as it does with views, and unlike views they keep no migration from
-- changing a column. An owner gets the sealed column in place of what is without secrets: under "@sealed", where
-- the module opens it.
CREATE FUNCTION views.v1_deployments(base_url text, caller uuid, with_template boolean) RETURNS TABLE (
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
    status_rank               smallint,
    status_reason             text,
    task                      smallint,
    task_name                 text,
    task_rank                 smallint,
    last_operation            uuid,
    is_owner                  boolean,
    version                   text,   -- moves with every change of the object
    bytes                     bigint, -- that the object has at most, or hardly more
    object                    json
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT d.id, d.created_at, d.created_by, d.updated_at, d.updated_by, d.template_id, d.user_group,
        d.user_group_issuer, d.per_provider_max_retries, d.max_providers, d.tot_timeout_mins,
        d.per_provider_timeout_mins, d.keep_last_attempt, d.target_provider, d.target_region, d.target_iaas_project,
        d.im_infra_id, d.status, views.deployment_status_name(d.status), views.deployment_status_rank(d.status),
        d.status_reason, d.task, views.deployment_task_name(d.task), views.deployment_task_rank(d.task),
        d.last_operation_id, me.user_id IS NOT NULL,
        -- No join: one that nobody needs is left out, but PostgreSQL goes on reading its last_operation_id, and no page
        -- of an attribute would be found by the attribute's index alone.
        concat(d.row_version, '.', (SELECT o.row_version FROM operations o WHERE o.id = d.last_operation_id)),
        2000 + 5 * octet_length(base_url) + 40 * (SELECT count(*) FROM deployment_owners w WHERE w.deployment_id = d.id)
            + octet_length(concat(d.user_group, d.user_group_issuer, d.target_provider, d.target_region,
                d.target_iaas_project, d.im_infra_id)) + coalesce(views.json_bytes(d.status_reason), 0)
            + CASE WHEN s.has_secret_inputs THEN views.opened_bytes(d.template_inputs_sealed)
                ELSE d.template_inputs_bytes END
            + CASE WHEN s.has_secret_outputs THEN views.opened_bytes(d.template_outputs_sealed)
                ELSE d.template_outputs_bytes END,
        json_build_object(
            'id', d.id,
            'created_at', views.rfc3339(d.created_at),
            'created_by', d.created_by,
            'updated_at', views.rfc3339(d.updated_at),
            'updated_by', d.updated_by,
            'owned_by', (SELECT json_agg(w.user_id ORDER BY w.created_at, w.user_id)
                FROM deployment_owners w WHERE w.deployment_id = d.id),
            'template_id', d.template_id,
            CASE WHEN s.has_secret_inputs THEN '@sealed' ELSE 'template_inputs' END,
            CASE WHEN s.has_secret_inputs
                THEN json_build_object('deployments.template_inputs_sealed', d.template_inputs_sealed)
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
            'status', d.status,
            'status_name', views.deployment_status_name(d.status),
            'status_reason', d.status_reason,
            'task', d.task,
            'task_name', views.deployment_task_name(d.task),
            'last_operation', d.last_operation_id,
            'links', (SELECT json_object(ARRAY[
                'template', u.url || '/templates',
                'resources', u.url || '/resources',
                'logs', u.url || '/logs',
                'operations', u.url || '/operations']
                || CASE WHEN with_template
                    THEN ARRAY['templates', (SELECT t.content FROM templates t WHERE t.id = d.template_id)] END)
                -- OFFSET 0: made once, not once for each link.
                FROM (SELECT base_url || '/deployments/' || d.id AS url OFFSET 0) u))
    FROM deployments d
        LEFT JOIN deployment_owners me ON me.deployment_id = d.id AND me.user_id = caller
        CROSS JOIN LATERAL (SELECT
            me.user_id IS NOT NULL AND d.template_inputs_sealed IS NOT NULL AS has_secret_inputs,
            me.user_id IS NOT NULL AND d.template_outputs_sealed IS NOT NULL AS has_secret_outputs) s
$$;
