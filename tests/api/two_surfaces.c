/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/* The module's table of surfaces with one more in it, linked with everything else of the module: what another surface
 * costs. */

#include <apr_strings.h>
#include <string.h>

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

/* One line, and then nothing for an hour. */
static orc_error_t *go_on(orc_piece_t *piece, void *is_begun, apr_pool_t *pool)
{
    if (!*(int *)is_begun) {
        piece->bytes = "\"begun\"\n";
        piece->length = strlen(piece->bytes);
        *(int *)is_begun = 1;
        return NULL;
    }
    piece->then = ORC_STREAM_LATER;
    piece->pause = apr_time_from_sec(3600);
    return NULL;
}

static orc_error_t *follow(const orc_request_t *request, orc_response_t *response)
{
    int *is_begun = apr_pcalloc(request->pool, sizeof *is_begun);

    orc_response_stream(response, "application/x-ndjson", orc_stream_make(go_on, is_begun, 1, request->pool));
    return NULL;
}

static void problem(orc_response_t *response, const orc_error_t *error, const char *request_id, apr_pool_t *pool)
{
    orc_response_json(response, error->status, apr_psprintf(pool, "{\"wrong\":%d}", error->status));
    if (error->retry_after)
        apr_table_setn(response->headers, "Retry-After", apr_itoa(pool, error->retry_after));
}

static const char *page(const orc_request_t *request, const orc_surface_page_t *one)
{
    return one->objects;
}

static const char *const no_types[] = {NULL};
static const orc_query_t no_query[] = {{.name = NULL}};
static const orc_route_t routes[] = {
    {"me", "GET", "/me", me, 0, NULL, NULL, no_types, no_query, NULL},
    {"follow", "GET", "/follow", follow, 0, NULL, NULL, no_types, no_query, NULL},
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
