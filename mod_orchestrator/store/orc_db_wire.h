/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_DB_WIRE_H
#define ORC_DB_WIRE_H

#include <apr_time.h>

#include "orc_db.h"

/* libpq with an end, `until` by orc_time_monotonic: its ordinary calls wait for as long as a server or a pooler that
 * hangs lets them. Private to this room. */

/** The connection of a unit of work, for what is no statement of sql/queries. */
PGconn *orc_db_connection(const orc_db_t *db);

/** From now on the server's notices are nobody's: libpq would print them. */
void orc_db_wire_ignore_notices(PGconn *connection);

/** Waits for the socket to become ready for `events` of poll(2); 0 when it is not in time. */
int orc_db_wire_wait(PGconn *connection, short events, apr_time_t until);

/**
 * The next result of what was sent on a connection in nonblocking mode.
 * @param result NULL at the end of a statement's results, as PQgetResult has it
 * @param meanwhile of orc_db_parts, or NULL
 * @return 0 when there is none in time
 */
int orc_db_wire_next(PGresult **result, PGconn *connection, apr_time_t until, const orc_db_meanwhile_t *meanwhile);

/**
 * The one result of a statement that was sent on a connection in nonblocking mode: the last, or the first that is an
 * error.
 * @param result NULL when nothing was sent
 * @return 0 when it is not there in time; then the connection is of no more use
 */
int orc_db_wire_finish(PGresult **result, PGconn *connection, apr_time_t until);

/** Closes the socket under a connection, so that the server gives up what it still does for it. */
void orc_db_wire_cut(PGconn *connection);

#endif
