-- The schema of the orchestrator. Every foreign key has an index and an ON DELETE rule on purpose; row_version moves
-- with every change of a row and is what ETag and If-Match compare.

-- In the order of the words: lists are sorted by them.
CREATE TYPE operation_type AS ENUM
    ('ADD_OWNER', 'CREATE', 'DELETE', 'REBOOT', 'REMOVE_OWNER', 'START', 'STOP', 'UPDATE');
CREATE TYPE operation_state AS ENUM
    ('canceled', 'canceling', 'failed', 'in progress', 'pending', 'succeeded');
-- The engine's phases; a deployment's task is read off the phase of its last operation.
CREATE TYPE operation_phase AS ENUM
    ('queued', 'placing', 'submitting', 'provisioning', 'collecting', 'restoring', 'deleting', 'confirming', 'ended');
CREATE TYPE step_status AS ENUM ('running', 'succeeded', 'failed', 'canceled');
CREATE TYPE log_level AS ENUM ('debug', 'info', 'warning', 'error');
CREATE TYPE log_source AS ENUM ('orchestrator', 'im');

-- How many bytes a text has in JSON, its quotes included.
CREATE FUNCTION json_bytes(value text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT octet_length(to_json(value)::text)
$$;

CREATE TABLE users (
    id             uuid PRIMARY KEY,
    issuer         text NOT NULL,
    sub            text NOT NULL,
    name           text NOT NULL,
    username       text NOT NULL,
    email          text NOT NULL,
    picture        text,
    public_ssh_key text,
    refresh_token  text,                       -- sealed
    row_version    bigint NOT NULL DEFAULT 1,
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now(),
    UNIQUE (issuer, sub)
);

-- The person's last access token, for calls that outlive the request.
CREATE TABLE credentials (
    user_id        uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    access_token   text NOT NULL,              -- sealed
    expires_at     timestamptz NOT NULL,
    renewed_by     text,                       -- who spends the refresh token: one at a time, as issuers rotate them
    renewing_until timestamptz,
    updated_at     timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE templates (
    id                       uuid PRIMARY KEY,
    content                  text NOT NULL,
    content_bytes            integer NOT NULL GENERATED ALWAYS AS (json_bytes(content)) STORED,
    checksum                 text NOT NULL,    -- SHA-256 of the content's bytes
    name                     text NOT NULL,
    version                  text,
    target_provider_type     text NOT NULL,
    tosca_definition_version text NOT NULL,
    is_kept                  boolean NOT NULL DEFAULT true, -- false: it goes with the last deployment that uses it
    created_by               uuid NOT NULL REFERENCES users ON DELETE RESTRICT,
    updated_by               uuid NOT NULL REFERENCES users ON DELETE RESTRICT,
    row_version              bigint NOT NULL DEFAULT 1,
    created_at               timestamptz NOT NULL DEFAULT now(),
    updated_at               timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX templates_checksum_key ON templates (checksum) WHERE is_kept;
CREATE UNIQUE INDEX templates_brought_key ON templates (checksum) WHERE NOT is_kept;
CREATE INDEX templates_created_by ON templates (created_by);
CREATE INDEX templates_updated_by ON templates (updated_by);
CREATE INDEX templates_created_at ON templates (created_at, id) WHERE is_kept;

-- status, its reason and the task are those of the last operation, kept here so that a million rows are filtered and
-- sorted by them without a look at as many operations: triggers below keep them so. X_bytes: as JSON, for the budget of
-- a page. What has a fixed length and is never NULL stands first, where a scan finds it quickest.
CREATE TABLE deployments (
    id                        uuid PRIMARY KEY,
    created_at                timestamptz NOT NULL DEFAULT now(),
    updated_at                timestamptz NOT NULL DEFAULT now(),
    status                    smallint NOT NULL DEFAULT 2, -- CREATE_IN_PROGRESS
    task                      smallint NOT NULL DEFAULT 0, -- submitted
    per_provider_max_retries  smallint NOT NULL,
    per_provider_timeout_mins smallint NOT NULL,
    tot_timeout_mins          smallint NOT NULL,
    keep_last_attempt         boolean NOT NULL,
    created_by                uuid NOT NULL REFERENCES users ON DELETE RESTRICT,
    updated_by                uuid NOT NULL REFERENCES users ON DELETE RESTRICT,
    template_id               uuid NOT NULL REFERENCES templates ON DELETE RESTRICT,
    template_inputs_bytes     integer NOT NULL GENERATED ALWAYS AS (octet_length(template_inputs::text)) STORED,
    template_outputs_bytes    integer NOT NULL GENERATED ALWAYS AS (octet_length(template_outputs::text)) STORED,
    row_version               bigint NOT NULL DEFAULT 1,
    last_operation_id         uuid,            -- the last one that sets the status
    max_providers             integer,
    status_reason             text COLLATE "C",            -- of a status that is a failure or UNKNOWN
    user_group                text COLLATE "C" NOT NULL,
    user_group_issuer         text COLLATE "C" NOT NULL,
    target_provider           text COLLATE "C",            -- asked for, else chosen
    target_region             text COLLATE "C",
    target_iaas_project       text COLLATE "C",
    im_infra_id               text COLLATE "C",
    im_endpoint               text,            -- where im_infra_id is
    template_inputs           json NOT NULL,               -- without secrets; json keeps the text of numbers
    template_inputs_sealed    text,                        -- all of them, sealed, when some are secret
    template_outputs          jsonb NOT NULL DEFAULT '{}', -- without secrets
    template_outputs_sealed   text,                        -- all of them, sealed, when some are secret
    callback                  text,                        -- a URL that its states are told, as it was given
    callback_host             text,                        -- host and port that are called for it; NULL: nobody is
    callback_by               uuid                         -- who named it; who is an owner no more is told no more
);
-- An index for each attribute that lists are sorted and filtered by, with the id that breaks ties: whoever reads
-- everybody's looks at no million rows. Words are ordered by their code points, the same on every host.
CREATE INDEX deployments_created_at ON deployments (created_at, id);
CREATE INDEX deployments_updated_at ON deployments (updated_at, id);
CREATE INDEX deployments_created_by ON deployments (created_by, id);
CREATE INDEX deployments_updated_by ON deployments (updated_by, id);
CREATE INDEX deployments_template_id ON deployments (template_id, id);
CREATE INDEX deployments_user_group ON deployments (user_group, id);
CREATE INDEX deployments_user_group_issuer ON deployments (user_group_issuer, id);
CREATE INDEX deployments_per_provider_max_retries ON deployments (per_provider_max_retries, id);
CREATE INDEX deployments_max_providers ON deployments (max_providers, id);
CREATE INDEX deployments_tot_timeout_mins ON deployments (tot_timeout_mins, id);
CREATE INDEX deployments_per_provider_timeout_mins ON deployments (per_provider_timeout_mins, id);
CREATE INDEX deployments_keep_last_attempt ON deployments (keep_last_attempt, id);
CREATE INDEX deployments_target_provider ON deployments (target_provider, id);
CREATE INDEX deployments_target_region ON deployments (target_region, id);
CREATE INDEX deployments_target_iaas_project ON deployments (target_iaas_project, id);
CREATE INDEX deployments_im_infra_id ON deployments (im_infra_id, id);
CREATE INDEX deployments_status ON deployments (status, id);
CREATE INDEX deployments_status_reason ON deployments (left(status_reason, 200), id);
CREATE INDEX deployments_task ON deployments (task, id);
-- By the task's name: views.deployment_task_rank.
CREATE INDEX deployments_task_name ON deployments ((('{7,8,3,4,1,5,6,2,0}'::smallint[])[task + 1]), id);
CREATE INDEX deployments_last_operation_id ON deployments (last_operation_id, id);

-- A person's own list is in the order of deployment_created_at, the deployment's created_at, which never changes: pages
-- and their count are found by the index alone.
CREATE TABLE deployment_owners (
    deployment_id         uuid NOT NULL REFERENCES deployments ON DELETE CASCADE,
    user_id               uuid NOT NULL REFERENCES users ON DELETE RESTRICT,
    created_at            timestamptz NOT NULL DEFAULT now(),
    deployment_created_at timestamptz NOT NULL,
    PRIMARY KEY (deployment_id, user_id)
);
CREATE INDEX deployment_owners_user_id ON deployment_owners (user_id, deployment_created_at, deployment_id);

-- For who does not say it. A deployment that the same statement makes can't be seen yet: it is of now.
CREATE FUNCTION deployment_date_owner() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.deployment_created_at :=
        coalesce((SELECT created_at FROM deployments WHERE id = NEW.deployment_id), now());
    RETURN NEW;
END
$$;
CREATE TRIGGER deployment_dates_owner BEFORE INSERT ON deployment_owners FOR EACH ROW
    WHEN (NEW.deployment_created_at IS NULL) EXECUTE FUNCTION deployment_date_owner();

-- How many deployments somebody owns: the sum of their rows, kept by a trigger. Each session has a row of its own of a few,
-- so that submissions of one person do not wait for each other.
CREATE TABLE deployment_tallies (
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    place   smallint NOT NULL,
    owned   bigint NOT NULL,
    PRIMARY KEY (user_id, place)
) WITH (fillfactor = 50);
CREATE FUNCTION deployment_tally() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        UPDATE deployment_tallies SET owned = owned - 1
        WHERE user_id = OLD.user_id AND place = (SELECT min(place) FROM deployment_tallies WHERE user_id = OLD.user_id);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO deployment_tallies AS t (user_id, place, owned) VALUES (NEW.user_id, pg_backend_pid() % 32, 1)
        ON CONFLICT (user_id, place) DO UPDATE SET owned = t.owned + 1;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER deployment_owners_are_tallied AFTER INSERT OR DELETE OR UPDATE OF user_id ON deployment_owners
    FOR EACH ROW EXECUTE FUNCTION deployment_tally();

-- What GET .../logs shows beside the operations' own lines.
CREATE TABLE deployment_logs (
    deployment_id     uuid PRIMARY KEY REFERENCES deployments ON DELETE CASCADE,
    im_logs           text,                    -- without secrets; "REDACTED" stands for each
    im_logs_sealed    text,                    -- all of it, when there are any
    orchestrator_logs text,                    -- posted
    lines_after       timestamptz,             -- operations' lines up to then were overwritten or deleted
    im_after          timestamptz,             -- IM's part was deleted then
    im_infra_id       text,                    -- whose log IM's part is; NULL: it was posted
    im_seen           bigint[],                -- hashes of the lines that IM's log had when it was last looked at
    im_seen_of        text,                    -- and whose it was
    im_seen_digest    text,                    -- of the whole, which is mostly the same
    updated_at        timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE resources (
    id              uuid PRIMARY KEY,
    deployment_id   uuid NOT NULL REFERENCES deployments ON DELETE CASCADE,
    position        integer NOT NULL,          -- in the topology's order
    tosca_node_name text NOT NULL,
    tosca_node_type text NOT NULL,
    is_compute      boolean NOT NULL,
    im_vm_idx       text,
    status          smallint NOT NULL DEFAULT 7 CHECK (status BETWEEN 0 AND 11), -- INITIAL
    is_added        boolean NOT NULL DEFAULT false, -- by an update that has not succeeded
    metadata        jsonb,                     -- without secrets
    metadata_bytes  integer GENERATED ALWAYS AS (octet_length(metadata::text)) STORED,
    metadata_sealed text,
    created_by      uuid NOT NULL REFERENCES users ON DELETE RESTRICT,
    updated_by      uuid NOT NULL REFERENCES users ON DELETE RESTRICT,
    row_version     bigint NOT NULL DEFAULT 1,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    UNIQUE (deployment_id, position)
);
CREATE INDEX resources_created_by ON resources (created_by);
CREATE INDEX resources_updated_by ON resources (updated_by);

CREATE TABLE resource_requirements (
    resource_id    uuid NOT NULL REFERENCES resources ON DELETE CASCADE,
    required_by_id uuid NOT NULL REFERENCES resources ON DELETE CASCADE,
    PRIMARY KEY (resource_id, required_by_id)
);
CREATE INDEX resource_requirements_required_by_id ON resource_requirements (required_by_id);

-- A label is one word, "name:value", where operations are looked for by it.
CREATE FUNCTION label_words(labels jsonb) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(name || ':' || value), '{}')
    FROM jsonb_each(labels) l (name, given), jsonb_array_elements_text(given) value
$$;

CREATE TABLE operations (
    id               uuid PRIMARY KEY,
    deployment_id    uuid NOT NULL REFERENCES deployments ON DELETE CASCADE,
    resource_id      uuid REFERENCES resources ON DELETE CASCADE,
    type             operation_type NOT NULL,
    state            operation_state NOT NULL DEFAULT 'pending',
    phase            operation_phase NOT NULL DEFAULT 'queued',
    description      text NOT NULL DEFAULT '', -- what it does or waits for now
    reason           text,                     -- why it failed
    errors           jsonb NOT NULL DEFAULT '[]',
    options          jsonb NOT NULL DEFAULT '{}', -- what the request asked for: force, unsecure, inputs, ...
    transitive       jsonb NOT NULL DEFAULT '[]', -- transitive_resources
    lists_bytes      integer NOT NULL -- of both, as JSON
        GENERATED ALWAYS AS (octet_length(errors::text) + octet_length(transitive::text)) STORED,
    inputs           json,                     -- of an update: the deployment's to be, without secrets
    inputs_sealed    text,                     -- all of them, sealed, when some are secret
    template_id      uuid REFERENCES templates ON DELETE RESTRICT, -- of an update: the deployment's to be, if another
    former_id        uuid,                     -- what was the deployment's last operation before it; no reference
    parent_id        uuid,                     -- the operation that it is once more; no reference
    canceled_for     uuid,                     -- the deletion that ends it, when one does; no reference
    is_dry_run       boolean NOT NULL DEFAULT false, -- it changes nothing
    is_hidden        boolean NOT NULL DEFAULT false, -- a creation that is no run any more
    orchestration_id uuid,                     -- that it is a part of
    labels           jsonb NOT NULL DEFAULT '{}', -- {"name": ["value", ...]}
    label_words      text[] NOT NULL GENERATED ALWAYS AS (label_words(labels)) STORED,
    platform_id      text COLLATE "C",         -- the provider it works on
    correlation_id   text COLLATE "C",         -- X-Request-ID of the request that asked for it
    user_group       text NOT NULL,
    user_group_issuer text NOT NULL,
    created_by       uuid NOT NULL REFERENCES users ON DELETE RESTRICT,
    deadline         timestamptz,              -- of the whole, from tot_timeout_mins
    waits_for_token  boolean NOT NULL DEFAULT false,
    row_version      bigint NOT NULL DEFAULT 1,
    asked_at         timestamptz NOT NULL DEFAULT now(), -- the request came; it was checked until created_at
    created_at       timestamptz NOT NULL DEFAULT now(),
    started_at       timestamptz,
    updated_at       timestamptz NOT NULL DEFAULT now(),
    ended_at         timestamptz,
    CHECK ((state IN ('succeeded', 'failed', 'canceled')) = (ended_at IS NOT NULL))
);
CREATE INDEX operations_deployment_id ON operations (deployment_id, created_at);
CREATE INDEX operations_resource_id ON operations (resource_id) WHERE resource_id IS NOT NULL;
CREATE INDEX operations_template_id ON operations (template_id) WHERE template_id IS NOT NULL;
-- As those of deployments: an index for each attribute that lists are sorted and filtered by, but for those that are
-- worked out of others.
CREATE INDEX operations_created_at ON operations (created_at, id);
CREATE INDEX operations_started_at ON operations (started_at, id);
CREATE INDEX operations_updated_at ON operations (updated_at, id);
CREATE INDEX operations_ended_at ON operations (ended_at, id);
CREATE INDEX operations_created_by ON operations (created_by, id);
CREATE INDEX operations_type ON operations (type, id);
CREATE INDEX operations_state ON operations (state, id);
CREATE INDEX operations_description ON operations (left(description COLLATE "C", 200), id);
CREATE INDEX operations_platform_id ON operations (platform_id, id);
CREATE INDEX operations_correlation_id ON operations (correlation_id, id);
-- Of what it is about: the last one of these stays.
CREATE INDEX operations_subject ON operations (coalesce(resource_id, deployment_id), created_at, id);
CREATE INDEX operations_label ON operations USING gin (label_words);
-- What people ask for themselves goes before what an orchestration asks for in their name.
CREATE INDEX operations_queue
    ON operations (user_group_issuer, user_group, (orchestration_id IS NOT NULL), created_at, id)
    WHERE state = 'pending';
CREATE INDEX operations_at_work ON operations (user_group_issuer, user_group)
    WHERE state IN ('in progress', 'canceling');
CREATE INDEX operations_waiting ON operations (deployment_id) WHERE waits_for_token;

ALTER TABLE deployments
    ADD FOREIGN KEY (last_operation_id) REFERENCES operations ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED;

-- Codes of deployment_status and deployment_task in routes/enums.json; what is not known is UNKNOWN.
CREATE FUNCTION deployment_status(type operation_type, state operation_state)
    RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN state = 'succeeded' THEN
            CASE type WHEN 'CREATE' THEN 0 WHEN 'UPDATE' THEN 7 WHEN 'DELETE' THEN 3 ELSE 6 END
        WHEN state IN ('failed', 'canceled') THEN
            CASE type WHEN 'CREATE' THEN 1 WHEN 'DELETE' THEN 4 ELSE 8 END
        ELSE
            CASE type WHEN 'CREATE' THEN 2 WHEN 'DELETE' THEN 5 ELSE 9 END
    END::smallint
$$;

-- What the last operation is at; finished once it ended, however it did. A deletion is at the infrastructure's deletion
-- from the first moment on: nothing else is before it.
CREATE FUNCTION deployment_task(type operation_type, state operation_state, phase operation_phase)
    RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN state IN ('succeeded', 'failed', 'canceled') THEN 8
        WHEN type = 'DELETE' THEN 7
        WHEN phase = 'queued' THEN 0
        WHEN type <> 'CREATE' AND phase NOT IN ('provisioning', 'collecting') THEN 6
        WHEN phase = 'placing' THEN 2
        WHEN phase = 'submitting' THEN 4
        ELSE 5
    END::smallint
$$;

-- The reason is shown while the status is a failure.
CREATE FUNCTION deployment_reason(type operation_type, state operation_state, reason text)
    RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN deployment_status(type, state) IN (1, 4, 6, 8) THEN reason END
$$;

-- An operation that begins or goes on takes its deployment along. Nothing is to be done for a creation that begins: the
-- columns' defaults are what it is.
CREATE FUNCTION deployment_follow() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    new_status smallint := deployment_status(NEW.type, NEW.state);
    new_reason text := deployment_reason(NEW.type, NEW.state, NEW.reason);
    new_task   smallint := deployment_task(NEW.type, NEW.state, NEW.phase);
BEGIN
    UPDATE deployments SET status = new_status, status_reason = new_reason, task = new_task
    WHERE last_operation_id = NEW.id
        AND (status, status_reason, task) IS DISTINCT FROM (new_status, new_reason, new_task);
    RETURN NULL;
END
$$;
CREATE TRIGGER deployment_follows_begin AFTER INSERT ON operations FOR EACH ROW
    WHEN (NEW.type <> 'CREATE' OR NEW.state <> 'pending' OR NEW.phase <> 'queued') EXECUTE FUNCTION deployment_follow();
CREATE TRIGGER deployment_follows_change AFTER UPDATE OF type, state, phase, reason ON operations
    FOR EACH ROW WHEN ((OLD.type, OLD.state, OLD.phase, OLD.reason) IS DISTINCT FROM
        (NEW.type, NEW.state, NEW.phase, NEW.reason)) EXECUTE FUNCTION deployment_follow();

-- A deployment that gets another last operation, one that is there already, or has none any more. One that is made in
-- the same statement can't be seen from here: its own trigger comes behind, but for a creation that begins, which it is
-- taken for.
CREATE FUNCTION deployment_turn() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.last_operation_id IS NULL THEN
        NEW.status := 6;
        NEW.status_reason := NULL;
        NEW.task := 8;
    ELSE
        SELECT deployment_status(type, state), deployment_reason(type, state, reason),
            deployment_task(type, state, phase)
        INTO NEW.status, NEW.status_reason, NEW.task FROM operations WHERE id = NEW.last_operation_id;
        IF NOT FOUND THEN
            NEW.status := 2;
            NEW.status_reason := NULL;
            NEW.task := 0;
        END IF;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER deployment_turns BEFORE UPDATE OF last_operation_id ON deployments FOR EACH ROW
    WHEN (OLD.last_operation_id IS DISTINCT FROM NEW.last_operation_id) EXECUTE FUNCTION deployment_turn();
CREATE TRIGGER deployment_turns_nowhere BEFORE INSERT ON deployments FOR EACH ROW
    WHEN (NEW.last_operation_id IS NULL) EXECUTE FUNCTION deployment_turn();

-- A template that came with a deployment goes when nothing uses it any more. The lock first: who makes a deployment of
-- it meanwhile has it, and is seen behind that; who comes later finds no template.
CREATE FUNCTION template_release() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM templates WHERE id = OLD.template_id AND NOT is_kept FOR UPDATE;
    IF FOUND THEN
        DELETE FROM templates t
        WHERE id = OLD.template_id AND NOT EXISTS (SELECT FROM deployments WHERE template_id = t.id)
            AND NOT EXISTS (SELECT FROM operations WHERE template_id = t.id);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER deployments_release_template AFTER DELETE ON deployments
    FOR EACH ROW EXECUTE FUNCTION template_release();
CREATE TRIGGER deployments_release_former_template AFTER UPDATE OF template_id ON deployments
    FOR EACH ROW WHEN (OLD.template_id <> NEW.template_id) EXECUTE FUNCTION template_release();
CREATE TRIGGER operations_release_template AFTER DELETE ON operations
    FOR EACH ROW WHEN (OLD.template_id IS NOT NULL) EXECUTE FUNCTION template_release();
CREATE TRIGGER operations_release_former_template AFTER UPDATE OF template_id ON operations
    FOR EACH ROW WHEN (OLD.template_id IS NOT NULL) EXECUTE FUNCTION template_release();

-- What an operation did, in order; an attempt at a provider is a step.
CREATE TABLE operation_steps (
    operation_id uuid NOT NULL REFERENCES operations ON DELETE CASCADE,
    number       integer NOT NULL,
    stage        text NOT NULL,                -- placing, infrastructure_creation, ...
    name         text NOT NULL,
    status       step_status NOT NULL DEFAULT 'running',
    message      text NOT NULL DEFAULT '',
    provider     text,
    region       text,
    im_infra_id  text,                         -- what the attempt made at IM
    started_at   timestamptz NOT NULL DEFAULT now(),
    ended_at     timestamptz,
    PRIMARY KEY (operation_id, number)
);

-- Where an operation was from when on, in order: its stages are told by them. `name` is QUEUEING while it waits for its
-- turn, or for a token; it begins so.
CREATE TABLE operation_times (
    operation_id uuid NOT NULL REFERENCES operations ON DELETE CASCADE,
    number       integer NOT NULL,
    phase        operation_phase NOT NULL,
    stage        smallint NOT NULL,            -- of deployment_task
    name         text NOT NULL,
    step         integer,                      -- of operation_steps
    began_at     timestamptz NOT NULL,
    PRIMARY KEY (operation_id, number)
);

-- What an operation does in a phase, unless it says so itself; NULL: nothing that is worth telling.
CREATE FUNCTION operation_doing(type operation_type, phase operation_phase)
    RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE phase
        WHEN 'queued' THEN 'QUEUEING'
        WHEN 'submitting' THEN 'IM_SUBMIT'
        WHEN 'provisioning' THEN CASE WHEN type IN ('CREATE', 'UPDATE') THEN 'VM_PROVISIONING'
            ELSE 'CONTEXTUALIZATION' END
        WHEN 'collecting' THEN 'OUTPUTS'
        WHEN 'restoring' THEN 'RESTORING'
        WHEN 'deleting' THEN 'DELETION'
        WHEN 'confirming' THEN CASE WHEN type = 'DELETE' THEN 'DELETION' ELSE type::text END
    END
$$;

-- The stage that it does that in.
CREATE FUNCTION operation_stage(type operation_type, name text)
    RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN type = 'DELETE' THEN 7
        WHEN type NOT IN ('CREATE', 'UPDATE') THEN 6
        WHEN name IN ('QUEUEING', 'TEMPLATE_PARSING') THEN 1
        WHEN name = 'PROVIDER_FILTERING' THEN 2
        WHEN name = 'RANKING' THEN 3
        WHEN name = 'CONTEXTUALIZATION' THEN 5
        WHEN name = 'OUTPUTS' THEN 8
        WHEN type = 'CREATE' THEN 4
        ELSE 6
    END::smallint
$$;

CREATE TABLE operation_logs (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    operation_id  uuid NOT NULL REFERENCES operations ON DELETE CASCADE,
    deployment_id uuid NOT NULL REFERENCES deployments ON DELETE CASCADE,
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    level         log_level NOT NULL,
    stage         text NOT NULL,
    step          integer,
    source        log_source NOT NULL DEFAULT 'orchestrator',
    message       text NOT NULL
);
CREATE INDEX operation_logs_operation_id ON operation_logs (operation_id, id);
CREATE INDEX operation_logs_deployment_id ON operation_logs (deployment_id, id);

-- What the Infrastructure Manager says anew: the lines of its log that were not there when it was looked at before, as
-- often as they are there now. They belong to the operation that is at work, or that this transaction ends.
CREATE FUNCTION log_follow_im() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    former    bigint[] := CASE WHEN NEW.im_seen_of = NEW.im_infra_id THEN NEW.im_seen END;
    operation uuid := (SELECT id FROM operations
        WHERE deployment_id = NEW.deployment_id AND coalesce(ended_at, 'infinity') >= now()
        ORDER BY created_at DESC, id DESC LIMIT 1);
    digest    text := md5(NEW.im_logs);
    lines     text[];
    seen      bigint[];
    same      integer; -- lines at the beginning, which is most of a log that grows
BEGIN
    IF former IS NOT NULL AND NEW.im_seen_digest = digest THEN
        RETURN NULL;
    END IF;
    lines := ARRAY(SELECT l.line FROM (SELECT rtrim(line, E' \t\r') AS line, n
        FROM string_to_table(NEW.im_logs, E'\n') WITH ORDINALITY l (line, n)) l WHERE l.line <> '' ORDER BY n);
    seen := ARRAY(SELECT hashtextextended(line, 0) FROM unnest(lines) WITH ORDINALITY l (line, n) ORDER BY n);
    same := CASE WHEN seen[:cardinality(former)] = former THEN cardinality(former) ELSE 0 END;
    INSERT INTO operation_logs (operation_id, deployment_id, source, level, stage, step, message)
    SELECT operation, NEW.deployment_id, 'im',
        CASE WHEN line ~ '\m(ERROR|Error|fatal|FAILED)\M' THEN 'error'
            WHEN line ~ '\m(WARNING|Warning)\M' THEN 'warning' ELSE 'info' END::log_level,
        'resources_configuration',
        (SELECT max(number) FROM operation_steps s WHERE s.operation_id = operation), line
    FROM (SELECT line, hash, n, row_number() OVER (PARTITION BY hash ORDER BY n) AS times
        FROM unnest(lines[same + 1:], seen[same + 1:]) WITH ORDINALITY l (line, hash, n)) l
        LEFT JOIN (SELECT hash, count(*) FROM unnest(former[same + 1:]) hash GROUP BY hash) f USING (hash)
    WHERE operation IS NOT NULL AND times > coalesce(f.count, 0)
    ORDER BY n;
    UPDATE deployment_logs SET im_seen = seen, im_seen_of = NEW.im_infra_id, im_seen_digest = digest
    WHERE deployment_id = NEW.deployment_id;
    RETURN NULL;
END
$$;
-- AFTER: one that comes before is called for an INSERT, too, of which a conflict then makes an UPDATE.
CREATE TRIGGER logs_follow_im AFTER INSERT OR UPDATE OF im_logs ON deployment_logs FOR EACH ROW
    WHEN (NEW.im_logs IS NOT NULL AND NEW.im_infra_id IS NOT NULL) EXECUTE FUNCTION log_follow_im();

-- What is due: schedule and lease in one. Narrow, and gone as soon as it is done, so that what is looked at all the time
-- stays small. `id` is that of what it is about, whose end takes it along by a trigger: it may be of several tables.
CREATE TABLE work (
    id           uuid PRIMARY KEY,
    kind         text NOT NULL,                -- CREATE, DELETE, ...
    phase        text NOT NULL DEFAULT 'queued', -- of the kind
    due_at       timestamptz NOT NULL DEFAULT now(), -- when somebody has to look at it; the end of the lease
    lease_owner  text,                         -- who has the lease, or had the last one
    lease_number bigint NOT NULL DEFAULT 0,    -- fences results: moves with every claim
    is_begun     boolean NOT NULL DEFAULT false,
    is_hurried   boolean NOT NULL DEFAULT false, -- somebody wants it to be looked at, whoever has the lease
    is_resting   boolean NOT NULL DEFAULT false, -- it takes no place of others: waits for an ill IM, or for a token
    is_idle      boolean NOT NULL DEFAULT false, -- nobody waits for it: it comes last everywhere
    rhythm       bigint NOT NULL DEFAULT 0,    -- microseconds from one look to the next while nothing is new; 0: none
    endpoint     text NOT NULL DEFAULT '',     -- of the IM that the next step calls, as far as that is known
    memory       jsonb NOT NULL DEFAULT '{}'   -- the kind's
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
-- What waits for its turn does so in great numbers with a due_at in the past.
CREATE INDEX work_schedule ON work (due_at) WHERE is_begun AND NOT is_idle AND endpoint <> 'orders';
CREATE INDEX work_orders ON work (due_at) WHERE is_begun AND endpoint = 'orders';
CREATE INDEX work_idle ON work (due_at) WHERE is_begun AND is_idle;

CREATE FUNCTION work_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM work WHERE id = OLD.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER operations_take_their_work AFTER DELETE ON operations FOR EACH ROW EXECUTE FUNCTION work_end();
CREATE TRIGGER deployments_take_their_work AFTER DELETE ON deployments FOR EACH ROW EXECUTE FUNCTION work_end();

-- One request over many deployments.
CREATE TYPE orchestration_type AS ENUM ('DELETE', 'REBOOT', 'RETRY', 'START', 'STOP', 'UPDATE');
CREATE TYPE orchestration_state AS ENUM
    ('canceled', 'canceling', 'failed', 'in progress', 'pending', 'retrying', 'succeeded');

CREATE TABLE orchestrations (
    id               uuid PRIMARY KEY,
    type             orchestration_type NOT NULL,
    state            orchestration_state NOT NULL DEFAULT 'pending',
    description      text NOT NULL,
    parameters       json NOT NULL,            -- what was asked for, without secrets
    inputs_sealed    text,                     -- its template_inputs, sealed, when some are secret
    is_admin         boolean NOT NULL,         -- who began it was an administrator: it is over everybody's
    is_dry_run       boolean NOT NULL,
    keeps_windows    boolean NOT NULL,
    workers          integer NOT NULL,         -- operations at work at once
    begins_at        timestamptz NOT NULL,
    resolved_at      timestamptz,              -- its targets were known then
    after_created_at timestamptz,              -- the last target that was found until then
    after_id         uuid,
    after_machine    uuid,
    correlation_id   text,
    created_by       uuid NOT NULL REFERENCES users ON DELETE RESTRICT,
    canceled_by      text,                     -- a name
    row_version      bigint NOT NULL DEFAULT 1,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    ended_at         timestamptz,
    CHECK ((state IN ('succeeded', 'failed', 'canceled')) = (ended_at IS NOT NULL))
);
CREATE INDEX orchestrations_created_at ON orchestrations (created_at, id);
CREATE INDEX orchestrations_created_by ON orchestrations (created_by, created_at, id);
CREATE INDEX orchestrations_living ON orchestrations (created_by) WHERE ended_at IS NULL;
CREATE TRIGGER orchestrations_take_their_work AFTER DELETE ON orchestrations
    FOR EACH ROW EXECUTE FUNCTION work_end();

-- What an orchestration does with one deployment, or machine. Its operation has the same id, and is made when its turn
-- comes; deployment and operation may go before it, so that nothing here is a reference, and all that is shown is here.
CREATE TABLE orchestration_targets (
    id                uuid PRIMARY KEY,
    orchestration_id  uuid NOT NULL REFERENCES orchestrations ON DELETE CASCADE,
    number            bigint GENERATED ALWAYS AS IDENTITY, -- their order
    deployment_id     uuid NOT NULL,
    resource_id       uuid,                    -- the machine
    attempt           integer NOT NULL DEFAULT 0, -- counts those that try it again
    state             operation_state NOT NULL DEFAULT 'pending', -- the operation's, once there is one
    is_begun          boolean NOT NULL DEFAULT false, -- its operation was made
    is_skipped        boolean NOT NULL DEFAULT false, -- nothing was to be done
    description       text NOT NULL DEFAULT 'Waits for its turn.',
    due_at            timestamptz NOT NULL,    -- its turn does not come before
    window_begin      timestamptz,
    window_end        timestamptz,
    name              text NOT NULL,           -- of the template
    user_group        text NOT NULL,
    user_group_issuer text NOT NULL,
    provider          text COLLATE "C",
    region            text COLLATE "C",
    infra_id          text,
    inputs            json NOT NULL,           -- that are in effect, without secrets
    created_at        timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX orchestration_targets_once
    ON orchestration_targets (orchestration_id, coalesce(resource_id, deployment_id), attempt);
CREATE INDEX orchestration_targets_number ON orchestration_targets (orchestration_id, number);
CREATE INDEX orchestration_targets_state ON orchestration_targets (orchestration_id, state, number);
-- Counted for each that begins.
CREATE INDEX orchestration_targets_at_work ON orchestration_targets (orchestration_id)
    WHERE is_begun AND state IN ('pending', 'in progress', 'canceling');
CREATE INDEX orchestration_targets_due ON orchestration_targets (orchestration_id, due_at, number)
    WHERE state = 'pending' AND NOT is_begun;

ALTER TABLE operations ADD FOREIGN KEY (orchestration_id) REFERENCES orchestrations ON DELETE SET NULL;
CREATE INDEX operations_orchestration_id ON operations (orchestration_id, id) WHERE orchestration_id IS NOT NULL;

-- Somebody who has the orchestration in hand looks at it by itself: nobody waits here. One that is due stays where it
-- stands.
CREATE FUNCTION orchestration_wake(orchestration uuid) RETURNS void LANGUAGE sql AS $$
    UPDATE work SET due_at = LEAST(due_at, now()), is_hurried = true
    WHERE id = (SELECT id FROM work WHERE id = orchestration FOR NO KEY UPDATE SKIP LOCKED)
$$;

-- An orchestration's operation goes on, ends, or goes with its deployment: a deletion by force takes the row along.
CREATE FUNCTION orchestration_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        UPDATE orchestration_targets SET state = NEW.state, description = NEW.description WHERE id = NEW.id;
        IF NEW.ended_at IS NOT NULL THEN
            PERFORM orchestration_wake(NEW.orchestration_id);
        END IF;
    ELSIF OLD.ended_at IS NULL THEN
        UPDATE orchestration_targets
        SET state = CASE OLD.type WHEN 'DELETE' THEN 'succeeded' ELSE 'canceled' END::operation_state,
            description = 'The deployment is gone.'
        WHERE id = OLD.id;
        PERFORM orchestration_wake(OLD.orchestration_id);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER orchestrations_follow_change AFTER UPDATE OF state, description ON operations
    FOR EACH ROW WHEN (NEW.orchestration_id IS NOT NULL
        AND (OLD.state, OLD.description) IS DISTINCT FROM (NEW.state, NEW.description))
    EXECUTE FUNCTION orchestration_follow();
CREATE TRIGGER orchestrations_follow_end AFTER DELETE ON operations
    FOR EACH ROW WHEN (OLD.orchestration_id IS NOT NULL) EXECUTE FUNCTION orchestration_follow();

-- The first maintenance window that is not over at a time. One that crosses midnight belongs to the day it begins;
-- where the clock jumps over it, there is none that day. `days`: a bit each, Monday's is 1; times: minutes of the day.
CREATE FUNCTION window_after(days integer, begins integer, ends integer, zone text, after timestamptz) RETURNS TABLE (
    window_begin timestamptz,
    window_end   timestamptz
) LANGUAGE sql STABLE AS $$
    SELECT w.window_begin, w.window_end
    FROM generate_series(-1, 15) n
        CROSS JOIN LATERAL (SELECT (after AT TIME ZONE zone)::date + n AS day) d
        CROSS JOIN LATERAL (SELECT
            (d.day + begins * interval '1 minute') AT TIME ZONE zone AS window_begin,
            (d.day + (ends <= begins)::integer + ends * interval '1 minute') AT TIME ZONE zone AS window_end) w
    WHERE days & (1 << (extract(isodow FROM d.day)::integer - 1)) <> 0
        AND w.window_end > after AND w.window_end > w.window_begin
    ORDER BY w.window_begin LIMIT 1
$$;

-- Everything that is at an IM because of us, or may be, until long after it is gone; `id` is the tag on it, by which it is
-- found there. The operation that asked for it and its deployment may go before it: their ids are no references.
CREATE TABLE infrastructures (
    id                uuid PRIMARY KEY,
    deployment_id     uuid NOT NULL,
    operation_id      uuid NOT NULL,
    step              integer NOT NULL,        -- of the operation
    user_id           uuid NOT NULL REFERENCES users ON DELETE RESTRICT, -- whom it belongs to at IM
    user_group        text NOT NULL,
    user_group_issuer text NOT NULL,
    endpoint          text NOT NULL,
    provider          text,                    -- whose credentials go with the calls, in which region and project
    region            text,
    project           text,
    infra_id          text,                    -- IM's, once it is known
    standing          text NOT NULL DEFAULT 'asked' CHECK
        (standing IN ('asked', 'made', 'unwanted', 'deleting', 'gone', 'stuck')),
    is_forced         boolean NOT NULL DEFAULT false, -- deleted with IM's force
    waits_for_token   boolean NOT NULL DEFAULT false,
    tries             integer NOT NULL DEFAULT 0, -- times in a row that IM was ill, as far as anybody asks
    note              text,                    -- why it is not gone
    asked_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    answer_until      timestamptz NOT NULL,    -- IM may carry a creation out until then
    unwanted_at       timestamptz,             -- NULL: somebody wants it
    tried_at          timestamptz              -- IM's first answer since it has to go; NULL: its turn comes
);
CREATE INDEX infrastructures_deployment_id ON infrastructures (deployment_id);
CREATE INDEX infrastructures_user_id ON infrastructures (user_id);
CREATE INDEX infrastructures_waiting ON infrastructures (user_id) WHERE waits_for_token;
CREATE INDEX infrastructures_infra_id ON infrastructures (infra_id) WHERE infra_id IS NOT NULL;
CREATE INDEX infrastructures_unwanted ON infrastructures (unwanted_at, standing)
    WHERE unwanted_at IS NOT NULL AND standing <> 'gone';
CREATE TRIGGER infrastructures_take_their_work AFTER DELETE ON infrastructures FOR EACH ROW EXECUTE FUNCTION work_end();

-- Where something of a person is, or was: IM's list is compared with what is known, once in a while.
CREATE TABLE sweeps (
    id                uuid PRIMARY KEY,
    user_id           uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    user_group        text NOT NULL,
    user_group_issuer text NOT NULL,
    endpoint          text NOT NULL,
    provider          text,
    region            text,
    project           text,
    UNIQUE (user_id, endpoint)
);
CREATE TRIGGER sweeps_take_their_work AFTER DELETE ON sweeps FOR EACH ROW EXECUTE FUNCTION work_end();

-- Who works: an engine says every two seconds that it lives.
CREATE TABLE engines (
    name     text PRIMARY KEY,                 -- in lease_owner
    lived_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Resource providers, as their sources say them: the administrator's file, the Federation Registry. Each source is
-- written as a whole; of a name that both have, the file's counts. Credentials are not among it.
CREATE TABLE providers (
    id         uuid PRIMARY KEY,
    source     text NOT NULL CHECK (source IN ('file', 'registry')),
    name       text COLLATE "C" NOT NULL,
    type       text COLLATE "C" NOT NULL,
    is_enabled boolean NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (source, name)
);

-- Which group of which issuer has which project there.
CREATE TABLE provider_projects (
    provider_id uuid NOT NULL REFERENCES providers ON DELETE CASCADE,
    user_group  text COLLATE "C" NOT NULL,     -- '*': every group
    issuer      text COLLATE "C",              -- NULL: of each identity provider, of every issuer where none is named
    name        text NOT NULL,
    sla         text                           -- the agreement that it rests on
);
CREATE INDEX provider_projects_provider ON provider_projects (provider_id);

CREATE TABLE provider_identity_providers (
    provider_id uuid NOT NULL REFERENCES providers ON DELETE CASCADE,
    issuer      text COLLATE "C" NOT NULL      -- without trailing slashes
);
CREATE INDEX provider_identity_providers_provider ON provider_identity_providers (provider_id);

-- One without a name where the provider has no regions. What its source doesn't list may be there.
CREATE TABLE provider_regions (
    provider_id    uuid NOT NULL REFERENCES providers ON DELETE CASCADE,
    position       integer NOT NULL,           -- the first one is taken unless another is asked for
    name           text,
    lists_flavors  boolean NOT NULL,
    lists_images   boolean NOT NULL,
    lists_networks boolean NOT NULL,
    PRIMARY KEY (provider_id, position)
);

-- What a region offers; `projects` may use it, all where that is NULL.
CREATE TABLE provider_flavors (
    provider_id uuid NOT NULL,
    region      integer NOT NULL,
    name        text NOT NULL,
    vcpus       bigint NOT NULL,
    ram         bigint NOT NULL,               -- MiB
    disk        bigint NOT NULL,               -- GiB
    gpus        bigint NOT NULL,
    projects    text[],
    FOREIGN KEY (provider_id, region) REFERENCES provider_regions ON DELETE CASCADE
);
CREATE INDEX provider_flavors_region ON provider_flavors (provider_id, region);

CREATE TABLE provider_images (
    provider_id  uuid NOT NULL,
    region       integer NOT NULL,
    name         text NOT NULL,
    url          text,                         -- what IM is told
    type         text,
    distribution text,
    version      text,
    architecture text,
    projects     text[],
    FOREIGN KEY (provider_id, region) REFERENCES provider_regions ON DELETE CASCADE
);
CREATE INDEX provider_images_region ON provider_images (provider_id, region);

CREATE TABLE provider_networks (
    provider_id uuid NOT NULL,
    region      integer NOT NULL,
    name        text NOT NULL,
    is_public   boolean NOT NULL,
    projects    text[],
    FOREIGN KEY (provider_id, region) REFERENCES provider_regions ON DELETE CASCADE
);
CREATE INDEX provider_networks_region ON provider_networks (provider_id, region);

-- How attempts at a provider went, with a template and with all of them (the nil UUID). Sums whose terms count half
-- after a week, as of counted_at. By names and ids alone: what a provider did outlives its row, and what is old goes.
CREATE TABLE provider_records (
    provider     text COLLATE "C" NOT NULL,
    template_id  uuid NOT NULL,
    attempts     double precision NOT NULL,
    successes    double precision NOT NULL,
    seconds      double precision NOT NULL,    -- that the successes took
    counted_at   timestamptz NOT NULL,
    last_failure timestamptz,
    PRIMARY KEY (template_id, provider)
);
CREATE INDEX provider_records_counted ON provider_records (counted_at);

-- What counts 1 at a time, today.
CREATE FUNCTION weight_since(past timestamptz) RETURNS double precision LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT power(0.5, least(greatest(extract(epoch FROM now() - past), 0) / 604800, 100))::double precision
$$;

-- What is still to be told to the URLs that deployments name: a state of one, as its row was when its status changed,
-- or when it had an infrastructure. Told in their order. `deployment_id` is no reference: the end of a deployment is
-- told, too.
CREATE TABLE callbacks (
    number        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id            uuid NOT NULL DEFAULT gen_random_uuid(), -- by which a receiver knows what comes twice
    deployment_id uuid NOT NULL,
    url           text NOT NULL,
    host          text COLLATE "C" NOT NULL,   -- and port: whose queue it waits in
    state         jsonb NOT NULL,              -- the row, without inputs and secrets
    made_in       xid8 NOT NULL DEFAULT pg_current_xact_id(),
    created_at    timestamptz NOT NULL DEFAULT now(),
    due_at        timestamptz NOT NULL DEFAULT now(), -- the end of the lease while somebody has it in hand
    tries         integer NOT NULL DEFAULT 0,
    lease_owner   text,                        -- who has it in hand
    lease_number  bigint NOT NULL DEFAULT 0    -- moves with every claim
);
CREATE INDEX callbacks_deployment ON callbacks (deployment_id, number);
CREATE INDEX callbacks_host ON callbacks (host, due_at);

-- At the end of the transaction, and once in it: what is told is what is true then. A deployment that goes is told as
-- deleted. Of a deployment that nobody was told of for long, the last eight states are kept. Nobody waits here for who
-- has a row in hand.
CREATE FUNCTION callback_tell() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    told deployments;
BEGIN
    IF TG_OP = 'DELETE' THEN
        told := OLD;
        told.status := 3;
        told.status_reason := NULL;
        told.task := 8;
        told.updated_at := now();
    ELSE
        SELECT * INTO told FROM deployments WHERE id = NEW.id AND callback_host IS NOT NULL
            AND NOT EXISTS (SELECT FROM callbacks
                WHERE deployment_id = NEW.id AND made_in = pg_current_xact_id());
        IF NOT FOUND THEN
            RETURN NULL;
        END IF;
    END IF;
    INSERT INTO callbacks (deployment_id, url, host, state, due_at)
    SELECT told.id, told.callback, told.callback_host,
        to_jsonb(told) - '{template_inputs,template_inputs_sealed,template_outputs_sealed}'::text[],
        coalesce((SELECT max(due_at) FROM callbacks WHERE deployment_id = told.id), now());
    DELETE FROM callbacks WHERE number = ANY (ARRAY(
        SELECT number FROM callbacks WHERE deployment_id = told.id AND lease_owner IS NULL AND number NOT IN (
            SELECT number FROM callbacks WHERE deployment_id = told.id ORDER BY number DESC LIMIT 8)
        FOR UPDATE SKIP LOCKED));
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER deployments_tell_change AFTER UPDATE ON deployments DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.callback_host IS NOT NULL AND (OLD.status <> NEW.status
        OR NEW.im_infra_id IS NOT NULL AND OLD.im_infra_id IS DISTINCT FROM NEW.im_infra_id))
    EXECUTE FUNCTION callback_tell();
CREATE TRIGGER deployments_tell_end AFTER DELETE ON deployments
    FOR EACH ROW WHEN (OLD.callback_host IS NOT NULL AND OLD.status <> 3) EXECUTE FUNCTION callback_tell();

-- Who is an owner no more has their URL told nothing any more, but for what is in hand.
CREATE FUNCTION callback_of_former_owner() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE deployments SET callback = NULL, callback_host = NULL, callback_by = NULL, row_version = row_version + 1
    WHERE id = OLD.deployment_id AND callback_by = OLD.user_id;
    IF FOUND THEN
        DELETE FROM callbacks WHERE number = ANY (ARRAY(
            SELECT number FROM callbacks WHERE deployment_id = OLD.deployment_id AND lease_owner IS NULL
            FOR UPDATE SKIP LOCKED));
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER deployment_owners_end_callback AFTER DELETE ON deployment_owners
    FOR EACH ROW EXECUTE FUNCTION callback_of_former_owner();

-- Messages on their way out; to be written with the row that they tell of once somebody takes them.
CREATE TABLE outbox (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic      text NOT NULL,
    key        uuid NOT NULL,                  -- orders the messages of one deployment
    payload    json NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX outbox_created_at ON outbox (created_at);

-- Answers kept for 24 hours, so that a repeated POST gives the first one again.
CREATE TABLE idempotency_keys (
    user_id     uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    method      text NOT NULL,
    path        text NOT NULL,
    key         text NOT NULL,
    body_sha256 text NOT NULL,
    status      smallint NOT NULL,
    headers     jsonb NOT NULL,
    body        text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, method, path, key)
);
CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);

-- What was taken over from the former orchestrator's database, so that nothing is taken twice, be it deleted meanwhile.
CREATE TABLE legacy_imports (
    deployment_id uuid PRIMARY KEY,            -- no reference: the deployment may go before it
    imported_at   timestamptz NOT NULL DEFAULT now()
);

-- Ends the transaction, whatever it wrote, when more is there than may be.
CREATE FUNCTION limit_is_passed() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'more is there than may be' USING ERRCODE = 'ORC29';
END
$$;

-- The schemas that sql/views was made into, one for each version of it that is in use.
CREATE TABLE view_schemas (
    name      text PRIMARY KEY,
    last_used timestamptz NOT NULL DEFAULT now()
);

-- Drops those that nobody used for a week, of those that the caller may drop. The lock is the migrations': a daemon that
-- starts again after a long time finds its schema or makes it, and is not between the two.
CREATE FUNCTION drop_unused_views() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    unused text;
BEGIN
    IF NOT pg_try_advisory_xact_lock(7303779) THEN
        RETURN;
    END IF;
    FOR unused IN
        DELETE FROM view_schemas v USING pg_namespace n
        WHERE v.last_used < now() - interval '7 days' AND n.nspname = v.name AND pg_has_role(n.nspowner, 'USAGE')
        RETURNING v.name
    LOOP
        EXECUTE format('DROP SCHEMA %I CASCADE', unused);
    END LOOP;
END
$$;
