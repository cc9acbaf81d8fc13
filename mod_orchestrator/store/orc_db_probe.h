/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_DB_PROBE_H
#define ORC_DB_PROBE_H

#include <apr_pools.h>
#include <apr_time.h>

#include "orc_db.h"

/* Whether PostgreSQL answers, asked on a connection of its own that never blocks: libpq's ordinary calls wait as long
 * as a server that hangs lets them. */
typedef struct orc_db_probe_t orc_db_probe_t;

/**
 * A probe for the threads of one process.
 * @param conninfo libpq's connection string
 * @param state    an orc_db_state_t: as long as it is not open, PostgreSQL is not asked
 * @return NULL when there is no mutex to be had
 */
orc_db_probe_t *orc_db_probe_make(const char *conninfo, const volatile apr_uint32_t *state, apr_pool_t *pool);

/**
 * Open when PostgreSQL answers before `until`, by orc_time_monotonic, our tables are there, and it takes changes. Of
 * calls at the same time one asks, and the others take its answer.
 */
orc_db_state_t orc_db_probe(orc_db_probe_t *probe, apr_time_t until);

#endif
