/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_network_io.h>
#include <apr_strings.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "orc_engine_internal.h"
#include "orc_log.h"

/*
 * Leases. An owner's name tells host, boot, process namespace, process and its start time, so that a process of the
 * same host can see that the owner is gone, and take its leases over at once.
 */

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

void orc_engine_name(const char **owner, const char **prefix, apr_pool_t *pool)
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

orc_error_t *orc_engine_adopt(orc_engine_t *engine, orc_db_t *db, apr_pool_t *pool)
{
    apr_array_header_t *holders;
    int i, adopted;

    ORC_TRY(orc_store_holders(&holders, db, engine->prefix, pool));
    for (i = 0; i < holders->nelts; i++) {
        const char *holder = APR_ARRAY_IDX(holders, i, const char *);

        if (strcmp(holder, engine->owner) == 0 || !is_gone(engine, holder, pool))
            continue;
        ORC_TRY(orc_store_adopt(&adopted, db, holder, pool));
        if (adopted)
            orc_log(ORC_LOG_NOTICE, "%d operations of a process that is gone are taken over", adopted);
    }
    return NULL;
}

/* ---- claiming ---- */

orc_error_t *orc_engine_claim(int *claimed, orc_engine_t *engine, orc_db_t *db, apr_pool_t *pool)
{
    int room = ORC_ENGINE_MAX_TASKS - engine->task_count, i;
    apr_time_t now = orc_engine_monotonic();
    orc_store_claim_t claim;
    orc_rows_t rows;

    *claimed = 0;
    room = room > ORC_ENGINE_BATCH ? ORC_ENGINE_BATCH : room;
    if (room <= 0)
        return NULL;
    claim.owner = engine->owner;
    claim.due = room;
    claim.pending = (room + 1) / 2;
    claim.max_at_work = engine->config->max_operations;
    claim.lease = engine->config->lease;
    ORC_TRY(orc_store_claim(&rows, db, &claim, pool));
    /* The steps may use the connection, which must be free of this unit of work. */
    orc_db_close(db);
    for (i = 0; i < rows.count; i++) {
        orc_work_t *work;
        orc_error_t *error;
        apr_pool_t *task_pool;

        apr_pool_create(&task_pool, engine->pool);
        error = orc_store_work_read(&work, &rows, i, task_pool);
        if (error) {
            orc_log(ORC_LOG_ERROR, "operation %s: %s", work->id, orc_error_line(error, pool));
            apr_pool_destroy(task_pool);
            continue;
        }
        orc_task_start(engine, work, now, task_pool);
    }
    *claimed = rows.count;
    return NULL;
}

/* ---- prolonging ---- */

static apr_array_header_t *leases_in_hand(orc_engine_t *engine, apr_pool_t *pool)
{
    apr_array_header_t *leases = apr_array_make(pool, 64, sizeof(orc_store_lease_t));
    apr_hash_index_t *at;

    for (at = apr_hash_first(pool, engine->tasks); at; at = apr_hash_next(at)) {
        orc_store_lease_t *lease = apr_array_push(leases);
        orc_task_t *task;
        void *value;

        apr_hash_this(at, NULL, NULL, &value);
        task = value;
        lease->id = task->work->id;
        lease->number = task->work->lease_number;
    }
    return leases;
}

orc_error_t *orc_engine_renew(orc_engine_t *engine, orc_db_t *db, apr_pool_t *pool)
{
    apr_array_header_t *leases = leases_in_hand(engine, pool), *kept;
    apr_hash_t *is_kept = apr_hash_make(pool);
    apr_time_t now = orc_engine_monotonic();
    int i;

    if (!leases->nelts)
        return NULL;
    ORC_TRY(orc_store_renew(&kept, db, leases, engine->owner, engine->config->lease, pool));
    for (i = 0; i < kept->nelts; i++)
        apr_hash_set(is_kept, APR_ARRAY_IDX(kept, i, const char *), APR_HASH_KEY_STRING, "");
    for (i = 0; i < leases->nelts; i++) {
        const char *id = APR_ARRAY_IDX(leases, i, orc_store_lease_t).id;
        orc_task_t *task = apr_hash_get(engine->tasks, id, APR_HASH_KEY_STRING);

        if (apr_hash_get(is_kept, id, APR_HASH_KEY_STRING)) {
            task->lease_until = now + engine->config->lease;
        }
        else {
            orc_log(ORC_LOG_INFO, "operation %s: its lease was lost", id);
            orc_task_drop(task);
        }
    }
    return NULL;
}

void orc_engine_release(orc_engine_t *engine)
{
    apr_pool_t *pool;
    apr_array_header_t *leases;
    orc_error_t *error = NULL;
    orc_db_t *db;

    apr_pool_create(&pool, engine->pool);
    leases = leases_in_hand(engine, pool);
    if (leases->nelts)
        error = orc_db_open(&db, engine->source, pool);
    if (leases->nelts && !error)
        error = orc_store_release(db, leases, engine->owner, pool);
    if (error)
        orc_log(ORC_LOG_NOTICE, "leases are not handed back: %s", orc_error_line(error, pool));
    apr_pool_destroy(pool);
}

/* ---- storing ---- */

static void done_with(orc_engine_t *engine, orc_task_t *task, int is_kept)
{
    if (is_kept && json_object_get(task->changes, "ended")) {
        const char *state = orc_json_string(task->changes, "ended");

        __atomic_add_fetch(&engine->status->finished, 1, __ATOMIC_RELAXED);
        if (strcmp(state, "failed") == 0)
            __atomic_add_fetch(&engine->status->failed, 1, __ATOMIC_RELAXED);
        orc_log(ORC_LOG_INFO, "operation %s: %s of deployment %s %s", task->work->id, task->work->type,
                task->work->deployment_id, state);
    }
    if (apr_hash_get(engine->tasks, task->work->id, APR_HASH_KEY_STRING) == task)
        apr_hash_set(engine->tasks, task->work->id, APR_HASH_KEY_STRING, NULL);
    engine->task_count--;
    apr_pool_destroy(task->pool);
}

static void fill(orc_store_save_t *save, const orc_task_t *task)
{
    memset(save, 0, sizeof *save);
    save->id = task->work->id;
    save->lease_number = task->work->lease_number;
    save->owner = task->engine->owner;
    save->due = task->due;
    save->progress = task->progress;
    save->changes = task->changes;
}

/* True when the database takes all but what this step brought: SQLSTATE's classes of bad data and broken constraints.
 */
static int is_refused(const orc_error_t *error)
{
    return strncmp(error->sqlstate, "22", 2) == 0 || strncmp(error->sqlstate, "23", 2) == 0;
}

/* One alone. What the database refuses ends the operation; after any other error that is not the connection's, such as
 * a table that is away, the step is done again when the lease ends. */
static orc_error_t *store_one(orc_engine_t *engine, orc_db_t *db, orc_task_t *task, apr_pool_t *pool)
{
    orc_store_save_t save;
    orc_error_t *error;

    fill(&save, task);
    if (task->is_forgotten) {
        error = orc_store_forget(&save.is_kept, db, &save, pool);
        if (!error && save.is_kept) {
            __atomic_add_fetch(&engine->status->finished, 1, __ATOMIC_RELAXED);
            orc_log(ORC_LOG_NOTICE, "deployment %s: its row is removed by force", task->work->deployment_id);
        }
    }
    else {
        error = orc_store_save(db, &save, pool);
    }
    if (error && is_refused(error) && !task->is_forgotten) {
        orc_task_give_up(task, apr_psprintf(pool, "it can't be stored: %s", orc_error_line(error, pool)));
        fill(&save, task);
        error = orc_store_save(db, &save, pool);
    }
    if (error && error->status == 503)
        return error;
    if (error)
        orc_log(ORC_LOG_ERROR, "operation %s: a step can't be stored: %s", task->work->id, orc_error_line(error, pool));
    done_with(engine, task, !error && save.is_kept);
    return NULL;
}

static orc_error_t *store_batch(orc_engine_t *engine, orc_db_t *db, orc_task_t **tasks, int count, apr_pool_t *pool)
{
    orc_store_save_t *saves = apr_palloc(pool, (apr_size_t)count * sizeof *saves);
    orc_error_t *error;
    int i;

    for (i = 0; i < count; i++)
        fill(&saves[i], tasks[i]);
    error = orc_store_save_all(db, saves, count, pool);
    if (error && error->status == 503)
        return error;
    for (i = 0; i < count; i++) {
        if (error)
            ORC_TRY(store_one(engine, db, tasks[i], pool));
        else
            done_with(engine, tasks[i], saves[i].is_kept);
        tasks[i] = NULL;
    }
    return NULL;
}

/* Leaves in engine->finished what is not stored yet. */
static void keep_rest(orc_engine_t *engine, orc_task_t **tasks, int count)
{
    int i;

    apr_array_clear(engine->finished);
    for (i = 0; i < count; i++) {
        if (tasks[i])
            APR_ARRAY_PUSH(engine->finished, orc_task_t *) = tasks[i];
    }
}

orc_error_t *orc_engine_store(orc_engine_t *engine, orc_db_t *db, apr_pool_t *pool)
{
    int count = engine->finished->nelts, i, batch = 0;
    orc_task_t **all = apr_palloc(pool, (apr_size_t)(count + 1) * sizeof *all);
    orc_task_t *tasks[ORC_ENGINE_BATCH];
    orc_error_t *error = NULL;
    int from[ORC_ENGINE_BATCH], j;

    memcpy(all, engine->finished->elts, (apr_size_t)count * sizeof *all);
    for (i = 0; i < count && !error; i++) {
        if (all[i]->is_lost) {
            done_with(engine, all[i], 0);
            all[i] = NULL;
        }
        else if (all[i]->is_forgotten) {
            error = store_one(engine, db, all[i], pool);
            all[i] = error ? all[i] : NULL;
        }
        else {
            from[batch] = i;
            tasks[batch++] = all[i];
        }
        if (batch == ORC_ENGINE_BATCH || (i == count - 1 && batch)) {
            if (!error)
                error = store_batch(engine, db, tasks, batch, pool);
            for (j = 0; j < batch; j++)
                all[from[j]] = tasks[j];
            batch = 0;
        }
    }
    keep_rest(engine, all, count);
    return error;
}
