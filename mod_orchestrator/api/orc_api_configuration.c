/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_strings.h>
#include <string.h>

#include "orc_routes.h"
#include "orc_secret.h"
#include "orc_surface_handler.h"

orc_error_t *orc_api_configuration_get(const orc_request_t *request, orc_response_t *response)
{
    const orc_config_t *config = request->service->config;
    json_t *issuers = json_array();
    const char *text;
    int i;

    for (i = 0; i < config->issuers->nelts; i++)
        json_array_append_new(issuers,
                              json_string(APR_ARRAY_IDX(config->issuers, i, const orc_issuer_config_t *)->url));
    text = orc_json_text(
        orc_json_own(json_pack("{s:s*, s:o}", "im_url", config->im_url, "issuers", issuers), request->pool),
        request->pool);
    apr_table_setn(response->headers, "ETag",
                   apr_psprintf(request->pool, "\"%.32s\"", orc_secret_sha256(text, strlen(text), request->pool)));
    orc_response_json(response, 200, text);
    return NULL;
}
