/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_ENGINE_CLAIMS_H
#define ORC_ENGINE_CLAIMS_H

#include "orc_engine_state.h"

/*
 * Leases. An owner's name tells host, boot, process namespace, process and its start time, so that a process of the
 * same host can see that the owner is gone, and take its leases over at once.
 */

/** The name of this process as owner of leases, and the prefix of its host's. */
void orc_claims_name(const char **owner, const char **prefix, apr_pool_t *pool);

/** Says that this process lives, counts those that do (they share the windows of endpoints), and takes over what
 * processes of this host had in hand that are gone. */
orc_error_t *orc_claims_adopt(orc_engine_t *engine, orc_db_t *db, apr_pool_t *pool);

/** Counts, once in a while, what this process has at work. */
orc_error_t *orc_claims_count(orc_engine_t *engine, orc_db_t *db, apr_pool_t *pool);

/** A claim that is under way. */
typedef struct orc_claims_t {
    orc_store_claim_t claim;
    apr_time_t at, answered; /* monotonic */
} orc_claims_t;

/** A claim of what is due, as a transaction; there is room in hand. */
void orc_claims_ask(orc_db_part_t *part, orc_claims_t *asked, const orc_engine_t *engine, apr_pool_t *pool);

/** Starts what it brought. *next: until there will be something more; 0: there is; -1: nothing is known of. The steps
 * may use the connection. */
orc_error_t *orc_claims_take(apr_interval_time_t *next, orc_engine_t *engine, const orc_claims_t *asked,
                             orc_db_part_t *part, apr_pool_t *pool);

/** Makes due what claims don't look at any more; for another thread, on a connection of its own. */
orc_error_t *orc_claims_rescue(orc_engine_t *engine, orc_db_t *db, apr_pool_t *pool);

/** Prolongs the leases of jobs in hand that are over by a third; forgets those that were lost. */
orc_error_t *orc_claims_renew(orc_engine_t *engine, orc_db_t *db, apr_pool_t *pool);

/** Hands all leases back. */
void orc_claims_release(orc_engine_t *engine);

#endif
