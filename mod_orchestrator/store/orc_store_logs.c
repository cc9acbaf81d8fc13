/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_store_logs.h"

static void take(orc_store_log_t *log, const orc_rows_t *rows)
{
    orc_sql_log_get_row_t row;

    *log = (orc_store_log_t){0};
    if (rows->count == 0)
        return;
    row = orc_sql_log_get_row(rows, 0);
    log->is_known = 1;
    log->exists = orc_value_is_true(row.exists);
    log->is_allowed = orc_value_is_true(row.is_allowed);
    log->is_owner = orc_value_is_true(row.is_owner);
    log->timestamp = row.timestamp;
    log->im_logs = row.im_logs;
    log->im_logs_sealed = row.im_logs_sealed;
    log->orchestrator_logs = row.orchestrator_logs;
    log->im_endpoint = row.im_endpoint;
    log->im_infra_id = row.im_infra_id;
    log->im_after = row.im_after;
    log->is_creator = orc_value_is_true(row.is_creator);
    log->access_token = row.access_token;
    log->creator_id = row.creator_id;
}

orc_error_t *orc_store_log_read(orc_store_log_t *log, orc_db_source_t *source, const char *deployment_id,
                                const char *caller, int is_admin, apr_pool_t *pool)
{
    orc_rows_t rows;

    ORC_TRY(orc_db_read(
        source, &rows,
        orc_sql_log_get(.deployment_id = deployment_id, .caller = caller, .is_admin = orc_value_flag(is_admin)), pool));
    take(log, &rows);
    return NULL;
}

orc_error_t *orc_store_log_read_locked(orc_store_log_t *log, orc_db_t *db, const char *deployment_id,
                                       const char *caller, int is_admin, apr_pool_t *pool)
{
    orc_rows_t rows;

    ORC_TRY(orc_db_execute(
        db, &rows,
        orc_sql_log_get(.deployment_id = deployment_id, .caller = caller, .is_admin = orc_value_flag(is_admin)), pool));
    take(log, &rows);
    return NULL;
}

orc_error_t *orc_store_log_place(orc_store_log_t *log, orc_db_source_t *source, const char *deployment_id,
                                 apr_pool_t *pool)
{
    orc_sql_log_place_row_t row;
    orc_rows_t rows;

    *log = (orc_store_log_t){0};
    ORC_TRY(orc_db_read(source, &rows, orc_sql_log_place(.deployment_id = deployment_id), pool));
    if (rows.count == 0)
        return NULL;
    row = orc_sql_log_place_row(&rows, 0);
    log->im_endpoint = row.im_endpoint;
    log->im_infra_id = row.im_infra_id;
    log->im_after = row.im_after;
    log->access_token = row.access_token;
    log->creator_id = row.creator_id;
    return NULL;
}

orc_error_t *orc_store_log_keep_im(const char **timestamp, orc_db_source_t *source, const char *deployment_id,
                                   const orc_store_log_parts_t *parts, const char *im_infra_id, const char *im_after,
                                   apr_pool_t *pool)
{
    orc_rows_t rows;

    ORC_TRY(orc_db_read(source, &rows,
                        orc_sql_log_keep_im(.deployment_id = deployment_id, .im_logs = parts->im_logs,
                                            .im_logs_sealed = parts->im_logs_sealed, .im_infra_id = im_infra_id,
                                            .im_after = im_after),
                        pool));
    if (rows.count > 0)
        *timestamp = orc_sql_log_keep_im_row(&rows, 0).timestamp;
    return NULL;
}

orc_error_t *orc_store_log_lock(int *is_known, int *exists, orc_db_t *db, const char *deployment_id, const char *caller,
                                apr_pool_t *pool)
{
    orc_rows_t rows;

    ORC_TRY(orc_db_execute(db, NULL, orc_sql_deployment_lock_requests(.id = deployment_id), pool));
    ORC_TRY(orc_db_execute(db, &rows, orc_sql_log_lock(.deployment_id = deployment_id, .caller = caller), pool));
    *is_known = rows.count == 1;
    *exists = *is_known && orc_value_is_true(orc_sql_log_lock_row(&rows, 0).exists);
    return NULL;
}

orc_error_t *orc_store_log_write(orc_db_t *db, const char *deployment_id, const orc_store_log_parts_t *parts,
                                 apr_pool_t *pool)
{
    return orc_db_execute(db, NULL,
                          orc_sql_log_write(.deployment_id = deployment_id,
                                            .sets_im = orc_value_flag(parts->im_logs != NULL),
                                            .im_logs = parts->im_logs, .im_logs_sealed = parts->im_logs_sealed,
                                            .sets_orchestrator = orc_value_flag(parts->orchestrator_logs != NULL),
                                            .orchestrator_logs = parts->orchestrator_logs),
                          pool);
}

orc_error_t *orc_store_log_delete(orc_db_t *db, const char *deployment_id, apr_pool_t *pool)
{
    return orc_db_execute(db, NULL, orc_sql_log_delete(.deployment_id = deployment_id), pool);
}
