/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_SURFACE_LIST_H
#define ORC_SURFACE_LIST_H

#include "orc_surface.h"
#include "orc_surface_handler.h"

/* Lists: page, size, sort and filters (README.md, "Lists") over a base query, in one round trip. */

typedef struct orc_surface_list_t orc_surface_list_t;

/** Replaces the values given for a word filter by others ("this type, or one that derives from it"). */
typedef const apr_array_header_t *orc_surface_expand_t(const orc_request_t *request, const orc_column_t *column,
                                                       const apr_array_header_t *values);

struct orc_surface_list_t {
    /** SELECT with a column for each of the list's columns in routes/, `id`, and `object` (JSON): only rows that
     * the caller may see. `caller` is the caller's row; its first parameter is the caller's id. */
    orc_sql_call_t base;
    /** True when the base gives a person's worth of rows, so that finding all of them once is cheaper than twice. */
    int has_few_rows;
    /** An SQL expression over `caller` and the base's parameters that says whether the list as a whole may be read:
     * NULL is 404, false 403. Or NULL: always. */
    const char *access;
    const char *what;             /* noun for these problems, "deployment" */
    orc_surface_expand_t *expand; /* or NULL */
};

/** Answers with a page. Its objects go through orc_surface_unseal. */
orc_error_t *orc_surface_list(const orc_request_t *request, orc_response_t *response, const orc_surface_list_t *list);

/** Checks the list's query parameters only, naming every bad one; unknown names are left to the caller. */
void orc_surface_list_check(orc_error_t **error, const orc_request_t *request);

/** True when the list knows a parameter of that name. */
int orc_surface_list_knows(const orc_column_t *columns, const char *name, apr_pool_t *pool);

/** What a list's parameters ask for, in SQL. For orc_surface_list and its tests. */
typedef struct orc_surface_plan_t {
    int page, size;
    const char *where;          /* "" or conditions over "b", each behind " AND " */
    const char *order;          /* keys */
    apr_array_header_t *values; /* of const char *: for the parameters from `first` on */
} orc_surface_plan_t;

/** Makes a plan; `first` is the number of the first free parameter. Bad values are added to *error. */
orc_surface_plan_t *orc_surface_list_plan(orc_error_t **error, const orc_request_t *request, int first,
                                          orc_surface_expand_t *expand);

/** A page around rendered objects. For orc_surface_list and its tests. */
orc_surface_page_t orc_surface_list_page(const orc_request_t *request, const orc_surface_plan_t *plan,
                                         const char *objects, apr_int64_t total);

#endif
