/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_store_orchestrations.h"

#include <apr_strings.h>
#include <string.h>

#include "orc_id.h"
#include "orc_maintenance.h"

enum { BATCH = 1000 /* targets that are found at once */ };

#define UNKNOWN_ZONE "22023" /* invalid_parameter_value */

orc_error_t *orc_store_orchestration(int *exists, orc_store_orchestration_t *one, orc_db_source_t *source,
                                     const char *id, apr_pool_t *pool)
{
    orc_sql_orchestration_facts_row_t row;
    orc_rows_t rows;

    ORC_TRY(orc_db_read(source, &rows, orc_sql_orchestration_facts(.id = id), pool));
    *exists = rows.count > 0;
    if (!*exists)
        return NULL;
    row = orc_sql_orchestration_facts_row(&rows, 0);
    *one = (orc_store_orchestration_t){.id = id,
                                       .type = row.type,
                                       .state = row.state,
                                       .parameters = row.parameters,
                                       .inputs_sealed = row.inputs_sealed,
                                       .is_admin = orc_value_is_true(row.is_admin),
                                       .is_dry_run = orc_value_is_true(row.is_dry_run),
                                       .keeps_windows = orc_value_is_true(row.keeps_windows),
                                       .workers = (int)orc_value_integer(row.workers),
                                       .is_resolved = orc_value_is_true(row.is_resolved),
                                       .after_created_at = row.after_created_at,
                                       .after_id = row.after_id,
                                       .after_machine = row.after_machine,
                                       .correlation_id = row.correlation_id,
                                       .user_id = row.user_id,
                                       .issuer = row.issuer,
                                       .subject = row.sub};
    return NULL;
}

orc_error_t *orc_store_orchestration_haste(orc_db_t *db, apr_pool_t *pool)
{
    return orc_db_execute(db, NULL, orc_sql_orchestration_haste(), pool);
}

/* ---- windows ---- */

typedef struct windows_t {
    const char *patterns, *days, *begins, *ends, *zones; /* arrays of PostgreSQL's */
} windows_t;

static windows_t windows_of(const apr_array_header_t *list, apr_pool_t *pool)
{
    apr_array_header_t *columns[5];
    int i;

    for (i = 0; i < 5; i++)
        columns[i] = apr_array_make(pool, 4, sizeof(const char *));
    for (i = 0; list && i < list->nelts; i++) {
        const orc_maintenance_t *window = &APR_ARRAY_IDX(list, i, orc_maintenance_t);

        APR_ARRAY_PUSH(columns[0], const char *) = orc_store_like(window->pattern, pool);
        APR_ARRAY_PUSH(columns[1], const char *) = orc_value_number(window->days, pool);
        APR_ARRAY_PUSH(columns[2], const char *) = orc_value_number(window->begins, pool);
        APR_ARRAY_PUSH(columns[3], const char *) = orc_value_number(window->ends, pool);
        APR_ARRAY_PUSH(columns[4], const char *) = window->zone;
    }
    return (windows_t){orc_value_array(columns[0], pool), orc_value_array(columns[1], pool),
                       orc_value_array(columns[2], pool), orc_value_array(columns[3], pool),
                       orc_value_array(columns[4], pool)};
}

orc_error_t *orc_store_windows_check(int *are_known, orc_db_source_t *source, const apr_array_header_t *windows,
                                     apr_pool_t *pool)
{
    orc_sql_call_t call = orc_sql_orchestration_zones(.zones = windows_of(windows, pool).zones);
    orc_rows_t rows;
    orc_error_t *error = orc_db_read(source, &rows, call, pool);

    *are_known = !error;
    return error && strcmp(error->sqlstate, UNKNOWN_ZONE) != 0 ? error : NULL;
}

/* ---- finding targets ---- */

typedef struct search_t {
    const orc_store_orchestration_t *one;
    int is_of_machines, with_deleted;
    const orc_store_where_t *where;
    const apr_array_header_t *windows;
} search_t;

static const orc_sql_entry_t *base_of(int is_of_machines)
{
    return &orc_sql_table[is_of_machines ? ORC_SQL_ORCHESTRATION_MACHINES : ORC_SQL_ORCHESTRATION_DEPLOYMENTS];
}

int orc_store_targets_first(void)
{
    return base_of(0)->parameters + 1;
}

static orc_error_t *look(orc_rows_t *rows, orc_db_t *db, const search_t *search, apr_pool_t *pool)
{
    const orc_store_orchestration_t *one = search->one;
    const orc_sql_orchestration_deployments_t base = {.caller = one->user_id,
                                                      .is_admin = orc_value_flag(one->is_admin),
                                                      .with_deleted = orc_value_flag(search->with_deleted),
                                                      .after_created_at = one->after_created_at,
                                                      .after_id = one->after_id,
                                                      .after_machine = one->after_machine};
    int first = orc_store_targets_first() - 1, count = first + search->where->values->nelts;
    const char **values = apr_palloc(pool, sizeof(*values) * (apr_size_t)count);
    const char *sql = apr_psprintf(pool,
                                   "SELECT b.id, b.created_at, b.machine FROM (%s) b WHERE true%s "
                                   "ORDER BY b.created_at, b.id, b.machine LIMIT %d",
                                   base_of(search->is_of_machines)->text, search->where->text, BATCH);

    memcpy(values, &base, sizeof base);
    memcpy(values + first, search->where->values->elts, sizeof(*values) * (apr_size_t)search->where->values->nelts);
    return orc_db_execute_text(db, rows, sql, count, values, ORC_DB_ONCE, pool);
}

static int is_same(const char *one, const char *other)
{
    return one && other ? strcmp(one, other) == 0 : one == other;
}

static orc_error_t *add(orc_db_t *db, const search_t *search, const orc_rows_t *rows, apr_pool_t *pool)
{
    const windows_t windows = windows_of(search->one->keeps_windows ? search->windows : NULL, pool);
    apr_array_header_t *ids = apr_array_make(pool, BATCH, sizeof(const char *));
    apr_array_header_t *deployments = apr_array_make(pool, BATCH, sizeof(const char *));
    apr_array_header_t *machines = apr_array_make(pool, BATCH, sizeof(const char *));
    int i;

    for (i = 0; i < rows->count; i++) {
        APR_ARRAY_PUSH(ids, const char *) = orc_id_new(pool);
        APR_ARRAY_PUSH(deployments, const char *) = orc_rows_text(rows, i, 0);
        if (search->is_of_machines)
            APR_ARRAY_PUSH(machines, const char *) = orc_rows_text(rows, i, 2);
    }
    return orc_db_execute(db, NULL,
                          orc_sql_orchestration_add(.id = search->one->id, .ids = orc_value_array(ids, pool),
                                                    .deployments = orc_value_array(deployments, pool),
                                                    .machines = orc_value_array(machines, pool),
                                                    .patterns = windows.patterns, .days = windows.days,
                                                    .begins = windows.begins, .ends = windows.ends,
                                                    .zones = windows.zones),
                          pool);
}

static orc_error_t *find(orc_db_t *db, void *baton, apr_pool_t *pool)
{
    const search_t *search = baton;
    const orc_store_orchestration_t *one = search->one;
    orc_sql_orchestration_lock_facts_row_t row;
    orc_rows_t rows, found;
    int last;

    ORC_TRY(orc_store_orchestration_haste(db, pool));
    ORC_TRY(orc_db_execute(db, &rows, orc_sql_orchestration_lock_facts(.id = one->id), pool));
    if (!rows.count)
        return NULL;
    row = orc_sql_orchestration_lock_facts_row(&rows, 0);
    if (orc_value_is_true(row.is_resolved) || strcmp(row.state, "canceling") == 0 ||
        !is_same(row.after_id, one->after_id) || !is_same(row.after_machine, one->after_machine))
        return NULL;
    ORC_TRY(look(&found, db, search, pool));
    if (found.count)
        ORC_TRY(add(db, search, &found, pool));
    last = found.count - 1;
    return orc_db_execute(
        db, NULL,
        orc_sql_orchestration_found(.id = one->id, .after_created_at = last < 0 ? NULL : orc_rows_text(&found, last, 1),
                                    .after_id = last < 0 ? NULL : orc_rows_text(&found, last, 0),
                                    .after_machine = last < 0 ? NULL : orc_rows_text(&found, last, 2),
                                    .is_last = orc_value_flag(found.count < BATCH)),
        pool);
}

orc_error_t *orc_store_targets_find(orc_db_source_t *source, const orc_store_orchestration_t *one, int is_of_machines,
                                    int with_deleted, const orc_store_where_t *where, const apr_array_header_t *windows,
                                    apr_pool_t *pool)
{
    search_t search = {one, is_of_machines, with_deleted, where, windows};

    return orc_db_transact(source, find, &search, 0, pool);
}

/* ---- their turns ---- */

static orc_error_t *move_windows(orc_db_t *db, const char *id, const apr_array_header_t *windows, apr_pool_t *pool)
{
    const windows_t now = windows_of(windows, pool);

    ORC_TRY(orc_db_execute(db, NULL,
                           orc_sql_orchestration_windows(.id = id, .patterns = now.patterns, .days = now.days,
                                                         .begins = now.begins, .ends = now.ends, .zones = now.zones),
                           pool));
    return orc_db_execute(db, NULL, orc_sql_orchestration_unbound(.id = id), pool);
}

orc_error_t *orc_store_targets_due(apr_array_header_t **targets, orc_db_source_t *source, const char *id, int room,
                                   const apr_array_header_t *windows, apr_pool_t *pool)
{
    orc_rows_t rows;
    orc_db_t *db;
    int i;

    ORC_TRY(orc_db_open(&db, source, pool));
    ORC_TRY(move_windows(db, id, windows, pool));
    ORC_TRY(orc_db_execute(db, &rows, orc_sql_orchestration_due(.id = id, .room = orc_value_number(room, pool)), pool));
    orc_db_close(db);
    *targets = apr_array_make(pool, rows.count + 1, sizeof(orc_store_target_t));
    for (i = 0; i < rows.count; i++) {
        const orc_sql_orchestration_due_row_t row = orc_sql_orchestration_due_row(&rows, i);

        APR_ARRAY_PUSH(*targets, orc_store_target_t) =
            (orc_store_target_t){.id = row.id,
                                 .deployment_id = row.deployment_id,
                                 .resource_id = row.resource_id,
                                 .last_operation_id = row.last_operation_id,
                                 .attempt = (int)orc_value_integer(row.attempt)};
    }
    return NULL;
}

orc_error_t *orc_store_targets_queued(apr_array_header_t **targets, orc_db_source_t *source, const char *id,
                                      apr_pool_t *pool)
{
    orc_rows_t rows;
    int i;

    ORC_TRY(orc_db_read(source, &rows, orc_sql_orchestration_queued(.id = id), pool));
    *targets = apr_array_make(pool, rows.count + 1, sizeof(orc_store_target_t));
    for (i = 0; i < rows.count; i++) {
        const orc_sql_orchestration_queued_row_t row = orc_sql_orchestration_queued_row(&rows, i);

        APR_ARRAY_PUSH(*targets, orc_store_target_t) =
            (orc_store_target_t){.id = row.id, .deployment_id = row.deployment_id};
    }
    return NULL;
}

orc_error_t *orc_store_target_adopt(int *is_its, orc_db_t *db, const char *orchestration_id, const char *id,
                                    apr_pool_t *pool)
{
    orc_rows_t rows;

    *is_its = 1;
    ORC_TRY(orc_db_execute(db, &rows, orc_sql_orchestration_made(.id = id), pool));
    if (!rows.count)
        return NULL;
    /* How many are at work is counted behind the lock, where each sees those before it. */
    ORC_TRY(orc_db_execute(db, NULL, orc_sql_orchestration_lock_facts(.id = orchestration_id), pool));
    ORC_TRY(orc_db_execute(db, &rows, orc_sql_orchestration_adopt(.id = id), pool));
    *is_its = rows.count > 0;
    return NULL;
}

static const orc_store_creation_t *creation_of(const orc_sql_orchestration_rehearsed_row_t *row, apr_pool_t *pool)
{
    orc_store_creation_t *creation;

    if (!row->content)
        return NULL;
    creation = apr_palloc(pool, sizeof *creation);
    *creation = (orc_store_creation_t){.deployment_id = row->deployment_id,
                                       .content = row->content,
                                       .inputs = row->template_inputs,
                                       .inputs_sealed = row->template_inputs_sealed,
                                       .user_group = row->user_group,
                                       .user_group_issuer = row->user_group_issuer,
                                       .provider_type = row->provider_type,
                                       .provider = row->provider,
                                       .region = row->region,
                                       .max_providers = (int)orc_value_integer(row->max_providers)};
    return creation;
}

orc_error_t *orc_store_target_rehearsed(const orc_store_rehearsal_t **rehearsal, orc_db_t *db,
                                        const char *orchestration_id, const char *id, apr_pool_t *pool)
{
    orc_sql_orchestration_rehearsed_row_t row;
    orc_store_rehearsal_t *made;
    orc_rows_t rows;

    *rehearsal = NULL;
    ORC_TRY(orc_db_execute(db, &rows, orc_sql_orchestration_rehearsed(.id = id, .orchestration_id = orchestration_id),
                           pool));
    if (!rows.count)
        return NULL;
    row = orc_sql_orchestration_rehearsed_row(&rows, 0);
    made = apr_palloc(pool, sizeof *made);
    made->row = orc_json_own_text(row.operation, pool);
    made->creation = creation_of(&row, pool);
    *rehearsal = made;
    return NULL;
}

orc_error_t *orc_store_target_rehearse(orc_db_source_t *source, const json_t *row, apr_pool_t *pool)
{
    orc_db_step_t step = {.call = orc_sql_orchestration_dry(.row = orc_json_text(row, pool))};

    return orc_db_write(source, &step, 1, 0, pool);
}

orc_error_t *orc_store_target_decide(orc_db_source_t *source, const char *id, const orc_store_decision_t *decision,
                                     apr_pool_t *pool)
{
    orc_db_step_t step = {.call = orc_sql_orchestration_decide(.id = id, .state = decision->state,
                                                               .description = decision->description,
                                                               .is_skipped = orc_value_flag(decision->is_skipped),
                                                               .rest = orc_value_number(decision->rest, pool))};

    return orc_db_write(source, &step, 1, 0, pool);
}

/* ---- the whole ---- */

orc_error_t *orc_store_orchestration_progress(orc_store_progress_t *progress, orc_db_source_t *source, const char *id,
                                              apr_pool_t *pool)
{
    orc_sql_orchestration_progress_row_t row;
    orc_rows_t rows;
    orc_db_t *db;

    *progress = (orc_store_progress_t){0};
    ORC_TRY(orc_db_open(&db, source, pool));
    ORC_TRY(orc_db_execute(db, NULL, orc_sql_orchestration_tell(.id = id), pool));
    ORC_TRY(orc_db_execute(db, &rows, orc_sql_orchestration_progress(.id = id), pool));
    orc_db_close(db);
    progress->exists = rows.count > 0;
    if (!progress->exists)
        return NULL;
    row = orc_sql_orchestration_progress_row(&rows, 0);
    progress->is_resolved = orc_value_is_true(row.is_resolved);
    progress->is_canceling = strcmp(row.state, "canceling") == 0;
    progress->is_ended =
        strcmp(row.state, "succeeded") == 0 || strcmp(row.state, "failed") == 0 || strcmp(row.state, "canceled") == 0;
    progress->waiting = orc_value_integer(row.waiting);
    progress->running = orc_value_integer(row.running);
    progress->next = orc_value_integer(row.next);
    return NULL;
}

static orc_error_t *end(orc_db_t *db, void *id, apr_pool_t *pool)
{
    ORC_TRY(orc_store_orchestration_haste(db, pool));
    ORC_TRY(orc_db_execute(db, NULL, orc_sql_orchestration_lock_facts(.id = id), pool));
    return orc_db_execute(db, NULL, orc_sql_orchestration_end(.id = id), pool);
}

orc_error_t *orc_store_orchestration_end(orc_db_source_t *source, const char *id, apr_pool_t *pool)
{
    return orc_db_transact(source, end, (void *)id, 0, pool);
}

orc_error_t *orc_store_orchestrations_retire(int *deleted, orc_db_t *db, apr_interval_time_t retention,
                                             apr_pool_t *pool)
{
    orc_rows_t rows;

    ORC_TRY(orc_db_execute(db, &rows, orc_sql_keep_house_orchestrations(.retention = orc_value_number(retention, pool)),
                           pool));
    *deleted = rows.count;
    return NULL;
}
