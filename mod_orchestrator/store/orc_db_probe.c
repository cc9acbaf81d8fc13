/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_db_probe.h"

#include <apr_strings.h>
#include <apr_thread_mutex.h>
#include <libpq-fe.h>
#include <poll.h>

#include "orc_db_wire.h"
#include "orc_sql.h"
#include "orc_time.h"

struct orc_db_probe_t {
    const char *conninfo;
    const volatile apr_uint32_t *state;
    apr_thread_mutex_t *lock;
    PGconn *connection; /* NULL: none yet, or the last one did not answer */
    apr_time_t answered;
    int is_healthy; /* the answer of that time */
};

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

orc_db_probe_t *orc_db_probe_make(const char *conninfo, const volatile apr_uint32_t *state, apr_pool_t *pool)
{
    orc_db_probe_t *probe = apr_pcalloc(pool, sizeof *probe);

    probe->conninfo = apr_pstrdup(pool, conninfo);
    probe->state = state;
    if (apr_thread_mutex_create(&probe->lock, APR_THREAD_MUTEX_DEFAULT, pool) != APR_SUCCESS)
        return NULL;
    apr_pool_cleanup_register(pool, probe, end, apr_pool_cleanup_null);
    return probe;
}

static int dial(orc_db_probe_t *probe, apr_time_t until)
{
    PostgresPollingStatusType wanted = PGRES_POLLING_WRITING;

    probe->connection = PQconnectStart(probe->conninfo);
    if (!probe->connection || PQstatus(probe->connection) == CONNECTION_BAD)
        return 0;
    orc_db_wire_ignore_notices(probe->connection);
    while (wanted == PGRES_POLLING_READING || wanted == PGRES_POLLING_WRITING) {
        if (!orc_db_wire_wait(probe->connection, wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT, until))
            return 0;
        wanted = PQconnectPoll(probe->connection);
    }
    return wanted == PGRES_POLLING_OK && PQsetnonblocking(probe->connection, 1) == 0;
}

static int ask(PGconn *connection, apr_time_t until)
{
    int is_healthy = 0;
    PGresult *result;

    if (!PQsendQuery(connection, orc_sql_table[ORC_SQL_HEALTH].text))
        return 0;
    while (orc_db_wire_next(&result, connection, until, NULL) && result) {
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

orc_db_state_t orc_db_probe(orc_db_probe_t *probe, apr_time_t until)
{
    apr_time_t asked = orc_time_monotonic();
    orc_db_state_t state = __atomic_load_n(probe->state, __ATOMIC_RELAXED);

    if (state != ORC_DB_OPEN)
        return state;
    apr_thread_mutex_lock(probe->lock);
    if (probe->answered <= asked) {
        probe->is_healthy = look(probe, until);
        probe->answered = orc_time_monotonic();
    }
    state = probe->is_healthy ? ORC_DB_OPEN : ORC_DB_SHUT;
    apr_thread_mutex_unlock(probe->lock);
    return state;
}
