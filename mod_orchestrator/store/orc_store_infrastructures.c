/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_store_infrastructures.h"

#include <apr_strings.h>

orc_error_t *orc_store_made(int *is_noted, orc_db_t *db, const char *tag, const char *infra_id, apr_pool_t *pool)
{
    orc_rows_t rows;

    ORC_TRY(orc_db_execute(db, &rows, orc_sql_infrastructure_made(.tag = tag, .infra_id = infra_id), pool));
    *is_noted = rows.count > 0;
    return NULL;
}

orc_error_t *orc_store_unmade(orc_db_t *db, const char *tag, apr_pool_t *pool)
{
    orc_rows_t rows;

    return orc_db_execute(db, &rows, orc_sql_infrastructure_unmade(.tag = tag), pool);
}

orc_sql_call_t orc_store_answer_call(const char *tag, apr_pool_t *pool)
{
    return orc_db_kept(orc_sql_infrastructure_answer(.tag = tag), pool);
}

const char *orc_store_answer(const orc_rows_t *rows, apr_pool_t *pool)
{
    return rows->count ? apr_pstrdup(pool, orc_sql_infrastructure_answer_row(rows, 0).infra_id) : NULL;
}

orc_sql_call_t orc_store_known_call(const apr_array_header_t *ids, apr_pool_t *pool)
{
    return orc_db_kept(orc_sql_infrastructure_known(.ids = orc_value_array(ids, pool)), pool);
}

orc_sql_call_t orc_store_known_tags_call(const apr_array_header_t *tags, const apr_array_header_t *ids,
                                         apr_pool_t *pool)
{
    return orc_db_kept(
        orc_sql_infrastructure_tags(.tags = orc_value_array(tags, pool), .infras = orc_value_array(ids, pool)), pool);
}

orc_sql_call_t orc_store_living_call(const char *user_id, const char *endpoint, const apr_array_header_t *but,
                                     apr_pool_t *pool)
{
    return orc_db_kept(
        orc_sql_infrastructure_living(.user_id = user_id, .endpoint = endpoint, .but = orc_value_array(but, pool)),
        pool);
}

int orc_store_living(const orc_rows_t *rows)
{
    return (int)orc_value_integer(orc_sql_infrastructure_living_row(rows, 0).count);
}
