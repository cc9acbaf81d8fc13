/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_db.h"

#include <apr_hash.h>
#include <apr_strings.h>
#include <libpq-events.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "orc_db_error.h"
#include "orc_db_wire.h"
#include "orc_log.h"
#include "orc_secret.h"
#include "orc_time.h"

enum {
    MAX_COMPOSED = 32, /* composed statements kept prepared per connection, of each kind */
    MAX_TRANSACTION_RUNS = 3,
    COMPOSED_NAME_LENGTH = 24,
    MAX_FAREWELLS = 4, /* reads of what an idle connection has to say; the last one is the end of file */
};

/* A composed statement that is prepared; "": a free place. */
typedef struct composed_t {
    char name[COMPOSED_NAME_LENGTH];
    unsigned long used; /* the number of its last use */
} composed_t;

/* What a connection remembers of itself: which statements it has prepared, and whether it was given up. Dies with the
 * session, so PGEVT_CONNRESET clears it. */
typedef struct prepared_t {
    int is_lost, is_set;
    unsigned char named[ORC_SQL_COUNT + 1];
    composed_t composed[ORC_DB_ONCE][MAX_COMPOSED];
    unsigned long uses;
} prepared_t;

struct orc_db_t {
    apr_pool_t *pool;
    orc_db_source_t *source;
    void *handle;
    PGconn *connection;
    int is_late; /* an answer did not come in time: nothing more is to be had from this connection */
    const orc_db_meanwhile_t *meanwhile;
};

static int on_connection_event(PGEventId event, void *info, void *baton)
{
    PGconn *connection;
    prepared_t *prepared;

    switch (event) {
    case PGEVT_CONNRESET:
        connection = ((PGEventConnReset *)info)->conn;
        prepared = PQinstanceData(connection, on_connection_event);
        if (prepared)
            memset(prepared, 0, sizeof *prepared);
        break;
    case PGEVT_CONNDESTROY:
        connection = ((PGEventConnDestroy *)info)->conn;
        free(PQinstanceData(connection, on_connection_event));
        break;
    default:
        break;
    }
    return 1;
}

static prepared_t *prepared_of(PGconn *connection)
{
    prepared_t *prepared = PQinstanceData(connection, on_connection_event);

    if (prepared)
        return prepared;
    prepared = calloc(1, sizeof *prepared);
    if (!prepared || !PQregisterEventProc(connection, on_connection_event, "orc_db", NULL) ||
        !PQsetInstanceData(connection, on_connection_event, prepared)) {
        free(prepared);
        return NULL;
    }
    return prepared;
}

static apr_interval_time_t patience_of(const orc_db_source_t *source)
{
    return source->patience ? source->patience : ORC_DB_PATIENCE;
}

static orc_error_t *result_error(const orc_db_t *db, const PGresult *result, apr_pool_t *pool)
{
    return db->is_late ? orc_db_late(patience_of(db->source), pool) : orc_db_refused(result, db->connection, pool);
}

int orc_db_is_past_limit(const orc_error_t *error)
{
    return strcmp(error->sqlstate, "ORC29") == 0;
}

/* ---- units of work ---- */

/* A connection that can't be used on is reset by the next unit of work; the server learns of it at once. */
static void give_up(PGconn *connection)
{
    prepared_t *prepared = PQinstanceData(connection, on_connection_event);

    if (prepared)
        prepared->is_lost = 1;
    orc_db_wire_cut(connection);
}

static int is_usable(const orc_db_t *db)
{
    return !db->is_late && PQstatus(db->connection) == CONNECTION_OK;
}

static apr_status_t close_at_end(void *baton)
{
    orc_db_t *db = baton;
    int is_broken;

    if (!db->connection)
        return APR_SUCCESS;
    if (is_usable(db) && PQtransactionStatus(db->connection) == PQTRANS_INTRANS)
        orc_db_rollback(db);
    if (is_usable(db) && PQtransactionStatus(db->connection) == PQTRANS_INERROR)
        orc_db_rollback(db);
    is_broken = !is_usable(db) || PQtransactionStatus(db->connection) != PQTRANS_IDLE;
    if (is_broken)
        give_up(db->connection);
    db->source->give(db->source, db->handle, db->connection, is_broken);
    db->connection = NULL;
    return APR_SUCCESS;
}

void orc_db_close(orc_db_t *db)
{
    if (db && db->connection)
        apr_pool_cleanup_run(db->pool, db, close_at_end);
}

PGconn *orc_db_connection(const orc_db_t *db)
{
    return db->connection;
}

/* A server that was restarted has said so and closed its end meanwhile: seen here, before a statement is lost on it. */
static void notice_end(PGconn *connection)
{
    struct pollfd socket = {.fd = PQsocket(connection), .events = POLLIN};
    int i;

    for (i = 0; i < MAX_FAREWELLS && PQstatus(connection) == CONNECTION_OK && poll(&socket, 1, 0) > 0; i++)
        (void)PQconsumeInput(connection);
}

/* Makes a connection that died, or was given up, a new one. One that could not even be made is not tried twice. */
static void revive(PGconn *connection)
{
    const prepared_t *prepared = PQinstanceData(connection, on_connection_event);

    if (PQstatus(connection) != CONNECTION_OK && !prepared)
        return;
    notice_end(connection);
    if (PQstatus(connection) != CONNECTION_OK || (prepared && prepared->is_lost))
        PQreset(connection);
}

/* ---- statements ---- */

static apr_status_t clear_result(void *result)
{
    PQclear(result);
    return APR_SUCCESS;
}

static orc_error_t *keep(orc_db_t *db, orc_rows_t *rows, PGresult *result, apr_pool_t *pool)
{
    ExecStatusType status = PQresultStatus(result);

    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        orc_error_t *error = result_error(db, result, pool);

        PQclear(result);
        return error;
    }
    if (!rows) {
        PQclear(result);
        return NULL;
    }
    apr_pool_cleanup_register(pool, result, clear_result, apr_pool_cleanup_null);
    rows->result = result;
    rows->count = PQntuples(result);
    rows->affected = atoi(PQcmdTuples(result));
    return NULL;
}

/* The result of what was sent; NULL when it could not be sent, or the answer is late. */
static PGresult *answer(orc_db_t *db, int was_sent)
{
    PGresult *result = NULL;

    if (was_sent && !db->is_late)
        db->is_late = !orc_db_wire_finish(&result, db->connection, orc_time_monotonic() + patience_of(db->source));
    return result;
}

static PGresult *run(orc_db_t *db, const char *sql)
{
    return answer(db, PQsendQuery(db->connection, sql));
}

/* Once a session. Compiling a plan takes longer than any statement of ours is worth; the rest is what they are written
 * for, whatever the server, the role or DBDParams say for all sessions: our texts are UTF-8, and who waited for a lock
 * sees what was done meanwhile. */
static orc_error_t *set_up(orc_db_t *db, apr_pool_t *pool)
{
    prepared_t *prepared = prepared_of(db->connection);
    apr_interval_time_t locks = db->source->lock_patience;
    const char *sql =
        "SET jit = off; SET client_encoding = 'UTF8'; SET default_transaction_isolation = 'read committed'";

    if (prepared->is_set)
        return NULL;
    if (locks)
        sql = apr_psprintf(pool, "%s; SET lock_timeout = %d", sql, (int)apr_time_as_msec(locks));
    ORC_TRY(keep(db, NULL, run(db, sql), pool));
    prepared->is_set = 1;
    return NULL;
}

/* Why nothing is to be taken from a source. */
static orc_error_t *check_state(const orc_db_source_t *source, apr_pool_t *pool)
{
    apr_uint32_t state = source->state ? __atomic_load_n(source->state, __ATOMIC_RELAXED) : ORC_DB_OPEN;

    if (state == ORC_DB_UNSEEN)
        return orc_db_unseen(pool);
    return state == ORC_DB_OPEN ? NULL : orc_db_unavailable("it was found that it can not be used", pool);
}

orc_error_t *orc_db_open(orc_db_t **out, orc_db_source_t *source, apr_pool_t *pool)
{
    orc_db_t *db = apr_pcalloc(pool, sizeof *db);
    orc_error_t *error;

    *out = NULL;
    ORC_TRY(check_state(source, pool));
    db->pool = pool;
    db->source = source;
    db->connection = source->take(source, &db->handle);
    if (!db->connection)
        return orc_db_unavailable("no connection is to be had", pool);
    apr_pool_cleanup_register(pool, db, close_at_end, apr_pool_cleanup_null);
    revive(db->connection);
    if (PQstatus(db->connection) != CONNECTION_OK || PQsetnonblocking(db->connection, 1) != 0 ||
        !prepared_of(db->connection)) {
        error = orc_db_unavailable(PQerrorMessage(db->connection), pool);
        orc_db_close(db);
        return error;
    }
    error = set_up(db, pool);
    if (error)
        orc_db_close(db);
    else
        *out = db;
    return error;
}

static PGresult *run_prepared(orc_db_t *db, const char *name, int count, const char *const *values)
{
    return answer(db, PQsendQueryPrepared(db->connection, name, count, values, NULL, NULL, 0));
}

static orc_error_t *prepare(orc_db_t *db, const char *name, const char *text, apr_pool_t *pool)
{
    return keep(db, NULL, answer(db, PQsendPrepare(db->connection, name, text, 0, NULL)), pool);
}

static orc_error_t *prepare_named(orc_db_t *db, orc_sql_t statement, apr_pool_t *pool)
{
    prepared_t *prepared = prepared_of(db->connection);

    if (!prepared->named[statement]) {
        ORC_TRY(prepare(db, orc_sql_table[statement].name, orc_sql_table[statement].text, pool));
        prepared->named[statement] = 1;
    }
    return NULL;
}

orc_error_t *orc_db_execute(orc_db_t *db, orc_rows_t *rows, orc_sql_call_t call, apr_pool_t *pool)
{
    const orc_sql_entry_t *entry = &orc_sql_table[call.statement];

    ORC_TRY(prepare_named(db, call.statement, pool));
    return orc_error_wrap(keep(db, rows, run_prepared(db, entry->name, entry->parameters, call.values), pool),
                          "statement %s", entry->name);
}

orc_sql_call_t orc_db_kept(orc_sql_call_t call, apr_pool_t *pool)
{
    call.values =
        apr_pmemdup(pool, call.values, (apr_size_t)orc_sql_table[call.statement].parameters * sizeof *call.values);
    return call;
}

/* The statement's place among those of its kind, or else the one whose statement was not used for the longest. */
static composed_t *place_of(composed_t *composed, const char *name)
{
    composed_t *oldest = composed;
    int i;

    for (i = 0; i < MAX_COMPOSED; i++) {
        if (strcmp(composed[i].name, name) == 0)
            return &composed[i];
        if (composed[i].used < oldest->used)
            oldest = &composed[i];
    }
    return oldest;
}

static orc_error_t *prepare_composed(orc_db_t *db, composed_t *place, const char *name, const char *sql,
                                     apr_pool_t *pool)
{
    if (strcmp(place->name, name) == 0)
        return NULL;
    if (*place->name)
        ORC_TRY(keep(db, NULL, run(db, apr_pstrcat(pool, "DEALLOCATE ", place->name, NULL)), pool));
    place->name[0] = '\0';
    ORC_TRY(prepare(db, name, sql, pool));
    apr_cpystrn(place->name, name, sizeof place->name);
    return NULL;
}

orc_error_t *orc_db_execute_text(orc_db_t *db, orc_rows_t *rows, const char *sql, int count, const char *const *values,
                                 orc_db_keep_t kind, apr_pool_t *pool)
{
    prepared_t *prepared = prepared_of(db->connection);
    char name[COMPOSED_NAME_LENGTH];
    composed_t *place;

    if (kind == ORC_DB_ONCE) {
        int was_sent = PQsendQueryParams(db->connection, sql, count, NULL, values, NULL, NULL, 0);

        return keep(db, rows, answer(db, was_sent), pool);
    }
    apr_snprintf(name, sizeof name, "%c%.20s", kind == ORC_DB_USUAL ? 'q' : 'u',
                 orc_secret_sha256(sql, strlen(sql), pool));
    place = place_of(prepared->composed[kind], name);
    ORC_TRY(prepare_composed(db, place, name, sql, pool));
    place->used = ++prepared->uses;
    return keep(db, rows, run_prepared(db, name, count, values), pool);
}

/* ---- transactions ---- */

orc_error_t *orc_db_begin(orc_db_t *db, apr_pool_t *pool)
{
    return keep(db, NULL, run(db, "BEGIN"), pool);
}

orc_error_t *orc_db_commit(orc_db_t *db, apr_pool_t *pool)
{
    return orc_error_wrap(keep(db, NULL, run(db, "COMMIT"), pool), "commit");
}

void orc_db_rollback(orc_db_t *db)
{
    PQclear(run(db, "ROLLBACK"));
}

/* The engines' wake-up: see orc_db_batch. */
static const char wake_statement[] =
    "SELECT set_config('synchronous_commit', 'off', true), pg_notify('orchestrator', '')";

/* A wake-up that gets lost only costs the engines' next look. */
static void wake_engines(orc_db_t *db)
{
    PQclear(run(db, wake_statement));
}

static orc_error_t *part_send(orc_db_t *db, const orc_db_part_t *part, apr_pool_t *pool)
{
    int i;

    for (i = 0; i < part->count; i++) {
        const orc_sql_call_t *call = &part->steps[i].call;
        const orc_sql_entry_t *entry = &orc_sql_table[call->statement];

        if (!PQsendQueryPrepared(db->connection, entry->name, entry->parameters, call->values, NULL, NULL, 0))
            return result_error(db, NULL, pool);
    }
    return PQpipelineSync(db->connection) ? NULL : result_error(db, NULL, pool);
}

static orc_error_t *wake_send(orc_db_t *db, apr_pool_t *pool)
{
    if (!PQsendQueryParams(db->connection, wake_statement, 0, NULL, NULL, NULL, NULL, 0) ||
        !PQpipelineSync(db->connection))
        return result_error(db, NULL, pool);
    return NULL;
}

/* The next result of the pipeline; NULL as PQgetResult has it, and when it is late. Each has its own time. */
static PGresult *batch_next(orc_db_t *db)
{
    PGresult *result = NULL;

    if (!db->is_late)
        db->is_late =
            !orc_db_wire_next(&result, db->connection, orc_time_monotonic() + patience_of(db->source), db->meanwhile);
    return result;
}

/* Reads the results of one statement of the pipeline: its result, then the NULL that ends it. */
static orc_error_t *batch_receive(orc_db_t *db, orc_rows_t *rows, apr_pool_t *pool)
{
    PGresult *result = batch_next(db);
    orc_error_t *error = NULL;

    if (!result)
        return result_error(db, NULL, pool);
    if (PQresultStatus(result) == PGRES_PIPELINE_ABORTED)
        PQclear(result);
    else
        error = keep(db, rows, result, pool);
    PQclear(batch_next(db));
    return error;
}

/* The end of a transaction in the pipeline; the commit itself may fail here (deferred constraints, a lost server). */
static orc_error_t *batch_sync(orc_db_t *db, apr_pool_t *pool)
{
    orc_error_t *error = NULL;
    PGresult *result;

    for (;;) {
        result = batch_next(db);
        if (!result)
            return error ? error : result_error(db, NULL, pool);
        if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) {
            PQclear(result);
            return error;
        }
        if (!error)
            error = result_error(db, result, pool);
        PQclear(result);
        if (PQstatus(db->connection) != CONNECTION_OK)
            return error;
    }
}

static orc_error_t *part_receive(orc_db_t *db, orc_db_part_t *part, apr_pool_t *pool)
{
    orc_error_t *error = NULL, *sync_error;
    int i;

    for (i = 0; i < part->count && !error; i++) {
        error = batch_receive(db, &part->steps[i].rows, pool);
        if (error)
            error = orc_error_wrap(error, "statement %s", orc_sql_table[part->steps[i].call.statement].name);
    }
    for (; i < part->count && is_usable(db); i++)
        (void)batch_receive(db, NULL, pool);
    if (is_usable(db)) {
        sync_error = batch_sync(db, pool);
        error = error ? error : sync_error;
    }
    return error ? error : is_usable(db) ? NULL : result_error(db, NULL, pool);
}

static orc_error_t *parts_prepare(orc_db_t *db, const orc_db_part_t *parts, int count, apr_pool_t *pool)
{
    int i, j;

    for (i = 0; i < count; i++) {
        for (j = 0; j < parts[i].count; j++)
            ORC_TRY(prepare_named(db, parts[i].steps[j].call.statement, pool));
    }
    return PQenterPipelineMode(db->connection) ? NULL : result_error(db, NULL, pool);
}

/* What is wrong with the connection, if anything is; what is wrong with a part is its own. */
static orc_error_t *run_parts(orc_db_t *db, orc_db_part_t *parts, int count, int wake, apr_pool_t *pool)
{
    orc_error_t *error = NULL;
    int i;

    error = parts_prepare(db, parts, count, pool);
    if (error) {
        for (i = 0; i < count; i++)
            parts[i].error = error;
        return error;
    }
    for (i = 0; i < count && !error; i++)
        error = part_send(db, &parts[i], pool);
    if (wake && !error)
        error = wake_send(db, pool);
    for (i = 0; i < count; i++) {
        parts[i].error = error ? error : part_receive(db, &parts[i], pool);
        error = error ? error : is_usable(db) ? NULL : parts[i].error;
    }
    if (wake && is_usable(db)) {
        (void)batch_receive(db, NULL, pool);
        (void)batch_sync(db, pool);
    }
    if (!db->is_late && !PQexitPipelineMode(db->connection) && !error)
        error = result_error(db, NULL, pool);
    return error;
}

orc_error_t *orc_db_parts(orc_db_t *db, orc_db_part_t *parts, int count, const orc_db_meanwhile_t *meanwhile,
                          apr_pool_t *pool)
{
    orc_error_t *error;

    db->meanwhile = meanwhile;
    error = run_parts(db, parts, count, 0, pool);
    db->meanwhile = NULL;
    return error;
}

orc_error_t *orc_db_batch(orc_db_t *db, orc_db_step_t *steps, int count, int wake, apr_pool_t *pool)
{
    orc_db_part_t part = {.steps = steps, .count = count};
    orc_error_t *error = run_parts(db, &part, 1, wake, pool);

    return part.error ? part.error : error;
}

orc_error_t *orc_db_write(orc_db_source_t *source, orc_db_step_t *steps, int count, int wake, apr_pool_t *pool)
{
    orc_error_t *error;
    orc_db_t *db;

    ORC_TRY(orc_db_open(&db, source, pool));
    error = orc_db_batch(db, steps, count, wake, pool);
    orc_db_close(db);
    return error;
}

static int asks_for_repetition(const orc_error_t *error, int in_commit)
{
    if (strcmp(error->sqlstate, "40001") == 0 || strcmp(error->sqlstate, "40P01") == 0)
        return 1;
    /* Whether a commit happened whose answer got lost nobody knows: only the caller can ask again. */
    return !in_commit && orc_error_is(error, ORC_REASON_AWAY);
}

orc_error_t *orc_db_transact(orc_db_source_t *source, orc_db_work_t *work, void *baton, int wake, apr_pool_t *pool)
{
    orc_error_t *error = NULL;
    orc_db_t *db;
    int run, in_commit = 0;

    for (run = 0; run < MAX_TRANSACTION_RUNS; run++) {
        ORC_TRY(orc_db_open(&db, source, pool));
        in_commit = 0;
        error = orc_db_begin(db, pool);
        if (!error)
            error = work(db, baton, pool);
        if (!error) {
            in_commit = 1;
            error = orc_db_commit(db, pool);
        }
        if (!error && wake)
            wake_engines(db);
        orc_db_close(db);
        if (!error || !asks_for_repetition(error, in_commit))
            break;
    }
    return error;
}

/* Runs a composed statement, or a named one when `sql` is NULL; once more when the connection died. */
static orc_error_t *read_twice(orc_db_source_t *source, orc_rows_t *rows, const char *sql, int count,
                               orc_sql_call_t call, orc_db_keep_t kind, apr_pool_t *pool)
{
    orc_error_t *error = NULL;
    orc_db_t *db;
    int run;

    for (run = 0; run < 2; run++) {
        ORC_TRY(orc_db_open(&db, source, pool));
        error = sql ? orc_db_execute_text(db, rows, sql, count, call.values, kind, pool)
                    : orc_db_execute(db, rows, call, pool);
        orc_db_close(db);
        if (!error || !asks_for_repetition(error, 0))
            break;
    }
    return error;
}

orc_error_t *orc_db_read(orc_db_source_t *source, orc_rows_t *rows, orc_sql_call_t call, apr_pool_t *pool)
{
    return read_twice(source, rows, NULL, 0, call, ORC_DB_ONCE, pool);
}

orc_error_t *orc_db_read_text(orc_db_source_t *source, orc_rows_t *rows, const char *sql, int count,
                              const char *const *values, orc_db_keep_t kind, apr_pool_t *pool)
{
    return read_twice(source, rows, sql, count, (orc_sql_call_t){.values = values}, kind, pool);
}
