/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_ENGINE_RANKING_H
#define ORC_ENGINE_RANKING_H

#include "orc_engine_step.h"

/* Which of several providers is likely to succeed, and soon, by how attempts went lately. Pure. */

/** What is thought of one. */
typedef struct orc_rank_t {
    const char *name; /* of the provider; in */
    double score;     /* out: 0 to 1 */
    const char *why;  /* out: for people, in the pool */
} orc_rank_t;

/**
 * Thinks of each of them. Three quarters of a score are the share of attempts that succeeded: of those with this
 * template, of all where these are few, one half where nothing is known. One quarter is the time that successes took,
 * as a part of the shortest one's.
 * @param records of orc_store_record_t
 */
void orc_engine_rank(orc_rank_t *ranks, int count, const apr_array_header_t *records, apr_pool_t *pool);

/** <0, 0, >0, the better one first. Scores of the same tenth are equal. */
int orc_engine_rank_compare(const orc_rank_t *one, const orc_rank_t *other);

#endif
