/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_strings.h>
#include <string.h>

#include "orc_api.h"
#include "orc_routes.h"
#include "orc_secret.h"
#include "orc_surface_handler.h"

static const char *joined(const char *const *parts, const char *between, apr_pool_t *pool)
{
    apr_array_header_t *list = apr_array_make(pool, 16, sizeof(const char *));

    for (; *parts; parts++) {
        if (list->nelts)
            APR_ARRAY_PUSH(list, const char *) = between;
        APR_ARRAY_PUSH(list, const char *) = *parts;
    }
    return apr_array_pstrcat(pool, list, 0);
}

void orc_api_constant(const orc_request_t *request, orc_response_t *response, const char *content_type,
                      const char *const *parts, const char *hash, const char *url)
{
    apr_pool_t *pool = request->pool;
    const char *text = joined(parts, url, pool);

    if (hash)
        hash = apr_psprintf(pool, "%s.%.8s", hash, orc_secret_sha256(url, strlen(url), pool));
    orc_surface_set_tag(response, hash ? hash : orc_secret_sha256(text, strlen(text), pool), pool);
    orc_response_json(response, 200, text);
    response->content_type = content_type;
}

orc_error_t *orc_api_openapi_get(const orc_request_t *request, orc_response_t *response)
{
    orc_api_constant(request, response, "application/json", orc_routes_openapi, orc_routes_openapi_hash,
                     request->base_url);
    return NULL;
}
