/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_engine_save.h"

#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#include "orc_engine_story.h"
#include "orc_engine_window.h"
#include "orc_log.h"
#include "orc_store_infrastructures.h"

#define HELD_PAUSE apr_time_from_sec(1) /* until one whose row was locked is tried again */

enum { HELD_AT_ONCE = 8 /* found in one turn */ };

void orc_save_give_up(orc_job_t *job, const char *what)
{
    orc_task_t *task = &job->task;

    orc_log(ORC_LOG_ERROR, "%s %s: its record is damaged (phase %s: %s)", orc_job_name(job), task->work->id,
            task->kind->phases[task->phase], what);
    /* Whatever the step brought may be what the database does not take. */
    task->changes = NULL;
    memset(task->memory, 0, task->kind->memory->size);
    task->kind->give_up(task, what);
}

/* The memory is written once, here. */
static void fill(orc_store_save_t *save, const orc_job_t *job, apr_interval_time_t due, apr_pool_t *pool)
{
    const orc_task_t *task = &job->task;

    memset(save, 0, sizeof *save);
    save->id = task->work->id;
    save->lease_number = task->work->lease_number;
    save->owner = job->engine->owner;
    save->due = due;
    save->is_resting = job->is_resting;
    save->rhythm = job->rhythm;
    save->endpoint = job->call.at.endpoint ? orc_window_of(job->engine, job->call.at.endpoint)->url : NULL;
    save->watching = job->engine->watching;
    save->memory = orc_json_own(orc_fields_write(task->memory, task->kind->memory), pool);
    save->changes = task->changes;
}

/* ---- in the middle of a step ---- */

void orc_save_note(orc_db_part_t *part, orc_job_t *job, apr_pool_t *pool)
{
    orc_store_save_t save;

    (void)orc_task_changes(&job->task);
    fill(&save, job, job->engine->config->lease, pool);
    part->steps = apr_pcalloc(pool, ORC_STORE_SAVE_STEPS * sizeof *part->steps);
    part->count = orc_store_save_steps(part->steps, &save, 1, pool);
}

int orc_save_noted(const orc_db_part_t *part, orc_job_t *job, apr_time_t sent)
{
    job->due = part->error && orc_db_is_held_up(part->error) ? HELD_PAUSE : 0;
    if (part->error)
        orc_log(ORC_LOG_INFO, "%s %s: a step is put off: %s", orc_job_name(job), job->task.work->id,
                orc_error_line(part->error, job->task.pool));
    if (part->error || !part->steps[part->count - 1].rows.count)
        return 0;
    job->task.changes = NULL;
    orc_job_prolong(job, sent);
    return 1;
}

/* ---- the end of steps ---- */

/* `db` NULL: none is at hand. A second unit of work beside one that is open would close its connection when it breaks.
 */
static orc_error_t *store_fact(int *is_noted, const orc_job_t *job, orc_db_t *db)
{
    apr_pool_t *pool = job->task.pool;
    orc_db_t *own = NULL;

    if (!db)
        ORC_TRY(orc_db_open(&own, job->engine->source, pool));
    if (job->made)
        ORC_TRY(orc_store_made(is_noted, db ? db : own, job->call.tag, job->made, pool));
    else
        ORC_TRY(orc_store_unmade(db ? db : own, job->call.tag, pool));
    orc_db_close(own);
    return NULL;
}

/* What IM made for a job whose lease is somebody else's by now, or that it refused to, is a fact all the same. The
 * deployment may have gone by force; then what was made is named for the administrator. */
static void note_fact(const orc_job_t *job, orc_db_t *db)
{
    const orc_work_t *work = job->task.work;
    apr_pool_t *pool = job->task.pool;
    int is_noted = 1;
    orc_error_t *error = store_fact(&is_noted, job, db);

    if (error)
        orc_log(ORC_LOG_INFO, "operation %s: %s", work->id, orc_error_line(error, pool));
    if (!is_noted)
        orc_log(ORC_LOG_WARNING, "deployment %s: %s", work->deployment_id,
                orc_story_left(&job->call.at, job->made, job->call.tag,
                               "its creation was answered when nothing knew of it any more", pool));
}

static void done_with(orc_job_t *job, int is_kept, orc_db_t *db)
{
    orc_engine_t *engine = job->engine;
    const orc_work_t *work = job->task.work;
    const char *state = orc_json_string(job->task.changes, "ended");

    if (is_kept && state && work->state) {
        __atomic_add_fetch(&engine->status->finished, 1, __ATOMIC_RELAXED);
        if (strcmp(state, "failed") == 0)
            __atomic_add_fetch(&engine->status->failed, 1, __ATOMIC_RELAXED);
        engine->at_work--;
        orc_log(ORC_LOG_INFO, "operation %s: %s of deployment %s %s", work->id, work->kind, work->deployment_id, state);
    }
    if (!is_kept && (job->made || job->is_unmade))
        note_fact(job, db);
    if (apr_hash_get(engine->jobs, work->id, APR_HASH_KEY_STRING) == job)
        apr_hash_set(engine->jobs, work->id, APR_HASH_KEY_STRING, NULL);
    engine->job_count--;
    engine->idle_count -= job->task.kind->is_idle;
    apr_pool_destroy(job->task.pool);
}

static orc_error_t *forget(int *is_kept, orc_job_t *job, orc_db_t *db, apr_pool_t *pool)
{
    orc_store_save_t save;

    fill(&save, job, 0, pool);
    ORC_TRY(orc_store_forget(is_kept, db, &save, pool));
    if (*is_kept) {
        __atomic_add_fetch(&job->engine->status->finished, 1, __ATOMIC_RELAXED);
        orc_log(ORC_LOG_NOTICE, "deployment %s: its row is removed by force", job->task.work->deployment_id);
    }
    return NULL;
}

static orc_error_t *save_alone(int *is_kept, orc_job_t *job, orc_db_t *db, apr_pool_t *pool)
{
    orc_store_save_t save;

    fill(&save, job, job->due, pool);
    ORC_TRY(orc_store_save(db, &save, pool));
    *is_kept = save.is_kept;
    return NULL;
}

/* One alone. What the database refuses ends the operation; after any other error that is not the connection's, such as
 * a table that is away, the step is done again when the lease ends. What is not stored is the caller's to keep. */
static orc_error_t *store_one(int *is_stored, orc_job_t *job, orc_db_t *db, apr_pool_t *pool)
{
    int is_kept = 0;
    orc_error_t *error = job->is_forgotten ? forget(&is_kept, job, db, pool) : save_alone(&is_kept, job, db, pool);

    if (error && orc_db_is_refusal(error) && !job->is_forgotten) {
        orc_save_give_up(job, apr_psprintf(pool, "it can't be stored: %s", orc_error_line(error, pool)));
        error = save_alone(&is_kept, job, db, pool);
    }
    *is_stored = 0;
    job->is_held = error && orc_db_is_held_up(error);
    if (job->is_held) {
        orc_log(ORC_LOG_INFO, "%s %s: a step waits for a lock: %s", orc_job_name(job), job->task.work->id,
                orc_error_line(error, pool));
        return NULL;
    }
    if (error && error->status == 503)
        return error;
    if (error)
        orc_log(ORC_LOG_ERROR, "%s %s: a step can't be stored: %s", orc_job_name(job), job->task.work->id,
                orc_error_line(error, pool));
    done_with(job, !error && is_kept, db);
    *is_stored = 1;
    return NULL;
}

/* One by one, so that each has what is its own. What is stored leaves the list; what comes behind many that wait for
 * locks has its turn with the next trip, for leases have to be renewed meanwhile. */
static orc_error_t *store_alone(orc_job_t **jobs, int count, orc_db_source_t *source, apr_pool_t *pool)
{
    orc_error_t *error = NULL;
    orc_db_t *db;
    int i, is_stored, waiting = 0;

    ORC_TRY(orc_db_open(&db, source, pool));
    for (i = 0; i < count && !error && waiting < HELD_AT_ONCE; i++) {
        error = store_one(&is_stored, jobs[i], db, pool);
        waiting += !error && !is_stored;
        if (!error && is_stored)
            jobs[i] = NULL;
    }
    orc_db_close(db);
    return error;
}

static orc_error_t *settle_batch(orc_job_t **jobs, const orc_db_part_t *part, apr_pool_t *pool)
{
    int i;

    if (part->error && part->error->status == 503 && !orc_db_is_held_up(part->error))
        return part->error;
    if (part->error)
        return store_alone(jobs, part->count, jobs[0]->engine->source, pool);
    for (i = 0; i < part->count; i++) {
        done_with(jobs[i], part->steps[i].rows.count > 0, NULL);
        jobs[i] = NULL;
    }
    return NULL;
}

/* ---- locked rows ---- */

static void hold(orc_job_t *job)
{
    orc_engine_t *engine = job->engine;

    APR_ARRAY_PUSH(engine->held, orc_job_t *) = job;
    engine->held_at = orc_time_monotonic() + HELD_PAUSE;
}

int orc_save_is_due(const orc_engine_t *engine)
{
    return engine->held->nelts && orc_time_monotonic() >= engine->held_at;
}

/* A claim of another engine that looks at the row has it locked, too: then it is held, as a step is. */
static orc_error_t *give_back(int *is_done, orc_job_t *job, orc_db_t *db, apr_pool_t *pool)
{
    apr_array_header_t *leases = apr_array_make(pool, 1, sizeof(orc_store_lease_t));
    int locked = 0;

    *is_done = job->is_held = 0;
    APR_ARRAY_PUSH(leases, orc_store_lease_t) =
        (orc_store_lease_t){job->task.work->id, job->task.work->lease_number, job->due};
    ORC_TRY(orc_store_release(&locked, db, leases, job->engine->owner, pool));
    job->is_held = locked > 0;
    *is_done = !job->is_held;
    if (*is_done)
        done_with(job, 0, db);
    return NULL;
}

/* `is_done`: it is stored, or given back, and gone. */
static orc_error_t *finish(int *is_done, orc_job_t *job, orc_db_t *db, apr_pool_t *pool)
{
    return job->is_given_back ? give_back(is_done, job, db, pool) : store_one(is_done, job, db, pool);
}

/* One that still waits costs all others the connection's patience with locks, so however many there are, one of these
 * is found at a time; it comes behind the others then. */
static orc_error_t *store_held(orc_engine_t *engine, orc_db_t *db, apr_pool_t *pool)
{
    const apr_array_header_t *jobs = apr_array_copy(pool, engine->held);
    orc_error_t *error = NULL;
    orc_job_t *waits = NULL;
    int i, is_stored, is_due = orc_save_is_due(engine);

    engine->held->nelts = 0;
    for (i = 0; i < jobs->nelts; i++) {
        orc_job_t *job = APR_ARRAY_IDX(jobs, i, orc_job_t *);

        if (job->is_lost && !job->is_given_back) {
            done_with(job, 0, db);
        }
        else if (is_due && !waits) {
            error = finish(&is_stored, job, db, pool);
            waits = is_stored ? NULL : job;
        }
        else {
            APR_ARRAY_PUSH(engine->held, orc_job_t *) = job;
        }
    }
    if (waits)
        hold(waits);
    return error;
}

/* Those that are lost or have nothing to say, whose deployment's row goes, or that touch work which others may have in
 * hand, one by one; the rest stays. */
static orc_error_t *store_special(apr_array_header_t *jobs, orc_db_t *db, apr_pool_t *pool)
{
    orc_error_t *error = NULL;
    int i, rest = 0;

    for (i = 0; i < jobs->nelts; i++) {
        orc_job_t *job = APR_ARRAY_IDX(jobs, i, orc_job_t *);
        int is_alone =
            job->is_given_back || job->is_forgotten || json_object_get(job->task.changes, "unwanted") != NULL;
        int is_stored = 0;

        if ((job->is_lost && !job->is_given_back) || job->is_unchanged) {
            done_with(job, !job->is_lost, db);
            continue;
        }
        if (is_alone && !error)
            error = finish(&is_stored, job, db, pool);
        if (!is_stored && job->is_held)
            hold(job);
        else if (!is_stored)
            APR_ARRAY_IDX(jobs, rest++, orc_job_t *) = job;
    }
    jobs->nelts = rest;
    return error;
}

/* Of all who lock several rows of work, each takes the lower id first. */
static int by_id(const void *first, const void *second)
{
    return strcmp((*(orc_job_t *const *)first)->task.work->id, (*(orc_job_t *const *)second)->task.work->id);
}

orc_error_t *orc_save_special(orc_engine_t *engine, orc_db_t *db, apr_pool_t *pool)
{
    apr_array_header_t *jobs = engine->finished;
    orc_error_t *error = store_held(engine, db, pool);

    if (!error)
        error = store_special(jobs, db, pool);
    qsort(jobs->elts, (size_t)jobs->nelts, sizeof(orc_job_t *), by_id);
    return error;
}

void orc_save_finished(apr_array_header_t *parts, const orc_engine_t *engine, apr_pool_t *pool)
{
    const apr_array_header_t *jobs = engine->finished;
    int i, j;

    for (i = 0; i < jobs->nelts; i += ORC_ENGINE_BATCH) {
        orc_db_part_t *part = apr_array_push(parts);

        part->count = jobs->nelts - i < ORC_ENGINE_BATCH ? jobs->nelts - i : ORC_ENGINE_BATCH;
        part->steps = apr_pcalloc(pool, (apr_size_t)part->count * sizeof *part->steps);
        for (j = 0; j < part->count; j++) {
            orc_job_t *job = APR_ARRAY_IDX(jobs, i + j, orc_job_t *);
            orc_store_save_t save;

            fill(&save, job, job->due, pool);
            (void)orc_store_save_steps(&part->steps[j], &save, 0, pool);
        }
    }
}

orc_error_t *orc_save_settle(orc_engine_t *engine, int count, const orc_db_part_t *parts, apr_pool_t *pool)
{
    apr_array_header_t *jobs = engine->finished;
    orc_error_t *error = NULL;
    int i, rest = 0;

    for (i = 0; i < count && !error; i += ORC_ENGINE_BATCH)
        error = settle_batch(&APR_ARRAY_IDX(jobs, i, orc_job_t *), &parts[i / ORC_ENGINE_BATCH], pool);
    for (i = 0; i < jobs->nelts; i++) {
        orc_job_t *job = APR_ARRAY_IDX(jobs, i, orc_job_t *);

        if (job && job->is_held)
            hold(job);
        else if (job)
            APR_ARRAY_IDX(jobs, rest++, orc_job_t *) = job;
    }
    jobs->nelts = rest;
    return error;
}
