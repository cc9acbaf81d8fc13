/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_monitor.h"

#include <errno.h>
#include <pthread.h>

#include "orc_time.h"

struct orc_monitor_t {
    pthread_mutex_t lock;
    pthread_cond_t told;
};

static apr_status_t end(void *data)
{
    orc_monitor_t *monitor = data;

    pthread_cond_destroy(&monitor->told);
    pthread_mutex_destroy(&monitor->lock);
    return APR_SUCCESS;
}

orc_monitor_t *orc_monitor_make(apr_pool_t *pool)
{
    orc_monitor_t *monitor = apr_pcalloc(pool, sizeof *monitor);

    if (pthread_mutex_init(&monitor->lock, NULL) != 0)
        return NULL;
    if (pthread_cond_init(&monitor->told, NULL) != 0) {
        pthread_mutex_destroy(&monitor->lock);
        return NULL;
    }
    apr_pool_cleanup_register(pool, monitor, end, apr_pool_cleanup_null);
    return monitor;
}

void orc_monitor_lock(orc_monitor_t *monitor)
{
    pthread_mutex_lock(&monitor->lock);
}

int orc_monitor_lock_within(orc_monitor_t *monitor, apr_interval_time_t patience)
{
    struct timespec until;

    orc_time_until(&until, patience);
    return pthread_mutex_clocklock(&monitor->lock, CLOCK_MONOTONIC, &until) == 0;
}

void orc_monitor_unlock(orc_monitor_t *monitor)
{
    pthread_mutex_unlock(&monitor->lock);
}

void orc_monitor_wait(orc_monitor_t *monitor)
{
    pthread_cond_wait(&monitor->told, &monitor->lock);
}

int orc_monitor_wait_for(orc_monitor_t *monitor, apr_interval_time_t most)
{
    struct timespec until;

    orc_time_until(&until, most);
    return pthread_cond_clockwait(&monitor->told, &monitor->lock, CLOCK_MONOTONIC, &until) != ETIMEDOUT;
}

void orc_monitor_tell(orc_monitor_t *monitor)
{
    pthread_cond_signal(&monitor->told);
}
