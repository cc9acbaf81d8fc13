/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_routes.h"
#include "orc_surface_below.h"

orc_error_t *orc_api_operations_get(const orc_request_t *request, orc_response_t *response)
{
    return orc_surface_below_get(request, response, ORC_SQL_OPERATION_GET, "operation");
}

orc_error_t *orc_api_operations_list(const orc_request_t *request, orc_response_t *response)
{
    return orc_surface_below_list(request, response, ORC_SQL_OPERATION_LIST, NULL);
}
