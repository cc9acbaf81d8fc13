/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_store_idempotency.h"

void orc_store_idempotency_step(orc_db_step_t *step, const orc_store_idempotency_key_t *key,
                                const orc_store_answer_t *answer, apr_pool_t *pool)
{
    orc_sql_call_t call =
        orc_sql_idempotency_keep(.user_id = key->user_id, .method = key->method, .path = key->path, .key = key->key,
                                 .fingerprint = answer->fingerprint, .status = orc_value_number(answer->status, pool),
                                 .headers = answer->headers, .body = answer->body);

    *step = (orc_db_step_t){.call = orc_db_kept(call, pool)};
}

orc_error_t *orc_store_idempotency_find(int *found, orc_store_answer_t *answer, const orc_store_idempotency_key_t *key,
                                        orc_db_source_t *source, apr_pool_t *pool)
{
    orc_sql_idempotency_find_row_t row;
    orc_rows_t rows;

    *found = 0;
    ORC_TRY(orc_db_read(
        source, &rows,
        orc_sql_idempotency_find(.user_id = key->user_id, .method = key->method, .path = key->path, .key = key->key),
        pool));
    if (rows.count == 0)
        return NULL;
    row = orc_sql_idempotency_find_row(&rows, 0);
    if (orc_value_is_true(row.is_old)) {
        return orc_db_read(source, NULL,
                           orc_sql_idempotency_forget(.user_id = key->user_id, .method = key->method, .path = key->path,
                                                      .key = key->key),
                           pool);
    }
    answer->fingerprint = row.fingerprint;
    answer->status = (int)orc_value_integer(row.status);
    answer->headers = row.headers;
    answer->body = row.body;
    *found = 1;
    return NULL;
}
