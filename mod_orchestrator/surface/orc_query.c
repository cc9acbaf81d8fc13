/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_query.h"

#include <apr_strings.h>
#include <string.h>

#include "orc_utf8.h"

static int hexadecimal(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

/* Decodes one name or value; NULL and a reason when it can't be. */
static const char *decode(const char *text, apr_size_t length, const char **reason, apr_pool_t *pool)
{
    char *out = apr_palloc(pool, length + 1), *end = out;
    apr_size_t i;

    for (i = 0; i < length; i++) {
        char byte = text[i] == '+' ? ' ' : text[i];

        if (byte == '%') {
            int high = length - i > 2 ? hexadecimal(text[i + 1]) : -1;
            int low = length - i > 2 ? hexadecimal(text[i + 2]) : -1;

            if (high < 0 || low < 0) {
                *reason = "has a % that is not followed by two hexadecimal digits";
                return NULL;
            }
            byte = (char)(high * 16 + low);
            i += 2;
        }
        if (byte == '\0') {
            *reason = "has a NUL byte";
            return NULL;
        }
        *end++ = byte;
    }
    *end = '\0';
    if (!orc_utf8_is_valid(out)) {
        *reason = "is not UTF-8";
        return NULL;
    }
    return out;
}

/* The name as it was sent, fit for a message whatever bytes it has. */
static const char *printable(const char *text, apr_size_t length, apr_pool_t *pool)
{
    static const char digits[] = "0123456789ABCDEF";
    char *out, *end;
    apr_size_t i;

    if (length > 100)
        length = 100;
    out = end = apr_palloc(pool, length * 3 + 1);
    for (i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];

        if (byte > 0x20 && byte < 0x7f) {
            *end++ = (char)byte;
        }
        else {
            *end++ = '%';
            *end++ = digits[byte >> 4];
            *end++ = digits[byte & 15];
        }
    }
    *end = '\0';
    return out;
}

static void add_parameter(apr_array_header_t *parameters, const char *part, apr_size_t length, orc_error_t **error,
                          apr_pool_t *pool)
{
    const char *equals = memchr(part, '=', length), *reason = NULL;
    apr_size_t name_length = equals ? (apr_size_t)(equals - part) : length;
    orc_parameter_t parameter;

    parameter.name = decode(part, name_length, &reason, pool);
    parameter.value = equals ? decode(equals + 1, length - name_length - 1, &reason, pool) : "";
    if (parameter.name && parameter.value) {
        APR_ARRAY_PUSH(parameters, orc_parameter_t) = parameter;
        return;
    }
    if (!*error)
        *error = orc_error(pool, 422, "query", "The query string can not be read.");
    orc_error_add_parameter(error, pool, parameter.name ? parameter.name : printable(part, name_length, pool),
                            "The parameter's %s %s.", parameter.name ? "value" : "name", reason);
}

orc_error_t *orc_query_parse(apr_array_header_t **parameters, const char *query, apr_pool_t *pool)
{
    orc_error_t *error = NULL;

    *parameters = apr_array_make(pool, 4, sizeof(orc_parameter_t));
    while (query && *query) {
        apr_size_t length = strcspn(query, "&");

        if ((*parameters)->nelts >= ORC_QUERY_MAX)
            return orc_error(pool, 422, "query", "The query string has more than %d parameters.", ORC_QUERY_MAX);
        if (length > 0)
            add_parameter(*parameters, query, length, &error, pool);
        query += length;
        if (*query == '&')
            query++;
    }
    return error;
}
