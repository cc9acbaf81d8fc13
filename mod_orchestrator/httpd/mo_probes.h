/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef MO_PROBES_H
#define MO_PROBES_H

#include "mo_places.h"

/** A path of a place that its sections are asked about. */
typedef struct mo_probe_t {
    const char *path;
    int is_route; /* a route of the surface, or the place as a whole */
    int is_open;  /* nobody is asked for a token */
} mo_probe_t;

/**
 * The place as a whole, a path of each route, and one below each <Location> in it.
 * @return of mo_probe_t, in `pool`
 */
apr_array_header_t *mo_probes_of(const mo_base_t *base, apr_pool_t *pool);

#endif
