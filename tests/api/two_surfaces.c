/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* The module's table of surfaces with one more in it, linked with everything else of the module: what another surface
 * costs. */

#include <apr_strings.h>

#include "mo_surfaces.h"
#include "orc_api.h"
#include "orc_surface_handler.h"

/* Says who asks, and where. */
static orc_error_t *me(const orc_request_t *request, orc_response_t *response)
{
    orc_response_json(response, 200,
                      apr_psprintf(request->pool, "{\"who\":\"%s\",\"url\":\"%s\"}", request->identity->subject,
                                   orc_surface_url(request, request->path)));
    return NULL;
}

static orc_error_t *open_to_all(const orc_request_t *request, orc_response_t *response)
{
    orc_response_json(response, 200, apr_psprintf(request->pool, "\"%s\"", request->process->surface->handler));
    return NULL;
}

static void problem(orc_response_t *response, const orc_error_t *error, const char *request_id, apr_pool_t *pool)
{
    orc_response_json(response, error->status, apr_psprintf(pool, "{\"wrong\":%d}", error->status));
}

static const char *page(const orc_request_t *request, const orc_surface_page_t *one)
{
    return one->objects;
}

static const char *const no_types[] = {NULL};
static const orc_query_t no_query[] = {{NULL, ORC_KIND_WORD, NULL, 0}};
static const orc_route_t routes[] = {
    {"me", "GET", "/me", me, 0, NULL, NULL, no_types, no_query, NULL},
    {"open", "GET", "/open", open_to_all, ORC_ROUTE_OPEN, NULL, NULL, no_types, no_query, NULL},
    {NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL},
};
static const orc_surface_t tiny = {
    .handler = "orchestrator-broker",
    .routes = routes,
    .schemas = "{}",
    .problem = problem,
    .page = page,
};

const orc_surface_t *const mo_surfaces[] = {
    &orc_api_surface,
    &tiny,
    NULL,
};
