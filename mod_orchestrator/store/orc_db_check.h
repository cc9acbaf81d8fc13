/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_DB_CHECK_H
#define ORC_DB_CHECK_H

#include "orc_error.h"

/* What has to be known of a database's connection string before work is done with it. */

/**
 * Looks at a connection string of libpq as far as that is possible without a server.
 * @return what it must be, or what libpq says of the value that it refuses, never of a password; NULL when libpq can
 * connect with it
 */
const char *orc_db_conninfo_mistake(const char *conninfo, apr_pool_t *pool);

/** What of a connection string may lead to other tables, and no password: another text may be another database. */
const char *orc_db_conninfo_way(const char *conninfo, apr_pool_t *pool);

/** True when libpq's connection string says how long the making of a connection may take. */
int orc_db_has_connect_timeout(const char *conninfo);

/**
 * Makes sure that a connection keeps its session: prepared statements, LISTEN and advisory locks live in it. A pooler
 * that gives a client another session for each transaction or statement would lose them, now and then only. Makes two
 * connections for a moment, one when no pooler stands between; blocks for some seconds at most.
 * @return 500 "database.pooling" when sessions change; 503 "database.unavailable", retriable, when the database can't
 * be asked
 */
orc_error_t *orc_db_check_sessions(const char *conninfo, apr_pool_t *pool);

/**
 * Whether two connection strings lead to the same tables: what requests store, the engine works on.
 * @param statements of const char *: SQL that the sessions of requests begin with
 * @return 500 "database.other" when they don't; 503 "database.unavailable" when that can't be found out
 */
orc_error_t *orc_db_check_same(const char *conninfo, const char *requests, const apr_array_header_t *statements,
                               apr_pool_t *pool);

/**
 * Whether the database's locale knows letters beyond ASCII: searches take no account of upper and lower case.
 * @return 503 "database.unavailable" when that can't be found out
 */
orc_error_t *orc_db_check_letters(int *are_known, const char *conninfo, apr_pool_t *pool);

#endif
