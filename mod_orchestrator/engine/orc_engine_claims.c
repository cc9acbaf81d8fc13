/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_engine_claims.h"

#include <apr_network_io.h>
#include <apr_strings.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kinds/orc_kinds.h"
#include "orc_engine_job.h"
#include "orc_engine_orders.h"
#include "orc_engine_window.h"
#include "orc_log.h"

#define COUNT_INTERVAL apr_time_from_sec(2)
#define LATE           apr_time_from_sec(3)    /* what is made due may be seen by others so much later */
#define NEXT_GROUPS    apr_time_from_msec(100) /* until those that come next are looked at */

enum {
    MAX_ORDERS = 32,                 /* in hand, of a person each; more are claimed when half of them are done */
    GROUPS = 32,                     /* that a claim looks at for what is new; they take turns */
    NEW_ONES = ORC_ENGINE_BATCH / 4, /* that a claim brings; each costs more than what is at work already */
};

static const char *first_line(const char *path, apr_pool_t *pool)
{
    char line[1024];
    FILE *file = fopen(path, "re");
    apr_size_t length;

    if (!file)
        return "";
    length = fread(line, 1, sizeof line - 1, file);
    fclose(file);
    line[length] = '\0';
    line[strcspn(line, "\n")] = '\0';
    return apr_pstrdup(pool, line);
}

/* Field 22 of /proc/PID/stat, behind a name that may hold anything; NULL when there is no such process. */
static const char *start_time(const char *pid, apr_pool_t *pool)
{
    const char *line = first_line(apr_psprintf(pool, "/proc/%s/stat", pid), pool);
    char *state, *field;
    int i;

    line = strrchr(line, ')');
    if (!line)
        return NULL;
    field = apr_strtok(apr_pstrdup(pool, line + 1), " ", &state);
    if (field && (*field == 'Z' || *field == 'X'))
        return NULL;
    for (i = 3; field && i < 22; i++)
        field = apr_strtok(NULL, " ", &state);
    return field;
}

void orc_claims_name(const char **owner, const char **prefix, apr_pool_t *pool)
{
    char host[APRMAXHOSTLEN + 1] = "", namespace[64] = "";
    const char *pid = apr_ltoa(pool, (long)getpid()), *started = start_time(pid, pool);
    ssize_t length = readlink("/proc/self/ns/pid", namespace, sizeof namespace - 1);

    namespace[length > 0 ? length : 0] = '\0';
    (void)apr_gethostname(host, APRMAXHOSTLEN, pool);
    *prefix = apr_psprintf(pool, "%s/%.13s/%s/", host, first_line("/proc/sys/kernel/random/boot_id", pool), namespace);
    *owner = apr_psprintf(pool, "%s%s.%s", *prefix, pid, started ? started : "");
}

static int is_gone(const orc_engine_t *engine, const char *holder, apr_pool_t *pool)
{
    char *pid = apr_pstrdup(pool, holder + strlen(engine->prefix)), *started = strchr(pid, '.');
    const char *now;

    if (!started)
        return 0;
    *started++ = '\0';
    now = start_time(pid, pool);
    return !now || strcmp(now, started) != 0;
}

orc_error_t *orc_claims_adopt(orc_engine_t *engine, orc_db_t *db, apr_pool_t *pool)
{
    apr_array_header_t *engines;
    int i, adopted;
    apr_uint32_t living = 1;

    ORC_TRY(orc_store_live(&engines, db, engine->owner, engine->prefix, pool));
    for (i = 0; i < engines->nelts; i++) {
        const orc_store_engine_t *one = &APR_ARRAY_IDX(engines, i, orc_store_engine_t);

        if (!one->is_here || !is_gone(engine, one->name, pool)) {
            living += one->is_alive != 0;
            continue;
        }
        ORC_TRY(orc_store_adopt(&adopted, db, one->name, pool));
        if (adopted)
            orc_log(ORC_LOG_NOTICE, "the work of a process that is gone, %d at once, is taken over", adopted);
    }
    __atomic_store_n(&engine->daemons, living, __ATOMIC_RELAXED);
    return NULL;
}

/* ---- claiming ---- */

static void add_slow(apr_array_header_t *list, const orc_engine_t *engine, orc_endpoint_t *endpoint,
                     orc_lane_kind_t lane)
{
    int room = orc_window_room(engine, endpoint, lane);

    if (room < ORC_ENGINE_BATCH)
        APR_ARRAY_PUSH(list, orc_store_slow_t) =
            (orc_store_slow_t){.endpoint = endpoint->url,
                               .room = room > 0 ? room : 0,
                               .rest = orc_window_pace(engine, endpoint, lane),
                               .ahead = orc_window_put_off(engine, endpoint, lane, 0)};
}

/* Endpoints that are too slow for all that may be due there: what can't be called soon isn't claimed. For deletions
 * that shows when they are in hand. */
static const apr_array_header_t *slow_ones(const orc_engine_t *engine, apr_pool_t *pool)
{
    apr_array_header_t *list = apr_array_make(pool, 4, sizeof(orc_store_slow_t));
    apr_hash_index_t *at;
    void *endpoint;

    for (at = apr_hash_first(pool, engine->endpoints); at; at = apr_hash_next(at)) {
        apr_hash_this(at, NULL, NULL, &endpoint);
        add_slow(list, engine, endpoint, ORC_LANE_SHORT);
    }
    return list;
}

static void count_put_off(orc_engine_t *engine, const json_t *put_off)
{
    const char *url;
    json_t *count;

    json_object_foreach((json_t *)put_off, url, count)
    {
        (void)orc_window_put_off(engine, orc_window_of(engine, url), ORC_LANE_SHORT, (int)json_integer_value(count));
    }
}

/* What may be claimed now. Work that was claimed leaves dead entries behind in the schedule's index; all that is due
 * before `since` was taken, but for what somebody had locked: housekeeping finds that. */
static orc_store_claim_t wanted(const orc_engine_t *engine, apr_pool_t *pool)
{
    int room = ORC_ENGINE_MAX_JOBS - engine->job_count, places = engine->config->max_operations - engine->at_work;
    orc_store_claim_t claim = {.owner = engine->owner, .lease = engine->config->lease, .phases = engine->phases};

    claim.with_template = engine->with_template;
    claim.watching = engine->watching;
    claim.deleting = engine->deleting;
    claim.with_resources = engine->with_resources;
    claim.ordering = orc_orders_in_hand(engine->orders, pool);
    claim.orders = MAX_ORDERS - claim.ordering->nelts;
    claim.orders = claim.orders < MAX_ORDERS / 2 ? 0 : claim.orders < room ? claim.orders : room;
    room -= claim.orders;
    claim.due = room > ORC_ENGINE_BATCH ? ORC_ENGINE_BATCH : room;
    claim.idle = ORC_ENGINE_MAX_IDLE - engine->idle_count;
    claim.idle = claim.idle < room - claim.due ? claim.idle : room - claim.due;
    claim.idle = engine->config->watch_interval && claim.idle > 0 ? claim.idle : 0;
    claim.pending = room > NEW_ONES ? NEW_ONES : room;
    claim.pending = claim.pending < places ? claim.pending : places;
    claim.pending = claim.pending < 0 ? 0 : claim.pending;
    claim.per_group = engine->config->max_operations_per_group;
    claim.groups = GROUPS;
    claim.after_issuer = engine->after_issuer;
    claim.after_group = engine->after_group;
    claim.since = engine->since;
    claim.idle_since = engine->idle_since;
    claim.orders_since = engine->orders_since;
    claim.slow = slow_ones(engine, pool);
    claim.longest = engine->config->poll_max;
    return claim;
}

static int is_idle(const orc_work_t *work)
{
    const orc_kind_t *kind = orc_kinds_find(work->kind);

    return kind && kind->is_idle;
}

/* When what a claim brought was due: the oldest of what somebody waits for, and of what nobody does; 0: there is none.
 * New ones may have been due for long, as what gives orders, and count for neither. */
typedef struct oldest_t {
    apr_time_t due, idle;
} oldest_t;

static void note_due(oldest_t *oldest, const orc_work_t *work)
{
    apr_time_t *one = is_idle(work) ? &oldest->idle : &oldest->due;

    if (!work->is_fresh && !work->is_order && (!*one || work->was_due < *one))
        *one = work->was_due;
}

static void start(oldest_t *oldest, orc_engine_t *engine, const orc_rows_t *rows, int row, const orc_claims_t *asked)
{
    orc_work_t *work;
    orc_error_t *error;
    apr_pool_t *job_pool;

    apr_pool_create(&job_pool, engine->pool);
    error = orc_store_work_read(&work, rows, row, job_pool);
    note_due(oldest, work);
    engine->at_work += work->is_fresh && work->state;
    if (error) {
        orc_log(ORC_LOG_ERROR, "%s %s: %s", work->state ? "operation" : work->kind, work->id,
                orc_error_line(error, job_pool));
        apr_pool_destroy(job_pool);
    }
    else {
        /* the lease began at some moment between the question and the answer; the clock is that of the answer */
        work->lease -= asked->answered - asked->at;
        orc_job_start(engine, work, asked->answered, job_pool);
    }
}

static void move_since(volatile apr_uint64_t *since, apr_time_t oldest)
{
    if (oldest)
        __atomic_store_n(since, (apr_uint64_t)(oldest - LATE), __ATOMIC_RELAXED);
}

/* The groups that a claim looked at are followed by others, or by the first ones again. */
static apr_interval_time_t next_of(orc_engine_t *engine, const orc_store_claim_t *claim, const orc_store_left_t *left)
{
    int are_first = !*engine->after_issuer && !*engine->after_group, are_last = !left->last_group;

    if (!claim->pending)
        return left->next;
    apr_pool_clear(engine->turns);
    engine->after_issuer = are_last ? "" : apr_pstrdup(engine->turns, left->last_issuer);
    engine->after_group = are_last ? "" : apr_pstrdup(engine->turns, left->last_group);
    if ((are_first && are_last) || (left->next >= 0 && left->next < NEXT_GROUPS))
        return left->next;
    return NEXT_GROUPS;
}

orc_error_t *orc_claims_count(orc_engine_t *engine, orc_db_t *db, apr_pool_t *pool)
{
    apr_time_t now = orc_time_monotonic();

    if (now < engine->count_at)
        return NULL;
    ORC_TRY(orc_store_at_work(&engine->at_work, db, engine->owner, pool));
    engine->count_at = now + COUNT_INTERVAL;
    return NULL;
}

void orc_claims_ask(orc_db_part_t *part, orc_claims_t *asked, const orc_engine_t *engine, apr_pool_t *pool)
{
    asked->claim = wanted(engine, pool);
    asked->at = orc_time_monotonic();
    part->steps = apr_pcalloc(pool, sizeof *part->steps);
    part->steps->call = orc_store_claim_call(&asked->claim, pool);
    part->count = 1;
}

orc_error_t *orc_claims_take(apr_interval_time_t *next, orc_engine_t *engine, const orc_claims_t *asked,
                             orc_db_part_t *part, apr_pool_t *pool)
{
    orc_rows_t *rows = &part->steps->rows;
    oldest_t oldest = {0};
    orc_store_left_t left;
    int i;

    *next = -1;
    /* A row that nobody may be kept waiting for, or a whole table while it is changed: the database is well. */
    if (part->error && orc_db_is_locked(part->error)) {
        orc_log(ORC_LOG_INFO, "a claim waits for a lock: %s", orc_error_line(part->error, pool));
        return NULL;
    }
    if (part->error)
        return part->error;
    ORC_TRY(orc_store_claimed(&left, rows, pool));
    count_put_off(engine, left.put_off);
    for (i = 0; i < rows->count; i++)
        start(&oldest, engine, rows, i, asked);
    move_since(&engine->since, oldest.due);
    move_since(&engine->idle_since, oldest.idle);
    move_since(&engine->orders_since, left.orders_due);
    *next = next_of(engine, &asked->claim, &left);
    return NULL;
}

orc_error_t *orc_claims_rescue(orc_engine_t *engine, orc_db_t *db, apr_pool_t *pool)
{
    orc_store_claim_t claim = {.phases = engine->phases};
    int rescued;

    claim.since = (apr_time_t)__atomic_load_n(&engine->since, __ATOMIC_RELAXED);
    claim.idle_since = (apr_time_t)__atomic_load_n(&engine->idle_since, __ATOMIC_RELAXED);
    claim.orders_since = (apr_time_t)__atomic_load_n(&engine->orders_since, __ATOMIC_RELAXED);
    ORC_TRY(orc_store_rescue(&rescued, db, &claim, pool));
    if (rescued)
        orc_log(ORC_LOG_DEBUG, "%d that nobody had looked at when their turn came", rescued);
    return NULL;
}

/* ---- prolonging ---- */

/* Those of which less than so many thirds are left. */
static apr_array_header_t *leases_in_hand(orc_engine_t *engine, int thirds, apr_pool_t *pool)
{
    apr_time_t now = orc_time_monotonic();
    apr_array_header_t *leases = apr_array_make(pool, 64, sizeof(orc_store_lease_t));
    apr_hash_index_t *at;

    for (at = apr_hash_first(pool, engine->jobs); at; at = apr_hash_next(at)) {
        orc_store_lease_t *lease;
        orc_job_t *job;
        void *value;

        apr_hash_this(at, NULL, NULL, &value);
        job = value;
        if (3 * (job->lease_until - now) > thirds * job->lease)
            continue;
        lease = apr_array_push(leases);
        lease->id = job->task.work->id;
        lease->number = job->task.work->lease_number;
        lease->rest = 0;
    }
    return leases;
}

orc_error_t *orc_claims_renew(orc_engine_t *engine, orc_db_t *db, apr_pool_t *pool)
{
    apr_array_header_t *leases = leases_in_hand(engine, 2, pool), *kept;
    apr_hash_t *is_kept = apr_hash_make(pool);
    apr_time_t now = orc_time_monotonic();
    int i;

    if (!leases->nelts)
        return NULL;
    ORC_TRY(orc_store_renew(&kept, db, leases, engine->owner, engine->config->lease, pool));
    for (i = 0; i < kept->nelts; i++) {
        const orc_store_kept_t *one = &APR_ARRAY_IDX(kept, i, orc_store_kept_t);

        apr_hash_set(is_kept, one->id, APR_HASH_KEY_STRING, one);
    }
    for (i = 0; i < leases->nelts; i++) {
        const char *id = APR_ARRAY_IDX(leases, i, orc_store_lease_t).id;
        const orc_store_kept_t *one = apr_hash_get(is_kept, id, APR_HASH_KEY_STRING);
        orc_job_t *job = apr_hash_get(engine->jobs, id, APR_HASH_KEY_STRING);

        if (one && one->is_renewed) {
            orc_job_prolong(job, now);
        }
        else if (!one) {
            orc_log(ORC_LOG_INFO, "%s %s: its lease was lost", orc_job_name(job), id);
            orc_job_drop(job);
        }
    }
    return NULL;
}

void orc_claims_release(orc_engine_t *engine)
{
    apr_pool_t *pool;
    apr_array_header_t *leases;
    orc_error_t *error;
    orc_db_t *db;
    int locked;

    apr_pool_create(&pool, engine->pool);
    leases = leases_in_hand(engine, 3, pool);
    error = orc_db_open(&db, engine->source, pool);
    if (leases->nelts && !error)
        error = orc_store_release(&locked, db, leases, engine->owner, pool);
    if (!error)
        error = orc_store_end(db, engine->owner, pool);
    if (error)
        orc_log(ORC_LOG_NOTICE, "leases are not handed back: %s", orc_error_line(error, pool));
    apr_pool_destroy(pool);
}
