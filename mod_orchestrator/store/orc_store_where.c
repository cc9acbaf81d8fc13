/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_store_where.h"

#include <apr_strings.h>
#include <string.h>

#include "orc_rows.h"

static const struct {
    const char *name, *compared; /* of PostgreSQL; what is put behind an expression that is compared */
} types[] = {
    [ORC_STORE_TEXT] = {"text", " COLLATE \"C\""},
    [ORC_STORE_ENUM] = {"text", "::text COLLATE \"C\""},
    [ORC_STORE_ID] = {"uuid", ""},
    [ORC_STORE_NUMBER] = {"bigint", ""},
    [ORC_STORE_DECIMAL] = {"numeric", ""},
    [ORC_STORE_BOOLEAN] = {"boolean", ""},
    [ORC_STORE_TIME] = {"timestamptz", ""},
};

static const char *const signs[] = {[ORC_STORE_LIKE] = " LIKE ",
                                    [ORC_STORE_BELOW] = " < ",
                                    [ORC_STORE_ABOVE] = " > ",
                                    [ORC_STORE_AT_LEAST] = " >= ",
                                    [ORC_STORE_AT_MOST] = " <= "};

orc_store_where_t orc_store_where_make(int first, apr_pool_t *pool)
{
    return (orc_store_where_t){"", apr_array_make(pool, 8, sizeof(const char *)), first, pool};
}

/* A new parameter with that value. */
static const char *parameter(orc_store_where_t *where, const char *value, const char *type, const char *array)
{
    int number = where->first + where->values->nelts;

    APR_ARRAY_PUSH(where->values, const char *) = value;
    return apr_psprintf(where->pool, "$%d::%s%s", number, type, array);
}

/* A condition with "$?" filled in. */
static const char *filled(const char *condition, const char *with, apr_pool_t *pool)
{
    const char *hole = strstr(condition, "$?");

    if (!hole)
        return condition;
    return apr_pstrcat(pool, apr_pstrmemdup(pool, condition, (apr_size_t)(hole - condition)), with,
                       filled(hole + 2, with, pool), NULL);
}

const char *orc_store_compared(const char *expression, orc_store_type_t type, apr_pool_t *pool)
{
    return apr_pstrcat(pool, expression, types[type].compared, NULL);
}

/* A row's text may be long, so it is made lower once, however many values it is compared with: behind OFFSET 0. For one
 * value without that subquery, which keeps helpers away: many rows are looked at, but for those without a text, which
 * an index of the order leaves out. */
static const char *containing(const orc_store_filter_t *filter, const char *array, int count, apr_pool_t *pool)
{
    const char *lowered = apr_pstrcat(pool, "lower(", filter->expression, ")", NULL), *any = "";
    int i;

    for (i = 1; i <= count; i++)
        any = apr_psprintf(pool, "%s%sstrpos(%s, lower((%s)[%d])) > 0", any, i > 1 ? " OR " : "",
                           count > 1 ? "l.lowered" : lowered, array, i);
    if (count > 1)
        any = apr_pstrcat(pool, "SELECT ", any, " FROM (SELECT ", lowered, " AS lowered OFFSET 0) l", NULL);
    return apr_pstrcat(pool, filter->order ? filter->order : filter->expression, " IS NOT NULL AND (", any, ")", NULL);
}

static const char *of_many(orc_store_where_t *where, const orc_store_filter_t *filter, const apr_array_header_t *values)
{
    const char *array = parameter(where, orc_value_array(values, where->pool), types[filter->type].name, "[]");

    if (filter->comparison == ORC_STORE_CONTAINS)
        return containing(filter, array, values->nelts, where->pool);
    if (filter->condition)
        return filled(filter->condition, array, where->pool);
    return apr_pstrcat(where->pool, orc_store_compared(filter->expression, filter->type, where->pool), " = ANY (",
                       array, ")", NULL);
}

const char *orc_store_like(const char *text, apr_pool_t *pool)
{
    char *pattern = apr_palloc(pool, 2 * strlen(text) + 1), *at = pattern;

    for (; *text; text++) {
        if (*text == '%' || *text == '_' || *text == '\\')
            *at++ = '\\';
        *at++ = *text == '*' ? '%' : *text;
    }
    *at = '\0';
    return pattern;
}

static const char *of_one(orc_store_where_t *where, const orc_store_filter_t *filter, const char *value)
{
    if (filter->comparison == ORC_STORE_LIKE)
        value = orc_store_like(value, where->pool);
    return apr_pstrcat(where->pool, filter->expression, signs[filter->comparison],
                       parameter(where, value, types[filter->type].name, ""), NULL);
}

void orc_store_where_add(orc_store_where_t *where, const orc_store_filter_t *filter, const apr_array_header_t *values)
{
    int is_of_many = filter->comparison == ORC_STORE_IS || filter->comparison == ORC_STORE_CONTAINS;
    const char *condition =
        is_of_many ? of_many(where, filter, values) : of_one(where, filter, APR_ARRAY_IDX(values, 0, const char *));

    where->text = apr_pstrcat(where->pool, where->text, " AND ", condition, NULL);
}

orc_store_where_t orc_store_where_part(const orc_store_where_t *where)
{
    return (orc_store_where_t){"", where->values, where->first, where->pool};
}

/* What is NULL is like nothing, and so not like it either. */
void orc_store_where_any(orc_store_where_t *where, const apr_array_header_t *parts, int is_none)
{
    const char *any = "false";
    int i;

    for (i = 0; i < parts->nelts; i++)
        any = apr_pstrcat(where->pool, any, " OR (true", APR_ARRAY_IDX(parts, i, orc_store_where_t).text, ")", NULL);
    where->text = apr_pstrcat(where->pool, where->text, " AND (", any, ")", is_none ? " IS NOT TRUE" : "", NULL);
}
