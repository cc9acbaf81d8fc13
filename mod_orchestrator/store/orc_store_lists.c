/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_store_lists.h"

#include <apr_strings.h>
#include <string.h>

enum { FEW = 1000 }; /* rows that are cheaper to find once and keep than to find twice */

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

/* A limit that the planner knows, the same for many sizes: the rest is cut off behind it. */
static const char *limit_of(const composer_t *composer)
{
    int size = composer->wish->size;

    if (composer->is_first)
        return size <= 20 ? "LIMIT 20" : size <= 100 ? "LIMIT 100" : "LIMIT 500";
    if (!composer->is_turned)
        return apr_psprintf(composer->pool, "LIMIT $%d::bigint OFFSET $%d::bigint", composer->parameter,
                            composer->parameter + 2);
    return apr_psprintf(composer->pool,
                        "LIMIT LEAST($%d::bigint, GREATEST((SELECT number FROM total) - $%d::bigint, 0)) OFFSET "
                        "GREATEST((SELECT number FROM total) - $%d::bigint - $%d::bigint, 0)",
                        composer->parameter, composer->parameter + 2, composer->parameter + 2, composer->parameter);
}

/* ---- the page's ids ---- */

/* The ids in their order, and the count on its own: an index may give them without a look at all the rows. */
static const char *straight(const composer_t *composer)
{
    const orc_store_list_t *list = composer->list;
    const char *count = list->count ? list->count->text
                                    : apr_psprintf(composer->pool, "SELECT count(*) FROM (%s) b",
                                                   list->keys ? list->keys->text : composer->base);

    return apr_psprintf(composer->pool,
                        "WITH total AS MATERIALIZED (SELECT (%s)::bigint AS number), ids AS (SELECT b.id FROM (%s) b "
                        "ORDER BY %s %s)",
                        composer->wish->total >= 0 && !composer->is_turned ? "NULL" : count, composer->rows,
                        order_of(composer, composer->is_turned, 0), limit_of(composer));
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
                        key_columns(composer), composer->base, composer->wish->where, page_of_matched(composer));
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
