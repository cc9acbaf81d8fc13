/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_strings.h>

#include "orc_routes.h"
#include "orc_rules_machines.h"
#include "orc_surface_below.h"
#include "orc_tosca.h"

orc_error_t *orc_api_resources_get(const orc_request_t *request, orc_response_t *response)
{
    return orc_surface_below_object(request, response,
                                    orc_sql_resource_get(.deployment_id = request->ids[0], .id = request->ids[1],
                                                         .caller = request->identity->user_id,
                                                         .is_admin = orc_value_flag(request->identity->is_admin)),
                                    "resource");
}

/* The filter `type` means these types and what derives from them. */
static const apr_array_header_t *expand_types(const orc_request_t *request, const orc_column_t *column,
                                              const apr_array_header_t *values)
{
    apr_array_header_t *types = apr_array_make(request->pool, 16, sizeof(const char *));
    int i;

    if (strcmp(column->name, "type") != 0)
        return values;
    for (i = 0; i < values->nelts; i++) {
        apr_array_cat(types, orc_tosca_types_descendants(request->service->types,
                                                         APR_ARRAY_IDX(values, i, const char *), request->pool));
    }
    return types;
}

orc_error_t *orc_api_resources_list(const orc_request_t *request, orc_response_t *response)
{
    return orc_surface_below_list(request, response,
                                  orc_sql_resource_list(.caller = request->identity->user_id,
                                                        .deployment_id = request->ids[0],
                                                        .is_admin = orc_value_flag(request->identity->is_admin)),
                                  expand_types);
}

/* ---- machines ---- */

static orc_error_t *ask(const orc_request_t *request, orc_response_t *response, orc_rules_machine_wish_t wish)
{
    const orc_rules_call_t call = orc_surface_call(request);
    const orc_rules_machine_t machine = {.deployment_id = request->ids[0],
                                         .id = request->ids[1],
                                         .wish = wish,
                                         .condition = orc_surface_condition(request)};
    const char *operation_id;

    ORC_TRY(orc_rules_machine_ask(&operation_id, &call, &machine));
    orc_surface_accepted(
        request, response,
        apr_pstrcat(request->pool, "/deployments/", request->ids[0], "/operations/", operation_id, NULL), NULL);
    return NULL;
}

orc_error_t *orc_api_resources_start(const orc_request_t *request, orc_response_t *response)
{
    return ask(request, response, ORC_RULES_START);
}

orc_error_t *orc_api_resources_stop(const orc_request_t *request, orc_response_t *response)
{
    return ask(request, response, ORC_RULES_STOP);
}

orc_error_t *orc_api_resources_reboot(const orc_request_t *request, orc_response_t *response)
{
    return ask(request, response, ORC_RULES_REBOOT);
}

orc_error_t *orc_api_resources_reset(const orc_request_t *request, orc_response_t *response)
{
    return ask(request, response, ORC_RULES_RESET);
}
