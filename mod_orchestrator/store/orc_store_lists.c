/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_store_lists.h"

#include <apr_strings.h>
#include <string.h>

enum {
    FEW = 1000,   /* rows that are cheaper to find once and keep than to find twice */
    SAMPLE = 1000 /* rows that say where a page ends at the latest */
};

/* A statement in the making. */
typedef struct composer_t {
    const orc_store_list_t *list;
    const orc_store_page_wish_t *wish;
    apr_pool_t *pool;
    const char *base, *rows; /* statements: all columns; the columns that are asked for */
    int is_first;            /* page: needs no offset */
    int is_turned;           /* counted from the end */
    int parameter;           /* number of the first one behind the wish's: size, budget, offset */
} composer_t;

/* ---- parts ---- */

static int has_column(const orc_sql_entry_t *statement, const char *column)
{
    const char *const *at = statement->columns;

    while (*at && strcmp(*at, column) != 0)
        at++;
    return *at != NULL;
}

static int keys_suffice(const orc_store_list_t *list, const orc_store_page_wish_t *wish)
{
    int i;

    if (!list->keys || *wish->where)
        return 0;
    for (i = 0; i < wish->order->nelts; i++) {
        if (!has_column(list->keys, APR_ARRAY_IDX(wish->order, i, orc_store_key_t).column))
            return 0;
    }
    return 1;
}

/* The keys of the order, from the front or the back: over the rows, or over "k1", "k2", ... */
static const char *order_of(const composer_t *composer, int is_turned, int by_number)
{
    const char *order = "";
    int i;

    for (i = 0; i < composer->wish->order->nelts; i++) {
        const orc_store_key_t *key = &APR_ARRAY_IDX(composer->wish->order, i, orc_store_key_t);

        order = apr_pstrcat(composer->pool, order, i > 0 ? ", " : "",
                            by_number ? apr_psprintf(composer->pool, "k%d", i) : key->expression,
                            key->is_descending != is_turned ? " DESC" : "", NULL);
    }
    return order;
}

/* The keys as columns "k1", "k2", ... */
static const char *key_columns(const composer_t *composer)
{
    const char *columns = "";
    int i;

    for (i = 0; i < composer->wish->order->nelts; i++)
        columns = apr_psprintf(composer->pool, "%s, %s AS k%d", columns,
                               APR_ARRAY_IDX(composer->wish->order, i, orc_store_key_t).expression, i);
    return columns;
}

/* So many rows of the front that the page is within: few different numbers for many sizes. */
static const char *first_rows(const composer_t *composer)
{
    int size = composer->wish->size;

    return size <= 20 ? "20" : size <= 100 ? "100" : size <= 500 ? "500" : "2000";
}

/* In front, a limit that the planner knows: the rest is cut off behind it. */
static const char *limit_of(const composer_t *composer)
{
    if (composer->is_first)
        return apr_pstrcat(composer->pool, "LIMIT ", first_rows(composer), NULL);
    if (!composer->is_turned)
        return apr_psprintf(composer->pool, "LIMIT $%d::bigint OFFSET $%d::bigint", composer->parameter,
                            composer->parameter + 2);
    return apr_psprintf(composer->pool,
                        "LIMIT LEAST($%d::bigint, GREATEST((SELECT number FROM total) - $%d::bigint, 0)) OFFSET "
                        "GREATEST((SELECT number FROM total) - $%d::bigint - $%d::bigint, 0)",
                        composer->parameter, composer->parameter + 2, composer->parameter + 2, composer->parameter);
}

/* ---- a bound ---- */

/* Rows from the front, or the back, to the page's last one. */
static const char *depth_of(const composer_t *composer)
{
    if (composer->is_first)
        return first_rows(composer);
    if (!composer->is_turned)
        return apr_psprintf(composer->pool, "$%d::bigint + $%d::bigint", composer->parameter, composer->parameter + 2);
    return apr_psprintf(composer->pool, "GREATEST((SELECT number FROM total) - $%d::bigint, 1)",
                        composer->parameter + 2);
}

/* An index gives the order, but for the few rows that its first key leaves open. */
static int is_given(const orc_store_page_wish_t *wish)
{
    const orc_store_key_t *first = &APR_ARRAY_IDX(wish->order, 0, orc_store_key_t);

    return first->is_indexed && (first->is_spread || wish->order->nelts == 2);
}

/* Worth it where all rows are read, and for a page that a sample reaches. */
static int is_bounded(const composer_t *composer)
{
    const orc_store_page_wish_t *wish = composer->wish;
    apr_int64_t depth = composer->is_turned ? wish->total - wish->offset : wish->offset + wish->size;

    return composer->rows == composer->base && composer->list->is_everybodys && depth <= SAMPLE / 2 && !is_given(wish);
}

/* The keys of the row in which the page of a sample ends: the page of all rows ends there or before. The sample is of
 * those that come first among equal ones, so that an order with few different keys is bounded best. */
static const char *bound_of(const composer_t *composer)
{
    const orc_store_key_t *last =
        &APR_ARRAY_IDX(composer->wish->order, composer->wish->order->nelts - 1, orc_store_key_t);

    return apr_psprintf(composer->pool,
                        ", bound AS MATERIALIZED (SELECT * FROM (SELECT b.id%s FROM (%s) b ORDER BY %s%s LIMIT %d) b "
                        "ORDER BY %s LIMIT 1 OFFSET %s - 1)",
                        key_columns(composer), composer->rows, last->expression,
                        last->is_descending != composer->is_turned ? " DESC" : "", SAMPLE,
                        order_of(composer, composer->is_turned, 1), depth_of(composer));
}

/* True of a row that comes behind the bound by the keys from one on, as ORDER BY does it: NULL is the greatest. Never
 * true when the sample is too small for a bound. */
static const char *behind_bound(const composer_t *composer, int at)
{
    const orc_store_key_t *key = &APR_ARRAY_IDX(composer->wish->order, at, orc_store_key_t);
    const char *behind = key->is_descending != composer->is_turned ? "<" : ">";
    const char *this_one =
        apr_psprintf(composer->pool, "%s %s (SELECT k%d FROM bound) OR (%s IS NULL) %s (SELECT k%d IS NULL FROM bound)",
                     key->expression, behind, at, key->expression, behind, at);

    if (at == composer->wish->order->nelts - 1)
        return this_one;
    return apr_psprintf(composer->pool, "%s OR %s IS NOT DISTINCT FROM (SELECT k%d FROM bound) AND (%s)", this_one,
                        key->expression, at, behind_bound(composer, at + 1));
}

/* ---- the page's ids ---- */

/* The ids in their order, and the count on its own: an index may give them without a look at all the rows. Where all
 * are looked at, a bound keeps those that can't be on the page out of the sorting, which is dear while each row that
 * comes is better than those before. */
static const char *straight(const composer_t *composer)
{
    const orc_store_list_t *list = composer->list;
    const char *count = list->count ? list->count->text
                                    : apr_psprintf(composer->pool, "SELECT count(*) FROM (%s) b",
                                                   list->keys ? list->keys->text : composer->base);
    const char *bound = "", *within = "true";

    if (is_bounded(composer)) {
        bound = bound_of(composer);
        within = apr_psprintf(composer->pool, "(%s) IS NOT TRUE", behind_bound(composer, 0));
    }
    return apr_psprintf(composer->pool,
                        "WITH total AS MATERIALIZED (SELECT (%s)::bigint AS number)%s, ids AS (SELECT b.id FROM (%s) b "
                        "WHERE %s ORDER BY %s %s)",
                        composer->wish->total >= 0 && !composer->is_turned ? "NULL" : count, bound, composer->rows,
                        within, order_of(composer, composer->is_turned, 0), limit_of(composer));
}

/* The page of "matched", rows that are found already. */
static const char *page_of_matched(const composer_t *composer)
{
    return apr_psprintf(composer->pool, "SELECT id FROM matched ORDER BY %s %s", order_of(composer, 0, 1),
                        limit_of(composer));
}

/* A person's worth of rows is found once: an index of the order, over everybody's rows, would be the wrong one. */
static const char *found_at_once(const composer_t *composer)
{
    return apr_psprintf(composer->pool,
                        "WITH matched AS MATERIALIZED (SELECT b.id%s FROM (%s) b WHERE true%s), total AS (SELECT "
                        "count(*) AS number FROM matched), ids AS (%s)",
                        key_columns(composer), composer->list->whole ? composer->list->whole->text : composer->base,
                        composer->wish->where, page_of_matched(composer));
}

/*
 * With a condition, which nobody knows how many of everybody's rows fulfil: up to a few are found once, in no order,
 * sorted and counted. When they are more, the page is found quickly in their order, and they are counted beside it.
 * "every" is read no further than "matched" asks, but planned to be read to its end: with helpers.
 */
static const char *searched(const composer_t *composer)
{
    const char *rows = apr_psprintf(composer->pool, "FROM (%s) b WHERE true%s", composer->base, composer->wish->where);

    return apr_psprintf(
        composer->pool,
        "WITH every AS MATERIALIZED (SELECT b.id%s %s), matched AS MATERIALIZED (SELECT * FROM every LIMIT %d), "
        "found AS MATERIALIZED (SELECT count(*) AS number FROM matched), "
        "total AS MATERIALIZED (SELECT CASE WHEN number <= %d THEN number ELSE %s END AS number FROM found), "
        "ids AS (SELECT id FROM (%s) b WHERE (SELECT number FROM found) <= %d UNION ALL SELECT id FROM (SELECT b.id %s "
        "ORDER BY %s %s) b WHERE (SELECT number FROM found) > %d)",
        key_columns(composer), rows, FEW + 1, FEW,
        composer->wish->total >= 0 ? "NULL" : apr_psprintf(composer->pool, "(SELECT count(*) %s)", rows),
        page_of_matched(composer), FEW, rows, order_of(composer, 0, 0), limit_of(composer), FEW);
}

static const char *ids_of(const composer_t *composer)
{
    if (composer->rows != composer->base)
        return straight(composer);
    if (!composer->list->is_everybodys)
        return found_at_once(composer);
    return *composer->wish->where ? searched(composer) : straight(composer);
}

/* ---- the whole ---- */

/* Of what begins the list so many fit; elsewhere so many as if all were as large as the largest one here. */
static const char *size_that_fits(const composer_t *composer)
{
    int budget = composer->parameter + 1;

    return apr_psprintf(
        composer->pool,
        "SELECT CASE WHEN count(*) > 1 AND sum(bytes) > $%d::bigint THEN GREATEST(1, %s) ELSE 0 END AS size FROM "
        "weighed",
        budget,
        composer->wish->offset == 0
            ? apr_psprintf(composer->pool, "count(*) FILTER (WHERE so_far <= $%d::bigint)", budget)
            : apr_psprintf(composer->pool, "$%d::bigint / max(bytes)", budget));
}

/* OFFSET 0 keeps the planner from anything but looking up the page's rows one by one, however many it expects. */
static const char *compose(const composer_t *composer)
{
    const char *row = apr_psprintf(composer->pool, "FROM (%s) b WHERE b.id = p.id OFFSET 0", composer->base);

    return apr_psprintf(
        composer->pool,
        "%s, page AS MATERIALIZED (SELECT id, n FROM (SELECT id, row_number() OVER () AS n FROM ids) b WHERE n <= "
        "$%d::bigint), weighed AS MATERIALIZED (SELECT b.bytes, sum(b.bytes) OVER (ORDER BY p.n) AS so_far FROM page p "
        "CROSS JOIN LATERAL (SELECT b.bytes %s) b), fit AS MATERIALIZED (%s) "
        "SELECT a.allowed, CASE WHEN a.allowed THEN (SELECT size FROM fit) END, "
        "CASE WHEN a.allowed THEN (SELECT '[' || coalesce(string_agg(b.object::text, ',' ORDER BY p.n%s), '') || ']' "
        "FROM page p CROSS JOIN LATERAL (SELECT b.object %s) b WHERE (SELECT size FROM fit) = 0) END, "
        "CASE WHEN a.allowed THEN (SELECT number FROM total) END "
        "FROM users caller CROSS JOIN LATERAL (SELECT (%s)::boolean AS allowed OFFSET 0) a WHERE caller.id = $1::uuid",
        ids_of(composer), composer->parameter, row, size_that_fits(composer), composer->is_turned ? " DESC" : "", row,
        composer->list->access ? composer->list->access : "true");
}

static orc_db_keep_t keeping(const composer_t *composer)
{
    if (composer->wish->is_usual && !composer->is_turned)
        return ORC_DB_USUAL;
    return composer->list->is_everybodys ? ORC_DB_ONCE : ORC_DB_UNUSUAL;
}

static const char **values_of(const composer_t *composer, int *count)
{
    const orc_store_page_wish_t *wish = composer->wish;
    int given = orc_sql_table[composer->list->base.statement].parameters, i;
    const char **values = apr_palloc(composer->pool, (apr_size_t)(given + wish->values->nelts + 3) * sizeof *values);

    for (i = 0; i < given; i++)
        values[i] = composer->list->base.values[i];
    for (; i < given + wish->values->nelts; i++)
        values[i] = APR_ARRAY_IDX(wish->values, i - given, const char *);
    values[i++] = apr_itoa(composer->pool, wish->size);
    values[i++] = apr_psprintf(composer->pool, "%" APR_INT64_T_FMT, wish->budget);
    if (!composer->is_first)
        values[i++] = apr_psprintf(composer->pool, "%" APR_INT64_T_FMT, wish->offset);
    *count = i;
    return values;
}

static void read_row(orc_store_page_t *page, const orc_rows_t *rows, const orc_store_page_wish_t *wish)
{
    memset(page, 0, sizeof *page);
    page->is_known = rows->count > 0;
    page->exists = page->is_known && orc_rows_text(rows, 0, 0);
    page->is_allowed = page->exists && orc_value_is_true(orc_rows_text(rows, 0, 0));
    if (!page->is_allowed)
        return;
    page->size_that_fits = (int)orc_value_integer(orc_rows_text(rows, 0, 1));
    page->objects = page->size_that_fits > 0 ? NULL : orc_rows_text(rows, 0, 2);
    page->is_counted = orc_rows_text(rows, 0, 3) != NULL;
    page->total = page->is_counted ? orc_value_integer(orc_rows_text(rows, 0, 3)) : wish->total;
}

orc_error_t *orc_store_page_read(orc_store_page_t *page, orc_db_source_t *source, const orc_store_list_t *list,
                                 const orc_store_page_wish_t *wish, apr_pool_t *pool)
{
    const orc_sql_entry_t *base = &orc_sql_table[list->base.statement];
    composer_t composer = {.list = list, .wish = wish, .pool = pool, .base = base->text};
    orc_error_t *error;
    orc_rows_t rows;
    const char **values;
    int count;

    composer.rows = keys_suffice(list, wish) ? list->keys->text : composer.base;
    composer.is_first = wish->offset == 0;
    composer.is_turned = !*wish->where && wish->total >= 0 && wish->offset > wish->total / 2;
    composer.parameter = base->parameters + wish->values->nelts + 1;
    values = values_of(&composer, &count);
    error = orc_db_read_text(source, &rows, compose(&composer), count, values, keeping(&composer), pool);
    if (error)
        return orc_error_wrap(error, "list %s", base->name);
    read_row(page, &rows, wish);
    return NULL;
}
