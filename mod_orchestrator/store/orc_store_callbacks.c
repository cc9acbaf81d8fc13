/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_store_callbacks.h"

#include <apr_strings.h>

orc_error_t *orc_store_callback_hosts(apr_array_header_t **hosts, orc_db_t *db, apr_pool_t *pool)
{
    orc_rows_t rows;

    ORC_TRY(orc_db_execute(db, &rows, orc_sql_callback_hosts(), pool));
    *hosts = orc_rows_first_column(&rows, pool);
    return NULL;
}

static const char *numbers(const apr_array_header_t *list, apr_pool_t *pool)
{
    apr_array_header_t *texts = apr_array_make(pool, list->nelts, sizeof(const char *));
    int i;

    for (i = 0; i < list->nelts; i++)
        APR_ARRAY_PUSH(texts, const char *) = orc_value_number(APR_ARRAY_IDX(list, i, int), pool);
    return orc_value_array(texts, pool);
}

orc_error_t *orc_store_callback_claim(apr_array_header_t **callbacks, orc_db_t *db, const apr_array_header_t *hosts,
                                      const apr_array_header_t *rooms, int most, const char *owner,
                                      apr_interval_time_t lease, apr_pool_t *pool)
{
    orc_rows_t rows;
    int i;

    ORC_TRY(orc_db_execute(db, &rows,
                           orc_sql_callback_claim(.hosts = orc_value_array(hosts, pool), .rooms = numbers(rooms, pool),
                                                  .most = orc_value_number(most, pool), .owner = owner,
                                                  .lease = orc_value_number(lease, pool)),
                           pool));
    *callbacks = apr_array_make(pool, rows.count + 1, sizeof(orc_store_callback_t));
    for (i = 0; i < rows.count; i++) {
        const orc_sql_callback_claim_row_t row = orc_sql_callback_claim_row(&rows, i);

        APR_ARRAY_PUSH(*callbacks, orc_store_callback_t) = (orc_store_callback_t){
            .number = orc_value_integer(row.number),
            .lease_number = orc_value_integer(row.lease_number),
            .id = row.id,
            .deployment_id = row.deployment_id,
            .url = row.url,
            .host = row.host,
            .tries = (int)orc_value_integer(row.tries),
            .object = row.object,
            .outputs_sealed = row.outputs_sealed,
        };
    }
    return NULL;
}

orc_error_t *orc_store_callback_told(orc_db_t *db, const orc_store_callback_t *callback, apr_pool_t *pool)
{
    return orc_db_execute(db, NULL,
                          orc_sql_callback_told(.number = orc_value_number(callback->number, pool),
                                                .lease_number = orc_value_number(callback->lease_number, pool)),
                          pool);
}

orc_error_t *orc_store_callback_untold(int *is_given_up, orc_db_t *db, const orc_store_callback_t *callback,
                                       apr_interval_time_t pause, const char *reason, apr_pool_t *pool)
{
    orc_rows_t rows;

    ORC_TRY(orc_db_execute(db, &rows,
                           orc_sql_callback_untold(.number = orc_value_number(callback->number, pool),
                                                   .lease_number = orc_value_number(callback->lease_number, pool),
                                                   .pause = orc_value_number(pause, pool), .reason = reason),
                           pool));
    *is_given_up = rows.count && orc_value_is_true(orc_sql_callback_untold_row(&rows, 0).is_given_up);
    return NULL;
}

orc_error_t *orc_store_callback_release(orc_db_t *db, const char *owner, apr_pool_t *pool)
{
    return orc_db_execute(db, NULL, orc_sql_callback_release(.owner = owner), pool);
}

orc_error_t *orc_store_callback_load(apr_array_header_t **loads, orc_db_t *db, apr_pool_t *pool)
{
    orc_rows_t rows;
    int i;

    ORC_TRY(orc_db_execute(db, &rows, orc_sql_callback_load(), pool));
    *loads = apr_array_make(pool, rows.count + 1, sizeof(orc_store_callback_load_t));
    for (i = 0; i < rows.count; i++) {
        const orc_sql_callback_load_row_t row = orc_sql_callback_load_row(&rows, i);

        APR_ARRAY_PUSH(*loads, orc_store_callback_load_t) =
            (orc_store_callback_load_t){.host = row.host,
                                        .waiting = orc_value_integer(row.waiting),
                                        .failures = orc_value_integer(row.failures),
                                        .oldest = orc_value_integer(row.oldest)};
    }
    return NULL;
}
