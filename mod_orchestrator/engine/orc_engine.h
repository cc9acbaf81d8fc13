/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_ENGINE_H
#define ORC_ENGINE_H

#include "orc_service.h"

/* All background work of a host: runs in the daemon that httpd/ forks, in tests in a process of their own. */

/** Counters of an engine, written by its threads with atomic stores, read by the status page through shared memory. */
typedef struct orc_engine_status_t {
    volatile apr_uint64_t heartbeat; /* apr_time_t of the poller's last turn */
    volatile apr_uint32_t pid;
    volatile apr_uint32_t operations; /* operations this daemon holds a lease of */
    volatile apr_uint32_t calls;      /* calls in flight to IM and others */
    volatile apr_uint32_t finished;   /* operations ended since the start */
    volatile apr_uint32_t failed;     /* of these, failed */
    volatile apr_uint32_t im_healthy; /* 0 unknown, 1 healthy, 2 unhealthy: IM's default endpoint */
} orc_engine_status_t;

typedef struct orc_engine_t orc_engine_t;

/**
 * Makes an engine; nothing runs yet. curl_global_init and orc_secret_init were called by the process.
 * @param status where it counts, never NULL; may be shared memory
 */
orc_error_t *orc_engine_make(orc_engine_t **engine, const orc_service_t *service, orc_engine_status_t *status,
                             apr_pool_t *pool);

/** Works until orc_engine_stop; a database or IM that is away is waited for. Returns when all its threads have ended.
 */
void orc_engine_run(orc_engine_t *engine);

/** Asks it to end: async-signal-safe. Calls in flight are left; their operations are taken up again when the lease
 * ends, or at once by a daemon of the same host. */
void orc_engine_stop(orc_engine_t *engine);

#endif
