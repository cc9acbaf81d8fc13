/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_store_templates.h"

void orc_store_templates_insert_step(orc_db_step_t *step, const char *id, const orc_store_template_t *row,
                                     const char *caller, apr_pool_t *pool)
{
    orc_sql_call_t call =
        orc_sql_template_insert(.id = id, .content = row->content, .checksum = row->checksum, .name = row->name,
                                .version = row->version, .target_provider_type = row->target_provider_type,
                                .tosca_definition_version = row->tosca_definition_version,
                                .name_in_content = orc_value_flag(row->name_in_content),
                                .is_fragment = orc_value_flag(row->is_fragment), .caller = caller);

    *step = (orc_db_step_t){.call = orc_db_kept(call, pool)};
}

orc_error_t *orc_store_templates_find_checksum(const char **id, const char *checksum, orc_db_source_t *source,
                                               apr_pool_t *pool)
{
    orc_rows_t rows;

    ORC_TRY(orc_db_read(source, &rows, orc_sql_template_find_checksum(.checksum = checksum), pool));
    *id = rows.count == 1 ? orc_sql_template_find_checksum_row(&rows, 0).id : NULL;
    return NULL;
}

orc_error_t *orc_store_templates_lock(orc_store_locked_template_t *locked, orc_db_t *db, const char *id,
                                      const char *caller, apr_pool_t *pool)
{
    orc_sql_template_lock_row_t row;
    orc_rows_t rows;

    *locked = (orc_store_locked_template_t){0};
    ORC_TRY(orc_db_execute(db, &rows, orc_sql_template_lock(.id = id, .caller = caller), pool));
    if (rows.count == 0)
        return NULL;
    row = orc_sql_template_lock_row(&rows, 0);
    locked->is_caller_there = 1;
    locked->tag = row.tag;
    locked->is_creator = orc_value_is_true(row.is_creator);
    locked->row.content = row.content;
    locked->row.checksum = row.checksum;
    locked->row.name = row.name;
    locked->row.version = row.version;
    locked->row.target_provider_type = row.target_provider_type;
    locked->row.tosca_definition_version = row.tosca_definition_version;
    locked->row.name_in_content = orc_value_is_true(row.name_in_content);
    locked->row.is_fragment = orc_value_is_true(row.is_fragment);
    return NULL;
}

orc_error_t *orc_store_templates_is_used(int *is_used, orc_db_t *db, const char *id, apr_pool_t *pool)
{
    orc_rows_t rows;

    ORC_TRY(orc_db_execute(db, &rows, orc_sql_template_is_used(.id = id), pool));
    *is_used = orc_value_is_true(orc_sql_template_is_used_row(&rows, 0).is_used);
    return NULL;
}

orc_error_t *orc_store_templates_update(orc_db_t *db, const char *id, const orc_store_template_t *row,
                                        const char *caller, apr_pool_t *pool)
{
    return orc_db_execute(db, NULL,
                          orc_sql_template_update(.id = id, .content = row->content, .checksum = row->checksum,
                                                  .name = row->name, .version = row->version,
                                                  .target_provider_type = row->target_provider_type,
                                                  .tosca_definition_version = row->tosca_definition_version,
                                                  .name_in_content = orc_value_flag(row->name_in_content),
                                                  .is_fragment = orc_value_flag(row->is_fragment), .caller = caller),
                          pool);
}

orc_error_t *orc_store_templates_delete(orc_db_t *db, const char *id, apr_pool_t *pool)
{
    return orc_db_execute(db, NULL, orc_sql_template_delete(.id = id), pool);
}
