/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_api.h"

#include <apr_strings.h>

#include "orc_routes.h"

const char *orc_api_page(const orc_request_t *request, const orc_surface_page_t *page)
{
    apr_pool_t *pool = request->pool;
    apr_int64_t pages = page->total > 0 ? (page->total + page->size - 1) / page->size : 1;
    apr_int64_t previous = page->number > pages ? pages : page->number - 1;
#define LINK(number)                                                                                                   \
    apr_psprintf(pool, "\"%s%s?page=%" APR_INT64_T_FMT "&size=%d%s\"", request->base_url, request->path,               \
                 (apr_int64_t)(number), page->size, page->kept)
    const char *first = LINK(1), *last = LINK(pages);
    const char *prev = previous > 0 ? LINK(previous) : "null";
    const char *next = page->number < pages ? LINK(page->number + 1) : "null";
#undef LINK

    return apr_pstrcat(pool, "{\"data\":", page->objects, ",\"links\":{\"first\":", first, ",\"prev\":", prev,
                       ",\"next\":", next, ",\"last\":", last,
                       apr_psprintf(pool,
                                    "},\"page\":{\"size\":%d,\"total_elements\":%" APR_INT64_T_FMT
                                    ",\"total_pages\":%" APR_INT64_T_FMT ",\"number\":%d}}",
                                    page->size, page->total, pages, page->number),
                       NULL);
}

const orc_surface_t orc_api_surface = {
    .handler = "orchestrator",
    .routes = orc_routes,
    .schemas = orc_routes_schemas,
    .problem = orc_response_problem,
    .page = orc_api_page,
    .other = "orchestrator-broker",
    .tell_other = orc_api_tell_other,
};
