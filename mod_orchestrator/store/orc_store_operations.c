/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_store_operations.h"

orc_error_t *orc_store_operation_find(orc_store_operation_t *operation, orc_db_t *db, const char *deployment_id,
                                      const char *resource_id, const char *id, const char *caller, apr_pool_t *pool)
{
    orc_sql_operation_standing_row_t row;
    orc_rows_t rows;

    *operation = (orc_store_operation_t){0};
    ORC_TRY(orc_db_execute(db, &rows,
                           orc_sql_operation_standing(.deployment_id = deployment_id, .resource_id = resource_id,
                                                      .id = id, .caller = caller),
                           pool));
    if (!rows.count)
        return NULL;
    row = orc_sql_operation_standing_row(&rows, 0);
    operation->has_resource = orc_value_is_true(row.has_resource);
    operation->tag = row.tag;
    operation->type = row.type;
    operation->state = row.state;
    operation->resource_id = row.resource_id;
    operation->options = row.options ? orc_json_own_text(row.options, pool) : NULL;
    operation->former_id = row.former_id;
    operation->is_dry_run = orc_value_is_true(row.is_dry_run);
    operation->is_last = orc_value_is_true(row.is_last);
    operation->busy_id = row.busy_id;
    operation->is_changed = orc_value_is_true(row.is_changed);
    operation->user_group = row.user_group;
    operation->user_group_issuer = row.user_group_issuer;
    return NULL;
}

orc_error_t *orc_store_operation_cancel(orc_db_t *db, const char *deployment_id, const char *id,
                                        const char *deletion_id, const char *caller, apr_pool_t *pool)
{
    return orc_db_execute(db, NULL,
                          orc_sql_operation_cancel(.deployment_id = deployment_id, .id = id, .deletion_id = deletion_id,
                                                   .caller = caller),
                          pool);
}

/* As a submission: it is counted when it is in the queue, with the group's lock held until the commit. */
orc_error_t *orc_store_operation_create_again(int *is_full, orc_db_t *db, const orc_store_again_t *again,
                                              apr_pool_t *pool)
{
    orc_error_t *error;

    ORC_TRY(
        orc_db_execute(db, NULL,
                       orc_sql_deployment_create_again(.id = again->deployment_id, .operation_id = again->operation_id,
                                                       .parent_id = again->parent_id, .caller = again->caller,
                                                       .correlation_id = again->correlation_id),
                       pool));
    ORC_TRY(orc_db_execute(
        db, NULL,
        orc_sql_deployment_queue_lock(.user_group_issuer = again->user_group_issuer, .user_group = again->user_group),
        pool));
    error = orc_db_execute(db, NULL,
                           orc_sql_deployment_queue_check(.user_group_issuer = again->user_group_issuer,
                                                          .user_group = again->user_group,
                                                          .most = orc_value_number(again->max_queued, pool)),
                           pool);
    *is_full = error && orc_db_is_past_limit(error);
    return error;
}
