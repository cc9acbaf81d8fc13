/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_api_operation.h"
#include "orc_routes.h"
#include "orc_surface_below.h"

orc_error_t *orc_api_stages_get(const orc_request_t *request, orc_response_t *response)
{
    const orc_api_operation_t at = orc_api_operation_at(request);

    return orc_api_operation_read(request, response,
                                  orc_sql_operation_stages(.deployment_id = at.deployment_id,
                                                           .resource_id = at.resource_id, .id = at.id,
                                                           .caller = request->identity->user_id,
                                                           .is_admin = orc_value_flag(request->identity->is_admin)));
}

orc_error_t *orc_api_stages_get_last(const orc_request_t *request, orc_response_t *response)
{
    return orc_surface_below_object(request, response,
                                    orc_sql_deployment_stages(.deployment_id = request->ids[0],
                                                              .caller = request->identity->user_id,
                                                              .is_admin = orc_value_flag(request->identity->is_admin)),
                                    "operation");
}
