/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_legacy_list.h"

#include <apr_strings.h>
#include <string.h>

enum {
    PAGE_SIZE = 10,
    STRIDE_BYTES = 1024 * 1024, /* of a list that is made while it is sent */
};

const char *orc_legacy_parameter(const orc_request_t *request, const char *name)
{
    const char *value = orc_request_parameter(request, name);

    return value && *value ? value : NULL;
}

/* ---- links and numbers ---- */

/* One link, of the page of that number; -1: of the list as a whole. */
static const char *link_to(const orc_request_t *request, const char *rel, const orc_surface_page_t *page,
                           apr_int64_t number)
{
    const char *url = orc_surface_url(request, request->path), *kept = page->kept;

    if (number >= 0)
        url = apr_psprintf(request->pool, "%s?page=%" APR_INT64_T_FMT "&size=%d%s", url, number, page->size, kept);
    else if (*kept)
        url = apr_pstrcat(request->pool, url, "?", kept + 1, NULL);
    return apr_psprintf(request->pool, "{\"rel\":\"%s\",\"href\":%s}", rel,
                        orc_json_text(orc_json_own(json_string(url), request->pool), request->pool));
}

/* Those of pages that there are: clients go on as long as there is a next one. */
static const char *links_of(const orc_request_t *request, const orc_surface_page_t *page, apr_int64_t number,
                            apr_int64_t pages)
{
    const char *links = link_to(request, "self", page, number);
    apr_int64_t before = (number < pages ? number : pages) - 1;

    if (number > 0)
        links = apr_pstrcat(request->pool, link_to(request, "first", page, 0), ",",
                            link_to(request, "prev", page, before > 0 ? before : 0), ",", links, NULL);
    if (number + 1 < pages)
        links = apr_pstrcat(request->pool, links, ",", link_to(request, "next", page, number + 1), ",",
                            link_to(request, "last", page, pages - 1), NULL);
    return links;
}

/* What stands behind the objects. */
static const char *end_of(const orc_request_t *request, const char *links, apr_int64_t size, apr_int64_t total,
                          apr_int64_t pages, apr_int64_t number)
{
    return apr_psprintf(request->pool,
                        ",\"links\":[%s],\"page\":{\"size\":%" APR_INT64_T_FMT ",\"totalElements\":%" APR_INT64_T_FMT
                        ",\"totalPages\":%" APR_INT64_T_FMT ",\"number\":%" APR_INT64_T_FMT "}}",
                        links, size, total, pages, number);
}

const char *orc_legacy_page(const orc_request_t *request, const orc_surface_page_t *page)
{
    apr_int64_t number = page->offset / page->size, pages = (page->total + page->size - 1) / page->size;

    return apr_pstrcat(request->pool, "{\"content\":", page->objects,
                       end_of(request, links_of(request, page, number, pages), page->size, page->total, pages, number),
                       NULL);
}

/* ---- a page ---- */

static orc_error_t *read_sort(int *is_descending, const orc_request_t *request)
{
    const char *sort = orc_legacy_parameter(request, "sort");
    orc_error_t *error = NULL;

    *is_descending = !sort || strcmp(sort, "createdAt,desc") == 0;
    if (sort && !*is_descending && strcmp(sort, "createdAt,asc") != 0)
        orc_error_add_parameter(&error, request->pool, "sort", "must be createdAt,desc or createdAt,asc");
    return error;
}

static apr_int64_t number_of(const orc_request_t *request, const char *name, apr_int64_t otherwise)
{
    const char *value = orc_legacy_parameter(request, name);

    return value ? apr_atoi64(value) : otherwise;
}

static orc_error_t *answer_page(const orc_request_t *request, orc_response_t *response, const orc_store_list_t *rows,
                                const char *what, const orc_store_where_t *where, int is_descending)
{
    int size = (int)number_of(request, "size", PAGE_SIZE);
    orc_surface_plan_t plan = {.size = size,
                               .offset = number_of(request, "page", 0) * size,
                               .is_usual = is_descending && !*where->text,
                               .where = *where,
                               .order = apr_array_make(request->pool, 2, sizeof(orc_store_key_t))};
    const orc_surface_list_t list = {.rows = *rows, .what = what, .plan = &plan, .size_name = "size"};

    APR_ARRAY_PUSH(plan.order, orc_store_key_t) = (orc_store_key_t){"created_at", "b.created_at", is_descending, 1, 1};
    APR_ARRAY_PUSH(plan.order, orc_store_key_t) = (orc_store_key_t){"id", "b.id", is_descending, 1, 1};
    return orc_surface_list(request, response, &list);
}

/* ---- everything ---- */

typedef struct whole_t {
    const orc_request_t *request;
    orc_store_list_t list;
    orc_store_walk_t walk;
    orc_store_stride_t first; /* was read before the answer began */
    const char *what;
    apr_int64_t count; /* of the objects so far */
    int is_begun;
} whole_t;

static orc_error_t *stride_on(orc_store_stride_t *stride, whole_t *whole, apr_pool_t *pool)
{
    ORC_TRY(orc_store_walk(stride, &whole->walk, whole->request->service->db, pool));
    if (!stride->is_known)
        return orc_rules_gone(pool);
    if (!stride->exists)
        return orc_rules_not_found(whole->what, pool);
    return stride->is_allowed ? NULL : orc_rules_forbidden(whole->what, pool);
}

/* Some of the objects, with what stands before and behind all. */
static orc_error_t *write_stride(const char **text, whole_t *whole, const orc_store_stride_t *stride, apr_pool_t *pool)
{
    orc_request_t request = *whole->request;
    const char *objects, *end = "", *links;
    orc_surface_page_t page;

    request.pool = pool;
    ORC_TRY(orc_surface_unseal(&objects, stride->objects, &request));
    objects = apr_pstrmemdup(pool, objects + 1, strlen(objects) - 2);
    whole->count += stride->count;
    if (stride->is_last) {
        page = orc_surface_list_page(&request, &(orc_surface_plan_t){.size = 0}, "", whole->count);
        links = link_to(&request, "self", &page, -1);
        end = apr_pstrcat(pool, "]", end_of(&request, links, whole->count, whole->count, whole->count > 0, 0), NULL);
    }
    *text = apr_pstrcat(pool, !whole->is_begun ? "{\"content\":[" : stride->count > 0 ? "," : "", objects, end, NULL);
    whole->is_begun = 1;
    return NULL;
}

static orc_error_t *next(orc_piece_t *piece, void *baton, apr_pool_t *pool)
{
    whole_t *whole = baton;
    orc_store_stride_t stride = whole->first;

    if (whole->is_begun)
        ORC_TRY(stride_on(&stride, whole, pool));
    ORC_TRY(write_stride(&piece->bytes, whole, &stride, pool));
    piece->length = strlen(piece->bytes);
    piece->then = stride.is_last ? ORC_STREAM_END : ORC_STREAM_MORE;
    return NULL;
}

static orc_error_t *answer_whole(const orc_request_t *request, orc_response_t *response, const orc_store_list_t *rows,
                                 const char *what, const orc_store_where_t *where, int is_descending)
{
    apr_size_t values = (apr_size_t)orc_sql_table[rows->base.statement].parameters;
    whole_t *whole = apr_pcalloc(request->pool, sizeof *whole);
    const char *text;

    whole->request = request;
    whole->list = *rows;
    whole->list.base.values = apr_pmemdup(request->pool, rows->base.values, values * sizeof *rows->base.values);
    whole->what = what;
    whole->walk = (orc_store_walk_t){.list = &whole->list,
                                     .where = where->text,
                                     .values = where->values,
                                     .is_descending = is_descending,
                                     .budget = STRIDE_BYTES};
    /* Nobody knows how many of everybody's rows are looked at for a condition. */
    if (rows->is_everybodys && *where->text)
        ORC_TRY(orc_rules_visit_costs(request->visit));
    ORC_TRY(stride_on(&whole->first, whole, request->pool));
    if (!whole->first.is_last) {
        ORC_TRY(orc_rules_visit_costs(request->visit));
        orc_response_stream(response, "application/json", orc_stream_make(next, whole, 0, request->pool));
        return NULL;
    }
    ORC_TRY(write_stride(&text, whole, &whole->first, request->pool));
    orc_response_json(response, 200, text);
    return NULL;
}

orc_error_t *orc_legacy_list(const orc_request_t *request, orc_response_t *response, const orc_store_list_t *rows,
                             const char *what, const orc_store_where_t *where)
{
    int is_paged = orc_legacy_parameter(request, "page") || orc_legacy_parameter(request, "size"), is_descending;

    ORC_TRY(read_sort(&is_descending, request));
    return (is_paged ? answer_page : answer_whole)(request, response, rows, what, where, is_descending);
}
