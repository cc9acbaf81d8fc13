/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_db_check.h"

#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#include "orc_db_error.h"
#include "orc_db_wire.h"
#include "orc_id.h"
#include "orc_log.h"
#include "orc_time.h"
#include "orc_words.h"

#define PATIENCE (3 * APR_USEC_PER_SEC) /* for an answer */

/* libpq reads numbers when it connects; of ports there may be one for each host. */
static int has_good_number(const PQconninfoOption *option)
{
    static const char *const numbers[] = {"port",
                                          "connect_timeout",
                                          "keepalives",
                                          "keepalives_idle",
                                          "keepalives_interval",
                                          "keepalives_count",
                                          "tcp_user_timeout",
                                          NULL};
    const char *value = option->val;
    int is_port = value && strcmp(option->keyword, "port") == 0;

    if (!value || !orc_words_find(numbers, option->keyword))
        return 1;
    value += strspn(value, " ");
    value += *value == '-' && !is_port;
    return *value && strspn(value, is_port ? "0123456789," : "0123456789") == strlen(value) &&
           (is_port || strlen(value) <= 9);
}

const char *orc_db_conninfo_mistake(const char *conninfo)
{
    PQconninfoOption *options = PQconninfoParse(conninfo, NULL), *option;
    int is_good = options != NULL;

    for (option = options; option && option->keyword; option++)
        is_good = is_good && has_good_number(option);
    PQconninfoFree(options);
    return is_good ? NULL
                   : "must be a connection string as libpq knows it: host=NAME dbname=NAME user=NAME ..., a value with "
                     "spaces in single quotes, times as whole numbers";
}

/* libpq takes 0 and less for no limit. */
int orc_db_has_connect_timeout(const char *conninfo)
{
    PQconninfoOption *options = PQconninfoParse(conninfo, NULL), *option;
    int has = 0;

    for (option = options; option && option->keyword; option++)
        has |= option->val && strcmp(option->keyword, "connect_timeout") == 0 && atoi(option->val) > 0;
    PQconninfoFree(options);
    return has;
}

/* One client of the pooler, and the backend that it had first. */
typedef struct client_t {
    orc_db_t *db;
    int backend;
} client_t;

/* The process of PostgreSQL that answers a client now. In the simple protocol: a pooler needs to know no statement. */
static orc_error_t *ask(int *backend, orc_db_t *db, apr_pool_t *pool)
{
    PGconn *connection = orc_db_connection(db);
    PGresult *result = NULL;
    int is_answered = PQsendQuery(connection, "SELECT pg_backend_pid()") &&
                      orc_db_wire_finish(&result, connection, orc_time_monotonic() + PATIENCE) &&
                      PQresultStatus(result) == PGRES_TUPLES_OK;

    if (is_answered)
        *backend = atoi(PQgetvalue(result, 0, 0));
    PQclear(result);
    if (is_answered)
        return NULL;
    return orc_db_unavailable(*PQerrorMessage(connection) ? PQerrorMessage(connection) : "no answer in time", pool);
}

static orc_error_t *enter(client_t *client, const char *conninfo, apr_pool_t *pool, apr_pool_t *work)
{
    ORC_TRY(orc_db_open(&client->db, orc_db_source_single(conninfo, work), pool));
    return ask(&client->backend, client->db, pool);
}

/* With sessions, one client may use a small pool up. */
static int enter_too(client_t *client, const char *conninfo, apr_pool_t *pool, apr_pool_t *work)
{
    orc_error_t *error = enter(client, conninfo, pool, work);

    if (error)
        orc_log(ORC_LOG_WARNING, "the database's pooler has no second connection for us: %s",
                orc_error_line(error, pool));
    return !error;
}

/* Lets two clients ask in turns. With sessions of their own each has a backend of its own, always the same. Without, a
 * backend is free as soon as it has answered: the pooler gives the other client the one that was used last, or both
 * always the next one; the turns are uneven, so that a fixed number of backends in rotation is noticed too. */
static orc_error_t *take_turns(int *is_changing, const client_t *one, const client_t *other, apr_pool_t *pool)
{
    static const char turns[] = "112122112";
    const char *turn;

    *is_changing = one->backend == other->backend;
    for (turn = turns; *turn && !*is_changing; turn++) {
        const client_t *client = *turn == '1' ? one : other;
        int backend;

        ORC_TRY(ask(&backend, client->db, pool));
        *is_changing = backend != client->backend;
    }
    return NULL;
}

static orc_error_t *compare(int *is_changing, client_t *one, client_t *other, const char *conninfo, apr_pool_t *pool,
                            apr_pool_t *work)
{
    ORC_TRY(enter(one, conninfo, pool, work));
    /* PostgreSQL itself calls a session by its backend's process; poolers make names of their own up. */
    if (one->backend == PQbackendPID(orc_db_connection(one->db)))
        return NULL;
    /* Without sessions, the first one's backend would be free for the other. */
    return enter_too(other, conninfo, pool, work) ? take_turns(is_changing, one, other, pool) : NULL;
}

orc_error_t *orc_db_check_sessions(const char *conninfo, apr_pool_t *pool)
{
    client_t one = {0}, other = {0};
    int is_changing = 0;
    orc_error_t *error;
    apr_pool_t *work; /* both connections end with it */

    apr_pool_create(&work, pool);
    error = compare(&is_changing, &one, &other, conninfo, pool, work);
    orc_db_close(one.db);
    orc_db_close(other.db);
    apr_pool_destroy(work);
    if (!error && is_changing)
        error = orc_error(pool, 500, "database.pooling",
                          "The database is behind a pooler that changes a connection's session between transactions. "
                          "It needs session pooling (PgBouncer: pool_mode = session) or no pooler.");
    return error;
}

/* What one session locks is locked for every other one of that database, and for none of another; and a search_path may
 * lead to other tables of the same one. */
static orc_error_t *recognise(int *is_same, client_t *one, client_t *other, apr_pool_t *pool)
{
    const char *mark = orc_id_new(pool), *tables;
    orc_rows_t rows;

    ORC_TRY(orc_db_execute(one->db, &rows, orc_sql_database_mark(.mark = mark), pool));
    tables = orc_sql_database_mark_row(&rows, 0).tables;
    ORC_TRY(orc_db_execute(other->db, &rows, orc_sql_database_recognise(.mark = mark, .tables = tables), pool));
    *is_same = orc_value_is_true(orc_sql_database_recognise_row(&rows, 0).is_same);
    return NULL;
}

orc_error_t *orc_db_check_same(const char *conninfo, const char *requests, apr_pool_t *pool)
{
    client_t one = {0}, other = {0};
    int is_same = 1;
    orc_error_t *error;
    apr_pool_t *work; /* both connections end with it */

    apr_pool_create(&work, pool);
    error = enter(&one, conninfo, pool, work);
    if (!error && enter_too(&other, requests, pool, work))
        error = recognise(&is_same, &one, &other, pool);
    orc_db_close(one.db);
    orc_db_close(other.db);
    apr_pool_destroy(work);
    if (!error && !is_same)
        error =
            orc_error(pool, 500, "database.other",
                      "Requests would have other tables than the daemon: DBDParams and OrchestratorDatabase lead to "
                      "different databases or schemas.");
    return error;
}
