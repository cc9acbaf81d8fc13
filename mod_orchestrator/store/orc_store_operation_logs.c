/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_store_operation_logs.h"

enum { MOST = 1000 /* lines at once */ };

static int is_true(const char *text)
{
    return text && orc_value_is_true(text);
}

orc_error_t *orc_store_operation_log_find(orc_store_log_start_t *start, orc_db_source_t *source,
                                          const orc_store_record_at_t *at, const orc_store_lines_t *lines,
                                          const char *caller, int is_admin, apr_pool_t *pool)
{
    const char *tail = lines->tail >= 0 ? orc_value_number(lines->tail, pool) : NULL;
    orc_sql_operation_log_find_row_t row;
    orc_rows_t rows;

    *start = (orc_store_log_start_t){0};
    ORC_TRY(
        orc_db_read(source, &rows,
                    orc_sql_operation_log_find(.deployment_id = at->deployment_id, .resource_id = at->resource_id,
                                               .id = at->id, .level = lines->level, .since = lines->since, .tail = tail,
                                               .caller = caller, .is_admin = orc_value_flag(is_admin)),
                    pool));
    if (rows.count == 0)
        return NULL;
    row = orc_sql_operation_log_find_row(&rows, 0);
    start->is_known = 1;
    start->exists = row.access != NULL;
    start->is_allowed = is_true(row.access);
    start->is_there = row.tag != NULL;
    start->deployment_id = row.deployment_id;
    start->type = row.type;
    start->mark = row.mark ? orc_value_integer(row.mark) : 0;
    return NULL;
}

orc_error_t *orc_store_operation_log_read(orc_store_log_next_t *next, orc_db_source_t *source, const char *id,
                                          const orc_store_log_place_t *place, const orc_store_lines_t *lines,
                                          const char *caller, int is_admin, apr_pool_t *pool)
{
    orc_sql_operation_log_read_row_t row;
    orc_rows_t rows;

    *next = (orc_store_log_next_t){.is_there = 1, .text = ""};
    ORC_TRY(orc_db_read(source, &rows,
                        orc_sql_operation_log_read(.id = id, .mark = orc_value_number(place->mark, pool),
                                                   .sent = place->sent, .last = place->last, .level = lines->level,
                                                   .since = lines->since, .most = orc_value_number(MOST, pool),
                                                   .caller = caller, .is_admin = orc_value_flag(is_admin)),
                        pool));
    if (rows.count == 0)
        return NULL;
    row = orc_sql_operation_log_read_row(&rows, 0);
    next->is_there = row.is_allowed != NULL;
    next->is_allowed = is_true(row.is_allowed);
    next->is_open = is_true(row.is_open);
    next->is_full = orc_value_integer(row.count) == MOST;
    next->text = row.text ? row.text : "";
    next->end_line = row.end_line;
    next->place = (orc_store_log_place_t){orc_value_integer(row.next_mark), row.next_sent, row.next_last};
    return NULL;
}

orc_error_t *orc_store_operation_log_news(const apr_array_header_t *ids, orc_db_source_t *source,
                                          void (*told)(void *baton, const char *id, const char *news), void *baton,
                                          apr_pool_t *pool)
{
    orc_rows_t rows;
    int i;

    ORC_TRY(orc_db_read(source, &rows, orc_sql_operation_log_news(.ids = orc_value_array(ids, pool)), pool));
    for (i = 0; i < rows.count; i++) {
        orc_sql_operation_log_news_row_t row = orc_sql_operation_log_news_row(&rows, i);

        told(baton, row.id, row.news);
    }
    return NULL;
}
