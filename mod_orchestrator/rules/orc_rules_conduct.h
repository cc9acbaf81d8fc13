/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_RULES_CONDUCT_H
#define ORC_RULES_CONDUCT_H

#include "orc_rules.h"
#include "orc_store_orchestrations.h"

/*
 * How orchestrations are carried out; for the engine. Each of these is done by the piece, and whoever does it twice, or
 * at the same time as somebody else, does nothing twice: what an orchestration asks for in the name of who began it has
 * an id before it is asked for, and the database counts how many are at work.
 */

/** Where a creation would be made, for who only wants to know: a sentence in the pool. The engine knows. */
typedef const char *orc_rules_placer_t(const orc_service_t *service, const orc_store_creation_t *creation,
                                       apr_pool_t *pool);

/** Finds some of its targets. What comes of it is in the next progress. */
orc_error_t *orc_rules_conduct_find(const orc_service_t *service, const char *id, apr_pool_t *pool);

/**
 * Asks for some of those operations whose turn it is, as a request of the person would who began it, with what they own
 * now and with an administrator's rights when they had these. What is at work at something else waits; what can't be
 * done any more is skipped, or has failed.
 * @param room  so many at most
 * @param place for dry runs
 */
orc_error_t *orc_rules_conduct_begin(const orc_service_t *service, const char *id, int room, orc_rules_placer_t *place,
                                     apr_pool_t *pool);

#endif
