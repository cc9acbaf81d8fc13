/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_SURFACE_BELOW_H
#define ORC_SURFACE_BELOW_H

#include <string.h>

#include "orc_surface_list.h"

/* What belongs to a deployment is seen by who sees the deployment. */

/**
 * Answers with an object of the path's deployment. The statement's parameters: deployment, object, caller, whether they
 * are an administrator.
 */
orc_error_t *orc_surface_below_get(const orc_request_t *request, orc_response_t *response, orc_sql_t statement,
                                   const char *what);

/** Answers with a list of the path's deployment. The base's parameters: caller, deployment. */
orc_error_t *orc_surface_below_list(const orc_request_t *request, orc_response_t *response, orc_sql_t base,
                                    orc_surface_expand_t *expand);

#endif
