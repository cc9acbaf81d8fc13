/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_strings.h>
#include <string.h>

#include "orc_routes.h"
#include "orc_secret.h"
#include "orc_surface_handler.h"

orc_error_t *orc_api_openapi_get(const orc_request_t *request, orc_response_t *response)
{
    const char *place = orc_secret_sha256(request->base_url, strlen(request->base_url), request->pool);

    apr_table_setn(response->headers, "ETag",
                   apr_psprintf(request->pool, "\"%s.%.8s\"", orc_routes_openapi_hash, place));
    orc_response_json(
        response, 200,
        apr_pstrcat(request->pool, orc_routes_openapi_head, request->base_url, orc_routes_openapi_tail, NULL));
    return NULL;
}
