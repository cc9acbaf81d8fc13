/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_routes.h"
#include "orc_surface_below.h"

orc_error_t *orc_api_operations_get(const orc_request_t *request, orc_response_t *response)
{
    return orc_surface_below_object(request, response,
                                    orc_sql_operation_get(.deployment_id = request->ids[0], .id = request->ids[1],
                                                          .caller = request->identity->user_id,
                                                          .is_admin = orc_value_flag(request->identity->is_admin)),
                                    "operation");
}

orc_error_t *orc_api_operations_list(const orc_request_t *request, orc_response_t *response)
{
    return orc_surface_below_list(request, response,
                                  orc_sql_operation_list(.caller = request->identity->user_id,
                                                         .deployment_id = request->ids[0],
                                                         .is_admin = orc_value_flag(request->identity->is_admin)),
                                  NULL);
}
