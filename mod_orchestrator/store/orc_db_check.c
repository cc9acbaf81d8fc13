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
#define NOWHERE  "255.255.255.255"      /* no route leads there, and no name has to be asked for */

/* A port of each host, or nothing where it is libpq's own. */
static int are_ports(const char *value)
{
    for (; *value; value += *value == ',') {
        size_t digits = strspn(value, "0123456789");

        if (digits > 5 || (digits > 0 && (atoi(value) < 1 || atoi(value) > 65535)) || !strchr(",", value[digits]))
            return 0;
        value += digits;
    }
    return 1;
}

/* libpq reads numbers when it connects. */
static int has_good_number(const PQconninfoOption *option)
{
    static const char *const numbers[] = {
        "connect_timeout",  "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count",
        "tcp_user_timeout", NULL};
    const char *value = option->val;

    if (value && strcmp(option->keyword, "port") == 0)
        return are_ports(value);
    if (!value || !orc_words_find(numbers, option->keyword))
        return 1;
    value += strspn(value, " ");
    value += *value == '-';
    return *value && strspn(value, "0123456789") == strlen(value) && strlen(value) <= 9;
}

static const PQconninfoOption *find_option(const PQconninfoOption *option, const char *keyword)
{
    while (option->keyword && strcmp(option->keyword, keyword) != 0)
        option++;
    return option;
}

/* As many hosts as are named, none of which is ever reached. */
static const char *nowhere(const char *hosts, apr_pool_t *pool)
{
    const char *list = NOWHERE;

    for (; hosts && *hosts; hosts++) {
        if (*hosts == ',')
            list = apr_pstrcat(pool, list, "," NOWHERE, NULL);
    }
    return list;
}

/* A service's file, and the credentials that GSSAPI needs, may be another user's than the one who reads this. */
static int is_of_its_user(const PQconninfoOption *option)
{
    return strcmp(option->keyword, "service") == 0 ||
           (strcmp(option->keyword, "gssencmode") == 0 && strcmp(option->val, "require") == 0);
}

/* Begins to connect to nowhere with everything else that is said. */
static PGconn *begin_nowhere(const PQconninfoOption *options, apr_pool_t *pool)
{
    const char *where = find_option(options, "hostaddr")->val ? "hostaddr" : "host";
    apr_array_header_t *names = apr_array_make(pool, 64, sizeof(const char *));
    apr_array_header_t *values = apr_array_make(pool, 64, sizeof(const char *));

    for (; options->keyword; options++) {
        const char *value = strcmp(options->keyword, where) == 0 ? nowhere(options->val, pool) : options->val;

        if (!value || is_of_its_user(options))
            continue;
        APR_ARRAY_PUSH(names, const char *) = options->keyword;
        APR_ARRAY_PUSH(values, const char *) = value;
    }
    APR_ARRAY_PUSH(names, const char *) = NULL;
    APR_ARRAY_PUSH(values, const char *) = NULL;
    return PQconnectStartParams((const char *const *)names->elts, (const char *const *)values->elts, 0);
}

/* libpq knows what most values may be when it begins to connect only. What it says then is about them unless it came as
 * far as a host, whose address is in its message. */
static const char *refuse_values(const PQconninfoOption *options, apr_pool_t *pool)
{
    PGconn *connection = begin_nowhere(options, pool);
    const char *message = NULL;

    if (connection && PQstatus(connection) == CONNECTION_BAD && !strstr(PQerrorMessage(connection), NOWHERE))
        message = apr_pstrcat(
            pool, "is refused by libpq: ",
            apr_pstrmemdup(pool, PQerrorMessage(connection), strcspn(PQerrorMessage(connection), "\n")), NULL);
    PQfinish(connection);
    return message;
}

const char *orc_db_conninfo_mistake(const char *conninfo, apr_pool_t *pool)
{
    PQconninfoOption *options = PQconninfoParse(conninfo, NULL), *option;
    int is_good = options != NULL;
    const char *mistake;

    for (option = options; option && option->keyword; option++)
        is_good = is_good && has_good_number(option);
    mistake = is_good ? refuse_values(options, pool)
                      : "must be a connection string as libpq knows it: host=NAME dbname=NAME user=NAME ..., a value "
                        "with spaces in single quotes, times as whole numbers, ports up to 65535";
    PQconninfoFree(options);
    return mistake;
}

const char *orc_db_conninfo_way(const char *conninfo, apr_pool_t *pool)
{
    static const char *const names[] = {
        "service", "host", "hostaddr", "port", "dbname", "user", "options", "target_session_attrs", NULL};
    PQconninfoOption *options = PQconninfoParse(conninfo, NULL), *option;
    const char *way = "";

    for (option = options; option && option->keyword; option++) {
        if (option->val && orc_words_find(names, option->keyword))
            way = apr_pstrcat(pool, way, option->keyword, "=", option->val, "\n", NULL);
    }
    PQconninfoFree(options);
    return way;
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

/* The number that a statement of one row tells. In the simple protocol: a pooler needs to know no statement. */
static orc_error_t *ask_number(int *number, orc_db_t *db, const char *sql, apr_pool_t *pool)
{
    PGconn *connection = orc_db_connection(db);
    PGresult *result = NULL;
    int is_answered = PQsendQuery(connection, sql) &&
                      orc_db_wire_finish(&result, connection, orc_time_monotonic() + PATIENCE) &&
                      PQresultStatus(result) == PGRES_TUPLES_OK;

    if (is_answered)
        *number = atoi(PQgetvalue(result, 0, 0));
    PQclear(result);
    if (is_answered)
        return NULL;
    return orc_db_unavailable(*PQerrorMessage(connection) ? PQerrorMessage(connection) : "no answer in time", pool);
}

/* The process of PostgreSQL that answers a client now. */
static orc_error_t *ask(int *backend, orc_db_t *db, apr_pool_t *pool)
{
    return ask_number(backend, db, "SELECT pg_backend_pid()", pool);
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

/* What mod_dbd sends at the beginning of each session. It takes no notice of what fails, and so do we. */
static void begin_session(orc_db_t *db, const apr_array_header_t *statements)
{
    int i;

    for (i = 0; i < statements->nelts; i++) {
        PGconn *connection = orc_db_connection(db);
        PGresult *result = NULL;

        if (PQsendQuery(connection, APR_ARRAY_IDX(statements, i, const char *)))
            (void)orc_db_wire_finish(&result, connection, orc_time_monotonic() + PATIENCE);
        PQclear(result);
    }
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

orc_error_t *orc_db_check_same(const char *conninfo, const char *requests, const apr_array_header_t *statements,
                               apr_pool_t *pool)
{
    client_t one = {0}, other = {0};
    int is_same = 1;
    orc_error_t *error;
    apr_pool_t *work; /* both connections end with it */

    apr_pool_create(&work, pool);
    error = enter(&one, conninfo, pool, work);
    if (!error && enter_too(&other, requests, pool, work)) {
        begin_session(other.db, statements);
        error = recognise(&is_same, &one, &other, pool);
    }
    orc_db_close(one.db);
    orc_db_close(other.db);
    apr_pool_destroy(work);
    if (!error && !is_same)
        error = orc_error(pool, 500, "database.other",
                          "Requests would have other tables than the daemon: DBDParams, with DBDInitSQL, and "
                          "OrchestratorDatabase lead to different databases or schemas.");
    return error;
}

orc_error_t *orc_db_check_letters(int *are_known, const char *conninfo, apr_pool_t *pool)
{
    orc_error_t *error;
    apr_pool_t *work; /* the connection ends with it */
    orc_db_t *db;

    apr_pool_create(&work, pool);
    error = orc_db_open(&db, orc_db_source_single(conninfo, work), pool);
    if (!error) { /* a Greek omega, in ASCII whatever the encoding is */
        error = ask_number(are_known, db, "SELECT (lower(chr(937)) = chr(969))::integer", pool);
        orc_db_close(db);
    }
    apr_pool_destroy(work);
    return error;
}
