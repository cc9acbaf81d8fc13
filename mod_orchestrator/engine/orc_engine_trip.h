/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_ENGINE_TRIP_H
#define ORC_ENGINE_TRIP_H

#include "orc_engine_state.h"

/*
 * A trip to the database: what ended steps brought, what calls may do that are about to be sent, what steps want to
 * read, and a claim, all in one round trip of many transactions. So a database that is far costs each turn of the loop
 * its distance once, however many are at work.
 */

/** True when something waits for the next trip. */
int orc_trip_is_wanted(const orc_engine_t *engine);

/**
 * Makes a trip, and lets all go on that took part.
 * @param with_claim there is room in hand
 * @param next of a claim: see orc_claims_take; NULL: the engine stops, so that only what is finished takes part
 * @return what is wrong with the database; then what is finished waits for the next trip, the rest has ended
 */
orc_error_t *orc_trip_make(apr_interval_time_t *next, orc_engine_t *engine, int with_claim, apr_pool_t *pool);

/** There is no trip for a while: ends what waits for one, but for what is finished. */
void orc_trip_cancel(orc_engine_t *engine, const orc_error_t *error);

#endif
