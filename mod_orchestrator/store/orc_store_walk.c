/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_store_walk.h"

#include <apr_strings.h>
#include <string.h>

/* The rows behind the one where the walk stands, in an order that an index gives; then how many bytes their objects
 * have; then the objects of those that are within the budget. */
static const char *compose(const orc_store_walk_t *walk, int parameter, apr_pool_t *pool)
{
    const char *base = orc_sql_table[walk->list->base.statement].text, *turn = walk->is_descending ? " DESC" : "";
    const char *row = apr_psprintf(pool, "FROM (%s) b WHERE b.id = p.id OFFSET 0", base);

    return apr_psprintf(
        pool,
        "WITH ids AS MATERIALIZED (SELECT b.id, b.created_at FROM (%s) b WHERE true%s AND (b.created_at, b.id) %s "
        "($%d::timestamptz, $%d::uuid) ORDER BY b.created_at%s, b.id%s LIMIT %d), "
        "weighed AS MATERIALIZED (SELECT p.id, p.created_at, row_number() OVER w AS n, sum(b.bytes) OVER w AS so_far "
        "FROM ids p CROSS JOIN LATERAL (SELECT b.bytes %s) b WINDOW w AS (ORDER BY p.created_at%s, p.id%s)), "
        "page AS MATERIALIZED (SELECT id, created_at, n FROM weighed WHERE n = 1 OR so_far <= $%d::bigint) "
        "SELECT a.allowed, CASE WHEN a.allowed THEN (SELECT '[' || coalesce(string_agg(b.object::text, ',' "
        "ORDER BY p.n), '') || ']' FROM page p CROSS JOIN LATERAL (SELECT b.object %s) b) END, "
        "(SELECT count(*) FROM page), (SELECT created_at FROM page ORDER BY n DESC LIMIT 1), "
        "(SELECT id FROM page ORDER BY n DESC LIMIT 1), "
        "(SELECT count(*) FROM ids) < %d AND (SELECT count(*) FROM ids) = (SELECT count(*) FROM page) "
        "FROM users caller CROSS JOIN LATERAL (SELECT (%s)::boolean AS allowed OFFSET 0) a WHERE caller.id = $1::uuid",
        base, walk->where, walk->is_descending ? "<" : ">", parameter, parameter + 1, turn, turn, ORC_STORE_STRIDE, row,
        turn, turn, parameter + 2, row, ORC_STORE_STRIDE, walk->list->access ? walk->list->access : "true");
}

static const char **values_of(const orc_store_walk_t *walk, int *count, apr_pool_t *pool)
{
    int given = orc_sql_table[walk->list->base.statement].parameters, i;
    const char **values = apr_palloc(pool, (apr_size_t)(given + walk->values->nelts + 3) * sizeof *values);

    for (i = 0; i < given; i++)
        values[i] = walk->list->base.values[i];
    for (; i < given + walk->values->nelts; i++)
        values[i] = APR_ARRAY_IDX(walk->values, i - given, const char *);
    values[i++] = *walk->created_at ? walk->created_at : walk->is_descending ? "infinity" : "-infinity";
    values[i++] = *walk->id ? walk->id : "ffffffff-ffff-ffff-ffff-ffffffffffff";
    values[i++] = apr_psprintf(pool, "%" APR_INT64_T_FMT, walk->budget);
    *count = i;
    return values;
}

/* One without a condition is asked for often. */
static orc_db_keep_t keeping(const orc_store_walk_t *walk)
{
    if (!*walk->where)
        return ORC_DB_USUAL;
    return walk->list->is_everybodys ? ORC_DB_ONCE : ORC_DB_UNUSUAL;
}

static void read_row(orc_store_stride_t *stride, orc_store_walk_t *walk, const orc_rows_t *rows)
{
    memset(stride, 0, sizeof *stride);
    stride->is_known = rows->count > 0;
    stride->exists = stride->is_known && orc_rows_text(rows, 0, 0);
    stride->is_allowed = stride->exists && orc_value_is_true(orc_rows_text(rows, 0, 0));
    if (!stride->is_allowed)
        return;
    stride->objects = orc_rows_text(rows, 0, 1);
    stride->count = (int)orc_value_integer(orc_rows_text(rows, 0, 2));
    stride->is_last = orc_value_is_true(orc_rows_text(rows, 0, 5));
    if (stride->count == 0)
        return;
    apr_cpystrn(walk->created_at, orc_rows_text(rows, 0, 3), sizeof walk->created_at);
    apr_cpystrn(walk->id, orc_rows_text(rows, 0, 4), sizeof walk->id);
}

orc_error_t *orc_store_walk(orc_store_stride_t *stride, orc_store_walk_t *walk, orc_db_source_t *source,
                            apr_pool_t *pool)
{
    const orc_sql_entry_t *base = &orc_sql_table[walk->list->base.statement];
    int parameter = base->parameters + walk->values->nelts + 1, count;
    const char **values = values_of(walk, &count, pool);
    orc_rows_t rows;

    ORC_TRY(orc_error_wrap(
        orc_db_read_text(source, &rows, compose(walk, parameter, pool), count, values, keeping(walk), pool),
        "walk over %s", base->name));
    read_row(stride, walk, &rows);
    return NULL;
}
