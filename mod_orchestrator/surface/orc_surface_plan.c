/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_surface_plan.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#include "orc_surface_values.h"

enum {
    DEFAULT_SIZE = 5,
    MAX_SIZE = 500,
    MAX_PAGE = 2147483647,
    MAX_VALUES = 100, /* of one filter */
    MAX_TEXTS = 5,    /* the same of texts: each is looked for in every row's */
    MAX_KEYS = 16,    /* of sort */
};

typedef struct planner_t {
    orc_error_t **error;
    const orc_request_t *request;
    orc_surface_plan_t *plan;
    orc_surface_expand_t *expand;
} planner_t;

/* ---- parameters ---- */

/* The values given under a name. */
static apr_array_header_t *given(const orc_request_t *request, const char *name, int split)
{
    apr_array_header_t *values = apr_array_make(request->pool, 2, sizeof(const char *));
    int i;

    for (i = 0; request->parameters && i < request->parameters->nelts; i++) {
        const orc_parameter_t *parameter = &APR_ARRAY_IDX(request->parameters, i, orc_parameter_t);
        const char *at = parameter->value, *comma;

        if (strcmp(parameter->name, name) != 0)
            continue;
        while (split && (comma = strchr(at, ','))) {
            *(const char **)apr_array_push(values) = apr_pstrmemdup(request->pool, at, (apr_size_t)(comma - at));
            at = comma + 1;
        }
        *(const char **)apr_array_push(values) = at;
    }
    return values;
}

/* The only value given under a name, or NULL. */
static const char *given_once(planner_t *planner, const char *name)
{
    const apr_array_header_t *values = given(planner->request, name, 0);

    if (values->nelts > 1)
        orc_error_add_parameter(planner->error, planner->request->pool, name, "may be given only once");
    return values->nelts == 1 ? APR_ARRAY_IDX(values, 0, const char *) : NULL;
}

static int number(planner_t *planner, const char *name, int otherwise, int maximum)
{
    const char *text = given_once(planner, name);
    apr_int64_t value;

    if (!text)
        return otherwise;
    if (!orc_surface_value(planner->error, planner->request, name, ORC_KIND_INTEGER, NULL, 0, text))
        return otherwise;
    value = apr_atoi64(text);
    if (value >= 1 && value <= maximum)
        return (int)value;
    orc_error_add_parameter(planner->error, planner->request->pool, name, "must be between 1 and %d", maximum);
    return otherwise;
}

/* ---- filters ---- */

/* Codes are compared as numbers, names as text. */
static int has_codes(const orc_column_t *column)
{
    return apr_isdigit(*column->choices->stored);
}

static orc_store_type_t type_of(const orc_column_t *column)
{
    switch (column->kind) {
    case ORC_KIND_ID:
    case ORC_KIND_PERSON:
        return ORC_STORE_ID;
    case ORC_KIND_INTEGER:
        return ORC_STORE_NUMBER;
    case ORC_KIND_NUMBER:
        return ORC_STORE_DECIMAL;
    case ORC_KIND_BOOLEAN:
        return ORC_STORE_BOOLEAN;
    case ORC_KIND_TIME:
        return ORC_STORE_TIME;
    case ORC_KIND_ENUM:
        return has_codes(column) ? ORC_STORE_NUMBER : ORC_STORE_ENUM;
    default:
        return ORC_STORE_TEXT;
    }
}

static const char *order_expression(const orc_column_t *column, apr_pool_t *pool)
{
    return column->order ? column->order : orc_store_compared(column->expression, type_of(column), pool);
}

static void add_filter(planner_t *planner, const orc_column_t *column, orc_store_comparison_t comparison,
                       const apr_array_header_t *values)
{
    const orc_store_filter_t filter = {column->expression, column->order, column->condition, type_of(column),
                                       comparison};

    orc_store_where_add(&planner->plan->where, &filter, values);
}

static void plan_equality(planner_t *planner, const orc_column_t *column)
{
    const apr_array_header_t *texts = given(planner->request, column->name, column->kind != ORC_KIND_TEXT);
    apr_array_header_t *values = apr_array_make(planner->request->pool, 4, sizeof(const char *));
    int most = column->kind == ORC_KIND_TEXT ? MAX_TEXTS : MAX_VALUES, i;

    if (texts->nelts == 0)
        return;
    if (texts->nelts > most) {
        orc_error_add_parameter(planner->error, planner->request->pool, column->name, "has more than %d values", most);
        return;
    }
    for (i = 0; i < texts->nelts; i++) {
        const char *value = orc_surface_value(planner->error, planner->request, column->name, column->kind,
                                              column->choices, 0, APR_ARRAY_IDX(texts, i, const char *));

        if (!value)
            return;
        *(const char **)apr_array_push(values) = value;
    }
    add_filter(planner, column, column->kind == ORC_KIND_TEXT && !column->condition ? ORC_STORE_CONTAINS : ORC_STORE_IS,
               planner->expand ? planner->expand(planner->request, column, values) : values);
}

static void plan_bound(planner_t *planner, const orc_column_t *column, const char *name,
                       orc_store_comparison_t comparison)
{
    const char *text = given_once(planner, name);
    apr_array_header_t *values;
    const char *value;

    if (!text)
        return;
    value = orc_surface_value(planner->error, planner->request, name, column->kind, NULL, 0, text);
    if (!value)
        return;
    values = apr_array_make(planner->request->pool, 1, sizeof(const char *));
    APR_ARRAY_PUSH(values, const char *) = value;
    add_filter(planner, column, comparison, values);
}

/* "created_at" is filtered by created_before and created_after. */
static const char *time_name(const orc_column_t *column, const char *end, apr_pool_t *pool)
{
    size_t length = strlen(column->name);

    if (length > 3 && strcmp(column->name + length - 3, "_at") == 0)
        length -= 3;
    return apr_pstrcat(pool, apr_pstrmemdup(pool, column->name, length), end, NULL);
}

/* It is also filtered by X_gte and X_lte. */
static int has_bounds(const orc_column_t *column)
{
    return column->kind == ORC_KIND_INTEGER || column->kind == ORC_KIND_NUMBER;
}

static void plan_filter(planner_t *planner, const orc_column_t *column)
{
    apr_pool_t *pool = planner->request->pool;

    if (column->kind == ORC_KIND_TIME) {
        plan_bound(planner, column, time_name(column, "_before", pool), ORC_STORE_BELOW);
        plan_bound(planner, column, time_name(column, "_after", pool), ORC_STORE_ABOVE);
        return;
    }
    plan_equality(planner, column);
    if (has_bounds(column)) {
        plan_bound(planner, column, apr_pstrcat(pool, column->name, "_gte", NULL), ORC_STORE_AT_LEAST);
        plan_bound(planner, column, apr_pstrcat(pool, column->name, "_lte", NULL), ORC_STORE_AT_MOST);
    }
}

/* ---- order ---- */

static const orc_column_t *sort_column(const orc_column_t *columns, const char *name)
{
    for (; columns->name; columns++) {
        if (columns->sorts && strcmp(columns->name, name) == 0)
            return columns;
    }
    return NULL;
}

static void add_key(planner_t *planner, orc_store_key_t key)
{
    APR_ARRAY_PUSH(planner->plan->order, orc_store_key_t) = key;
}

static void plan_order(planner_t *planner)
{
    apr_pool_t *pool = planner->request->pool;
    const char *text = given_once(planner, "sort");
    char *rest = apr_pstrdup(pool, text ? text : "-created_at"), *key;
    int is_descending = 0;

    while (rest) {
        const orc_column_t *column;

        key = rest;
        rest = strchr(rest, ',');
        if (rest)
            *rest++ = '\0';
        is_descending = *key == '-';
        key += is_descending;
        column = sort_column(planner->request->route->columns, key);
        if (!column || planner->plan->order->nelts == MAX_KEYS) {
            orc_error_add_parameter(planner->error, pool, "sort", "%s",
                                    column ? "has too many keys" : "has a key that is not known here");
            break;
        }
        add_key(planner, (orc_store_key_t){.column = column->name,
                                           .expression = order_expression(column, pool),
                                           .is_descending = is_descending,
                                           .is_indexed = column->is_indexed,
                                           .is_spread = column->is_spread});
    }
    /* In the direction of the last key, so that turning all keys around turns the list around. */
    add_key(planner, (orc_store_key_t){"id", "b.id", is_descending, 1, 1});
    planner->plan->is_usual = text == NULL;
}

/* ---- the plan ---- */

orc_surface_plan_t *orc_surface_plan_make(orc_error_t **error, const orc_request_t *request, int first,
                                          orc_surface_expand_t *expand)
{
    orc_surface_plan_t *plan = apr_pcalloc(request->pool, sizeof *plan);
    planner_t planner = {error, request, plan, expand};
    const orc_column_t *column;

    plan->order = apr_array_make(request->pool, 4, sizeof(orc_store_key_t));
    plan->where = orc_store_where_make(first, request->pool);
    plan->page = number(&planner, "page", 1, MAX_PAGE);
    plan->size = number(&planner, "size", DEFAULT_SIZE, MAX_SIZE);
    plan->offset = (apr_int64_t)(plan->page - 1) * plan->size;
    plan_order(&planner);
    /* In the table's order, not the request's: fewer different statements. */
    for (column = request->route->columns; column->name; column++) {
        if (column->filters)
            plan_filter(&planner, column);
    }
    plan->is_usual = plan->is_usual && !*plan->where.text;
    return plan;
}

void orc_surface_plan_check(orc_error_t **error, const orc_request_t *request)
{
    (void)orc_surface_plan_make(error, request, 1, NULL);
}

static int column_knows(const orc_column_t *column, const char *name, apr_pool_t *pool)
{
    if (!column->filters)
        return 0;
    if (column->kind == ORC_KIND_TIME)
        return strcmp(name, time_name(column, "_before", pool)) == 0 ||
               strcmp(name, time_name(column, "_after", pool)) == 0;
    if (strcmp(name, column->name) == 0)
        return 1;
    return has_bounds(column) && (strcmp(name, apr_pstrcat(pool, column->name, "_gte", NULL)) == 0 ||
                                  strcmp(name, apr_pstrcat(pool, column->name, "_lte", NULL)) == 0);
}

int orc_surface_plan_knows(const orc_column_t *columns, const char *name, apr_pool_t *pool)
{
    if (strcmp(name, "page") == 0 || strcmp(name, "size") == 0 || strcmp(name, "sort") == 0)
        return 1;
    for (; columns->name; columns++) {
        if (column_knows(columns, name, pool))
            return 1;
    }
    return 0;
}
