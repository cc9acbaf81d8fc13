/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_engine_claims.h"

#include <apr_network_io.h>
#include <apr_strings.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "orc_engine_job.h"
#include "orc_log.h"

#define FULL_LOOK_INTERVAL apr_time_from_sec(60)
#define COUNT_INTERVAL     apr_time_from_sec(2)

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

/* What may be claimed now. Work that was claimed leaves dead entries behind in the schedule's index; all that is due
 * before `since` was taken, but for what somebody had locked: that is found by a full look once in a while. */
static orc_store_claim_t wanted(orc_engine_t *engine, apr_time_t now)
{
    int room = ORC_ENGINE_MAX_JOBS - engine->job_count, places = engine->config->max_operations - engine->at_work;
    orc_store_claim_t claim = {.owner = engine->owner, .lease = engine->config->lease, .phases = engine->phases};

    claim.with_template = engine->with_template;
    claim.watching = engine->watching;
    claim.due = room > ORC_ENGINE_BATCH ? ORC_ENGINE_BATCH : room;
    claim.pending = (claim.due + 1) / 2 < places ? (claim.due + 1) / 2 : places;
    claim.pending = claim.pending < 0 ? 0 : claim.pending;
    claim.since = engine->since;
    if (now >= engine->full_look_at) {
        engine->full_look_at = now + FULL_LOOK_INTERVAL;
        claim.since = 0;
    }
    return claim;
}

static apr_time_t start(orc_engine_t *engine, const orc_rows_t *rows, int row, apr_time_t now)
{
    orc_work_t *work;
    orc_error_t *error;
    apr_pool_t *job_pool;
    apr_time_t was_due;

    apr_pool_create(&job_pool, engine->pool);
    error = orc_store_work_read(&work, rows, row, job_pool);
    was_due = work->was_due;
    engine->at_work += work->is_fresh && work->state;
    if (error) {
        orc_log(ORC_LOG_ERROR, "%s %s: %s", work->state ? "operation" : work->kind, work->id,
                orc_error_line(error, job_pool));
        apr_pool_destroy(job_pool);
    }
    else {
        orc_job_start(engine, work, now, job_pool);
    }
    return was_due;
}

orc_error_t *orc_claims_take(int *claimed, orc_engine_t *engine, orc_db_t *db, apr_pool_t *pool)
{
    apr_time_t now = orc_time_monotonic(), oldest = 0;
    orc_store_claim_t claim;
    orc_rows_t rows;
    int i;

    *claimed = 0;
    if (engine->job_count >= ORC_ENGINE_MAX_JOBS)
        return NULL;
    if (now >= engine->count_at) {
        ORC_TRY(orc_store_at_work(&engine->at_work, db, engine->owner, pool));
        engine->count_at = now + COUNT_INTERVAL;
    }
    claim = wanted(engine, now);
    ORC_TRY(orc_store_claim(&rows, db, &claim, pool));
    /* The steps may use the connection, which must be free of this unit of work. */
    orc_db_close(db);
    for (i = 0; i < rows.count; i++) {
        apr_time_t was_due = start(engine, &rows, i, now);

        oldest = !oldest || was_due < oldest ? was_due : oldest;
    }
    if (oldest)
        engine->since = oldest - engine->config->lease;
    *claimed = rows.count;
    return NULL;
}

orc_error_t *orc_claims_next(apr_interval_time_t *next, orc_engine_t *engine, orc_db_t *db, apr_pool_t *pool)
{
    orc_store_claim_t claim = {.since = engine->since, .phases = engine->phases};

    return orc_store_next(next, db, &claim, pool);
}

/* ---- prolonging ---- */

static apr_array_header_t *leases_in_hand(orc_engine_t *engine, apr_pool_t *pool)
{
    apr_array_header_t *leases = apr_array_make(pool, 64, sizeof(orc_store_lease_t));
    apr_hash_index_t *at;

    for (at = apr_hash_first(pool, engine->jobs); at; at = apr_hash_next(at)) {
        orc_store_lease_t *lease = apr_array_push(leases);
        orc_job_t *job;
        void *value;

        apr_hash_this(at, NULL, NULL, &value);
        job = value;
        lease->id = job->task.work->id;
        lease->number = job->task.work->lease_number;
    }
    return leases;
}

orc_error_t *orc_claims_renew(orc_engine_t *engine, orc_db_t *db, apr_pool_t *pool)
{
    apr_array_header_t *leases = leases_in_hand(engine, pool), *kept;
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
            job->lease_until = now + engine->config->lease;
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

    apr_pool_create(&pool, engine->pool);
    leases = leases_in_hand(engine, pool);
    error = orc_db_open(&db, engine->source, pool);
    if (leases->nelts && !error)
        error = orc_store_release(db, leases, engine->owner, pool);
    if (!error)
        error = orc_store_end(db, engine->owner, pool);
    if (error)
        orc_log(ORC_LOG_NOTICE, "leases are not handed back: %s", orc_error_line(error, pool));
    apr_pool_destroy(pool);
}
