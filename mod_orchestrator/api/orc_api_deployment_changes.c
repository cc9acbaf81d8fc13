/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_strings.h>

#include "orc_routes.h"
#include "orc_rules_deployments.h"
#include "orc_surface_handler.h"

/* What changes a deployment, but for its deletion. */

static void answer_accepted(const orc_request_t *request, orc_response_t *response, const char *operation_id)
{
    orc_surface_accepted(
        request, response,
        apr_pstrcat(request->pool, "/deployments/", request->ids[0], "/operations/", operation_id, NULL), NULL);
}

orc_error_t *orc_api_deployments_patch(const orc_request_t *request, orc_response_t *response)
{
    const orc_rules_call_t call = orc_surface_call(request);
    const orc_rules_condition_t condition = orc_surface_condition(request);

    ORC_TRY(orc_rules_deployment_set_group(&call, request->ids[0], orc_json_string(request->json, "user_group"),
                                           &condition));
    orc_surface_done(response);
    return NULL;
}

orc_error_t *orc_api_deployments_reset(const orc_request_t *request, orc_response_t *response)
{
    const orc_rules_call_t call = orc_surface_call(request);
    const char *operation_id;

    ORC_TRY(orc_rules_deployment_reset(&operation_id, &call, request->ids[0]));
    answer_accepted(request, response, operation_id);
    return NULL;
}
