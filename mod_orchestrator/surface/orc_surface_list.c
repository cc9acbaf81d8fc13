/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_surface_list.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>

#include "orc_secret.h"
#include "orc_surface_totals.h"
#include "orc_time.h"

enum {
    FEW_ROWS = 1000,             /* passed over or shown, at no cost to speak of */
    FEW_OBJECTS = 100,           /* made, the same */
    FEW_BYTES = 1024 * 1024,     /* sent, the same */
    MANY_BYTES = 16 * FEW_BYTES, /* the most that a page may have */
};

/* A list on its way. */
typedef struct listing_t {
    const orc_request_t *request;
    const orc_surface_list_t *list;
    const orc_surface_plan_t *plan;
    orc_store_page_t page;
} listing_t;

/* ---- how long the list is ---- */

/* What is counted, and by whom in whose eyes: one text for it. */
static const char *counted(const listing_t *listing)
{
    apr_pool_t *pool = listing->request->pool;
    const orc_sql_call_t *base = &listing->list->rows.base;
    const apr_array_header_t *values = listing->plan->where.values;
    const char *text = apr_pstrcat(pool, orc_sql_table[base->statement].name, listing->plan->where.text,
                                   orc_value_array(values, pool), NULL);

    return orc_secret_sha256(text, strlen(text), pool);
}

/* As it is remembered; -1: it is to be counted. The last page of a search is, since it says that nothing is behind it:
 * who goes through the pages ends there. That of a list without a condition is found from an end that is counted
 * anyway. */
static apr_int64_t remembered(const listing_t *listing, orc_surface_totals_t *totals, const char *key)
{
    const orc_surface_plan_t *plan = listing->plan;
    apr_int64_t total = orc_surface_totals_find(totals, key, orc_time_monotonic());

    return *plan->where.text && total <= plan->offset + plan->size ? -1 : total;
}

/* ---- reading ---- */

static orc_error_t *read_page(listing_t *listing)
{
    const orc_request_t *request = listing->request;
    const orc_surface_plan_t *plan = listing->plan;
    orc_surface_totals_t *totals =
        listing->list->rows.is_everybodys ? orc_surface_process_totals(request->process) : NULL;
    const char *key = totals ? counted(listing) : NULL;
    const orc_store_page_wish_t wish = {.where = plan->where.text,
                                        .values = plan->where.values,
                                        .order = plan->order,
                                        .is_usual = plan->is_usual,
                                        .size = plan->size,
                                        .offset = plan->offset,
                                        .budget = orc_rules_visit_is_costly(request->visit) ? MANY_BYTES : FEW_BYTES,
                                        .total = totals ? remembered(listing, totals, key) : -1};

    ORC_TRY(orc_store_page_read(&listing->page, request->service->db, &listing->list->rows, &wish, request->pool));
    if (totals && listing->page.is_counted)
        orc_surface_totals_keep(totals, key, listing->page.total, orc_time_monotonic());
    return NULL;
}

static int costs_much(const orc_surface_plan_t *plan)
{
    return !plan->is_usual || plan->offset + plan->size > FEW_ROWS || plan->size > FEW_OBJECTS;
}

/* What looks cheap and has many bytes is stopped before any is made, and done again as what it is. */
static orc_error_t *find_page(listing_t *listing)
{
    orc_rules_visit_t *visit = listing->request->visit;

    if (listing->list->is_costly || costs_much(listing->plan))
        ORC_TRY(orc_rules_visit_costs(visit));
    ORC_TRY(read_page(listing));
    if (orc_rules_visit_is_costly(visit) || listing->page.size_that_fits == 0)
        return NULL;
    ORC_TRY(orc_rules_visit_costs(visit));
    return read_page(listing);
}

/* ---- the answer ---- */

static const char *encoded(const char *text, apr_pool_t *pool)
{
    static const char digits[] = "0123456789ABCDEF";
    char *to, *out = to = apr_palloc(pool, 3 * strlen(text) + 1);

    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (apr_isalnum(c) || strchr("-._~", c)) {
            *to++ = (char)c;
        }
        else {
            *to++ = '%';
            *to++ = digits[c >> 4];
            *to++ = digits[c & 15];
        }
    }
    *to = '\0';
    return out;
}

/* The request's other parameters as they were given, each behind "&". */
static const char *kept_parameters(const orc_request_t *request)
{
    const char *kept = "";
    int i;

    for (i = 0; request->parameters && i < request->parameters->nelts; i++) {
        const orc_parameter_t *parameter = &APR_ARRAY_IDX(request->parameters, i, orc_parameter_t);

        if (strcmp(parameter->name, "page") != 0 && strcmp(parameter->name, "size") != 0)
            kept = apr_pstrcat(request->pool, kept, "&", encoded(parameter->name, request->pool), "=",
                               encoded(parameter->value, request->pool), NULL);
    }
    return kept;
}

orc_surface_page_t orc_surface_list_page(const orc_request_t *request, const orc_surface_plan_t *plan,
                                         const char *objects, apr_int64_t total)
{
    const orc_surface_page_t page = {objects, plan->page, plan->size, total, kept_parameters(request), plan->offset};

    return page;
}

static orc_error_t *what_is_wrong(const listing_t *listing)
{
    const orc_request_t *request = listing->request;
    const orc_store_page_t *page = &listing->page;
    orc_error_t *error = NULL;

    if (!page->is_known)
        return orc_rules_gone(request->pool);
    if (!page->exists)
        return orc_rules_not_found(listing->list->what, request->pool);
    if (!page->is_allowed)
        return orc_rules_forbidden(listing->list->what, request->pool);
    if (page->size_that_fits > 0)
        orc_error_add_parameter(&error, request->pool, listing->list->plan ? listing->list->size_name : "size",
                                "is too large here: the page has more than 16 MiB; %d would fit", page->size_that_fits);
    return error;
}

int orc_surface_list_first(const orc_surface_list_t *list)
{
    return orc_sql_table[list->rows.base.statement].parameters + 1;
}

orc_error_t *orc_surface_list(const orc_request_t *request, orc_response_t *response, const orc_surface_list_t *list)
{
    orc_error_t *error = NULL;
    listing_t listing = {.request = request, .list = list, .plan = list->plan};
    orc_surface_page_t page;
    const char *objects;

    if (!list->plan)
        listing.plan = orc_surface_plan_make(&error, request, orc_surface_list_first(list), list->expand);
    ORC_TRY(error);
    ORC_TRY(find_page(&listing));
    ORC_TRY(what_is_wrong(&listing));
    ORC_TRY(orc_surface_unseal(&objects, listing.page.objects, request));
    page = orc_surface_list_page(request, listing.plan, objects, listing.page.total);
    orc_response_json(response, 200, request->process->surface->page(request, &page));
    return NULL;
}
