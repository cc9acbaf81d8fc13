/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_SURFACE_PROCESS_H
#define ORC_SURFACE_PROCESS_H

#include <apr_time.h>

#include "orc_error.h"
#include "orc_surface_schema.h"
#include "orc_surface_totals.h"

/* What the requests to one surface share in a process. Thread-safe. */

typedef struct orc_surface_t orc_surface_t;

typedef struct orc_surface_process_t {
    const orc_surface_t *surface;
    struct orc_surface_memory_t *memory; /* this file's own */
} orc_surface_process_t;

/** NULL when the system refuses a mutex. */
orc_surface_process_t *orc_surface_process_make(const orc_surface_t *surface, apr_pool_t *pool);

/** The compiled schemas. 500 "schema" when the text is broken. */
orc_error_t *orc_surface_process_schemas(const orc_surface_schemas_t **schemas, const orc_surface_process_t *process);

/** How long long lists are. */
orc_surface_totals_t *orc_surface_process_totals(const orc_surface_process_t *process);

/** The last probe of IM that a request of this process made, 0 when it is older than `age`. */
unsigned orc_surface_process_probed(orc_surface_process_t *process, apr_interval_time_t age);

/** Keeps the result of a probe. */
void orc_surface_process_keep_probe(orc_surface_process_t *process, unsigned result);

#endif
