/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_ENGINE_H
#define ORC_ENGINE_H

#include "orc_engine_status.h"
#include "orc_service.h"

/* All background work of a host: runs in the daemon that httpd/ forks, in tests in a process of their own. */

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
