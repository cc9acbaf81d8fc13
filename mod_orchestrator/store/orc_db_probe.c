/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_db_probe.h"

#include <apr_strings.h>
#include <apr_thread_mutex.h>
#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>

#include "orc_sql.h"

struct orc_db_probe_t {
    const char *conninfo;
    const volatile apr_uint32_t *is_open;
    apr_thread_mutex_t *lock;
    PGconn *connection; /* NULL: none yet, or the last one did not answer */
    apr_time_t answered;
    int is_healthy; /* the answer of that time */
};

static void ignore_notice(void *baton, const PGresult *result)
{
}

static void hang_up(orc_db_probe_t *probe)
{
    PQfinish(probe->connection);
    probe->connection = NULL;
}

static apr_status_t end(void *probe)
{
    hang_up(probe);
    return APR_SUCCESS;
}

orc_db_probe_t *orc_db_probe_make(const char *conninfo, const volatile apr_uint32_t *is_open, apr_pool_t *pool)
{
    orc_db_probe_t *probe = apr_pcalloc(pool, sizeof *probe);

    probe->conninfo = apr_pstrdup(pool, conninfo);
    probe->is_open = is_open;
    if (apr_thread_mutex_create(&probe->lock, APR_THREAD_MUTEX_DEFAULT, pool) != APR_SUCCESS)
        return NULL;
    apr_pool_cleanup_register(pool, probe, end, apr_pool_cleanup_null);
    return probe;
}

/* Waits until the socket is ready; 0 when the time is up. */
static int wait_for(PGconn *connection, short events, apr_time_t until)
{
    struct pollfd socket = {.fd = PQsocket(connection), .events = events};
    apr_interval_time_t rest;
    int ready;

    do {
        rest = until - apr_time_now();
        ready = rest > 0 ? poll(&socket, 1, (int)apr_time_as_msec(rest) + 1) : 0;
    } while (ready < 0 && errno == EINTR);
    return ready > 0;
}

static int dial(orc_db_probe_t *probe, apr_time_t until)
{
    PostgresPollingStatusType wanted = PGRES_POLLING_WRITING;

    probe->connection = PQconnectStart(probe->conninfo);
    if (!probe->connection || PQstatus(probe->connection) == CONNECTION_BAD)
        return 0;
    PQsetNoticeReceiver(probe->connection, ignore_notice, NULL);
    while (wanted == PGRES_POLLING_READING || wanted == PGRES_POLLING_WRITING) {
        if (!wait_for(probe->connection, wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT, until))
            return 0;
        wanted = PQconnectPoll(probe->connection);
    }
    return wanted == PGRES_POLLING_OK;
}

/* The next result; NULL at the end, and when there is none in time. */
static PGresult *next_result(PGconn *connection, apr_time_t until)
{
    while (PQisBusy(connection)) {
        if (!wait_for(connection, POLLIN, until) || !PQconsumeInput(connection))
            return NULL;
    }
    return PQgetResult(connection);
}

static int ask(PGconn *connection, apr_time_t until)
{
    int is_healthy = 0;
    PGresult *result;

    if (!PQsendQuery(connection, orc_sql_table[ORC_SQL_HEALTH].text))
        return 0;
    while ((result = next_result(connection, until))) {
        if (PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1)
            is_healthy = 1;
        PQclear(result);
    }
    return is_healthy && PQtransactionStatus(connection) == PQTRANS_IDLE;
}

/* A connection that was left alone may have died with a server that is back: a new one decides. */
static int look(orc_db_probe_t *probe, apr_time_t until)
{
    if (probe->connection && ask(probe->connection, until))
        return 1;
    hang_up(probe);
    if (dial(probe, until) && ask(probe->connection, until))
        return 1;
    hang_up(probe);
    return 0;
}

int orc_db_probe(orc_db_probe_t *probe, apr_time_t until)
{
    apr_time_t asked = apr_time_now();
    int is_healthy;

    if (!__atomic_load_n(probe->is_open, __ATOMIC_RELAXED))
        return 0;
    apr_thread_mutex_lock(probe->lock);
    if (probe->answered <= asked) {
        probe->is_healthy = look(probe, until);
        probe->answered = apr_time_now();
    }
    is_healthy = probe->is_healthy;
    apr_thread_mutex_unlock(probe->lock);
    return is_healthy;
}
