/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_db_views.h"

orc_error_t *orc_db_views_keep(orc_db_t *db, int *dropped, apr_pool_t *pool)
{
    orc_rows_t rows;

    *dropped = 0;
    ORC_TRY(orc_db_execute(db, &rows, orc_sql_views_use(.schema = orc_views_schema), pool));
    if (!orc_value_is_true(orc_sql_views_use_row(&rows, 0).are_there)) {
        return orc_error(pool, 500, "database.views",
                         "The database has no schema %s, which this version reads from; orchestrator-migrate makes it.",
                         orc_views_schema);
    }
    ORC_TRY(orc_db_execute(db, &rows, orc_sql_views_drop_unused(), pool));
    *dropped = (int)orc_value_integer(orc_sql_views_drop_unused_row(&rows, 0).dropped);
    return NULL;
}
