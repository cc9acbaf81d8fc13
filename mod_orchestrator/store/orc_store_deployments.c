/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_store_deployments.h"

#include <apr_strings.h>
#include <string.h>

#include "orc_json.h"
#include "orc_store_operations.h"
#include "orc_store_templates.h"

static orc_sql_call_t insertion(const orc_store_submission_t *s, apr_pool_t *pool)
{
    orc_sql_call_t call =
        orc_sql_deployment_insert(.id = s->id, .template_id = s->template_id, .template_version = s->template_version,
                                  .template_inputs = s->template_inputs,
                                  .template_inputs_sealed = s->template_inputs_sealed, .user_group = s->user_group,
                                  .user_group_issuer = s->user_group_issuer,
                                  .per_provider_max_retries = orc_value_number(s->per_provider_max_retries, pool),
                                  .max_providers =
                                      s->max_providers > 0 ? orc_value_number(s->max_providers, pool) : NULL,
                                  .tot_timeout_mins = orc_value_number(s->tot_timeout_mins, pool),
                                  .per_provider_timeout_mins = orc_value_number(s->per_provider_timeout_mins, pool),
                                  .keep_last_attempt = orc_value_flag(s->keep_last_attempt),
                                  .target_provider = s->target_provider, .target_region = s->target_region,
                                  .callback = s->callback, .callback_host = s->callback_host,
                                  .operation_id = s->operation_id, .caller = s->caller, .resources = s->resources,
                                  .correlation_id = s->correlation_id, .notes = s->notes,
                                  .checked = apr_psprintf(pool, "%" APR_INT64_T_FMT, s->checked));

    return orc_db_kept(call, pool);
}

static orc_sql_call_t queue_check(const orc_store_submission_t *s, int most, apr_pool_t *pool)
{
    orc_sql_call_t call =
        orc_sql_deployment_queue_check(.user_group_issuer = s->user_group_issuer, .user_group = s->user_group,
                                       .most = orc_value_number(most, pool));

    return orc_db_kept(call, pool);
}

/* The queue is counted twice: before anything is written, where a full one costs nobody anything, and behind it, with
 * this one in it and the group's lock held until the commit, where it is exact. */
orc_error_t *orc_store_deployment_submit(int *is_full, int *is_outdated, orc_db_source_t *source,
                                         const orc_store_submission_t *submission, const orc_db_step_t *first,
                                         orc_db_step_t *last, apr_pool_t *pool)
{
    orc_db_step_t steps[6] = {0};
    orc_error_t *error;
    int count = 0;

    *is_full = *is_outdated = 0;
    if (first)
        steps[count++] = *first;
    steps[count++].call = queue_check(submission, submission->max_queued - 1, pool);
    if (submission->brought)
        steps[count++].call =
            orc_store_template_bring(submission->template_id, submission->brought, submission->caller, pool);
    steps[count++].call = insertion(submission, pool);
    steps[count++].call = orc_sql_deployment_queue_lock(.user_group_issuer = submission->user_group_issuer,
                                                        .user_group = submission->user_group);
    steps[count++].call = queue_check(submission, submission->max_queued, pool);
    if (last)
        steps[count++] = *last;
    error = orc_db_write(source, steps, count, 1, pool);
    if (last)
        *last = steps[count - 1];
    *is_full = error && orc_db_is_past_limit(error);
    *is_outdated = error && strcmp(error->sqlstate, "23502") == 0;
    return *is_full || *is_outdated ? NULL : error;
}

orc_error_t *orc_store_deployment_lock(orc_store_standing_t *standing, orc_db_t *db, const char *id, const char *caller,
                                       int is_admin, apr_pool_t *pool)
{
    orc_sql_deployment_standing_row_t row;
    orc_rows_t rows;

    *standing = (orc_store_standing_t){0};
    ORC_TRY(orc_db_execute(db, NULL, orc_sql_deployment_lock_requests(.id = id), pool));
    ORC_TRY(orc_db_execute(db, NULL, orc_sql_deployment_lock_operations(.id = id), pool));
    ORC_TRY(orc_db_execute(db, NULL, orc_sql_deployment_lock(.id = id), pool));
    ORC_TRY(orc_db_execute(
        db, &rows, orc_sql_deployment_standing(.id = id, .caller = caller, .is_admin = orc_value_flag(is_admin)),
        pool));
    if (rows.count == 0)
        return NULL;
    row = orc_sql_deployment_standing_row(&rows, 0);
    standing->is_known = 1;
    standing->exists = orc_value_is_true(row.exists);
    standing->is_allowed = orc_value_is_true(row.is_allowed);
    standing->tags[0] = row.tag;
    standing->tags[1] = row.tag_with_template;
    standing->status = (int)orc_value_integer(row.status);
    standing->deletion_id = row.deletion_id;
    standing->last_id = row.last_id;
    standing->active_id = row.active_id;
    standing->im_infra_id = row.im_infra_id;
    return NULL;
}

orc_error_t *orc_store_deployment_lock_rest(orc_db_t *db, const char *id, apr_pool_t *pool)
{
    ORC_TRY(orc_db_execute(db, NULL, orc_sql_deployment_lock_requests(.id = id), pool));
    ORC_TRY(orc_db_execute(db, NULL, orc_sql_deployment_lock_operations(.id = id), pool));
    return orc_db_execute(db, NULL, orc_sql_deployment_lock_rest(.id = id), pool);
}

orc_error_t *orc_store_deployment_forget(orc_db_t *db, const char *id, apr_pool_t *pool)
{
    return orc_db_execute(db, NULL, orc_sql_deployment_forget(.id = id), pool);
}

orc_error_t *orc_store_deployment_set_callback(orc_db_t *db, const char *id, const char *callback,
                                               const char *callback_host, const char *caller, apr_pool_t *pool)
{
    return orc_db_execute(db, NULL,
                          orc_sql_deployment_set_callback(.id = id, .callback = callback,
                                                          .callback_host = callback_host, .caller = caller),
                          pool);
}

orc_error_t *orc_store_deployment_delete(orc_db_t *db, const orc_store_deletion_t *deletion, apr_pool_t *pool)
{
    ORC_TRY(orc_store_operation_cancel(db, deletion->id, NULL, deletion->operation_id, deletion->caller, pool));
    return orc_db_execute(db, NULL,
                          orc_sql_deployment_delete(.id = deletion->id, .operation_id = deletion->operation_id,
                                                    .caller = deletion->caller,
                                                    .is_forced = orc_value_flag(deletion->is_forced),
                                                    .is_unsecure = orc_value_flag(deletion->is_unsecure),
                                                    .parent_id = deletion->parent_id, .note = deletion->note,
                                                    .correlation_id = deletion->correlation_id),
                          pool);
}

orc_error_t *orc_store_deployment_hide_run(int *is_hidden, orc_db_t *db, const char *id, const char *run_id,
                                           apr_pool_t *pool)
{
    orc_rows_t rows;

    ORC_TRY(orc_db_execute(db, &rows, orc_sql_run_hide(.id = run_id, .deployment_id = id), pool));
    *is_hidden = rows.affected > 0;
    return NULL;
}

orc_error_t *orc_store_deployment_delete_harder(orc_db_t *db, const orc_store_deletion_t *deletion, apr_pool_t *pool)
{
    json_t *options = orc_json_own(json_object(), pool);

    if (deletion->is_forced)
        json_object_set_new(options, "force", json_true());
    if (deletion->is_unsecure)
        json_object_set_new(options, "unsecure", json_true());
    return orc_db_execute(db, NULL,
                          orc_sql_deployment_delete_harder(.operation_id = deletion->operation_id,
                                                           .options = orc_json_text(options, pool)),
                          pool);
}

orc_error_t *orc_store_deployment_set_group(orc_db_t *db, const char *id, const char *user_group, const char *caller,
                                            apr_pool_t *pool)
{
    return orc_db_execute(db, NULL, orc_sql_deployment_set_group(.id = id, .user_group = user_group, .caller = caller),
                          pool);
}

orc_error_t *orc_store_deployment_reset(orc_db_t *db, const char *operation_id, const char *reason, const char *caller,
                                        apr_pool_t *pool)
{
    return orc_db_execute(
        db, NULL, orc_sql_deployment_reset(.operation_id = operation_id, .reason = reason, .caller = caller), pool);
}

orc_error_t *orc_store_deployment_update(orc_db_t *db, const orc_store_update_t *update, apr_pool_t *pool)
{
    return orc_db_execute(
        db, NULL,
        orc_sql_deployment_update(.id = update->id, .operation_id = update->operation_id, .type = update->type,
                                  .options = update->options, .inputs = update->inputs,
                                  .inputs_sealed = update->inputs_sealed, .template_id = update->template_id,
                                  .notes = update->notes ? update->notes : "[]", .added = update->added,
                                  .relations = update->relations, .removed = orc_value_array(update->removed, pool),
                                  .former_id = update->former_id, .parent_id = update->parent_id,
                                  .caller = update->caller, .correlation_id = update->correlation_id),
        pool);
}
