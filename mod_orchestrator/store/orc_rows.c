/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_rows.h"

#include <apr_strings.h>
#include <string.h>

const char *orc_rows_text(const orc_rows_t *rows, int row, int column)
{
    return PQgetisnull(rows->result, row, column) ? NULL : PQgetvalue(rows->result, row, column);
}

const char *orc_rows_named(const orc_rows_t *rows, int row, const char *column)
{
    int number = PQfnumber(rows->result, column);

    return number < 0 ? NULL : orc_rows_text(rows, row, number);
}

void orc_rows_get(const char **texts, int count, const orc_rows_t *rows, int row)
{
    int fields = PQnfields(rows->result), i;

    for (i = 0; i < count; i++)
        texts[i] = i < fields ? orc_rows_text(rows, row, i) : NULL;
}

apr_array_header_t *orc_rows_first_column(const orc_rows_t *rows, apr_pool_t *pool)
{
    apr_array_header_t *texts = apr_array_make(pool, rows->count, sizeof(const char *));
    int i;

    for (i = 0; i < rows->count; i++)
        APR_ARRAY_PUSH(texts, const char *) = apr_pstrdup(pool, orc_rows_text(rows, i, 0));
    return texts;
}

int orc_value_is_true(const char *text)
{
    return text && *text == 't';
}

apr_int64_t orc_value_integer(const char *text)
{
    return text ? apr_atoi64(text) : 0;
}

const char *orc_value_flag(int value)
{
    return value ? "t" : "f";
}

const char *orc_value_number(apr_int64_t value, apr_pool_t *pool)
{
    return apr_psprintf(pool, "%" APR_INT64_T_FMT, value);
}

const char *orc_value_array(const apr_array_header_t *texts, apr_pool_t *pool)
{
    apr_size_t length = 3;
    char *literal, *to;
    int i;

    for (i = 0; i < texts->nelts; i++)
        length += 2 * strlen(APR_ARRAY_IDX(texts, i, const char *)) + 3;
    to = literal = apr_palloc(pool, length);
    *to++ = '{';
    for (i = 0; i < texts->nelts; i++) {
        const char *from = APR_ARRAY_IDX(texts, i, const char *);

        if (i > 0)
            *to++ = ',';
        *to++ = '"';
        for (; *from; from++) {
            if (*from == '"' || *from == '\\')
                *to++ = '\\';
            *to++ = *from;
        }
        *to++ = '"';
    }
    *to++ = '}';
    *to = '\0';
    return literal;
}
