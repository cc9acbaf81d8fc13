/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_SURFACE_BELOW_H
#define ORC_SURFACE_BELOW_H

#include "orc_surface_list.h"

/* What belongs to a deployment is seen by who sees the deployment: that is decided first, so that nobody else learns
 * what is there. */

/** Whether a list may be read, for orc_store_list_t, where the base's parameters begin as those of
 * orc_surface_below_list do. */
const char *orc_surface_below_access(apr_pool_t *pool);

/** Answers with a list of the path's deployment. The base's parameters: caller, deployment, whether the caller is an
 * administrator. */
orc_error_t *orc_surface_below_list(const orc_request_t *request, orc_response_t *response, orc_sql_call_t base,
                                    orc_surface_expand_t *expand);

/**
 * Answers with one object of the path's deployment. The statement's columns: `access` (whether the caller may see the
 * deployment; NULL: there is none), `object` (JSON text), `tag`, its version (NULL: there is no such thing below it).
 * No row: the caller is gone.
 * @param what a noun for the problem, "resource"
 */
orc_error_t *orc_surface_below_object(const orc_request_t *request, orc_response_t *response, orc_sql_call_t call,
                                      const char *what);

#endif
