/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_legacy.h"

#include <apr_strings.h>

#include "orc_legacy_list.h"
#include "orc_legacy_routes.h"
#include "orc_legacy_told.h"

/* ---- routes that are about no deployment ---- */

/* Probes take any object for the answer of an orchestrator. */
orc_error_t *orc_legacy_info(const orc_request_t *request, orc_response_t *response)
{
    orc_response_json(response, 200,
                      "{\"build\":{\"name\":\"mod_orchestrator\",\"version\":\"" ORC_VERSION
                      "\"},\"projectVersion\":\"" ORC_VERSION "\"}");
    return NULL;
}

/* Every value is a text: one of the clients reads no other. */
orc_error_t *orc_legacy_configuration(const orc_request_t *request, orc_response_t *response)
{
    json_t *told = orc_json_own(json_object(), request->pool);

    orc_json_put(told, "im_url", request->service->config->im_url);
    orc_response_json(response, 200, orc_json_text(told, request->pool));
    return NULL;
}

orc_error_t *orc_legacy_schedules(const orc_request_t *request, orc_response_t *response)
{
    return orc_error(request->pool, 410, "gone",
                     "Deployments on schedules, when data had moved, are not offered any more; POST /deployments makes "
                     "one at once.");
}

const orc_surface_t orc_legacy_surface = {
    .handler = "orchestrator-legacy",
    .routes = orc_legacy_routes,
    .schemas = orc_legacy_routes_schemas,
    .problem = orc_legacy_problem,
    .page = orc_legacy_page,
    .is_lenient = 1,
};
