/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_DB_ERROR_H
#define ORC_DB_ERROR_H

#include "orc_db.h"

/* What PostgreSQL says, as errors. Private to this room. */

/** 503 "database.unavailable", retriable: nobody has looked yet whether the database can be used. */
orc_error_t *orc_db_unseen(apr_pool_t *pool);

/** 503 "database.unavailable", retriable: the server can't be reached. `cause` is copied, on one line. */
orc_error_t *orc_db_unavailable(const char *cause, apr_pool_t *pool);

/** 503 "database.busy", retriable: no answer within that time. */
orc_error_t *orc_db_late(apr_interval_time_t patience, apr_pool_t *pool);

/** What a failed statement means, by its SQLSTATE alone: orc_db_execute says what. Without a result the connection is
 * lost. */
orc_error_t *orc_db_refused(const PGresult *result, const PGconn *connection, apr_pool_t *pool);

#endif
