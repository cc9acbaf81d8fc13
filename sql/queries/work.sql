-- The engine's statements: claiming work, keeping and handing back leases, storing what a step brought. Work is locked
-- before operations, operations before deployments, and of each the lower id first.

-- Claims what is due, then what is pending, up to the limits, in one statement with all that a step needs.
-- `due`: how many of those at work, whose due_at is not before `since` (microseconds since 1970: what lies before was
-- claimed, and its dead entries in the index need not be walked over each time; see work_rescue), or not before three
-- seconds ago, when the clock was set back, or is that of a server which took over. Of those whose
-- `endpoint` is among `slow`, no more than `rooms` says; the others are put off by `rests` microseconds, each by so
-- much more than the one before, and `ahead` before the first, but no longer than `longest`; what is of the `deleting`
-- phases has slots of its own there, and is in no queue of these. What is hurried is not put off.
-- `orders`: how many of what gives orders, one of a person each, and none of those `ordering`, who have one in hand: so
-- all have their turn one after the other. Of a person it is what was canceled, then what is due longest, however
-- often it was hurried since. The others wait untouched, in nobody's way. Those due longest are looked at, not
-- before `orders_since`, which is to them what `since` is to the others; `orders_due` is when the oldest was due.
-- `idle`: how many of what nobody waits for, not before `idle_since`, which is to it what `since` is to the others; of
-- a slow endpoint's it comes last. No look at it is worth a claim of its own: there are some a second.
-- `pending`: how many pending ones, of the groups that have the fewest at work and of these the oldest, those of
-- orchestrations behind the others, and no more of a group than `per_group` less what it has at work and what does not
-- rest. `groups` of those that have any are looked at, behind the group `after`, in their order; the last of these is
-- given when there may be more.
-- `lease` in microseconds: that of what has a rhythm ends when it is due again, so that nothing has to be written when
-- nothing was new. `phases`: "KIND/PHASE" of all that the caller knows how to go on with: another version's work is
-- left to it; `with_template`, `watching`, `with_resources`: of those that need the template, all infrastructures of
-- the deployment, or its resources: of an operation on one, that one; without an operation, all, while none is at work
-- there.
-- One row at least: `next` is in how many microseconds something will be due, 0 when there is more now, NULL for
-- nothing; `put_off` how many were, of each endpoint of IM.
-- name: work_claim
-- columns: next, last_issuer, last_group, put_off, orders_due, id, deployment_id, lease_number, lease, has_rhythm,
-- columns: kind, state, phase, options, memory, was_due, is_fresh, correlation_id, description, user_group,
-- columns: user_group_issuer, deadline, clock, waits_for_token, template_inputs,
-- columns: per_provider_max_retries, max_providers, per_provider_timeout_mins, keep_last_attempt, target_provider,
-- columns: target_region, im_endpoint, im_infra_id, user_id, issuer, email, refresh_token, access_token, token_expires,
-- columns: target_provider_type, content, wanted_content, owners, infrastructures, endpoint, provider, region, project,
-- columns: template_inputs_sealed, inputs, inputs_sealed, created_at, target_project, status, reason, canceled_for,
-- columns: resources, is_order
WITH RECURSIVE due AS (
    SELECT id, due_at, endpoint, is_hurried, is_idle, kind || '/' || phase = ANY (:deleting::text[]) AS deletes
    FROM work
    WHERE is_begun AND NOT is_idle AND endpoint <> 'orders' AND due_at <= now()
      AND due_at >= LEAST(to_timestamp(:since::bigint / 1000000.0), now() - interval '3 seconds')
      AND kind || '/' || phase = ANY (:phases::text[])
    ORDER BY due_at
    LIMIT :due::integer
    FOR NO KEY UPDATE SKIP LOCKED
), idle AS (
    SELECT id, due_at, endpoint, is_hurried, is_idle, false AS deletes FROM work
    WHERE is_begun AND is_idle AND due_at <= now()
      AND due_at >= LEAST(to_timestamp(:idle_since::bigint / 1000000.0), now() - interval '3 seconds')
      AND kind || '/' || phase = ANY (:phases::text[])
    ORDER BY due_at
    LIMIT :idle::integer
    FOR NO KEY UPDATE SKIP LOCKED
), waiting AS MATERIALIZED (
    SELECT w.id, w.due_at, o.created_by AS person, o.state = 'canceling' AS is_canceled
    FROM (SELECT id, due_at FROM work
          WHERE is_begun AND endpoint = 'orders' AND due_at <= now()
            AND due_at >= LEAST(to_timestamp(:orders_since::bigint / 1000000.0), now() - interval '3 seconds')
            AND kind || '/' || phase = ANY (:phases::text[])
          ORDER BY due_at
          LIMIT CASE WHEN :orders::integer > 0 THEN 2000 ELSE 0 END) w
    JOIN orchestrations o ON o.id = w.id
), orders AS (
    SELECT w.id, w.due_at
    FROM (SELECT person FROM waiting WHERE person <> ALL (:ordering::uuid[])
          GROUP BY person ORDER BY min(due_at) LIMIT :orders::integer) p
    CROSS JOIN LATERAL (SELECT w.id, w.due_at FROM waiting x JOIN work w ON w.id = x.id
                        WHERE x.person = p.person AND w.is_begun AND w.due_at <= now()
                        ORDER BY x.is_canceled DESC, x.due_at LIMIT 1
                        FOR NO KEY UPDATE OF w SKIP LOCKED) w
), placed AS (
    SELECT d.id, d.due_at, d.endpoint, s.rest, s.ahead,
           CASE WHEN d.is_hurried THEN 0 ELSE row_number() OVER each - s.room END AS place
    FROM (SELECT * FROM due UNION ALL SELECT * FROM idle) d
    LEFT JOIN unnest(:slow::text[], :rooms::integer[], :rests::bigint[], :ahead::bigint[])
        AS s (endpoint, room, rest, ahead) ON s.endpoint = d.endpoint AND NOT d.deletes
    WINDOW each AS (PARTITION BY s.endpoint ORDER BY d.is_hurried DESC, d.is_idle, d.due_at)
), put_off AS (
    UPDATE work w
    SET due_at = clock_timestamp() + LEAST(p.ahead + p.place * p.rest, :longest::bigint) * interval '1 microsecond'
    FROM placed p WHERE w.id = p.id AND p.place > 0
), walk AS (
    (SELECT user_group_issuer, user_group, 1 AS number FROM operations
     WHERE state = 'pending' AND (user_group_issuer, user_group) > (:after_issuer::text, :after_group::text)
     ORDER BY user_group_issuer, user_group LIMIT 1)
    UNION ALL
    SELECT n.user_group_issuer, n.user_group, w.number + 1
    FROM walk w CROSS JOIN LATERAL (
        SELECT user_group_issuer, user_group FROM operations
        WHERE state = 'pending' AND (user_group_issuer, user_group) > (w.user_group_issuer, w.user_group)
        ORDER BY user_group_issuer, user_group LIMIT 1) n
    WHERE w.number < :groups::integer
), groups AS MATERIALIZED (
    SELECT g.user_group_issuer, g.user_group, b.busy, r.room
    FROM walk g
    CROSS JOIN LATERAL (SELECT count(*) AS busy FROM operations o
                        WHERE (o.user_group_issuer, o.user_group) = (g.user_group_issuer, g.user_group)
                          AND o.state IN ('in progress', 'canceling')) b
    CROSS JOIN LATERAL (SELECT :per_group::integer - CASE WHEN b.busy < :per_group::integer THEN b.busy
        ELSE (SELECT count(*) FROM operations o JOIN work w USING (id)
              WHERE (o.user_group_issuer, o.user_group) = (g.user_group_issuer, g.user_group)
                AND o.state IN ('in progress', 'canceling') AND NOT w.is_resting) END AS room OFFSET 0) r
    WHERE r.room > 0
), fresh AS (
    SELECT w.id, w.due_at
    FROM (SELECT p.id
          FROM groups g CROSS JOIN LATERAL (
              SELECT o.id, o.created_at,
                     row_number() OVER (ORDER BY o.orchestration_id IS NOT NULL, o.created_at, o.id) AS place
              FROM operations o
              WHERE (o.user_group_issuer, o.user_group) = (g.user_group_issuer, g.user_group) AND o.state = 'pending'
                AND (g.room >= :pending::integer OR NOT EXISTS (
                        SELECT 1 FROM operations x
                        WHERE x.deployment_id = o.deployment_id AND x.id <> o.id AND x.ended_at IS NULL
                          AND (x.resource_id = o.resource_id) IS NOT FALSE
                          AND (x.state <> 'pending' OR (x.created_at, x.id) < (o.created_at, o.id))))
              ORDER BY o.orchestration_id IS NOT NULL, o.created_at, o.id
              LIMIT LEAST(g.room, 2 * :pending::integer)) p
          ORDER BY p.place + g.busy, p.created_at, p.id OFFSET 0) next
    CROSS JOIN LATERAL (
        SELECT w.id, w.due_at
        FROM work w JOIN operations p ON p.id = w.id JOIN deployments d ON d.id = p.deployment_id
        WHERE w.id = next.id AND p.state = 'pending' AND NOT w.is_begun AND w.due_at <= now()
          AND w.kind || '/' || w.phase = ANY (:phases::text[])
          AND NOT EXISTS (SELECT 1 FROM operations o
                          WHERE o.deployment_id = p.deployment_id AND o.id <> p.id AND o.ended_at IS NULL
                            AND (o.resource_id = p.resource_id) IS NOT FALSE
                            AND (o.state <> 'pending' OR (o.created_at, o.id) < (p.created_at, p.id)))
        FOR NO KEY UPDATE OF w, p, d SKIP LOCKED) w
    LIMIT :pending::integer
), chosen AS (
    SELECT id, due_at FROM placed WHERE place IS NULL OR place <= 0 UNION ALL SELECT id, due_at FROM fresh
    UNION ALL SELECT id, due_at FROM orders
), claimed AS (
    UPDATE work w
    SET due_at = clock_timestamp() + interval '1 microsecond' * CASE
            WHEN w.rhythm > 0 AND (w.is_idle OR w.rhythm <= :lease::bigint) THEN w.rhythm * (0.8 + 0.2 * random())
            ELSE :lease::bigint END,
        lease_owner = :owner::text, lease_number = w.lease_number + 1, is_begun = true, is_hurried = false
    FROM chosen c WHERE w.id = c.id
    RETURNING w.*
), begun AS (
    UPDATE operations o
    SET state = 'in progress', started_at = COALESCE(o.started_at, now()), updated_at = clock_timestamp(),
        row_version = o.row_version + 1
    FROM claimed w WHERE o.id = w.id AND o.state = 'pending'
    RETURNING o.deployment_id
), touched AS (
    UPDATE deployments d SET row_version = d.row_version + 1 FROM begun b WHERE d.id = b.deployment_id
), mine AS (
    SELECT w.id, COALESCE(o.deployment_id, i.deployment_id, d.id) AS deployment_id, w.lease_number,
           (extract(epoch FROM w.due_at - clock_timestamp()) * 1000000)::bigint AS lease,
           w.rhythm > 0 AND (w.is_idle OR w.rhythm <= :lease::bigint) AS has_rhythm, w.kind,
           CASE o.state WHEN 'pending' THEN 'in progress' ELSE o.state END AS state, w.phase, o.options, w.memory,
           (extract(epoch FROM c.due_at) * 1000000)::bigint AS was_due, w.lease_number = 1 AS is_fresh,
           o.correlation_id, o.description,
           COALESCE(o.user_group, i.user_group, s.user_group, d.user_group) AS user_group,
           COALESCE(o.user_group_issuer, i.user_group_issuer, s.user_group_issuer, d.user_group_issuer)
               AS user_group_issuer,
           (extract(epoch FROM o.deadline) * 1000000)::bigint AS deadline,
           (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS clock,
           COALESCE(o.waits_for_token, i.waits_for_token) AS waits_for_token,
           d.template_inputs, d.per_provider_max_retries, d.max_providers, d.per_provider_timeout_mins,
           d.keep_last_attempt, d.target_provider, d.target_region, d.im_endpoint, d.im_infra_id,
           u.id AS user_id, u.issuer, u.email, u.refresh_token,
           k.access_token, (extract(epoch FROM k.expires_at) * 1000000)::bigint AS token_expires,
           t.target_provider_type,
           CASE WHEN w.kind || '/' || w.phase = ANY (:with_template::text[]) THEN t.content END AS content,
           CASE WHEN o.template_id IS NOT NULL AND w.kind || '/' || w.phase = ANY (:with_template::text[])
               THEN (SELECT content FROM templates WHERE id = o.template_id) END AS wanted_content,
           CASE WHEN w.kind || '/' || w.phase = ANY (:with_template::text[])
               THEN (SELECT jsonb_agg(jsonb_build_object('name', y.username, 'key', y.public_ssh_key)
                                      ORDER BY x.created_at)
                     FROM deployment_owners x JOIN users y ON y.id = x.user_id
                     WHERE x.deployment_id = d.id AND y.public_ssh_key IS NOT NULL) END AS owners,
           (SELECT jsonb_agg(jsonb_build_object(
                       'id', n.id, 'step', n.step, 'endpoint', n.endpoint,
                       'provider', n.provider, 'region', n.region, 'project', n.project, 'infra', n.infra_id,
                       'standing', n.standing, 'forced', n.is_forced, 'waits', n.waits_for_token, 'tries', n.tries,
                       'note', n.note, 'until', (extract(epoch FROM n.answer_until) * 1000000)::bigint,
                       'unwanted', n.unwanted_at IS NOT NULL,
                       'tried', (extract(epoch FROM n.tried_at) * 1000000)::bigint) ORDER BY n.asked_at, n.id)
            FROM (SELECT * FROM infrastructures
                  WHERE w.kind || '/' || w.phase = ANY (:watching::text[]) AND deployment_id = o.deployment_id
                  UNION ALL SELECT * FROM infrastructures WHERE id = w.id) n) AS infrastructures,
           s.endpoint, s.provider, s.region, s.project, d.template_inputs_sealed, o.inputs, o.inputs_sealed,
           o.created_at,
           d.target_iaas_project AS target_project, d.status, o.reason, o.canceled_for,
           CASE WHEN w.kind || '/' || w.phase = ANY (:with_resources::text[])
               AND (o.id IS NOT NULL OR NOT EXISTS (SELECT FROM operations x
                    WHERE x.deployment_id = d.id AND x.ended_at IS NULL))
               THEN (SELECT jsonb_agg(jsonb_build_object(
                         'position', r.position, 'id', r.id, 'node', r.tosca_node_name, 'vm', r.im_vm_idx,
                         'compute', r.is_compute, 'status', r.status, 'version', r.row_version) ORDER BY r.position)
                     FROM resources r
                     WHERE r.deployment_id = d.id AND (o.resource_id IS NULL OR r.id = o.resource_id)) END AS resources,
           w.endpoint = 'orders' AS is_order
    FROM claimed w
    JOIN chosen c ON c.id = w.id
    LEFT JOIN operations o ON o.id = w.id
    LEFT JOIN deployments d ON d.id = COALESCE(o.deployment_id, w.id)
    LEFT JOIN templates t ON t.id = d.template_id
    LEFT JOIN infrastructures i ON i.id = w.id
    LEFT JOIN sweeps s ON s.id = w.id
    JOIN users u ON u.id = COALESCE(d.created_by, i.user_id, s.user_id,
                                    (SELECT x.created_by FROM orchestrations x WHERE x.id = w.id))
    LEFT JOIN credentials k ON k.user_id = u.id
), ahead AS (
    SELECT CASE WHEN (SELECT count(*) FROM due) >= :due::integer
                  OR (SELECT count(*) FROM fresh) >= NULLIF(:pending::integer, 0) THEN 0
                ELSE LEAST((SELECT (extract(epoch FROM min(w.due_at) - now()) * 1000000)::bigint FROM work w
                            WHERE w.is_begun AND NOT w.is_idle AND w.endpoint <> 'orders' AND w.due_at > now()
                              AND w.kind || '/' || w.phase = ANY (:phases::text[])),
                           (SELECT (extract(epoch FROM min(w.due_at) - now()) * 1000000)::bigint FROM work w
                            WHERE w.is_begun AND w.endpoint = 'orders' AND w.due_at > now()
                              AND w.kind || '/' || w.phase = ANY (:phases::text[])),
                           CASE WHEN :idle::integer > 0 THEN GREATEST(1000000, (
                               SELECT (extract(epoch FROM min(w.due_at) - now()) * 1000000)::bigint FROM work w
                               WHERE w.is_begun AND w.is_idle
                                 AND w.due_at > now() AND w.kind || '/' || w.phase = ANY (:phases::text[]))) END)
           END AS next,
           (SELECT jsonb_object_agg(endpoint, number)
            FROM (SELECT endpoint, count(*) AS number FROM placed WHERE place > 0 GROUP BY endpoint) p) AS put_off,
           (SELECT (extract(epoch FROM min(due_at)) * 1000000)::bigint FROM waiting) AS orders_due
)
SELECT a.next, l.user_group_issuer AS last_issuer, l.user_group AS last_group, a.put_off, a.orders_due, m.*
FROM ahead a LEFT JOIN mine m ON true LEFT JOIN walk l ON :pending::integer > 0 AND l.number = :groups::integer
ORDER BY m.created_at, m.id;

-- Makes due at once what was due before `since` (or `idle_since`, `orders_since`) and no claim takes, because it
-- was locked when its turn came, or its due_at was in the past when it was set. What is not due yet is somebody's, also
-- when the clock was set back.
-- name: work_rescue
WITH missed AS MATERIALIZED (
    SELECT id FROM work
    WHERE id IN (SELECT x.id FROM work x
                 WHERE x.is_begun AND NOT x.is_idle AND x.endpoint <> 'orders'
                   AND x.due_at < LEAST(to_timestamp(:since::bigint / 1000000.0), now())
                 UNION ALL
                 SELECT x.id FROM work x
                 WHERE x.is_begun AND x.is_idle
                   AND x.due_at < LEAST(to_timestamp(:idle_since::bigint / 1000000.0), now())
                 UNION ALL
                 SELECT x.id FROM work x
                 WHERE x.is_begun AND x.endpoint = 'orders'
                   AND x.due_at < LEAST(to_timestamp(:orders_since::bigint / 1000000.0), now()))
      AND due_at < now() AND kind || '/' || phase = ANY (:phases::text[])
    ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE work w SET due_at = clock_timestamp() FROM missed m WHERE w.id = m.id;

-- How many this owner has at work that take a place.
-- name: work_count
-- columns: count
SELECT count(*) FROM work WHERE lease_owner = :owner::text AND is_begun AND NOT is_resting;

-- `numbers` are those of the leases, `lease` is in microseconds. Gives the ids whose lease still is the owner's. A row
-- that somebody else has locked keeps the lease that it has.
-- name: work_renew
-- columns: id, is_renewed
WITH held AS (
    SELECT * FROM unnest(:ids::uuid[], :numbers::bigint[]) AS held (id, number)
), free AS MATERIALIZED (
    SELECT w.id FROM work w JOIN held h ON w.id = h.id AND w.lease_number = h.number
    WHERE w.lease_owner = :owner::text ORDER BY w.id FOR NO KEY UPDATE OF w SKIP LOCKED
), renewed AS (
    UPDATE work w
    SET due_at = CASE WHEN w.is_hurried THEN w.due_at
                      ELSE clock_timestamp() + :lease::bigint * interval '1 microsecond' END
    FROM free f WHERE w.id = f.id AND w.lease_owner = :owner::text
    RETURNING w.id
)
SELECT w.id, r.id IS NOT NULL AS is_renewed
FROM work w JOIN held h ON w.id = h.id AND w.lease_number = h.number LEFT JOIN renewed r ON r.id = w.id
WHERE w.lease_owner = :owner::text;

-- Hands leases back, due in so many microseconds. A row that somebody else has locked keeps the lease that it has: its
-- id is told.
-- name: work_release
-- columns: id
WITH ours AS MATERIALIZED (
    SELECT w.id FROM work w
    JOIN unnest(:ids::uuid[], :numbers::bigint[]) AS held (id, number)
        ON w.id = held.id AND w.lease_number = held.number
    WHERE w.lease_owner = :owner::text
), free AS MATERIALIZED (
    SELECT w.id, held.rest FROM work w
    JOIN unnest(:ids::uuid[], :numbers::bigint[], :rests::bigint[]) AS held (id, number, rest)
        ON w.id = held.id AND w.lease_number = held.number
    WHERE w.lease_owner = :owner::text ORDER BY w.id FOR NO KEY UPDATE OF w SKIP LOCKED
), released AS (
    UPDATE work w
    SET due_at = clock_timestamp() + CASE WHEN w.is_hurried THEN 0 ELSE f.rest END * interval '1 microsecond'
    FROM free f WHERE w.id = f.id AND w.lease_owner = :owner::text
)
SELECT id FROM ours WHERE id NOT IN (SELECT f.id FROM free f);

-- What there is to do, by kind: that has not begun, that has, and of the latter what is due and in nobody's hands; the
-- age of the oldest in microseconds, 0: there is none. Rows of what has ended are gone. `with_idle`: what nobody waits
-- for is done here.
-- name: work_load
-- columns: kind, pending, oldest_pending, at_work, due, oldest_due
SELECT kind, count(*) FILTER (WHERE NOT is_begun) AS pending,
       GREATEST(0, extract(epoch FROM now() - min(due_at) FILTER (WHERE NOT is_begun)) * 1000000)::bigint
           AS oldest_pending,
       count(*) FILTER (WHERE is_begun) AS at_work, count(*) FILTER (WHERE is_begun AND due_at <= now()) AS due,
       GREATEST(0, extract(epoch FROM now() - min(due_at) FILTER (WHERE is_begun)) * 1000000)::bigint AS oldest_due
FROM work WHERE NOT is_idle OR :with_idle::boolean GROUP BY kind ORDER BY kind;

-- What nobody wants and is not gone yet; of it, what IM refuses to delete; the age of the oldest as above.
-- name: infrastructure_load
-- columns: unwanted, stuck, oldest_unwanted
SELECT count(*) AS unwanted, count(*) FILTER (WHERE standing = 'stuck') AS stuck,
       GREATEST(0, extract(epoch FROM now() - min(unwanted_at)) * 1000000)::bigint AS oldest_unwanted
FROM infrastructures WHERE unwanted_at IS NOT NULL AND standing <> 'gone';

-- An engine lives. Of all others: whether they did a moment ago, and whether their names begin so.
-- name: engine_live
-- columns: name, is_alive, is_here
WITH mine AS (
    INSERT INTO engines AS e (name) VALUES (:name::text) ON CONFLICT (name) DO UPDATE SET lived_at = clock_timestamp()
)
SELECT name, lived_at > now() - interval '10 seconds' AS is_alive, starts_with(name, :prefix::text) AS is_here
FROM engines WHERE name <> :name::text;

-- Takes over what an engine that is gone had in hand; what somebody has locked the next time. What nobody waits for is
-- due again soon enough, and stays spread.
-- name: engine_adopt
WITH free AS MATERIALIZED (
    SELECT id FROM work WHERE lease_owner = :name::text AND is_begun AND NOT is_idle
    ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
), told AS (
    UPDATE callbacks SET due_at = now(), lease_owner = NULL
    WHERE number = ANY (ARRAY(SELECT number FROM callbacks WHERE lease_owner = :name::text FOR UPDATE SKIP LOCKED))
), gone AS (
    DELETE FROM engines
    WHERE name = :name::text
      AND (SELECT count(*) FROM free) = (SELECT count(*) FROM work
                                         WHERE lease_owner = :name::text AND is_begun AND NOT is_idle)
)
UPDATE work w SET due_at = LEAST(due_at, clock_timestamp()), lease_owner = NULL FROM free f WHERE w.id = f.id;

-- An engine ends as it should.
-- name: engine_end
DELETE FROM engines WHERE name = :name::text;

-- Those of hosts that never came back.
-- name: engine_forget
DELETE FROM engines WHERE lived_at < now() - interval '7 days';

-- The end of a step that changed nothing anybody can see; `due` in microseconds from now. Somebody who asked for a look
-- meanwhile is heard at once.
-- name: work_poll
-- columns: id
UPDATE work
SET due_at = clock_timestamp() + CASE WHEN is_hurried THEN 0 ELSE :due::bigint END * interval '1 microsecond',
    is_resting = :is_resting::boolean, rhythm = :rhythm::bigint, endpoint = COALESCE(:endpoint::text, endpoint),
    memory = :memory::jsonb
WHERE id = :id::uuid AND lease_owner = :owner::text AND lease_number = :lease_number::bigint
RETURNING id;

-- What a creation is about to make must not be forgotten by a crash after it, so its note waits for the disk whatever
-- the administrator's setting is. It waits for no lock, as others travel with it: that is an error at once.
-- name: work_durably
WITH free AS MATERIALIZED (
    SELECT w.id FROM work w JOIN operations o ON o.id = w.id JOIN deployments d ON d.id = o.deployment_id
    WHERE w.id = :id::uuid FOR NO KEY UPDATE NOWAIT
)
SELECT (SELECT count(*) FROM free),
       set_config('synchronous_commit',
                  CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END,
                  true);

-- The end of a step; `due` in microseconds from now; `changes`: see orc_store_work.h; `watching`: as of a claim: those
-- are woken when an infrastructure of their deployment changed. Nothing is written unless the lease still is the
-- owner's; and nothing that is an end, or that says what is about to be sent, when somebody wants the work to be looked
-- at: what they changed since the claim may forbid it. `is_over`: the lease as well, lest a step is told twice whose
-- commit was not answered.
-- name: work_save
-- columns: id
WITH change AS MATERIALIZED (
    SELECT :changes::jsonb AS c
), kept AS (
    UPDATE work w
    SET due_at = clock_timestamp() + CASE WHEN is_hurried THEN 0 ELSE :due::bigint END * interval '1 microsecond',
        phase = COALESCE(c ->> 'phase', w.phase), is_resting = :is_resting::boolean, rhythm = :rhythm::bigint,
        endpoint = COALESCE(:endpoint::text, w.endpoint), memory = :memory::jsonb,
        lease_number = w.lease_number + (:is_over::boolean)::integer
    FROM change
    WHERE NOT c ? 'ended' AND w.id = :id::uuid AND w.lease_owner = :owner::text
      AND w.lease_number = :lease_number::bigint AND (:is_over::boolean OR NOT w.is_hurried)
    RETURNING w.id
), done AS (
    DELETE FROM work w USING change
    WHERE c ? 'ended' AND w.id = :id::uuid AND w.lease_owner = :owner::text AND w.lease_number = :lease_number::bigint
      AND NOT w.is_hurried
    RETURNING w.id
), removals AS MATERIALIZED (
    SELECT w.id FROM work w, change
    WHERE c ? 'unwanted' AND w.id IN (SELECT i.id FROM infrastructures i JOIN operations o USING (deployment_id)
                                      WHERE o.id = :id::uuid)
    ORDER BY w.id FOR NO KEY UPDATE OF w
), held AS (
    SELECT id, c FROM (SELECT id FROM kept UNION ALL SELECT id FROM done) w, change
    WHERE (SELECT count(*) FROM removals) >= 0
), mine AS (
    UPDATE operations o
    SET state = COALESCE((c ->> 'ended')::operation_state, o.state),
        phase = COALESCE((c ->> 'phase')::operation_phase, o.phase),
        description = COALESCE(c ->> 'description', o.description),
        reason = COALESCE(c ->> 'reason', o.reason),
        errors = COALESCE(c -> 'errors', o.errors),
        platform_id = COALESCE(c ->> 'platform', o.platform_id),
        waits_for_token = COALESCE((c ->> 'waits_for_token')::boolean, o.waits_for_token),
        ended_at = CASE WHEN c ? 'ended' THEN clock_timestamp() END,
        updated_at = clock_timestamp(),
        row_version = o.row_version + 1
    FROM held w
    WHERE o.id = w.id
    RETURNING o.id, o.deployment_id, o.resource_id, o.type, o.phase, o.state, o.waits_for_token, o.ended_at,
        o.user_group, o.user_group_issuer, o.inputs, o.template_id, o.former_id, c
), handed_on AS (
    UPDATE operations x SET former_id = mine.former_id
    FROM mine WHERE c ? 'former' AND x.deployment_id = mine.deployment_id AND x.former_id = mine.id
), deployment AS (
    UPDATE deployments d
    SET row_version = d.row_version + 1,
        updated_at = CASE WHEN c ? 'deployment' OR c ? 'ended' THEN clock_timestamp() ELSE d.updated_at END,
        im_infra_id = CASE WHEN c -> 'deployment' ? 'im_infra_id' THEN c #>> '{deployment,im_infra_id}'
            ELSE d.im_infra_id END,
        im_endpoint = CASE WHEN c -> 'deployment' ? 'im_endpoint' THEN c #>> '{deployment,im_endpoint}'
            ELSE d.im_endpoint END,
        target_provider = COALESCE(c #>> '{deployment,provider}', d.target_provider),
        target_region = CASE WHEN c -> 'deployment' ? 'provider' THEN c #>> '{deployment,region}'
            ELSE d.target_region END,
        target_iaas_project = COALESCE(c #>> '{deployment,project}', d.target_iaas_project),
        template_outputs = COALESCE(c #> '{deployment,outputs}', d.template_outputs),
        template_outputs_sealed = CASE WHEN c -> 'deployment' ? 'outputs' THEN c #>> '{deployment,outputs_sealed}'
                                       ELSE d.template_outputs_sealed END,
        template_id = CASE WHEN c ? 'has_inputs' THEN coalesce(mine.template_id, d.template_id) ELSE d.template_id END,
        template_inputs = CASE WHEN c ? 'has_inputs' THEN mine.inputs ELSE d.template_inputs END,
        template_inputs_sealed = CASE WHEN c ? 'has_inputs' THEN c ->> 'inputs_sealed'
                                      ELSE d.template_inputs_sealed END,
        last_operation_id = CASE WHEN c ? 'former' AND d.last_operation_id = mine.id
            THEN COALESCE((SELECT f.id FROM operations f WHERE f.id = mine.former_id), mine.id)
            ELSE d.last_operation_id END
    FROM mine WHERE d.id = mine.deployment_id
), steps AS (
    INSERT INTO operation_steps AS s (operation_id, number, stage, name, status, message, provider, region, im_infra_id,
                                      ended_at)
    SELECT mine.id, n.number, n.stage, n.name, n.status, COALESCE(n.message, ''), n.provider, n.region, n.infra,
           CASE WHEN n.status <> 'running' THEN clock_timestamp() END
    FROM mine, jsonb_to_recordset(c -> 'steps') AS n (number integer, stage text, name text, status step_status,
        message text, provider text, region text, infra text)
    ON CONFLICT (operation_id, number) DO UPDATE
    SET status = excluded.status, message = excluded.message,
        im_infra_id = COALESCE(excluded.im_infra_id, s.im_infra_id),
        ended_at = COALESCE(s.ended_at, excluded.ended_at)
), former AS (
    SELECT t.number, t.stage, t.name, t.step, t.began_at,
           (SELECT x.name FROM operation_times x WHERE x.operation_id = mine.id AND x.name <> 'QUEUEING'
            ORDER BY x.number DESC LIMIT 1) AS doing
    FROM mine JOIN operation_times t ON t.operation_id = mine.id
    ORDER BY t.number DESC LIMIT 1
), told_times AS (
    SELECT n.ord, n.phase, COALESCE(n.name, operation_doing(mine.type, n.phase)) AS name,
           CASE WHEN n.phase NOT IN ('queued', 'placing') THEN COALESCE(n.step, (SELECT step FROM former)) END AS step
    FROM mine, LATERAL (SELECT x.ord, COALESCE((x.j ->> 'phase')::operation_phase, mine.phase) AS phase,
                            x.j ->> 'name' AS name, (x.j ->> 'step')::integer AS step
                        FROM jsonb_array_elements(c -> 'times') WITH ORDINALITY x (j, ord)) n
), waiting_times AS (
    SELECT ord, phase, name, step FROM told_times WHERE name IS NOT NULL
    UNION ALL
    SELECT 1000000, mine.phase,
           CASE WHEN mine.waits_for_token THEN 'QUEUEING' ELSE (SELECT doing FROM former) END, (SELECT step FROM former)
    FROM mine
    WHERE mine.ended_at IS NULL AND mine.waits_for_token <> COALESCE((SELECT name = 'QUEUEING' FROM former), true)
      AND (mine.waits_for_token OR NOT EXISTS (SELECT FROM told_times WHERE name IS NOT NULL))
), new_times AS (
    SELECT ord, phase, name, step, CASE WHEN lag(ord) OVER each > 0 THEN lag(name) OVER each END AS former,
           ord > 0 AND (name, step) IS DISTINCT FROM (lag(name) OVER each, lag(step) OVER each) AS is_new
    FROM (SELECT ord, phase, name, step FROM waiting_times WHERE name IS NOT NULL
          UNION ALL SELECT 0, NULL, name, step FROM former) n
    WINDOW each AS (ORDER BY ord)
), times AS (
    INSERT INTO operation_times (operation_id, number, phase, stage, name, step, began_at)
    SELECT mine.id, COALESCE((SELECT number FROM former), 0) + row_number() OVER (ORDER BY n.ord), n.phase,
           CASE WHEN n.name = 'QUEUEING' THEN COALESCE(operation_stage(mine.type, n.former), (SELECT stage FROM former))
                ELSE operation_stage(mine.type, n.name) END,
           n.name, n.step, COALESCE(mine.ended_at, clock_timestamp())
    FROM mine, new_times n
    WHERE n.is_new
    RETURNING number, stage, step
), asked AS (
    INSERT INTO infrastructures AS i (id, deployment_id, operation_id, step, user_id, user_group, user_group_issuer,
                                      endpoint, provider, region, project, answer_until)
    SELECT n.id, d.id, mine.id, n.step, d.created_by, mine.user_group, mine.user_group_issuer, n.endpoint, n.provider,
           n.region, n.project, clock_timestamp() + n.time * interval '1 microsecond'
    FROM mine JOIN deployments d ON d.id = mine.deployment_id, jsonb_to_recordset(c -> 'asked') AS n
        (id uuid, step integer, endpoint text, provider text, region text, project text, time bigint)
    ON CONFLICT (id) DO UPDATE SET asked_at = clock_timestamp(), answer_until = excluded.answer_until
    RETURNING user_id, user_group, user_group_issuer, endpoint, provider, region, project
), watched AS (
    INSERT INTO sweeps (id, user_id, user_group, user_group_issuer, endpoint, provider, region, project)
    SELECT gen_random_uuid(), user_id, user_group, user_group_issuer, endpoint, provider, region, project FROM asked
    ON CONFLICT (user_id, endpoint) DO NOTHING
    RETURNING id, endpoint
), watching AS (
    INSERT INTO work (id, kind, is_begun, is_resting, endpoint, due_at)
    SELECT id, 'sweep', true, true, endpoint, clock_timestamp() + (c ->> 'sweep')::bigint * interval '1 microsecond'
    FROM watched, change
), never AS (
    DELETE FROM infrastructures i USING mine, jsonb_array_elements_text(c -> 'unasked') AS n
    WHERE i.id = n::uuid AND i.infra_id IS NULL
), made AS (
    UPDATE infrastructures i SET infra_id = n.infra, standing = 'made'
    FROM mine, jsonb_to_recordset(c -> 'made') AS n (id uuid, infra text) WHERE i.id = n.id
), unwanted AS (
    UPDATE infrastructures i
    SET unwanted_at = clock_timestamp(), tried_at = NULL, is_forced = COALESCE((c ->> 'forced')::boolean, false),
        tries = 0, note = NULL, waits_for_token = false,
        standing = CASE WHEN i.standing IN ('asked', 'gone', 'deleting') THEN i.standing ELSE 'unwanted' END
    FROM mine
    WHERE i.deployment_id = mine.deployment_id
        AND (c -> 'unwanted' = 'true' OR c -> 'unwanted' ? i.id::text)
    RETURNING i.id, i.endpoint
), found AS (
    INSERT INTO infrastructures (id, deployment_id, operation_id, step, user_id, user_group, user_group_issuer,
        endpoint,
                                 provider, region, project, infra_id, is_forced, standing, answer_until, unwanted_at)
    SELECT n.id, n.deployment, n.operation, 0, n.person, n."group", n.issuer, n.endpoint, n.provider, n.region,
        n.project,
           n.infra, COALESCE((c ->> 'forced')::boolean, false), 'unwanted', clock_timestamp(), clock_timestamp()
    FROM held, jsonb_to_recordset(c -> 'found') AS n (id uuid, deployment uuid, operation uuid, person uuid,
        "group" text,
        issuer text, endpoint text, provider text, region text, project text, infra text)
    ON CONFLICT (id) DO NOTHING
    RETURNING id, endpoint
), removing AS (
    INSERT INTO work AS w (id, kind, phase, is_begun, is_resting, endpoint)
    SELECT id, 'infrastructure', 'unwanted', true, true, endpoint
    FROM (SELECT id, endpoint FROM unwanted UNION ALL SELECT id, endpoint FROM found) n ORDER BY id
    ON CONFLICT (id) DO UPDATE SET due_at = clock_timestamp(), is_hurried = true
), looked_at AS (
    UPDATE infrastructures i
    SET infra_id = COALESCE(c #>> '{infrastructure,infra}', i.infra_id),
        standing = COALESCE(c #>> '{infrastructure,standing}', i.standing),
        waits_for_token = COALESCE((c -> 'waits_for_token')::boolean, i.waits_for_token),
        tries = COALESCE((c #> '{infrastructure,tries}')::integer, i.tries),
        tried_at = CASE c #> '{infrastructure,tried}' WHEN 'true' THEN clock_timestamp() WHEN 'false' THEN NULL
                       ELSE i.tried_at END,
        note = CASE WHEN c -> 'infrastructure' ? 'note' THEN c #>> '{infrastructure,note}' ELSE i.note END
    FROM held WHERE i.id = held.id AND (c ? 'infrastructure' OR c ? 'waits_for_token') AND NOT c ? 'ended'
    RETURNING i.deployment_id, i.infra_id, i.standing
), over AS (
    DELETE FROM infrastructures i USING held WHERE i.id = held.id AND c ? 'ended'
), given_up AS (
    DELETE FROM sweeps s USING held WHERE s.id = held.id AND c ? 'ended'
), without AS (
    UPDATE deployments d SET im_infra_id = NULL, im_endpoint = NULL, row_version = d.row_version + 1
    FROM looked_at l WHERE l.standing = 'gone' AND d.id = l.deployment_id AND d.im_infra_id = l.infra_id
), told AS (
    INSERT INTO operation_logs (operation_id, deployment_id, level, stage, step, message)
    SELECT o.id, o.deployment_id, n.level, n.stage, n.step, n.message
    FROM held JOIN (SELECT id, operation_id FROM infrastructures
                    UNION ALL SELECT id, last_operation_id FROM deployments) i ON i.id = held.id AND c ? 'logs'
        JOIN operations o ON o.id = i.operation_id,
        jsonb_to_recordset(c -> 'logs') AS n (level log_level, stage text, step integer, message text)
), waiting AS MATERIALIZED (
    SELECT w.id FROM looked_at l JOIN operations o ON o.deployment_id = l.deployment_id AND o.ended_at IS NULL
        JOIN work w ON w.id = o.id
    WHERE w.kind || '/' || w.phase = ANY (:watching::text[]) AND w.is_begun FOR NO KEY UPDATE OF w SKIP LOCKED
), woken AS (
    UPDATE work w SET due_at = clock_timestamp(), is_hurried = true FROM waiting x WHERE w.id = x.id
), lines AS (
    INSERT INTO operation_logs (operation_id, deployment_id, level, stage, step, message)
    SELECT mine.id, mine.deployment_id, n.level, n.stage, n.step, n.message
    FROM mine, jsonb_to_recordset(c -> 'logs') AS n (level log_level, stage text, step integer, message text)
), awaited AS ( -- what nothing else tells whoever follows the log
    INSERT INTO operation_logs (operation_id, deployment_id, level, stage, step, message)
    SELECT mine.id, mine.deployment_id, 'debug', views.deployment_task_name(t.stage), t.step, c ->> 'description'
    FROM mine, LATERAL (SELECT stage, step FROM (SELECT number, stage, step FROM times
                                                 UNION ALL SELECT number, stage, step FROM former) n
                        ORDER BY number DESC LIMIT 1) t
    WHERE c ? 'description' AND NOT c ? 'logs' AND mine.ended_at IS NULL
), statuses AS (
    UPDATE resources r
    SET status = COALESCE(n.status, r.status), im_vm_idx = COALESCE(n.vm, r.im_vm_idx),
        metadata = COALESCE(n.metadata, r.metadata),
        metadata_sealed = CASE WHEN n.metadata IS NULL THEN r.metadata_sealed ELSE n.sealed END,
        is_added = r.is_added AND COALESCE(n.status = resource_status.ERROR, true),
        row_version = r.row_version + 1, updated_at = clock_timestamp()
    FROM mine, jsonb_to_recordset(c -> 'resources') AS n (position integer, status smallint, vm text, metadata jsonb,
        sealed text)
    WHERE r.deployment_id = mine.deployment_id AND r.position = n.position
    RETURNING r.id, r.status
), unrelated AS (
    DELETE FROM resource_requirements q USING statuses s
    WHERE s.status = resource_status.DELETED AND s.id IN (q.resource_id, q.required_by_id)
    RETURNING q.resource_id
), required AS ( -- by others than before
    UPDATE resources r SET row_version = r.row_version + 1
    WHERE r.id IN (SELECT resource_id FROM unrelated) AND r.id NOT IN (SELECT id FROM statuses)
), whole AS (
    UPDATE deployments d
    SET status = CASE WHEN c -> 'whole' ? 'lost' THEN deployment_status.UNKNOWN
                      WHEN c -> 'whole' ? 'back' THEN deployment_status(o.type, o.state) ELSE d.status END,
        status_reason = CASE WHEN c -> 'whole' ? 'lost' THEN c #>> '{whole,lost}'
                             WHEN c -> 'whole' ? 'back' THEN deployment_reason(o.type, o.state, o.reason)
                             ELSE d.status_reason END,
        template_outputs = COALESCE(c #> '{whole,outputs}', d.template_outputs),
        template_outputs_sealed = CASE WHEN c -> 'whole' ? 'outputs' THEN c #>> '{whole,outputs_sealed}'
                                       ELSE d.template_outputs_sealed END,
        row_version = d.row_version + 1, updated_at = clock_timestamp()
    FROM held, operations o
    WHERE c ? 'whole' AND d.id = held.id AND o.id = d.last_operation_id AND o.ended_at IS NOT NULL
      AND d.status = (c #>> '{whole,was}')::smallint
      AND (c -> 'whole' ?| ARRAY['lost', 'back'] OR c #> '{whole,outputs}' <> d.template_outputs)
      AND NOT EXISTS (SELECT FROM operations x WHERE x.deployment_id = d.id AND x.ended_at IS NULL)
    RETURNING d.id
), seen AS (
    UPDATE resources r
    SET status = COALESCE(n.status, r.status), metadata = COALESCE(n.metadata, r.metadata),
        metadata_sealed = CASE WHEN n.metadata IS NULL THEN r.metadata_sealed ELSE n.sealed END,
        row_version = r.row_version + 1, updated_at = clock_timestamp()
    FROM held, jsonb_to_recordset(c -> 'seen') AS n (position integer, version bigint, status smallint, metadata jsonb,
        sealed text)
    WHERE r.deployment_id = held.id AND r.position = n.position AND r.row_version = n.version
      AND (COALESCE(n.status, r.status), COALESCE(n.metadata, r.metadata)) IS DISTINCT FROM (r.status, r.metadata)
      AND NOT EXISTS (SELECT FROM operations o WHERE o.deployment_id = held.id AND o.ended_at IS NULL
                      AND (o.resource_id IS NULL OR o.resource_id = r.id))
      AND (SELECT count(*) FROM whole) >= 0
), looked_after AS (
    INSERT INTO work (id, kind, is_begun, is_idle, is_resting, endpoint, due_at)
    SELECT mine.deployment_id, 'watch', true, true, true, COALESCE(:endpoint::text, ''),
           clock_timestamp() + random() * (c ->> 'watch')::bigint * interval '1 microsecond'
    FROM mine WHERE c ? 'watch'
    ON CONFLICT (id) DO NOTHING
), all_statuses AS (
    UPDATE resources r
    SET status = (c ->> 'all_resources')::smallint, row_version = r.row_version + 1, updated_at = clock_timestamp()
    FROM mine
    WHERE c ? 'all_resources' AND r.deployment_id = mine.deployment_id AND NOT c ? 'resources'
      AND (mine.resource_id IS NULL OR r.id = mine.resource_id)
      AND r.status <> resource_status.DELETED AND r.status <> (c ->> 'all_resources')::smallint
), im_logs AS (
    INSERT INTO deployment_logs AS l (deployment_id, im_logs, im_logs_sealed, im_infra_id)
    SELECT mine.deployment_id, c ->> 'im_logs', c ->> 'im_logs_sealed',
        (SELECT d.im_infra_id FROM deployments d WHERE d.id = mine.deployment_id)
    FROM mine WHERE c ? 'im_logs'
    ON CONFLICT (deployment_id) DO UPDATE
    SET im_logs = excluded.im_logs, im_logs_sealed = excluded.im_logs_sealed, im_infra_id = excluded.im_infra_id,
        updated_at = clock_timestamp()
), record AS (
    INSERT INTO provider_records AS p
        (provider, template_id, attempts, successes, seconds, counted_at, last_failure)
    SELECT c #>> '{record,name}', n.template_id, 1, n.success, n.success * (c #>> '{record,seconds}')::double precision,
        clock_timestamp(), CASE WHEN n.success = 0 THEN clock_timestamp() END
    FROM mine JOIN deployments d ON d.id = mine.deployment_id,
        LATERAL (SELECT t AS template_id, (c #> '{record,success}' = 'true')::integer AS success
            FROM unnest(ARRAY['00000000-0000-0000-0000-000000000000', d.template_id]) t) n
    WHERE c ? 'record'
    ON CONFLICT (template_id, provider) DO UPDATE
    SET attempts = p.attempts * weight_since(p.counted_at) + 1,
        successes = p.successes * weight_since(p.counted_at) + excluded.successes,
        seconds = p.seconds * weight_since(p.counted_at) + excluded.seconds,
        counted_at = excluded.counted_at, last_failure = coalesce(excluded.last_failure, p.last_failure)
)
SELECT id FROM held;

-- The end of a deletion that takes the deployment's row with it. All work and operations are locked before it, in the
-- order of requests: the cascade would want them while it holds the deployment.
-- name: work_forget
-- columns: id
WITH mine AS MATERIALIZED (
    SELECT id FROM work
    WHERE id = :id::uuid AND lease_owner = :owner::text AND lease_number = :lease_number::bigint FOR UPDATE
), watch AS MATERIALIZED (
    SELECT w.id FROM work w
    WHERE w.id = (SELECT x.deployment_id FROM operations x JOIN mine USING (id)) FOR UPDATE
), locked AS MATERIALIZED (
    SELECT o.id, o.deployment_id FROM operations o
    WHERE o.deployment_id = (SELECT x.deployment_id FROM operations x JOIN mine USING (id))
      AND (SELECT count(*) FROM watch) >= 0
    ORDER BY o.id FOR UPDATE
)
DELETE FROM deployments d USING locked o
WHERE (SELECT count(*) FROM locked) > 0 AND o.id = :id::uuid AND d.id = o.deployment_id
RETURNING d.id;

-- What IM made for a tag is a fact, whoever has the lease now. No row: there is no such tag any more.
-- name: infrastructure_made
-- columns: id
WITH locked AS MATERIALIZED (
    SELECT id FROM work WHERE id = :tag::uuid FOR NO KEY UPDATE
), made AS (
    UPDATE infrastructures
    SET infra_id = COALESCE(infra_id, :infra_id::text),
        standing = CASE WHEN standing NOT IN ('asked', 'gone') THEN standing WHEN unwanted_at IS NULL THEN 'made'
                        ELSE 'unwanted' END
    WHERE id = :tag::uuid AND (SELECT count(*) FROM locked) >= 0
    RETURNING id
), hurried AS (
    UPDATE work w SET due_at = clock_timestamp(), is_hurried = true FROM made m WHERE w.id = m.id
)
SELECT id FROM made;

-- That IM refused a creation is one as well: nothing is to be looked for.
-- name: infrastructure_unmade
WITH locked AS MATERIALIZED (
    SELECT id FROM work WHERE id = :tag::uuid FOR UPDATE
)
DELETE FROM infrastructures WHERE id = :tag::uuid AND infra_id IS NULL AND (SELECT count(*) FROM locked) >= 0;

-- name: infrastructure_answer
-- columns: infra_id
SELECT infra_id FROM infrastructures WHERE id = :tag::uuid;

-- Of these infrastructures, those that are known to belong to something.
-- name: infrastructure_known
-- columns: infra_id
SELECT infra_id FROM infrastructures WHERE infra_id = ANY (:ids::text[])
UNION
SELECT im_infra_id FROM deployments WHERE im_infra_id = ANY (:ids::text[]);

-- How many a person has at an IM that somebody wants, beside these.
-- name: infrastructure_living
-- columns: count
SELECT count(*) FROM infrastructures
WHERE user_id = :user_id::uuid AND endpoint = :endpoint::text AND unwanted_at IS NULL AND infra_id IS NOT NULL
  AND infra_id <> ALL (:but::text[]);

-- Of these tags, those of which it is open whose they are, or that are known to be of one of these infrastructures. A
-- creation that reached IM twice has made two with one tag: the other one is nobody's.
-- name: infrastructure_tags
-- columns: id
SELECT id FROM infrastructures
WHERE id = ANY (:tags::uuid[]) AND (infra_id IS NULL OR infra_id = ANY (:infras::text[]));

-- name: work_resources
-- columns: position, tosca_node_name, tosca_node_type, is_compute, im_vm_idx, id, status, is_added
SELECT position, tosca_node_name, tosca_node_type, is_compute, im_vm_idx, id, status, is_added FROM resources
WHERE deployment_id = :deployment_id::uuid ORDER BY position;

-- How attempts went lately: with the deployment's template, and with all of them.
-- name: work_providers
-- columns: name, is_of_template, attempts, successes, seconds
SELECT provider AS name, template_id <> '00000000-0000-0000-0000-000000000000' AS is_of_template,
    attempts * weight_since(counted_at) AS attempts, successes * weight_since(counted_at) AS successes,
    seconds * weight_since(counted_at) AS seconds
FROM provider_records
WHERE template_id IN ('00000000-0000-0000-0000-000000000000',
    (SELECT template_id FROM deployments WHERE id = :deployment_id::uuid));

-- Some operations further, in the order of their ends and behind the one that is given: of those that ended long enough
-- ago (`retention` in microseconds), those go that nothing is read off, and of which nothing is left at an IM. Others
-- are at the front for good, so each look goes on where the one before ended.
-- name: keep_house_operations
-- columns: looked_at, last_end, last_id, deleted
WITH old AS MATERIALIZED (
    SELECT id, type, ended_at, deployment_id, resource_id, created_at, is_dry_run FROM operations
    WHERE ended_at < clock_timestamp() - :retention::bigint * interval '1 microsecond'
      AND (ended_at, id) > (COALESCE(:after_end::timestamptz, '-infinity'), :after_id::uuid)
    ORDER BY ended_at, id LIMIT 1000
), needless AS MATERIALIZED (
    SELECT o.id FROM old
    JOIN operations o USING (id)
    WHERE (old.is_dry_run OR EXISTS (SELECT FROM operations n
              WHERE COALESCE(n.resource_id, n.deployment_id) = COALESCE(old.resource_id, old.deployment_id)
                AND (n.created_at, n.id) > (old.created_at, old.id) AND NOT n.is_dry_run))
      AND NOT EXISTS (SELECT FROM deployments d WHERE d.last_operation_id = old.id)
      AND NOT EXISTS (SELECT FROM operations n
                      WHERE n.deployment_id = old.deployment_id AND n.former_id = old.id AND n.ended_at IS NULL)
      AND NOT EXISTS (SELECT FROM infrastructures i
                      WHERE i.deployment_id = old.deployment_id AND i.unwanted_at IS NOT NULL
                        AND (i.operation_id = old.id OR old.type = 'DELETE'))
    FOR UPDATE OF o SKIP LOCKED
), gone AS (
    DELETE FROM operations o USING needless n WHERE o.id = n.id RETURNING o.id
)
SELECT (SELECT count(*) FROM old) AS looked_at, l.ended_at AS last_end, l.id AS last_id,
       (SELECT count(*) FROM gone) AS deleted
FROM (SELECT) one LEFT JOIN (SELECT ended_at, id FROM old ORDER BY ended_at DESC, id DESC LIMIT 1) l ON true;

-- After ten weeks an attempt counts a thousandth.
-- name: keep_house_records
DELETE FROM provider_records WHERE counted_at < now() - interval '10 weeks';

-- name: keep_house_idempotency
DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM idempotency_keys WHERE created_at < now() - interval '24 hours' ORDER BY created_at LIMIT 1000
    FOR UPDATE SKIP LOCKED));
