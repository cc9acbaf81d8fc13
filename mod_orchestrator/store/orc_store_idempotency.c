/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_store_idempotency.h"

#include <apr_strings.h>

enum { KEEP_PARAMETERS = 8 };

void orc_store_idempotency_step(orc_db_step_t *step, const orc_store_idempotency_key_t *key,
                                const orc_store_answer_t *answer, apr_pool_t *pool)
{
    const char **values = apr_palloc(pool, KEEP_PARAMETERS * sizeof *values);

    values[0] = key->user_id;
    values[1] = key->method;
    values[2] = key->path;
    values[3] = key->key;
    values[4] = answer->fingerprint;
    values[5] = apr_itoa(pool, answer->status);
    values[6] = answer->headers;
    values[7] = answer->body;
    *step = (orc_db_step_t){.statement = ORC_SQL_IDEMPOTENCY_KEEP, .count = KEEP_PARAMETERS, .values = values};
}

orc_error_t *orc_store_idempotency_find(int *found, orc_store_answer_t *answer, const orc_store_idempotency_key_t *key,
                                        orc_db_source_t *source, apr_pool_t *pool)
{
    const char *const values[] = {key->user_id, key->method, key->path, key->key};
    orc_rows_t rows;

    *found = 0;
    ORC_TRY(orc_db_read(source, &rows, ORC_SQL_IDEMPOTENCY_FIND, 4, values, pool));
    if (rows.count == 0)
        return NULL;
    if (orc_rows_true(&rows, 0, 4))
        return orc_db_read(source, &rows, ORC_SQL_IDEMPOTENCY_FORGET, 4, values, pool);
    answer->fingerprint = orc_rows_text(&rows, 0, 0);
    answer->status = (int)orc_rows_integer(&rows, 0, 1);
    answer->headers = orc_rows_text(&rows, 0, 2);
    answer->body = orc_rows_text(&rows, 0, 3);
    *found = 1;
    return NULL;
}
