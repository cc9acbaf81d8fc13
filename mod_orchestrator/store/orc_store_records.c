/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_store_records.h"

/* The lock is a statement of its own: what is read behind it is what those before have left. */
orc_error_t *orc_store_record_lock(orc_store_record_of_t *record, orc_db_t *db, const orc_store_record_at_t *at,
                                   const char *caller, int is_admin, apr_pool_t *pool)
{
    orc_sql_operation_record_row_t row;
    orc_rows_t rows;

    *record = (orc_store_record_of_t){0};
    ORC_TRY(orc_db_execute(db, NULL, orc_sql_operation_lock(.id = at->id), pool));
    ORC_TRY(
        orc_db_execute(db, &rows,
                       orc_sql_operation_record(.deployment_id = at->deployment_id, .resource_id = at->resource_id,
                                                .id = at->id, .caller = caller, .is_admin = orc_value_flag(is_admin)),
                       pool));
    if (rows.count == 0)
        return NULL;
    row = orc_sql_operation_record_row(&rows, 0);
    record->is_known = 1;
    record->exists = row.access != NULL;
    record->is_allowed = record->exists && orc_value_is_true(row.access);
    record->tag = row.tag;
    record->is_open = row.is_open && orc_value_is_true(row.is_open);
    record->is_needed = row.is_needed && orc_value_is_true(row.is_needed);
    return NULL;
}

orc_error_t *orc_store_record_label(orc_db_t *db, const char *id, const char *labels, apr_pool_t *pool)
{
    return orc_db_execute(db, NULL, orc_sql_operation_label(.id = id, .labels = labels), pool);
}

orc_error_t *orc_store_record_delete(orc_db_t *db, const char *id, apr_pool_t *pool)
{
    return orc_db_execute(db, NULL, orc_sql_operation_delete(.id = id), pool);
}
