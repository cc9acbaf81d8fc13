/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_SURFACE_LIST_H
#define ORC_SURFACE_LIST_H

#include "orc_surface.h"
#include "orc_surface_handler.h"
#include "orc_surface_plan.h"

/*
 * Lists: page, size, sort and filters (README.md, "Lists") over a base query, in one round trip, under a budget of
 * bytes. Whatever is asked for but the first pages in their usual order, and pages of many bytes, costs much
 * (orc_rules_visit_costs).
 */

typedef struct orc_surface_list_t {
    orc_store_list_t rows;        /* the base has a column for each of the list's columns in routes/ */
    const char *what;             /* noun for problems when it may not be read, "deployment" */
    orc_surface_expand_t *expand; /* or NULL */
    int is_costly;                /* whichever page is asked for */
    const orc_surface_plan_t
        *plan;             /* what is asked for, where a surface has other parameters; or NULL: the usual ones */
    const char *size_name; /* of its parameter for the size of a page, then */
} orc_surface_list_t;

/**
 * Answers with a page. Its objects go through orc_surface_unseal.
 * @return 422 on `size` when the page has more than 16 MiB; 429 when the caller has too many costly requests at work
 */
orc_error_t *orc_surface_list(const orc_request_t *request, orc_response_t *response, const orc_surface_list_t *list);

/** The number of the first parameter that a list's statement leaves free, for the conditions of a plan. */
int orc_surface_list_first(const orc_surface_list_t *list);

/** A page around rendered objects. For orc_surface_list and its tests. */
orc_surface_page_t orc_surface_list_page(const orc_request_t *request, const orc_surface_plan_t *plan,
                                         const char *objects, apr_int64_t total);

#endif
