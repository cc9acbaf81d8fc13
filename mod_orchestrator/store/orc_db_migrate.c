/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_strings.h>
#include <string.h>

#include "orc_db_wire.h"
#include "orc_log.h"

/* Any number that nothing else in the database uses: "orc". */
#define MIGRATION_LOCK "7303779"

static orc_error_t *run(PGconn *connection, PGresult **out, const char *sql, apr_pool_t *pool)
{
    PGresult *result = PQexec(connection, sql);
    ExecStatusType status = PQresultStatus(result);
    orc_error_t *error = NULL;

    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        error = orc_error(pool, 500, "database.migration", "%s", PQresultErrorMessage(result));
        if (PQstatus(connection) != CONNECTION_OK)
            error->retriable = 1;
    }
    if (out && !error)
        *out = result;
    else
        PQclear(result);
    return error;
}

/* Where it is there, nothing is made: a database that takes no changes for a while is read on, and so is one whose role
 * may make nothing, when it lacks nothing. */
static orc_error_t *make_table(PGconn *connection, apr_pool_t *pool)
{
    PGresult *result;
    int is_there;

    ORC_TRY(run(connection, &result,
                "SELECT FROM pg_class WHERE relname = 'schema_migrations' AND relnamespace = "
                "(SELECT oid FROM pg_namespace WHERE nspname = current_schema())",
                pool));
    is_there = PQntuples(result) > 0;
    PQclear(result);
    if (is_there)
        return NULL;
    return run(connection, NULL,
               "CREATE TABLE IF NOT EXISTS schema_migrations"
               " (number integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())",
               pool);
}

static orc_error_t *is_applied(int *applied, PGconn *connection, const orc_migration_t *migration, apr_pool_t *pool)
{
    PGresult *result;

    ORC_TRY(run(connection, &result,
                apr_psprintf(pool, "SELECT 1 FROM schema_migrations WHERE number = %d", migration->number), pool));
    *applied = PQntuples(result) > 0;
    PQclear(result);
    return NULL;
}

/* Runs a text and then another one, all or nothing. */
static orc_error_t *run_whole(PGconn *connection, const char *text, const char *then, apr_pool_t *pool)
{
    orc_error_t *error;

    ORC_TRY(run(connection, NULL, "BEGIN", pool));
    error = run(connection, NULL, "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0",
                pool);
    if (!error)
        error = run(connection, NULL, text, pool);
    if (!error)
        error = run(connection, NULL, then, pool);
    if (!error)
        error = run(connection, NULL, "COMMIT", pool);
    if (error)
        PQclear(PQexec(connection, "ROLLBACK"));
    return error;
}

static orc_error_t *apply(PGconn *connection, const orc_migration_t *migration, apr_pool_t *pool)
{
    const char *record = apr_psprintf(pool, "INSERT INTO schema_migrations (number, name) VALUES (%d, '%s')",
                                      migration->number, migration->name);

    ORC_TRY(orc_error_wrap(run_whole(connection, migration->text, record, pool), "migration %s", migration->name));
    orc_log(ORC_LOG_NOTICE, "database: migration %s applied", migration->name);
    return NULL;
}

/* Each by itself: a database may lack one in between that was written at the same time as a later one. */
static orc_error_t *apply_missing(PGconn *connection, int *applied, apr_pool_t *pool)
{
    const orc_migration_t *migration;

    ORC_TRY(make_table(connection, pool));
    for (migration = orc_migrations; migration->name; migration++) {
        int is_there;

        ORC_TRY(is_applied(&is_there, connection, migration, pool));
        if (is_there)
            continue;
        ORC_TRY(apply(connection, migration, pool));
        (*applied)++;
    }
    return NULL;
}

/* What a version reads from is everybody's, as the schema public is. */
static orc_error_t *make_views(PGconn *connection, apr_pool_t *pool)
{
    const char *name = orc_views_schema;
    int is_there;
    PGresult *result;

    ORC_TRY(run(connection, &result, apr_psprintf(pool, "SELECT FROM pg_namespace WHERE nspname = '%s'", name), pool));
    is_there = PQntuples(result) > 0;
    PQclear(result);
    if (is_there)
        return NULL;
    ORC_TRY(orc_error_wrap(
        run_whole(connection, apr_psprintf(pool, "CREATE SCHEMA %s; GRANT USAGE ON SCHEMA %s TO PUBLIC", name, name),
                  orc_views_text, pool),
        "views %s", name));
    orc_log(ORC_LOG_NOTICE, "database: views %s made", name);
    return NULL;
}

/* Makes the views unless they are there; others that nobody uses any more go. */
static orc_error_t *keep_views(orc_db_t *db, apr_pool_t *pool)
{
    ORC_TRY(make_views(orc_db_connection(db), pool));
    ORC_TRY(orc_db_execute(db, NULL, orc_sql_views_made(.schema = orc_views_schema), pool));
    return orc_db_execute(db, NULL, orc_sql_views_drop_unused(), pool);
}

/* Debian makes its cluster in the locale of who installs it, which on a bare machine knows ASCII only. */
static orc_error_t *check_encoding(PGconn *connection, apr_pool_t *pool)
{
    const char *encoding = PQparameterStatus(connection, "server_encoding");

    if (encoding && strcmp(encoding, "UTF8") == 0)
        return NULL;
    return orc_error(pool, 500, "database.encoding", "The database's encoding is %s; it must be UTF8.",
                     encoding ? encoding : "unknown");
}

static orc_error_t *under_lock(orc_db_t *db, int *applied, apr_pool_t *pool)
{
    PGconn *connection = orc_db_connection(db);
    orc_error_t *error;

    /* Another host may be at it: wait for it as long as it takes. */
    ORC_TRY(run(connection, NULL,
                "SET client_min_messages = warning; SET lock_timeout = 0; SET statement_timeout = 0;"
                "SELECT pg_advisory_lock(" MIGRATION_LOCK ")",
                pool));
    error = apply_missing(connection, applied, pool);
    if (!error)
        error = keep_views(db, pool);
    PQclear(PQexec(connection, "SELECT pg_advisory_unlock(" MIGRATION_LOCK ");"
                               "RESET client_min_messages; RESET lock_timeout; RESET statement_timeout"));
    return error;
}

orc_error_t *orc_db_migrate(orc_db_source_t *source, int *applied, apr_pool_t *pool)
{
    orc_error_t *error;
    orc_db_t *db;

    *applied = 0;
    ORC_TRY(orc_db_open(&db, source, pool));
    error = check_encoding(orc_db_connection(db), pool);
    if (!error)
        error = under_lock(db, applied, pool);
    orc_db_close(db);
    return error;
}
