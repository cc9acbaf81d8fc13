/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef MO_ACCESS_H
#define MO_ACCESS_H

#include "mo_places.h"

/**
 * Looks at what the <Location>s that cover a place say of who may come in: every request must be asked for its token,
 * else it is nobody's and a 401.
 * @param warning  NULL, or what may be meant but looks like a mistake, with directive and line
 * @return what keeps everybody out, with directive and line; NULL
 */
const char *mo_access_check(const char **warning, const mo_base_t *base, apr_pool_t *pool);

#endif
