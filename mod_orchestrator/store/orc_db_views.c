/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_db_views.h"

#include <string.h>

#define NO_TABLE "42P01" /* SQLSTATE undefined_table: nobody has ever migrated */

orc_error_t *orc_db_views_keep(orc_db_t *db, apr_pool_t *pool)
{
    orc_rows_t rows;
    orc_error_t *error = orc_db_execute(db, &rows, orc_sql_views_use(.schema = orc_views_schema), pool);

    if (error && strcmp(error->sqlstate, NO_TABLE) != 0)
        return error;
    if (error || !orc_value_is_true(orc_sql_views_use_row(&rows, 0).are_there))
        return orc_error(pool, 500, "database.views",
                         "The database has no schema %s, which this version reads from; orchestrator-migrate makes it.",
                         orc_views_schema);
    return orc_db_execute(db, NULL, orc_sql_views_drop_unused(), pool);
}
