/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_db.h"

#include <apr_strings.h>

#include "orc_db_wire.h"

/* A source of one connection. */

typedef struct single_t {
    const char *conninfo;
    PGconn *connection;
    int listens; /* the server's process that LISTEN was sent to */
} single_t;

/* The last one that is given wins: the source's own patience, what the conninfo says, or else ours. */
static PGconn *connect_in_time(const single_t *single, apr_interval_time_t patience)
{
    char seconds[24] = "";
    const char *const names[] = {"connect_timeout", "dbname", "connect_timeout", NULL};
    const char *const values[] = {"10", single->conninfo, seconds, NULL};

    if (patience)
        apr_snprintf(seconds, sizeof seconds, "%d", (int)apr_time_sec(patience + APR_USEC_PER_SEC - 1));
    return PQconnectdbParams(names, values, 1);
}

static void hang_up(single_t *single)
{
    PQfinish(single->connection);
    single->connection = NULL;
    single->listens = 0;
}

static PGconn *single_take(orc_db_source_t *source, void **handle)
{
    single_t *single = source->baton;

    *handle = NULL;
    if (!single->connection) {
        single->connection = connect_in_time(single, source->patience);
        orc_db_wire_ignore_notices(single->connection);
    }
    return single->connection;
}

static void single_give(orc_db_source_t *source, void *handle, PGconn *connection, int broken)
{
    single_t *single = source->baton;

    if (broken)
        hang_up(single);
}

static apr_status_t single_end(void *single)
{
    hang_up(single);
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

/* ---- wake-ups ---- */

orc_error_t *orc_db_listen(int *is_new, orc_db_source_t *source, apr_pool_t *pool)
{
    single_t *single = source->baton;
    orc_error_t *error;
    orc_db_t *db;

    *is_new = 0;
    ORC_TRY(orc_db_open(&db, source, pool));
    if (single->listens == PQbackendPID(single->connection)) {
        orc_db_close(db);
        return NULL;
    }
    error = orc_db_execute_text(db, NULL, "LISTEN orchestrator", 0, NULL, ORC_DB_ONCE, pool);
    if (!error)
        single->listens = PQbackendPID(single->connection);
    *is_new = !error;
    orc_db_close(db);
    return error;
}

int orc_db_socket(const orc_db_source_t *source)
{
    const single_t *single = source->baton;

    return PQsocket(single->connection);
}

int orc_db_heard(orc_db_source_t *source)
{
    const single_t *single = source->baton;
    PGnotify *notification;
    int any = 0;

    if (!single->connection || !PQconsumeInput(single->connection))
        return 1;
    while ((notification = PQnotifies(single->connection)) != NULL) {
        PQfreemem(notification);
        any = 1;
    }
    return any;
}
