/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef MO_PAGE_H
#define MO_PAGE_H

#include "mo_private.h"

/**
 * Looks whether somebody may be kept from the status page, at each path that it is bound at.
 * @param warnings  of const char *: a page for everybody that nothing says is meant so is added, with directive and
 * line
 */
void mo_page_check(apr_array_header_t *warnings, apr_pool_t *pool);

#endif
