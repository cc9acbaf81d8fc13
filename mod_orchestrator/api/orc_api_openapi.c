/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_strings.h>

#include "orc_api_handler.h"

orc_error_t *orc_api_openapi_get(const orc_request_t *request, orc_response_t *response)
{
    apr_table_setn(response->headers, "ETag", orc_routes_openapi_tag);
    orc_response_json(response, 200, orc_routes_openapi);
    return NULL;
}
