/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_db_wire.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "orc_time.h"

static void ignore(void *baton, const PGresult *notice)
{
}

void orc_db_wire_ignore_notices(PGconn *connection)
{
    PQsetNoticeReceiver(connection, ignore, NULL);
}

int orc_db_wire_wait(PGconn *connection, short events, apr_time_t until)
{
    struct pollfd socket = {.fd = PQsocket(connection), .events = events};
    apr_interval_time_t rest;
    int ready;

    do {
        rest = until - orc_time_monotonic();
        ready = rest > 0 ? poll(&socket, 1, (int)apr_time_as_msec(rest) + 1) : 0;
    } while (ready < 0 && errno == EINTR);
    return ready > 0;
}

/* What is done meanwhile may take its time: whether the socket was ready by then is looked at once more. */
static int wait_for(PGconn *connection, short events, apr_time_t until, const orc_db_meanwhile_t *meanwhile)
{
    struct pollfd socket = {.fd = PQsocket(connection), .events = events};

    if (!meanwhile)
        return orc_db_wire_wait(connection, events, until);
    do {
        meanwhile->wait(meanwhile->baton, socket.fd, events, until);
        if (poll(&socket, 1, 0) > 0)
            return 1;
    } while (orc_time_monotonic() < until);
    return 0;
}

int orc_db_wire_next(PGresult **result, PGconn *connection, apr_time_t until, const orc_db_meanwhile_t *meanwhile)
{
    int unsent;

    *result = NULL;
    while ((unsent = PQflush(connection)) == 1 || PQisBusy(connection)) {
        if (PQstatus(connection) != CONNECTION_OK)
            break;
        if (!wait_for(connection, unsent == 1 ? POLLIN | POLLOUT : POLLIN, until, meanwhile))
            return 0;
        if (!PQconsumeInput(connection))
            break;
    }
    *result = PQgetResult(connection); /* of a connection that is lost it is what happened */
    return 1;
}

static int is_error(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);

    return status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && status != PGRES_EMPTY_QUERY;
}

int orc_db_wire_finish(PGresult **result, PGconn *connection, apr_time_t until)
{
    PGresult *next;

    *result = NULL;
    for (;;) {
        if (!orc_db_wire_next(&next, connection, until, NULL)) {
            PQclear(*result);
            *result = NULL;
            return 0;
        }
        if (!next)
            return 1;
        if (*result && is_error(*result)) {
            PQclear(next);
            continue;
        }
        PQclear(*result);
        *result = next;
    }
}

void orc_db_wire_cut(PGconn *connection)
{
    if (PQsocket(connection) >= 0)
        (void)shutdown(PQsocket(connection), SHUT_RDWR);
}
