/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_runs.h"

#include <apr_strings.h>

#include "orc_runs_routes.h"
#include "orc_surface_plain.h"

static void problem(orc_response_t *response, const orc_error_t *error, const char *request_id, apr_pool_t *pool)
{
    orc_surface_plain_problem(response, error, "message", pool);
}

static const char *page(const orc_request_t *request, const orc_surface_page_t *one)
{
    return apr_psprintf(request->pool,
                        "{\"_offset\":%" APR_INT64_T_FMT ",\"_pageSize\":%d,\"_total\":%" APR_INT64_T_FMT
                        ",\"_list\":%s}",
                        one->offset, one->size, one->total, one->objects);
}

const orc_surface_t orc_runs_surface = {
    .handler = "orchestrator-orchrun",
    .routes = orc_runs_routes,
    .schemas = orc_runs_routes_schemas,
    .problem = problem,
    .page = page,
};
