/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_store_logs.h"

orc_error_t *orc_store_log_read(orc_store_log_t *log, orc_db_source_t *source, const char *deployment_id,
                                const char *caller, int is_admin, apr_pool_t *pool)
{
    orc_sql_log_get_row_t row;
    orc_rows_t rows;

    *log = (orc_store_log_t){0};
    ORC_TRY(orc_db_read(
        source, &rows,
        orc_sql_log_get(.deployment_id = deployment_id, .caller = caller, .is_admin = orc_value_flag(is_admin)), pool));
    if (rows.count == 0)
        return NULL;
    row = orc_sql_log_get_row(&rows, 0);
    log->is_known = 1;
    log->exists = orc_value_is_true(row.exists);
    log->is_allowed = orc_value_is_true(row.is_allowed);
    log->timestamp = row.timestamp;
    log->im_logs = row.im_logs;
    log->orchestrator_logs = row.orchestrator_logs;
    log->im_endpoint = row.im_endpoint;
    log->im_infra_id = row.im_infra_id;
    log->is_creator = orc_value_is_true(row.is_creator);
    log->access_token = row.access_token;
    log->creator_id = row.creator_id;
    return NULL;
}

orc_error_t *orc_store_log_keep_im(const char **timestamp, orc_db_source_t *source, const char *deployment_id,
                                   const char *im_logs, apr_pool_t *pool)
{
    orc_rows_t rows;

    ORC_TRY(orc_db_read(source, &rows, orc_sql_log_keep_im(.deployment_id = deployment_id, .im_logs = im_logs), pool));
    if (rows.count > 0)
        *timestamp = orc_sql_log_keep_im_row(&rows, 0).timestamp;
    return NULL;
}
