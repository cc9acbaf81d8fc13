/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_SURFACE_PLAN_H
#define ORC_SURFACE_PLAN_H

#include "orc_store_lists.h"
#include "orc_store_where.h"
#include "orc_surface_route.h"

/* What page, size, sort and filters (README.md, A list) ask for. */

/** Replaces the values given for a word filter by others ("this type, or one that derives from it"). */
typedef const apr_array_header_t *orc_surface_expand_t(const orc_request_t *request, const orc_column_t *column,
                                                       const apr_array_header_t *values);

typedef struct orc_surface_plan_t {
    int page, size;
    apr_int64_t offset;        /* rows before the page */
    int is_usual;              /* neither a filter nor an order is given */
    orc_store_where_t where;   /* the filters; parameters from `first` on */
    apr_array_header_t *order; /* of orc_store_key_t; the last one is the id */
} orc_surface_plan_t;

/** Makes a plan; `first` is the number of the first free parameter. Bad values are added to *error. */
orc_surface_plan_t *orc_surface_plan_make(orc_error_t **error, const orc_request_t *request, int first,
                                          orc_surface_expand_t *expand);

/** Checks the list's query parameters only, naming every bad one; unknown names are left to the caller. */
void orc_surface_plan_check(orc_error_t **error, const orc_request_t *request);

/** True when the list knows a parameter of that name. */
int orc_surface_plan_knows(const orc_column_t *columns, const char *name, apr_pool_t *pool);

#endif
