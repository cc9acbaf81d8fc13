-- Rows of one object: the object if the caller may see it, its version for this reader, whether it exists. No row: the
-- caller is registered no more.
-- name: deployment_get
-- columns: object, tag, exists
SELECT CASE WHEN d.is_owner OR :is_admin THEN d.object END AS object,
    CASE WHEN d.is_owner THEN d.version || '.o' WHEN :is_admin THEN d.version || '.a' END AS tag,
    d.id IS NOT NULL AS exists
FROM users u LEFT JOIN views.v1_deployments(:base_url, :caller, false) d ON d.id = :id
WHERE u.id = :caller

-- name: deployment_get_with_template
-- columns: object, tag, exists
SELECT CASE WHEN d.is_owner OR :is_admin THEN d.object END AS object,
    CASE WHEN d.is_owner OR :is_admin
        THEN d.version || '.' || t.row_version || CASE WHEN d.is_owner THEN '.o' ELSE '.a' END END AS tag,
    d.id IS NOT NULL AS exists
FROM users u
    LEFT JOIN views.v1_deployments(:base_url, :caller, true) d ON d.id = :id
    LEFT JOIN templates t ON t.id = d.template_id
WHERE u.id = :caller

-- The template of a deployment, seen by who sees the deployment.
-- name: deployment_template
-- columns: object, tag, exists
SELECT CASE WHEN d.is_owner OR :is_admin THEN t.object END AS object,
    CASE WHEN d.is_owner OR :is_admin THEN t.id || '.' || t.row_version END AS tag, d.id IS NOT NULL AS exists
FROM users u
    LEFT JOIN views.v1_deployments('', :caller, false) d ON d.id = :id
    LEFT JOIN views.v1_templates() t ON t.id = d.template_id
WHERE u.id = :caller

-- Bases of lists: all columns; the same rows from an index alone, in their usual order; how many they are.
-- name: deployment_list_own
-- parameters: caller, base_url
SELECT * FROM views.v1_deployments(:base_url, :caller, false) WHERE is_owner

-- The same rows for who reads all of them. The planner, who thinks that an array is short, looks them up one by one; a
-- join it would make by a look at everybody's, which costs twice as much when one person owns one of fifty.
-- name: deployment_whole_own
-- parameters: caller, base_url
SELECT * FROM views.v1_deployments(:base_url, :caller, false)
WHERE id = ANY (ARRAY(SELECT deployment_id FROM deployment_owners WHERE user_id = :caller))

-- name: deployment_keys_own
-- parameters: caller, base_url
-- columns: id, created_at
SELECT deployment_id AS id, deployment_created_at AS created_at FROM deployment_owners WHERE user_id = :caller

-- name: deployment_count_own
-- parameters: caller, base_url
SELECT coalesce(sum(owned), 0) FROM deployment_tallies WHERE user_id = :caller

-- name: deployment_list_all
-- parameters: caller, base_url
SELECT * FROM views.v1_deployments(:base_url, :caller, false)

-- name: deployment_keys_all
-- parameters: caller, base_url
-- columns: id, created_at
SELECT id, created_at FROM deployments

-- What a submission has to know of its template. No row: there is none that the caller may use.
-- name: deployment_template_facts
-- columns: content, row_version
SELECT t.content, t.row_version
FROM templates t JOIN views.template_access(:id, :caller, :is_admin) p ON p.is_allowed
WHERE t.id = :id

-- SQLSTATE ORC29 when more submissions of the group wait for their turn than may.
-- name: deployment_queue_check
SELECT limit_is_passed() WHERE (SELECT count(*) FROM operations
    WHERE user_group_issuer = :user_group_issuer AND user_group = :user_group AND state = 'pending'
        AND type = 'CREATE' AND orchestration_id IS NULL) > :most

-- Submissions of one group are counted one after the other, so that each sees those before it. A statement of its own:
-- the count's snapshot is taken when the lock is held. It is the last thing before the count, so that nobody of the
-- group waits for what another one writes.
-- name: deployment_queue_lock
SELECT pg_advisory_xact_lock(hashtext(:user_group_issuer), hashtext(:user_group))

-- Everything that a submission writes; SQLSTATE 23502 when the template is no longer as it was checked: the lock waits
-- for a change that is at work, and keeps others away until there is a deployment.
-- name: deployment_insert
WITH deployment AS (
    INSERT INTO deployments (id, template_id, template_inputs, user_group, user_group_issuer, per_provider_max_retries,
        max_providers, tot_timeout_mins, per_provider_timeout_mins, keep_last_attempt, target_provider, target_region,
        last_operation_id, created_by, updated_by, template_inputs_sealed, callback, callback_host,
        callback_by)
    SELECT :id, (SELECT t.id FROM templates t WHERE t.id = :template_id
        AND t.row_version = :template_version FOR SHARE),
        :template_inputs, :user_group, :user_group_issuer, :per_provider_max_retries, :max_providers, :tot_timeout_mins,
        :per_provider_timeout_mins, :keep_last_attempt, :target_provider, :target_region, :operation_id, :caller,
        :caller, :template_inputs_sealed, :callback, :callback_host,
        CASE WHEN :callback::text IS NOT NULL THEN :caller::uuid END
    RETURNING *
), node AS MATERIALIZED (
    SELECT r.*, d.id AS deployment_id, d.created_by
    FROM deployment d, json_to_recordset(:resources)
        AS r (id uuid, "position" integer, name text, type text, is_compute boolean, required_by uuid[])
), resource AS (
    INSERT INTO resources (id, deployment_id, position, tosca_node_name, tosca_node_type, is_compute, created_by,
        updated_by)
    SELECT id, deployment_id, "position", name, type, is_compute, created_by, created_by FROM node
), requirement AS (
    INSERT INTO resource_requirements (resource_id, required_by_id)
    SELECT DISTINCT n.id, q FROM node n, unnest(n.required_by) q
), owner AS (
    INSERT INTO deployment_owners (deployment_id, user_id, deployment_created_at)
    SELECT id, created_by, created_at FROM deployment
), operation AS (
    INSERT INTO operations (id, deployment_id, type, description, options, transitive, correlation_id, user_group,
        user_group_issuer, created_by, deadline, asked_at)
    SELECT d.last_operation_id, d.id, 'CREATE', 'Waiting for its turn.',
        jsonb_build_object('target_provider', d.target_provider, 'target_region', d.target_region),
        (SELECT coalesce(jsonb_agg(jsonb_build_object('id', n.id, 'type', 'resources', 'operation_type', 'CREATE',
            'criteria', n.name) ORDER BY n."position"), '[]') FROM node n),
        :correlation_id, d.user_group, d.user_group_issuer, d.created_by,
        now() + d.tot_timeout_mins * interval '1 minute', now() - :checked::bigint * interval '1 microsecond'
    FROM deployment d
), noted AS (
    INSERT INTO operation_logs (operation_id, deployment_id, level, stage, message)
    SELECT d.last_operation_id, d.id, 'info', 'submitted', n.note
    FROM deployment d, json_array_elements_text(:notes) WITH ORDINALITY n (note, place) ORDER BY n.place
), work AS (
    INSERT INTO work (id, kind) SELECT last_operation_id, 'CREATE' FROM deployment
)
SELECT FROM deployment

-- The locks of a change that ends what a deployment is at. Who asks for one comes after the other: else the second
-- would hold the deployment and want the operation that the first one has just made, which the engine holds when it
-- wants the deployment. Behind that the work and the operations first, as the engine takes them.
-- name: deployment_lock_requests
SELECT pg_advisory_xact_lock(hashtextextended(:id, 0))

-- name: deployment_lock_operations
SELECT w.id FROM work w JOIN operations o ON o.id = w.id
WHERE o.deployment_id = :id AND o.ended_at IS NULL ORDER BY w.id FOR NO KEY UPDATE OF w, o

-- name: deployment_lock
SELECT id FROM deployments WHERE id = :id FOR NO KEY UPDATE

-- Behind those two, before the deployment: what goes with its row besides, as the engine takes it.
-- name: deployment_lock_rest
WITH watch AS MATERIALIZED (
    SELECT id FROM work WHERE id = :id FOR UPDATE
)
SELECT id FROM operations WHERE deployment_id = :id AND (SELECT count(*) FROM watch) >= 0 ORDER BY id FOR UPDATE

-- name: deployment_forget
DELETE FROM deployments WHERE id = :id

-- Where a locked deployment stands for who wants to change it: its versions without and with the template's text; the
-- operation that deletes it, the last one on it as a whole, and the one that sets its status when that has not ended;
-- what it has at IM and somebody wants.
-- name: deployment_standing
-- columns: exists, is_allowed, tag, tag_with_template, status, deletion_id, last_id, active_id, im_infra_id
SELECT d.id IS NOT NULL AS exists, d.is_owner OR :is_admin AS is_allowed, d.version || r.suffix AS tag,
    d.version || '.' || t.row_version || r.suffix AS tag_with_template, d.status,
    a.id AS deletion_id, m.id AS last_id, l.id AS active_id,
    CASE WHEN NOT EXISTS (SELECT FROM infrastructures i WHERE i.infra_id = d.im_infra_id AND i.unwanted_at IS NOT NULL)
        THEN d.im_infra_id END AS im_infra_id
FROM users u
    LEFT JOIN views.v1_deployments('', :caller, false) d ON d.id = :id
    LEFT JOIN templates t ON t.id = d.template_id
    LEFT JOIN operations l ON l.id = d.last_operation AND l.ended_at IS NULL
    LEFT JOIN LATERAL (SELECT o.id FROM operations o
        WHERE o.deployment_id = d.id AND o.type = 'DELETE' AND o.ended_at IS NULL LIMIT 1) a ON true
    LEFT JOIN LATERAL (SELECT o.id FROM operations o
        WHERE o.deployment_id = d.id AND o.resource_id IS NULL ORDER BY o.created_at DESC, o.id DESC LIMIT 1) m ON true
    CROSS JOIN LATERAL (SELECT CASE WHEN d.is_owner THEN '.o' ELSE '.a' END AS suffix) r
WHERE u.id = :caller

-- A creation that ended is asked for once more, as it was at first: what is left of the former ones has to go, and what
-- they found out is forgotten.
-- name: deployment_create_again
WITH unwanted AS (
    UPDATE infrastructures
    SET unwanted_at = now(), tried_at = NULL, tries = 0, note = NULL, waits_for_token = false,
        standing = CASE WHEN standing IN ('asked', 'gone', 'deleting') THEN standing ELSE 'unwanted' END
    WHERE deployment_id = :id AND unwanted_at IS NULL
    RETURNING id, endpoint
), removing AS (
    INSERT INTO work (id, kind, phase, is_begun, is_resting, endpoint)
    SELECT id, 'infrastructure', 'unwanted', true, true, endpoint FROM unwanted ORDER BY id
    ON CONFLICT (id) DO UPDATE SET due_at = now(), is_hurried = true
), operation AS (
    INSERT INTO operations (id, deployment_id, type, description, options, parent_id, transitive, correlation_id,
        user_group, user_group_issuer, created_by, deadline)
    SELECT :operation_id, d.id, 'CREATE', 'Waiting for its turn.', p.options, p.id, p.transitive, :correlation_id,
        d.user_group, d.user_group_issuer, :caller, now() + d.tot_timeout_mins * interval '1 minute'
    FROM deployments d JOIN operations p ON p.id = :parent_id WHERE d.id = :id
), work AS (
    INSERT INTO work (id, kind) VALUES (:operation_id, 'CREATE')
), resource AS (
    UPDATE resources
    SET status = resource_status.INITIAL, im_vm_idx = NULL, metadata = NULL, metadata_sealed = NULL,
        updated_by = :caller, updated_at = now(), row_version = row_version + 1
    WHERE deployment_id = :id
)
UPDATE deployments d
SET last_operation_id = :operation_id, target_provider = p.options ->> 'target_provider',
    target_region = p.options ->> 'target_region', target_iaas_project = NULL, im_infra_id = NULL, im_endpoint = NULL,
    updated_by = :caller, updated_at = now(), row_version = d.row_version + 1
FROM operations p WHERE d.id = :id AND p.id = :parent_id

-- A deletion has the time that the deployment had, and a day at least.
-- name: deployment_delete
WITH operation AS (
    INSERT INTO operations (id, deployment_id, type, description, options, former_id, parent_id, transitive,
        correlation_id, user_group, user_group_issuer, created_by, deadline)
    SELECT :operation_id, d.id, 'DELETE', 'Waiting for its turn.',
        jsonb_build_object('force', :is_forced::boolean, 'unsecure', :is_unsecure::boolean), d.last_operation_id,
        :parent_id,
        (SELECT coalesce(jsonb_agg(jsonb_build_object('id', r.id, 'type', 'resources', 'operation_type', 'DELETE',
            'criteria', r.tosca_node_name) ORDER BY r.position), '[]')
            FROM resources r WHERE r.deployment_id = d.id AND r.status <> resource_status.DELETED),
        :correlation_id, d.user_group, d.user_group_issuer, :caller,
        now() + GREATEST(d.tot_timeout_mins, 1440) * interval '1 minute'
    FROM deployments d WHERE d.id = :id
), noted AS (
    INSERT INTO operation_logs (operation_id, deployment_id, level, stage, message)
    SELECT :operation_id, :id, 'info', 'infrastructure_deletion', n.note
    FROM (SELECT :note::text AS note) n WHERE n.note IS NOT NULL
), work AS (
    INSERT INTO work (id, kind) VALUES (:operation_id, 'DELETE')
)
UPDATE deployments
SET last_operation_id = :operation_id, updated_by = :caller, updated_at = now(), row_version = row_version + 1
WHERE id = :id

-- A deletion that is at work is told to go further.
-- name: deployment_delete_harder
WITH operation AS (
    UPDATE operations
    SET options = options || :options::jsonb, updated_at = now(), row_version = row_version + 1
    WHERE id = :operation_id RETURNING deployment_id
), hurried AS (
    UPDATE work SET due_at = now(), is_hurried = true WHERE id = :operation_id
)
UPDATE deployments d SET row_version = row_version + 1 FROM operation o WHERE d.id = o.deployment_id

-- What its states are told from now on.
-- name: deployment_set_callback
UPDATE deployments
SET callback = :callback, callback_host = :callback_host, callback_by = :caller,
    row_version = row_version +
        ((callback, callback_host) IS DISTINCT FROM (:callback::text, :callback_host::text))::integer
WHERE id = :id
    AND (callback, callback_host, callback_by) IS DISTINCT FROM
        (:callback::text, :callback_host::text, :caller::uuid)

-- name: deployment_set_group
UPDATE deployments
SET user_group = :user_group, updated_by = :caller, updated_at = now(), row_version = row_version + 1
WHERE id = :id AND user_group <> :user_group

-- Ends an operation as failed, whoever has it in hand: its work goes, so nothing of what they bring is stored any more.
-- What a creation made, or may have made, is unwanted from now on, unless the deployment keeps its last attempt.
-- name: deployment_reset
WITH ended AS (
    UPDATE operations
    SET state = 'failed', phase = 'ended', description = :reason, reason = :reason, waits_for_token = false,
        errors = jsonb_build_array(jsonb_build_object('error', 'operation.reset', 'description', :reason::text)),
        ended_at = now(), updated_at = now(), row_version = row_version + 1
    WHERE id = :operation_id AND ended_at IS NULL
    RETURNING id, deployment_id, type
), work AS (
    DELETE FROM work w USING ended e WHERE w.id = e.id
), deployment AS (
    UPDATE deployments d
    SET updated_by = :caller, updated_at = now(), row_version = row_version + 1,
        im_infra_id = CASE WHEN e.type = 'CREATE' AND NOT d.keep_last_attempt THEN NULL ELSE d.im_infra_id END,
        im_endpoint = CASE WHEN e.type = 'CREATE' AND NOT d.keep_last_attempt THEN NULL ELSE d.im_endpoint END
    FROM ended e WHERE d.id = e.deployment_id
    RETURNING d.id, e.type = 'CREATE' AND NOT d.keep_last_attempt AS is_unwanted
), unwanted AS (
    UPDATE infrastructures i
    SET unwanted_at = now(), tries = 0, note = NULL, waits_for_token = false,
        standing = CASE WHEN i.standing IN ('asked', 'gone', 'deleting') THEN i.standing ELSE 'unwanted' END
    FROM deployment d WHERE d.is_unwanted AND i.deployment_id = d.id AND i.unwanted_at IS NULL
    RETURNING i.id, i.endpoint
), removing AS (
    INSERT INTO work (id, kind, phase, is_begun, endpoint)
    SELECT id, 'infrastructure', 'unwanted', true, endpoint FROM unwanted ORDER BY id
    ON CONFLICT (id) DO UPDATE SET due_at = now(), is_hurried = true
), steps AS (
    UPDATE operation_steps s SET status = 'failed', message = :reason, ended_at = now()
    FROM ended e WHERE s.operation_id = e.id AND s.status = 'running'
), line AS (
    INSERT INTO operation_logs (operation_id, deployment_id, level, stage, message)
    SELECT id, deployment_id, 'error', 'finished', :reason FROM ended
)
UPDATE resources r
SET status = resource_status.ERROR, row_version = r.row_version + 1, updated_at = now(), updated_by = :caller
FROM ended e
WHERE r.deployment_id = e.deployment_id
    AND r.status NOT IN (resource_status.ERROR, resource_status.DELETED, resource_status.STOPPED)
    AND (r.status <> resource_status.STARTED OR e.type = 'CREATE')

-- What an update of a deployment has to know before it locks it.
-- name: deployment_update_facts
-- columns: exists, is_allowed, row_version, template_inputs, template_inputs_sealed, template_id, template_version,
-- columns: content
SELECT d.id IS NOT NULL AS exists, w.user_id IS NOT NULL OR :is_admin AS is_allowed, d.row_version, d.template_inputs,
    d.template_inputs_sealed, t.id AS template_id, t.row_version AS template_version, t.content
FROM users u
    LEFT JOIN deployments d ON d.id = :id
    LEFT JOIN deployment_owners w ON w.deployment_id = d.id AND w.user_id = u.id
    LEFT JOIN templates t ON t.id = d.template_id
WHERE u.id = :caller

-- Which of these resources are another deployment's.
-- name: deployment_foreign_resources
-- columns: id
SELECT id FROM resources WHERE id = ANY (:ids::uuid[]) AND deployment_id <> :id

-- What of a deployment requires what of it.
-- name: deployment_relations
-- columns: resource_id, required_by_id
SELECT q.resource_id, q.required_by_id FROM resources r JOIN resource_requirements q ON q.resource_id = r.id
WHERE r.deployment_id = :id

-- The operation of a locked deployment that changes its infrastructure; it becomes the last one. What a former one
-- wanted to add and could not is gone. What is required by others than before reads otherwise: it has another version.
-- Only the last one of its type can be asked for once more, so the former ones need their templates no more.
-- name: deployment_update
WITH added AS MATERIALIZED (
    SELECT * FROM json_to_recordset(:added) AS a (id uuid, "position" integer, name text, type text, is_compute boolean)
), removed AS MATERIALIZED (
    SELECT id, tosca_node_name, "position" FROM resources WHERE deployment_id = :id AND id = ANY (:removed::uuid[])
), operation AS (
    INSERT INTO operations (id, deployment_id, type, description, options, inputs, inputs_sealed, template_id,
        former_id, parent_id, transitive, correlation_id, user_group, user_group_issuer, created_by, deadline)
    SELECT :operation_id, d.id, :type::operation_type, 'Waiting for its turn.', :options::jsonb, :inputs::json,
        :inputs_sealed, :template_id::uuid, coalesce(:former_id::uuid, d.last_operation_id), :parent_id,
        (SELECT coalesce(jsonb_agg(jsonb_build_object('id', n.id, 'type', 'resources', 'operation_type', n.type,
            'criteria', n.name) ORDER BY n."position"), '[]')
            FROM (SELECT id, "position", name, 'CREATE' AS type FROM added
                UNION ALL SELECT id, "position", tosca_node_name, 'DELETE' FROM removed) n),
        :correlation_id, d.user_group, d.user_group_issuer, :caller, now() + d.tot_timeout_mins * interval '1 minute'
    FROM deployments d WHERE d.id = :id
), outdone AS (
    UPDATE operations SET template_id = NULL
    WHERE deployment_id = :id AND type = :type::operation_type AND template_id IS NOT NULL
), given_up AS (
    UPDATE resources SET status = resource_status.DELETED, is_added = false, updated_at = now(), updated_by = :caller,
        row_version = row_version + 1
    WHERE deployment_id = :id AND is_added
    RETURNING id
), unrelated AS (
    DELETE FROM resource_requirements q USING given_up g WHERE g.id IN (q.resource_id, q.required_by_id)
    RETURNING q.resource_id
), related AS (
    SELECT DISTINCT resource, required_by FROM json_to_recordset(:relations) AS r (resource uuid, required_by uuid)
), required AS (
    UPDATE resources r SET row_version = r.row_version + 1
    WHERE r.deployment_id = :id AND NOT r.is_added AND r.id <> ALL (:removed::uuid[])
        AND r.id IN (SELECT resource FROM related UNION SELECT resource_id FROM unrelated)
), going AS (
    UPDATE resources r SET status = resource_status.DELETING, updated_at = now(), updated_by = :caller,
        row_version = row_version + 1
    FROM removed x WHERE r.id = x.id
), coming AS (
    INSERT INTO resources (id, deployment_id, "position", tosca_node_name, tosca_node_type, is_compute, status,
        is_added, created_by, updated_by)
    SELECT id, :id, "position", name, type, is_compute, resource_status.CREATING, true, :caller, :caller FROM added
), requirement AS (
    INSERT INTO resource_requirements (resource_id, required_by_id)
    SELECT resource, required_by FROM related
), noted AS (
    INSERT INTO operation_logs (operation_id, deployment_id, level, stage, message)
    SELECT :operation_id, :id, 'info', 'resources_updating', n.note
    FROM json_array_elements_text(:notes) WITH ORDINALITY n (note, place) ORDER BY n.place
), work AS (
    INSERT INTO work (id, kind) VALUES (:operation_id, :type::text)
)
UPDATE deployments
SET last_operation_id = :operation_id, updated_by = :caller, updated_at = now(), row_version = row_version + 1
WHERE id = :id

-- Who owns a locked deployment, and whether somebody is known.
-- name: deployment_owner_standing
-- columns: exists, is_owner, owners
SELECT EXISTS (SELECT FROM users WHERE id = :user_id) AS exists,
    EXISTS (SELECT FROM deployment_owners WHERE deployment_id = :id AND user_id = :user_id) AS is_owner,
    (SELECT count(*) FROM deployment_owners WHERE deployment_id = :id) AS owners

-- name: deployment_owner_add
INSERT INTO deployment_owners (deployment_id, user_id, created_at) VALUES (:id, :user_id, clock_timestamp())

-- name: deployment_owner_remove
DELETE FROM deployment_owners WHERE deployment_id = :id AND user_id = :user_id
