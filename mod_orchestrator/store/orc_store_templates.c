/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_store_templates.h"

#include <string.h>

static orc_sql_call_t limit_check(const orc_store_template_limit_t *limit, apr_int64_t count, apr_int64_t bytes,
                                  apr_pool_t *pool)
{
    orc_sql_call_t call =
        orc_sql_template_limit_check(.creator = limit->creator, .most = orc_value_number(limit->count - count, pool),
                                     .most_bytes = orc_value_number(limit->bytes - bytes, pool));

    return orc_db_kept(call, pool);
}

static orc_sql_call_t insertion(const char *id, const orc_store_template_t *row, const char *caller, apr_pool_t *pool)
{
    orc_sql_call_t call =
        orc_sql_template_insert(.id = id, .content = row->content, .checksum = row->checksum, .name = row->name,
                                .version = row->version, .target_provider_type = row->target_provider_type,
                                .tosca_definition_version = row->tosca_definition_version, .caller = caller);

    return orc_db_kept(call, pool);
}

/* Counted twice: before anything is written, where a refusal costs nothing, and behind it, with this one in it and the
 * person's lock held until the commit, where it is exact. */
orc_error_t *orc_store_templates_insert(int *is_caller_there, orc_db_source_t *source, const char *id,
                                        const orc_store_template_t *row, const orc_store_template_limit_t *limit,
                                        const orc_db_step_t *first, apr_pool_t *pool)
{
    orc_db_step_t steps[5] = {0}, *inserted;
    orc_error_t *error;
    int count = 0;

    if (first)
        steps[count++] = *first;
    steps[count++].call = limit_check(limit, 1, (apr_int64_t)strlen(row->content), pool);
    inserted = &steps[count];
    steps[count++].call = insertion(id, row, limit->creator, pool);
    steps[count++].call = orc_sql_template_limit_lock(.creator = limit->creator);
    steps[count++].call = limit_check(limit, 0, 0, pool);
    error = orc_db_write(source, steps, count, 0, pool);
    *is_caller_there = !error && inserted->rows.affected > 0;
    return error;
}

orc_error_t *orc_store_templates_check_limit(orc_db_t *db, const orc_store_template_limit_t *limit, apr_pool_t *pool)
{
    ORC_TRY(orc_db_execute(db, NULL, orc_sql_template_limit_lock(.creator = limit->creator), pool));
    return orc_db_execute(db, NULL, limit_check(limit, 0, 0, pool), pool);
}

orc_error_t *orc_store_templates_find_checksum(const char **id, const char **version, const char *checksum,
                                               const char *former, orc_db_source_t *source, apr_pool_t *pool)
{
    orc_rows_t rows;

    *id = *version = NULL;
    ORC_TRY(orc_db_read(source, &rows, orc_sql_template_find_checksum(.checksum = checksum, .former = former), pool));
    if (rows.count == 1) {
        const orc_sql_template_find_checksum_row_t row = orc_sql_template_find_checksum_row(&rows, 0);

        *id = row.id;
        *version = row.row_version;
    }
    return NULL;
}

orc_sql_call_t orc_store_template_bring(const char *id, const orc_store_template_t *row, const char *caller,
                                        apr_pool_t *pool)
{
    orc_sql_call_t call =
        orc_sql_template_bring(.id = id, .content = row->content, .checksum = row->checksum, .name = row->name,
                               .version = row->version, .target_provider_type = row->target_provider_type,
                               .tosca_definition_version = row->tosca_definition_version, .caller = caller);

    return orc_db_kept(call, pool);
}

orc_error_t *orc_store_template_hold(int *is_held, orc_db_t *db, const char *id, const char *version, apr_pool_t *pool)
{
    orc_rows_t rows;

    ORC_TRY(orc_db_execute(db, &rows, orc_sql_template_hold(.id = id, .version = version), pool));
    *is_held = rows.count > 0;
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
    locked->creator = row.creator;
    locked->row.content = row.content;
    locked->row.checksum = row.checksum;
    locked->row.name = row.name;
    locked->row.version = row.version;
    locked->row.target_provider_type = row.target_provider_type;
    locked->row.tosca_definition_version = row.tosca_definition_version;
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
    return orc_db_execute(
        db, NULL,
        orc_sql_template_update(.id = id, .content = row->content, .checksum = row->checksum, .name = row->name,
                                .version = row->version, .target_provider_type = row->target_provider_type,
                                .tosca_definition_version = row->tosca_definition_version, .caller = caller),
        pool);
}

orc_error_t *orc_store_templates_delete(orc_db_t *db, const char *id, apr_pool_t *pool)
{
    return orc_db_execute(db, NULL, orc_sql_template_delete(.id = id), pool);
}
