/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* A version of the module as far as the database sees it, for test_views.py: built twice, with two versions of the
 * views. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>

#include "orc_db_views.h"

static orc_error_t *show_user(orc_db_t *db, const char *id, apr_pool_t *pool)
{
    orc_rows_t rows;

    ORC_TRY(orc_db_execute(db, &rows, orc_sql_user_get(.id = id, .caller = id, .is_admin = orc_value_flag(1)), pool));
    puts(orc_sql_user_get_row(&rows, 0).object);
    return NULL;
}

static orc_error_t *carry_out(char **words, orc_db_source_t *source, apr_pool_t *pool)
{
    orc_error_t *error;
    orc_db_t *db;
    int applied;

    if (strcmp(words[0], "migrate") == 0) {
        puts(orc_views_schema);
        return orc_db_migrate(source, &applied, pool);
    }
    ORC_TRY(orc_db_open(&db, source, pool));
    error = strcmp(words[0], "keep") == 0 ? orc_db_views_keep(db, pool) : show_user(db, words[1], pool);
    orc_db_close(db);
    return error;
}

int main(int argc, char **argv)
{
    orc_error_t *error;
    apr_pool_t *pool;

    if (argc < 3) {
        fprintf(stderr, "usage: %s CONNINFO migrate|keep|user ID\n", argv[0]);
        return 2;
    }
    apr_initialize();
    atexit(apr_terminate);
    apr_pool_create(&pool, NULL);
    error = carry_out(argv + 2, orc_db_source_single(argv[1], pool), pool);
    if (error)
        fprintf(stderr, "%s\n", orc_error_line(error, pool));
    return error ? 1 : 0;
}
