/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_SURFACE_TOTALS_H
#define ORC_SURFACE_TOTALS_H

#include <apr_pools.h>
#include <apr_time.h>

/*
 * How long lists over everybody's rows are, remembered in a process for some seconds: counting a million rows takes as
 * long as a hundred pages. Short lists are not remembered, these are always exact. Thread-safe.
 */
typedef struct orc_surface_totals_t orc_surface_totals_t;

/** Shorter lists than this are counted for each page. */
enum { ORC_SURFACE_LONG_LIST = 10000 };

/** NULL when the system refuses a mutex. */
orc_surface_totals_t *orc_surface_totals_make(apr_pool_t *pool);

/**
 * The length of a list. Once it is some seconds old, one asker is told to count anew while the others are still given
 * the old one.
 * @param key what is counted, of at most 64 bytes
 * @param now the time
 * @return -1: not known, or to be counted anew: orc_surface_totals_keep takes the outcome
 */
apr_int64_t orc_surface_totals_find(orc_surface_totals_t *totals, const char *key, apr_time_t now);

/** Remembers a length that was counted. */
void orc_surface_totals_keep(orc_surface_totals_t *totals, const char *key, apr_int64_t total, apr_time_t now);

#endif
