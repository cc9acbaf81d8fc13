/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_TIME_H
#define ORC_TIME_H

#include <apr_pools.h>
#include <apr_time.h>
#include <time.h>

/** Days since 1970-01-01 of a day of the Gregorian calendar, years 0 to 9999. False when there is no such day. */
int orc_time_day(apr_int64_t *days, int year, int month, int day);

/** RFC 3339, UTC, microseconds: "2024-01-01T10:00:00.000000Z". */
const char *orc_time_text(apr_time_t when, apr_pool_t *pool);

/**
 * Parses an RFC 3339 time with any offset and any fraction (digits past the microsecond are dropped).
 * @return false when it is none, no such day exists, or it is outside the years 1 to 9999 in UTC; *out is microseconds
 * since 1970
 */
int orc_time_parse(apr_time_t *out, const char *text);

/** An RFC 3339 time as orc_time_text writes it: PostgreSQL knows fewer offsets. In `pool`; NULL when it is none. */
const char *orc_time_utc(const char *text, apr_pool_t *pool);

/** Microseconds of a clock that nobody sets; goes on while a process, or the machine, is stopped. What lasts is
 * measured by it, and not by the time of day. */
apr_time_t orc_time_monotonic(void);

/** When so much has passed, by CLOCK_MONOTONIC: the one of the system's clocks by which waits can end that nobody sets.
 */
void orc_time_until(struct timespec *until, apr_interval_time_t time);

#endif
