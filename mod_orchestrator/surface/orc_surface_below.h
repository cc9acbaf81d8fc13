/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_SURFACE_BELOW_H
#define ORC_SURFACE_BELOW_H

#include "orc_surface_list.h"

/* What belongs to a deployment is seen by who sees the deployment. */

/** Answers with a list of the path's deployment. The base's parameters: caller, deployment, whether the caller is an
 * administrator. */
orc_error_t *orc_surface_below_list(const orc_request_t *request, orc_response_t *response, orc_sql_call_t base,
                                    orc_surface_expand_t *expand);

#endif
