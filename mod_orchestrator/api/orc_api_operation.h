/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_API_OPERATION_H
#define ORC_API_OPERATION_H

#include "orc_surface_handler.h"

/* Operations stand at three places: below their deployment, below the resource that they are about, and by themselves.
 */

/** Where one is looked for. What the path does not name is NULL. */
typedef struct orc_api_operation_t {
    const char *deployment_id, *resource_id, *id;
} orc_api_operation_t;

orc_api_operation_t orc_api_operation_at(const orc_request_t *request);

/** Answers with what a statement with the columns of operation_get gives: whoever may see the deployment may see the
 * operation. */
orc_error_t *orc_api_operation_read(const orc_request_t *request, orc_response_t *response, orc_sql_call_t call);

#endif
