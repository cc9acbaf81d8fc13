/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef MO_LINK_H
#define MO_LINK_H

#include "mo_places.h"

/** Absolute URL of a place as this client may be told: host and scheme come from names that the administrator set. */
const char *mo_link_base_url(request_rec *r, const mo_base_t *base);

/** The same where nobody asks: by the name of the server that has the place. */
const char *mo_link_own_url(const mo_base_t *base, apr_pool_t *pool);

#endif
