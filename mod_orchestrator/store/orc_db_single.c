/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_db.h"

#include <apr_strings.h>

#include "orc_db_wire.h"

/* A source of one connection. */

typedef struct single_t {
    const char *conninfo;
    PGconn *connection;
} single_t;

/* The conninfo comes last and wins. */
static PGconn *connect_in_time(const char *conninfo)
{
    const char *const names[] = {"connect_timeout", "dbname", NULL};
    const char *const values[] = {"10", conninfo, NULL};

    return PQconnectdbParams(names, values, 1);
}

static PGconn *single_take(orc_db_source_t *source, void **handle)
{
    single_t *single = source->baton;

    *handle = NULL;
    if (!single->connection) {
        single->connection = connect_in_time(single->conninfo);
        orc_db_wire_ignore_notices(single->connection);
    }
    return single->connection;
}

static void single_give(orc_db_source_t *source, void *handle, PGconn *connection, int broken)
{
    single_t *single = source->baton;

    if (broken) {
        PQfinish(single->connection);
        single->connection = NULL;
    }
}

static apr_status_t single_end(void *baton)
{
    single_t *single = baton;

    PQfinish(single->connection);
    single->connection = NULL;
    return APR_SUCCESS;
}

orc_db_source_t *orc_db_source_single(const char *conninfo, apr_pool_t *pool)
{
    orc_db_source_t *source = apr_pcalloc(pool, sizeof *source);
    single_t *single = apr_pcalloc(pool, sizeof *single);

    single->conninfo = apr_pstrdup(pool, conninfo);
    source->take = single_take;
    source->give = single_give;
    source->baton = single;
    apr_pool_cleanup_register(pool, single, single_end, apr_pool_cleanup_null);
    return source;
}
