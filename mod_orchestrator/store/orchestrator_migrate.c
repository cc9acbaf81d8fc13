/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* Applies the migrations that a database lacks: what OrchestratorMigrate On does at httpd's start, for administrators
 * and
 * ./dev migrate. */

#include <stdio.h>
#include <stdlib.h>

#include <apr_general.h>

#include "orc_db.h"
#include "orc_db_check.h"

int main(int argc, char **argv)
{
    apr_pool_t *pool;
    orc_error_t *error;
    int applied = 0;

    if (argc != 2) {
        fprintf(stderr, "usage: %s CONNINFO\n", argv[0]);
        return 2;
    }
    if (apr_initialize() != APR_SUCCESS)
        return 1;
    atexit(apr_terminate);
    apr_pool_create(&pool, NULL);
    error = orc_db_check_sessions(argv[1], pool);
    if (!error)
        error = orc_db_migrate(orc_db_source_single(argv[1], pool), &applied, pool);
    if (error) {
        fprintf(stderr, "migrate: %s\n", orc_error_line(error, pool));
        return 1;
    }
    printf("%d migration%s applied\n", applied, applied == 1 ? "" : "s");
    return 0;
}
