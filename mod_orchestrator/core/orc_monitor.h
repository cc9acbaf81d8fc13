/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_MONITOR_H
#define ORC_MONITOR_H

#include <apr_pools.h>
#include <apr_time.h>

/* A lock of the threads of a process, under which they wait for each other. APR's ends its waits at a time of day: one
 * that is set back by an hour makes them an hour longer. */
typedef struct orc_monitor_t orc_monitor_t;

/** A monitor that lives as long as the pool; NULL when the system has none. */
orc_monitor_t *orc_monitor_make(apr_pool_t *pool);

/** Takes the lock. */
void orc_monitor_lock(orc_monitor_t *monitor);

/** Takes the lock unless others keep it for so long; false when they do. */
int orc_monitor_lock_within(orc_monitor_t *monitor, apr_interval_time_t patience);

/** Gives the lock back. */
void orc_monitor_unlock(orc_monitor_t *monitor);

/** Gives the lock, which the caller has, back until somebody tells, and at times for no reason. */
void orc_monitor_wait(orc_monitor_t *monitor);

/** The same for no longer than `most`; false when that is over. */
int orc_monitor_wait_for(orc_monitor_t *monitor, apr_interval_time_t most);

/** Wakes one of those who wait; the caller has the lock. */
void orc_monitor_tell(orc_monitor_t *monitor);

#endif
