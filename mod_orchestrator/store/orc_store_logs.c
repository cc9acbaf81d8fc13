/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_store_logs.h"

orc_error_t *orc_store_log_read(orc_store_log_t *log, orc_db_source_t *source, const char *deployment_id,
                                const char *caller, int is_admin, apr_pool_t *pool)
{
    const char *const values[] = {deployment_id, caller, is_admin ? "t" : "f"};
    orc_rows_t rows;

    *log = (orc_store_log_t){0};
    ORC_TRY(orc_db_read(source, &rows, ORC_SQL_LOG_GET, 3, values, pool));
    if (rows.count == 0)
        return NULL;
    log->is_known = 1;
    log->exists = orc_rows_true(&rows, 0, 0);
    log->is_allowed = orc_rows_true(&rows, 0, 1);
    log->timestamp = orc_rows_text(&rows, 0, 2);
    log->im_logs = orc_rows_text(&rows, 0, 3);
    log->orchestrator_logs = orc_rows_text(&rows, 0, 4);
    log->im_endpoint = orc_rows_text(&rows, 0, 5);
    log->im_infra_id = orc_rows_text(&rows, 0, 6);
    log->is_creator = orc_rows_true(&rows, 0, 7);
    log->access_token = orc_rows_text(&rows, 0, 8);
    log->creator_id = orc_rows_text(&rows, 0, 9);
    return NULL;
}

orc_error_t *orc_store_log_keep_im(const char **timestamp, orc_db_source_t *source, const char *deployment_id,
                                   const char *im_logs, apr_pool_t *pool)
{
    const char *const values[] = {deployment_id, im_logs};
    orc_rows_t rows;

    ORC_TRY(orc_db_read(source, &rows, ORC_SQL_LOG_KEEP_IM, 2, values, pool));
    if (rows.count > 0)
        *timestamp = orc_rows_text(&rows, 0, 0);
    return NULL;
}
