/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_MAINTENANCE_H
#define ORC_MAINTENANCE_H

#include <apr_pools.h>

/** When what an orchestration does may begin at some providers: OrchestratorMaintenanceWindow. */
typedef struct orc_maintenance_t {
    const char *pattern; /* of a provider or a region; * is any text */
    int days;            /* a bit each, Monday's is 1 */
    int begins, ends;    /* minutes of the day, of its end up to 24 hours; not later than it begins: on the next day */
    const char *zone;    /* as the time zones of the system are called */
} orc_maintenance_t;

/**
 * Reads a window.
 * @param pattern kept as it is
 * @param days    "*", or days and ranges with commas: "Mon-Fri", "Sat,Sun", "Fri-Mon"
 * @param hours   "22:00-02:00", "00:00-24:00"
 * @param zone    "Europe/Rome"; NULL: UTC
 * @return NULL, or what is wrong, in the pool
 */
const char *orc_maintenance_read(orc_maintenance_t *window, const char *pattern, const char *days, const char *hours,
                                 const char *zone, apr_pool_t *pool);

#endif
