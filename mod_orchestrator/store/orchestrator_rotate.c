/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Seals every secret in the database with the first key of OrchestratorSecretKeyFile, so that the others can be taken
 * out of it. httpd may run meanwhile. */

#include <stdio.h>
#include <stdlib.h>

#include <apr_general.h>

#include "orc_store_sealed.h"

enum { MAX_RUNS = 10 };

/* Repeats until nothing is left of other keys: an httpd that has not read the new key file yet goes on sealing with the
 * old key. *is_left: something is, all the same. */
static orc_error_t *rotate(int *is_left, orc_db_source_t *source, const orc_secret_keys_t *keys, orc_sealed_t column,
                           apr_pool_t *pool)
{
    const orc_sealed_column_t *what = &orc_sealed_columns[column];
    orc_store_resealed_t done;
    int resealed = 0, run, i;

    for (run = 0; run < MAX_RUNS; run++) {
        ORC_TRY(orc_store_reseal(&done, source, keys, column, pool));
        resealed += done.resealed;
        if (!done.resealed && !done.busy)
            break;
    }
    printf("%s: %d sealed anew, %d in all with the first key, %d that no key opens\n", what->name, resealed,
           done.current + done.resealed, done.closed->nelts);
    for (i = 0; i < done.closed->nelts; i++)
        printf("%s: no key opens that of the row with the %s %s\n", what->name, what->id,
               APR_ARRAY_IDX(done.closed, i, const char *));
    if (run == MAX_RUNS)
        printf("%s: still being sealed with another key: has every httpd read the new key file?\n", what->name);
    *is_left |= done.closed->nelts > 0 || run == MAX_RUNS;
    return NULL;
}

static orc_error_t *rotate_all(int *is_left, const char *conninfo, const char *key_file, apr_pool_t *pool)
{
    orc_db_source_t *source = orc_db_source_single(conninfo, pool);
    orc_secret_keys_t *keys;
    int column;

    ORC_TRY(orc_secret_init(pool));
    ORC_TRY(orc_secret_keys_load(&keys, key_file, pool));
    for (column = 0; column < ORC_SEALED_COUNT; column++)
        ORC_TRY(rotate(is_left, source, keys, column, pool));
    return NULL;
}

int main(int argc, char **argv)
{
    apr_pool_t *pool;
    orc_error_t *error;
    int is_left = 0;

    if (argc != 3) {
        fprintf(stderr, "usage: %s CONNINFO KEYFILE\n", argv[0]);
        return 2;
    }
    if (apr_initialize() != APR_SUCCESS)
        return 1;
    atexit(apr_terminate);
    apr_pool_create(&pool, NULL);
    error = rotate_all(&is_left, argv[1], argv[2], pool);
    if (error)
        fprintf(stderr, "rotate: %s\n", orc_error_line(error, pool));
    return error || is_left;
}
