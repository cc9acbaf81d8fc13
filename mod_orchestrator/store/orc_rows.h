/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_ROWS_H
#define ORC_ROWS_H

#include <apr_tables.h>
#include <libpq-fe.h>

/* What statements give, and what they take: PostgreSQL's texts of values. */

/** Rows of a result; live until the pool given to the query dies. */
typedef struct orc_rows_t {
    PGresult *result;
    int count;    /* rows */
    int affected; /* rows that a write touched */
} orc_rows_t;

/** Text of a field, NULL for SQL's NULL. */
const char *orc_rows_text(const orc_rows_t *rows, int row, int column);
/** The same by the column's name; NULL, too, when there is no such column. */
const char *orc_rows_named(const orc_rows_t *rows, int row, const char *column);
/** The texts of a row's first `count` fields; for the orc_sql_*_row functions. */
void orc_rows_get(const char **texts, int count, const orc_rows_t *rows, int row);
/** The first column of all rows, of const char *, copied into the pool. */
apr_array_header_t *orc_rows_first_column(const orc_rows_t *rows, apr_pool_t *pool);

/** True for 't'. */
int orc_value_is_true(const char *text);
/** 0 for NULL. */
apr_int64_t orc_value_integer(const char *text);

const char *orc_value_flag(int value);
const char *orc_value_number(apr_int64_t value, apr_pool_t *pool);
/** An array of texts (const char *). */
const char *orc_value_array(const apr_array_header_t *texts, apr_pool_t *pool);

#endif
