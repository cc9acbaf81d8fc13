/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_surface_list.h"

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
    MAX_KEYS = 16,    /* of sort */
};

typedef struct planner_t {
    orc_error_t **error;
    const orc_request_t *request;
    orc_surface_plan_t *plan;
    int next; /* number of the next parameter */
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

static const char *next_parameter(planner_t *planner, const char *value)
{
    *(const char **)apr_array_push(planner->plan->values) = value;
    return apr_psprintf(planner->request->pool, "$%d", planner->next++);
}

static void add_condition(planner_t *planner, const char *condition)
{
    planner->plan->where = apr_pstrcat(planner->request->pool, planner->plan->where, " AND ", condition, NULL);
}

/* A column's own condition with "$?" filled in. */
static const char *filled(const char *condition, const char *parameter, apr_pool_t *pool)
{
    const char *hole = strstr(condition, "$?");

    if (!hole)
        return condition;
    return apr_pstrcat(pool, apr_pstrmemdup(pool, condition, (apr_size_t)(hole - condition)), parameter,
                       filled(hole + 2, parameter, pool), NULL);
}

static const char *array_type(const orc_column_t *column)
{
    switch (column->kind) {
    case ORC_KIND_ID:
    case ORC_KIND_PERSON:
        return "uuid[]";
    case ORC_KIND_INTEGER:
        return "bigint[]";
    case ORC_KIND_BOOLEAN:
        return "boolean[]";
    case ORC_KIND_ENUM:
        /* Codes are compared as numbers, names as text. */
        return apr_isdigit(*column->choices->stored) ? "bigint[]" : "text[]";
    default:
        return "text[]";
    }
}

static void add_comparison(planner_t *planner, const orc_column_t *column, const apr_array_header_t *values)
{
    apr_pool_t *pool = planner->request->pool;
    const char *parameter =
        apr_pstrcat(pool, next_parameter(planner, orc_value_array(values, pool)), "::", array_type(column), NULL);
    const char *cast = column->kind == ORC_KIND_ENUM && strcmp(array_type(column), "text[]") == 0 ? "::text" : "";

    if (column->condition)
        add_condition(planner, filled(column->condition, parameter, pool));
    else if (column->kind == ORC_KIND_TEXT)
        add_condition(planner, apr_pstrcat(pool, "EXISTS (SELECT FROM unnest(", parameter, ") part WHERE strpos(lower(",
                                           column->expression, "), lower(part)) > 0)", NULL));
    else
        add_condition(planner, apr_pstrcat(pool, column->expression, cast, " = ANY (", parameter, ")", NULL));
}

static void plan_equality(planner_t *planner, const orc_column_t *column)
{
    const apr_array_header_t *texts = given(planner->request, column->name, column->kind != ORC_KIND_TEXT);
    apr_array_header_t *values = apr_array_make(planner->request->pool, 4, sizeof(const char *));
    int i;

    if (texts->nelts == 0)
        return;
    if (texts->nelts > MAX_VALUES) {
        orc_error_add_parameter(planner->error, planner->request->pool, column->name, "has more than %d values",
                                MAX_VALUES);
        return;
    }
    for (i = 0; i < texts->nelts; i++) {
        const char *value = orc_surface_value(planner->error, planner->request, column->name, column->kind,
                                              column->choices, 0, APR_ARRAY_IDX(texts, i, const char *));

        if (!value)
            return;
        *(const char **)apr_array_push(values) = value;
    }
    add_comparison(planner, column, planner->expand ? planner->expand(planner->request, column, values) : values);
}

static void plan_bound(planner_t *planner, const orc_column_t *column, const char *name, const char *comparison)
{
    const char *text = given_once(planner, name);
    const char *value;

    if (!text)
        return;
    value = orc_surface_value(planner->error, planner->request, name, column->kind, NULL, 0, text);
    if (value)
        add_condition(planner, apr_pstrcat(planner->request->pool, column->expression, comparison,
                                           next_parameter(planner, value),
                                           column->kind == ORC_KIND_TIME ? "::timestamptz" : "::bigint", NULL));
}

/* "created_at" is filtered by created_before and created_after. */
static const char *time_name(const orc_column_t *column, const char *end, apr_pool_t *pool)
{
    size_t length = strlen(column->name);

    if (length > 3 && strcmp(column->name + length - 3, "_at") == 0)
        length -= 3;
    return apr_pstrcat(pool, apr_pstrmemdup(pool, column->name, length), end, NULL);
}

static void plan_filter(planner_t *planner, const orc_column_t *column)
{
    apr_pool_t *pool = planner->request->pool;

    if (column->kind == ORC_KIND_TIME) {
        plan_bound(planner, column, time_name(column, "_before", pool), " < ");
        plan_bound(planner, column, time_name(column, "_after", pool), " > ");
        return;
    }
    plan_equality(planner, column);
    if (column->kind == ORC_KIND_INTEGER) {
        plan_bound(planner, column, apr_pstrcat(pool, column->name, "_gte", NULL), " >= ");
        plan_bound(planner, column, apr_pstrcat(pool, column->name, "_lte", NULL), " <= ");
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

/* Words are ordered by their code points, the same on every host. */
static const char *collation(const orc_column_t *column)
{
    return column->kind == ORC_KIND_WORD || column->kind == ORC_KIND_TEXT ? " COLLATE \"C\"" : "";
}

static void plan_order(planner_t *planner)
{
    apr_pool_t *pool = planner->request->pool;
    const char *text = given_once(planner, "sort");
    char *rest = apr_pstrdup(pool, text ? text : "-created_at"), *key;
    const char *order = "", *direction = "";
    int keys = 0;

    while (rest) {
        const orc_column_t *column;

        key = rest;
        rest = strchr(rest, ',');
        if (rest)
            *rest++ = '\0';
        direction = *key == '-' ? " DESC" : "";
        key += *key == '-';
        column = sort_column(planner->request->route->columns, key);
        if (!column || ++keys > MAX_KEYS) {
            orc_error_add_parameter(planner->error, pool, "sort", "%s",
                                    column ? "has too many keys" : "has a key that is not known here");
            break;
        }
        order = apr_pstrcat(pool, order, column->expression, collation(column), direction, ", ", NULL);
    }
    /* In the direction of the last key, so that turning all keys around turns the list around. */
    planner->plan->order = apr_pstrcat(pool, order, "b.id", direction, NULL);
}

/* ---- the plan ---- */

orc_surface_plan_t *orc_surface_list_plan(orc_error_t **error, const orc_request_t *request, int first,
                                          orc_surface_expand_t *expand)
{
    orc_surface_plan_t *plan = apr_pcalloc(request->pool, sizeof *plan);
    planner_t planner = {error, request, plan, first, expand};
    const orc_column_t *column;

    plan->values = apr_array_make(request->pool, 8, sizeof(const char *));
    plan->where = "";
    plan->page = number(&planner, "page", 1, MAX_PAGE);
    plan->size = number(&planner, "size", DEFAULT_SIZE, MAX_SIZE);
    plan_order(&planner);
    /* In the table's order, not the request's: fewer different statements. */
    for (column = request->route->columns; column->name; column++) {
        if (column->filters)
            plan_filter(&planner, column);
    }
    return plan;
}

void orc_surface_list_check(orc_error_t **error, const orc_request_t *request)
{
    (void)orc_surface_list_plan(error, request, 1, NULL);
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
    return column->kind == ORC_KIND_INTEGER && (strcmp(name, apr_pstrcat(pool, column->name, "_gte", NULL)) == 0 ||
                                                strcmp(name, apr_pstrcat(pool, column->name, "_lte", NULL)) == 0);
}

int orc_surface_list_knows(const orc_column_t *columns, const char *name, apr_pool_t *pool)
{
    if (strcmp(name, "page") == 0 || strcmp(name, "size") == 0 || strcmp(name, "sort") == 0)
        return 1;
    for (; columns->name; columns++) {
        if (column_knows(columns, name, pool))
            return 1;
    }
    return 0;
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
    const orc_surface_page_t page = {objects, plan->page, plan->size, total, kept_parameters(request)};

    return page;
}

/* The page and the count, each found on its own: an index may give the page without a look at all the rows. */
static const char *compose_rows(const orc_surface_list_t *list, const orc_surface_plan_t *plan, int limit,
                                apr_pool_t *pool)
{
    const char *base = orc_sql_table[list->base.statement].text;

    return apr_psprintf(pool,
                        "SELECT a.allowed, CASE WHEN a.allowed THEN (SELECT '[' || coalesce(string_agg(p.object::text, "
                        "','), '') || ']' FROM (SELECT b.object FROM (%s) b WHERE true%s ORDER BY %s LIMIT $%d::bigint "
                        "OFFSET $%d::bigint) p) END, CASE WHEN a.allowed THEN (SELECT count(*) FROM (%s) b WHERE "
                        "true%s) END",
                        base, plan->where, plan->order, limit, limit + 1, base, plan->where);
}

/* Few rows are found once, numbered and counted; only the page's are read whole. */
static const char *compose_few(const orc_surface_list_t *list, const orc_surface_plan_t *plan, int limit,
                               apr_pool_t *pool)
{
    const char *base = orc_sql_table[list->base.statement].text;

    return apr_psprintf(pool,
                        "WITH found AS (SELECT b.id, row_number() OVER (ORDER BY %s) AS n FROM (%s) b WHERE true%s) "
                        "SELECT a.allowed, CASE WHEN a.allowed THEN (SELECT '[' || coalesce(string_agg(b.object::text, "
                        "',' ORDER BY f.n), '') || ']' FROM (SELECT id, n FROM found WHERE n > $%d::bigint AND n <= "
                        "$%d::bigint + $%d::bigint) f JOIN (%s) b ON b.id = f.id) END, CASE WHEN a.allowed THEN "
                        "(SELECT count(*) FROM found) END",
                        plan->order, base, plan->where, limit + 1, limit + 1, limit, base);
}

static const char *compose(const orc_surface_list_t *list, const orc_surface_plan_t *plan, int limit, apr_pool_t *pool)
{
    const char *select =
        list->has_few_rows ? compose_few(list, plan, limit, pool) : compose_rows(list, plan, limit, pool);

    return apr_psprintf(pool,
                        "%s FROM users caller CROSS JOIN LATERAL (SELECT (%s)::boolean AS allowed OFFSET 0) a WHERE "
                        "caller.id = $1::uuid",
                        select, list->access ? list->access : "true");
}

static orc_error_t *read_page(orc_rows_t *rows, const orc_request_t *request, const orc_surface_list_t *list,
                              const orc_surface_plan_t *plan)
{
    apr_pool_t *pool = request->pool;
    int count = orc_sql_table[list->base.statement].parameters, total = count + plan->values->nelts + 2;
    const char **values = apr_palloc(pool, (apr_size_t)total * sizeof *values);
    int i;

    for (i = 0; i < count; i++)
        values[i] = list->base.values[i];
    for (i = 0; i < plan->values->nelts; i++)
        values[count + i] = APR_ARRAY_IDX(plan->values, i, const char *);
    values[total - 2] = apr_itoa(pool, plan->size);
    values[total - 1] = apr_psprintf(pool, "%" APR_INT64_T_FMT, (apr_int64_t)(plan->page - 1) * plan->size);
    return orc_error_wrap(orc_db_read_text(request->service->db, rows, compose(list, plan, total - 1, pool), total,
                                           values, ORC_DB_UNUSUAL, pool),
                          "list %s", orc_sql_table[list->base.statement].name);
}

orc_error_t *orc_surface_list(const orc_request_t *request, orc_response_t *response, const orc_surface_list_t *list)
{
    orc_error_t *error = NULL;
    const orc_surface_plan_t *plan =
        orc_surface_list_plan(&error, request, orc_sql_table[list->base.statement].parameters + 1, list->expand);
    orc_surface_page_t page;
    const char *objects;
    orc_rows_t rows;

    ORC_TRY(error);
    ORC_TRY(read_page(&rows, request, list, plan));
    if (rows.count == 0)
        return orc_rules_gone(request->pool);
    if (!orc_rows_text(&rows, 0, 0))
        return orc_rules_not_found(list->what, request->pool);
    if (!orc_value_is_true(orc_rows_text(&rows, 0, 0)))
        return orc_rules_forbidden(list->what, request->pool);
    ORC_TRY(orc_surface_unseal(&objects, orc_rows_text(&rows, 0, 1), request));
    page = orc_surface_list_page(request, plan, objects, orc_value_integer(orc_rows_text(&rows, 0, 2)));
    orc_response_json(response, 200, request->process->surface->page(request, &page));
    return NULL;
}
