/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_store_sealed.h"

#include <apr_strings.h>
#include <string.h>

#define BATCH "500"

typedef struct work_t {
    orc_store_resealed_t *done;
    orc_db_source_t *source;
    const orc_secret_keys_t *keys;
    orc_sealed_t column;
    apr_pool_t *pool; /* of the batch */
} work_t;

/* The next values behind a row; `after` NULL: the first ones. */
static orc_error_t *read_batch(orc_rows_t *rows, const work_t *work, const char *after)
{
    const orc_sealed_column_t *column = &orc_sealed_columns[work->column];
    const char *const values[] = {after};
    const char *sql = apr_pstrcat(work->pool, "SELECT ", column->id, ", ", column->column, " FROM ", column->table,
                                  " WHERE ", column->column, " IS NOT NULL AND ($1::uuid IS NULL OR ", column->id,
                                  " > $1::uuid) ORDER BY ", column->id, " LIMIT " BATCH, NULL);

    return orc_db_read_text(work->source, rows, sql, 1, values, ORC_DB_UNUSUAL, work->pool);
}

static orc_error_t *replace(int *replaced, const work_t *work, const char *id, const char *former, const char *fresh)
{
    const orc_sealed_column_t *column = &orc_sealed_columns[work->column];
    const char *const values[] = {id, former, fresh};
    const char *sql = apr_pstrcat(work->pool, "UPDATE ", column->table, " SET ", column->column, " = $3 WHERE ",
                                  column->id, " = $1::uuid AND ", column->column, " = $2", NULL);
    orc_rows_t rows = {0};
    orc_error_t *error = orc_db_read_text(work->source, &rows, sql, 3, values, ORC_DB_UNUSUAL, work->pool);

    *replaced = error ? 0 : rows.affected;
    return error;
}

static orc_error_t *reseal(const work_t *work, const char *id, const char *sealed)
{
    const char *mark = orc_secret_keys_mark(work->keys);
    orc_error_t *error;
    int replaced;
    char *text;

    if (orc_secret_open(&text, work->keys, work->column, id, sealed, work->pool)) {
        APR_ARRAY_PUSH(work->done->closed, const char *) = apr_pstrdup(work->done->closed->pool, id);
        return NULL;
    }
    if (strncmp(sealed, mark, strlen(mark)) == 0) {
        work->done->current++;
        return NULL;
    }
    error = replace(&replaced, work, id, sealed, orc_secret_seal(work->keys, work->column, id, text, work->pool));
    if (error && !error->retriable)
        return error;
    work->done->resealed += replaced;
    work->done->busy += !replaced;
    return NULL;
}

orc_error_t *orc_store_reseal(orc_store_resealed_t *done, orc_db_source_t *source, const orc_secret_keys_t *keys,
                              orc_sealed_t column, apr_pool_t *pool)
{
    work_t work = {done, source, keys, column, NULL};
    const char *after = NULL;
    orc_error_t *error = NULL;
    orc_rows_t rows = {.count = 1};
    int i;

    *done = (orc_store_resealed_t){.closed = apr_array_make(pool, 1, sizeof(const char *))};
    while (!error && rows.count > 0) {
        apr_pool_create(&work.pool, pool);
        error = read_batch(&rows, &work, after);
        for (i = 0; !error && i < rows.count; i++) {
            after = orc_rows_text(&rows, i, 0);
            error = reseal(&work, after, orc_rows_text(&rows, i, 1));
        }
        after = after ? apr_pstrdup(pool, after) : NULL;
        if (error)
            return error;
        apr_pool_destroy(work.pool);
    }
    return error;
}
