/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef MO_ACCESS_H
#define MO_ACCESS_H

#include "mo_places.h"

/**
 * Looks at what the sections that cover a place say of who may come in, in each host that has it: every request must be
 * asked for its token, else it is nobody's and a 401.
 * @param warnings  of const char *: what may be meant but looks like a mistake is added, with directive and line
 * @return what keeps everybody out of the place or of one of its routes, with directive and line; NULL
 */
const char *mo_access_check(apr_array_header_t *warnings, const mo_base_t *base, apr_pool_t *pool);

#endif
