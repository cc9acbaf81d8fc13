/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_escape.h>

#include "orc_api.h"
#include "orc_routes.h"

/* The page that is made of the contract when the module is built. */
orc_error_t *orc_api_browser_get(const orc_request_t *request, orc_response_t *response)
{
    orc_api_constant(request, response, "text/html; charset=utf-8", orc_routes_page, orc_routes_page_hash,
                     apr_pescape_entity(request->pool, request->base_url, 0));
    return NULL;
}
