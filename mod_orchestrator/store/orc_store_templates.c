/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_store_templates.h"

#include <apr_strings.h>
#include <string.h>

enum { WRITE_PARAMETERS = 10 };

static const char *flag(int value)
{
    return value ? "t" : "f";
}

/* Insert and update take the same parameters. */
static const char **write_values(const char *id, const orc_store_template_t *row, const char *caller, apr_pool_t *pool)
{
    const char *values[WRITE_PARAMETERS] = {
        id,
        row->content,
        row->checksum,
        row->name,
        row->version,
        row->target_provider_type,
        row->tosca_definition_version,
        flag(row->name_in_content),
        flag(row->is_fragment),
        caller,
    };

    return apr_pmemdup(pool, values, sizeof values);
}

void orc_store_templates_insert_step(orc_db_step_t *step, const char *id, const orc_store_template_t *row,
                                     const char *caller, apr_pool_t *pool)
{
    *step = (orc_db_step_t){
        .statement = ORC_SQL_TEMPLATE_INSERT, .count = WRITE_PARAMETERS, .values = write_values(id, row, caller, pool)};
}

orc_error_t *orc_store_templates_find_checksum(const char **id, const char *checksum, orc_db_source_t *source,
                                               apr_pool_t *pool)
{
    orc_rows_t rows;

    ORC_TRY(orc_db_read(source, &rows, ORC_SQL_TEMPLATE_FIND_CHECKSUM, 1, &checksum, pool));
    *id = rows.count == 1 ? orc_rows_text(&rows, 0, 0) : NULL;
    return NULL;
}

orc_error_t *orc_store_templates_lock(orc_store_locked_template_t *locked, orc_db_t *db, const char *id,
                                      const char *caller, apr_pool_t *pool)
{
    orc_rows_t rows;

    memset(locked, 0, sizeof *locked);
    ORC_TRY(orc_db_call(db, &rows, ORC_SQL_TEMPLATE_LOCK, pool, id, caller));
    if (rows.count == 0)
        return NULL;
    locked->is_caller_there = 1;
    locked->tag = orc_rows_text(&rows, 0, 0);
    locked->is_creator = orc_rows_true(&rows, 0, 1);
    locked->row.content = orc_rows_text(&rows, 0, 2);
    locked->row.checksum = orc_rows_text(&rows, 0, 3);
    locked->row.name = orc_rows_text(&rows, 0, 4);
    locked->row.version = orc_rows_text(&rows, 0, 5);
    locked->row.target_provider_type = orc_rows_text(&rows, 0, 6);
    locked->row.tosca_definition_version = orc_rows_text(&rows, 0, 7);
    locked->row.name_in_content = orc_rows_true(&rows, 0, 8);
    locked->row.is_fragment = orc_rows_true(&rows, 0, 9);
    return NULL;
}

orc_error_t *orc_store_templates_is_used(int *is_used, orc_db_t *db, const char *id, apr_pool_t *pool)
{
    orc_rows_t rows;

    ORC_TRY(orc_db_call(db, &rows, ORC_SQL_TEMPLATE_IS_USED, pool, id));
    *is_used = orc_rows_true(&rows, 0, 0);
    return NULL;
}

orc_error_t *orc_store_templates_update(orc_db_t *db, const char *id, const orc_store_template_t *row,
                                        const char *caller, apr_pool_t *pool)
{
    return orc_db_execute(db, NULL, ORC_SQL_TEMPLATE_UPDATE, WRITE_PARAMETERS, write_values(id, row, caller, pool),
                          pool);
}

orc_error_t *orc_store_templates_delete(orc_db_t *db, const char *id, apr_pool_t *pool)
{
    return orc_db_call(db, NULL, ORC_SQL_TEMPLATE_DELETE, pool, id);
}
