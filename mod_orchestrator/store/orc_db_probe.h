/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_DB_PROBE_H
#define ORC_DB_PROBE_H

#include <apr_pools.h>
#include <apr_time.h>

/* Whether PostgreSQL answers, asked on a connection of its own that never blocks: libpq's ordinary calls wait as long
 * as a server that hangs lets them. */
typedef struct orc_db_probe_t orc_db_probe_t;

/**
 * A probe for the threads of one process.
 * @param conninfo libpq's connection string
 * @param is_open  0 as long as the database is not to be used yet: its schema is being made
 * @return NULL when there is no mutex to be had
 */
orc_db_probe_t *orc_db_probe_make(const char *conninfo, const volatile apr_uint32_t *is_open, apr_pool_t *pool);

/**
 * True when PostgreSQL answers before `until` and our tables are there. Of calls at the same time one asks, and the
 * others take its answer.
 */
int orc_db_probe(orc_db_probe_t *probe, apr_time_t until);

#endif
