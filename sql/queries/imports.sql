-- What came from the former orchestrator's database: see rules/orc_rules_adoption.h. All that is written of a
-- deployment is one transaction of these.

-- What is here of a deployment that may be taken over: whether it was taken over already, or is here for another
-- reason; the deployment that its infrastructure belongs to; its person and its template.
-- name: import_standing
-- columns: is_known, owner_of_infra, person, template
SELECT EXISTS (SELECT FROM legacy_imports WHERE deployment_id = :id)
    OR EXISTS (SELECT FROM deployments WHERE id = :id) AS is_known,
    (SELECT deployment_id FROM infrastructures WHERE infra_id = :infra_id LIMIT 1) AS owner_of_infra,
    (SELECT id FROM users WHERE issuer = :issuer AND sub = :subject) AS person,
    (SELECT id FROM templates WHERE checksum = :checksum ORDER BY is_kept DESC LIMIT 1) AS template

-- Of these deployments, those that need no look any more.
-- name: import_known
-- columns: id
SELECT deployment_id AS id FROM legacy_imports WHERE deployment_id::text = ANY (:ids::text[])

-- The deployment, whose last operation comes behind it, with its resources. `relations`: which resource requires which.
-- name: import_deployment
WITH deployment AS (
    INSERT INTO deployments (id, created_at, updated_at, template_id, template_inputs, template_inputs_sealed,
        template_outputs, template_outputs_sealed, user_group, user_group_issuer, per_provider_max_retries,
        tot_timeout_mins, per_provider_timeout_mins, keep_last_attempt, target_provider, target_region,
        target_iaas_project, im_infra_id, im_endpoint, last_operation_id, created_by, updated_by)
    VALUES (:id, :created_at, :updated_at, :template_id, :template_inputs, :template_inputs_sealed, :template_outputs,
        :template_outputs_sealed, :user_group, :user_group_issuer, :per_provider_max_retries, :tot_timeout_mins,
        :per_provider_timeout_mins, true, :target_provider, :target_region, :target_iaas_project, :im_infra_id,
        :im_endpoint, :last_operation_id, :owner, :owner)
    RETURNING *
), resource AS (
    INSERT INTO resources (id, deployment_id, position, tosca_node_name, tosca_node_type, is_compute, im_vm_idx, status,
        metadata, metadata_sealed, created_by, updated_by, created_at, updated_at)
    SELECT r.id, d.id, r."position", r.name, r.type, r.is_compute, r.vm, r.status, r.metadata, r.sealed, d.created_by,
        d.created_by, r.created_at, r.updated_at
    FROM deployment d, json_to_recordset(:resources) AS r (id uuid, "position" integer, name text, type text,
        is_compute boolean, vm text, status smallint, metadata jsonb, sealed text, created_at timestamptz,
        updated_at timestamptz)
), requirement AS (
    INSERT INTO resource_requirements (resource_id, required_by_id)
    SELECT DISTINCT resource, required_by FROM json_to_recordset(:relations) AS r (resource uuid, required_by uuid)
), owner AS (
    INSERT INTO deployment_owners (deployment_id, user_id, created_at, deployment_created_at)
    SELECT id, created_by, created_at, created_at FROM deployment
)
INSERT INTO legacy_imports (deployment_id) SELECT id FROM deployment

-- One of its operations. `state` is an end, or 'in progress' of a creation that goes on.
-- name: import_operation
WITH operation AS (
    INSERT INTO operations (id, deployment_id, type, state, phase, description, reason, errors, former_id, platform_id,
        user_group, user_group_issuer, created_by, deadline, asked_at, created_at, started_at, updated_at, ended_at)
    SELECT :id, d.id, :type::operation_type, :state::operation_state, :phase::operation_phase, :description,
        :reason::text,
        CASE WHEN :reason::text IS NULL THEN '[]'
            ELSE jsonb_build_array(jsonb_build_object('error', 'imported', 'description', :reason::text)) END,
        :former_id, d.target_provider, d.user_group, d.user_group_issuer, d.created_by,
        CASE WHEN :phase <> 'ended' THEN now() + d.tot_timeout_mins * interval '1 minute' END,
        :created_at::timestamptz, :created_at, :created_at, d.updated_at,
        CASE WHEN :phase = 'ended' THEN d.updated_at END
    FROM deployments d WHERE d.id = :deployment_id
    RETURNING *
)
INSERT INTO operation_times (operation_id, number, phase, stage, name, began_at)
SELECT id, 1, 'queued', operation_stage(type, 'QUEUEING'), 'QUEUEING', created_at FROM operation
UNION ALL
SELECT id, 2, phase, operation_stage(type, 'CONTEXTUALIZATION'), 'CONTEXTUALIZATION', created_at FROM operation
WHERE phase <> 'ended'

-- What it has at IM, as its creation's one attempt; somebody wants it.
-- name: import_infrastructure
WITH step AS (
    INSERT INTO operation_steps (operation_id, number, stage, name, status, provider, region, im_infra_id, started_at,
        ended_at)
    SELECT o.id, 1, 'infrastructure_creation', :step_name::text,
        CASE WHEN o.ended_at IS NULL THEN 'running' WHEN o.state = 'succeeded' THEN 'succeeded'
            ELSE 'failed' END::step_status,
        d.target_provider, d.target_region, d.im_infra_id, o.created_at, o.ended_at
    FROM operations o JOIN deployments d ON d.id = o.deployment_id WHERE o.id = :operation_id
)
INSERT INTO infrastructures (id, deployment_id, operation_id, step, user_id, user_group, user_group_issuer, endpoint,
    provider, region, project, infra_id, standing, asked_at, answer_until)
SELECT :id, d.id, :operation_id, 1, d.created_by, d.user_group, d.user_group_issuer, d.im_endpoint, d.target_provider,
    d.target_region, d.target_iaas_project, d.im_infra_id, 'made', d.created_at, d.created_at
FROM deployments d WHERE d.id = :deployment_id

-- A creation goes on.
-- name: import_creation
INSERT INTO work (id, kind, phase, is_begun, endpoint, memory)
SELECT :operation_id, 'CREATE', 'provisioning', true, d.im_endpoint, :memory::jsonb
FROM deployments d WHERE d.id = :deployment_id

-- It is looked at now and then; `within`: microseconds that the first looks are spread over.
-- name: import_watch
INSERT INTO work (id, kind, is_begun, is_idle, is_resting, endpoint, due_at)
SELECT d.id, 'watch', true, true, true, d.im_endpoint,
    clock_timestamp() + random() * :within::bigint * interval '1 microsecond'
FROM deployments d WHERE d.id = :deployment_id

-- Nobody knows what it is: a look tells.
-- name: import_unknown
UPDATE deployments SET status = deployment_status.UNKNOWN, status_reason = :reason WHERE id = :id

-- name: import_lines
INSERT INTO operation_logs (operation_id, deployment_id, level, stage, message)
SELECT :operation_id, :deployment_id, n.level, 'finished', n.message
FROM json_to_recordset(:lines) AS n (level log_level, message text)
