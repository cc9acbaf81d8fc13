/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_store_deployments.h"

#include <apr_strings.h>
#include <string.h>

#include "orc_json.h"

static const char *flag(int value)
{
    return value ? "t" : "f";
}

static const char *const *submission_values(const orc_store_submission_t *s, apr_pool_t *pool)
{
    const char *values[] = {
        s->id,
        s->template_id,
        s->template_inputs,
        s->user_group,
        s->user_group_issuer,
        apr_itoa(pool, s->per_provider_max_retries),
        s->max_providers > 0 ? apr_itoa(pool, s->max_providers) : NULL,
        apr_itoa(pool, s->tot_timeout_mins),
        apr_itoa(pool, s->per_provider_timeout_mins),
        flag(s->keep_last_attempt),
        s->target_provider,
        s->target_region,
        s->operation_id,
        s->caller,
        apr_itoa(pool, s->max_queued),
        s->resources,
        s->correlation_id,
        s->template_version,
        s->template_inputs_sealed,
    };

    return apr_pmemdup(pool, values, sizeof values);
}

orc_error_t *orc_store_deployment_submit(int *is_full, int *is_outdated, orc_db_source_t *source,
                                         const orc_store_submission_t *submission, const orc_db_step_t *first,
                                         apr_pool_t *pool)
{
    const char *const group[] = {submission->user_group_issuer, submission->user_group};
    orc_db_step_t steps[3];
    orc_error_t *error;
    orc_db_t *db;
    int count = 0;

    *is_full = *is_outdated = 0;
    if (first)
        steps[count++] = *first;
    steps[count++] = (orc_db_step_t){.statement = ORC_SQL_DEPLOYMENT_QUEUE_LOCK, .count = 2, .values = group};
    steps[count++] = (orc_db_step_t){.statement = ORC_SQL_DEPLOYMENT_INSERT,
                                     .count = orc_sql_table[ORC_SQL_DEPLOYMENT_INSERT].parameters,
                                     .values = submission_values(submission, pool)};
    ORC_TRY(orc_db_open(&db, source, pool));
    error = orc_db_batch(db, steps, count, 1, pool);
    orc_db_close(db);
    *is_full = error && strcmp(error->sqlstate, "ORC29") == 0;
    *is_outdated = error && strcmp(error->sqlstate, "23502") == 0;
    return *is_full || *is_outdated ? NULL : error;
}

orc_error_t *orc_store_deployment_lock(orc_store_standing_t *standing, orc_db_t *db, const char *id, const char *caller,
                                       int is_admin, apr_pool_t *pool)
{
    orc_rows_t rows;

    *standing = (orc_store_standing_t){0};
    ORC_TRY(orc_db_call(db, NULL, ORC_SQL_DEPLOYMENT_LOCK_OPERATIONS, pool, id));
    ORC_TRY(orc_db_call(db, NULL, ORC_SQL_DEPLOYMENT_LOCK, pool, id));
    ORC_TRY(orc_db_call(db, &rows, ORC_SQL_DEPLOYMENT_STANDING, pool, id, caller, flag(is_admin)));
    if (rows.count == 0)
        return NULL;
    standing->is_known = 1;
    standing->exists = orc_rows_true(&rows, 0, 0);
    standing->is_allowed = orc_rows_true(&rows, 0, 1);
    standing->tags[0] = orc_rows_text(&rows, 0, 2);
    standing->tags[1] = orc_rows_text(&rows, 0, 3);
    standing->status = (int)orc_rows_integer(&rows, 0, 4);
    standing->last_operation_id = orc_rows_text(&rows, 0, 5);
    standing->deletion_id = orc_rows_text(&rows, 0, 6);
    return NULL;
}

orc_error_t *orc_store_deployment_delete(orc_db_t *db, const orc_store_deletion_t *deletion, apr_pool_t *pool)
{
    ORC_TRY(orc_db_call(db, NULL, ORC_SQL_DEPLOYMENT_CANCEL_OPERATIONS, pool, deletion->id));
    return orc_db_call(db, NULL, ORC_SQL_DEPLOYMENT_DELETE, pool, deletion->id, deletion->operation_id,
                       deletion->caller, flag(deletion->is_forced), flag(deletion->is_unsecure),
                       deletion->correlation_id);
}

orc_error_t *orc_store_deployment_delete_harder(orc_db_t *db, const orc_store_deletion_t *deletion, apr_pool_t *pool)
{
    json_t *options = orc_json_own(json_object(), pool);

    if (deletion->is_forced)
        json_object_set_new(options, "force", json_true());
    if (deletion->is_unsecure)
        json_object_set_new(options, "unsecure", json_true());
    return orc_db_call(db, NULL, ORC_SQL_DEPLOYMENT_DELETE_HARDER, pool, deletion->operation_id,
                       orc_json_text(options, pool));
}
