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

/* The next part that is not empty; 0: there is none. */
static int next_part(const char **part, apr_size_t *length, const char **rest)
{
    *part = *rest + strspn(*rest, "&");
    *length = strcspn(*part, "&");
    *rest = *part + *length;
    return *length > 0;
}

/* NULL, or what is wrong: "value is not UTF-8". The name is fit for a message then. */
static const char *read_part(orc_parameter_t *parameter, const char *part, apr_size_t length, apr_pool_t *pool)
{
    const char *equals = memchr(part, '=', length), *reason = NULL, *name;
    apr_size_t name_length = equals ? (apr_size_t)(equals - part) : length;

    name = decode(part, name_length, &reason, pool);
    parameter->value = equals ? decode(equals + 1, length - name_length - 1, &reason, pool) : "";
    parameter->name = name ? name : printable(part, name_length, pool);
    return reason ? apr_pstrcat(pool, name ? "value " : "name ", reason, NULL) : NULL;
}

orc_error_t *orc_query_parse(apr_array_header_t **parameters, const char *query, apr_pool_t *pool)
{
    const char *part, *rest = query ? query : "", *wrong;
    orc_error_t *error = NULL;
    orc_parameter_t parameter;
    apr_size_t length;

    *parameters = apr_array_make(pool, 4, sizeof(orc_parameter_t));
    while (next_part(&part, &length, &rest)) {
        if ((*parameters)->nelts >= ORC_QUERY_MAX)
            return orc_error(pool, 422, "query", "The query string has more than %d parameters.", ORC_QUERY_MAX);
        wrong = read_part(&parameter, part, length, pool);
        if (wrong && !error)
            error = orc_error(pool, 422, "query", "The query string can not be read.");
        if (wrong)
            orc_error_add_parameter(&error, pool, parameter.name, "The parameter's %s.", wrong);
        else
            APR_ARRAY_PUSH(*parameters, orc_parameter_t) = parameter;
    }
    return error;
}

orc_error_t *orc_query_parse_form(apr_array_header_t **members, const char *text, apr_size_t length, apr_pool_t *pool)
{
    const char *part, *rest = apr_pstrmemdup(pool, text, length), *wrong;
    orc_parameter_t member;

    *members = apr_array_make(pool, 4, sizeof(orc_parameter_t));
    if (memchr(text, '\0', length))
        return orc_error(pool, 400, "form", "The form can not be read: it has a NUL byte.");
    while (next_part(&part, &length, &rest)) {
        if ((*members)->nelts >= ORC_QUERY_MAX_FORM)
            return orc_error(pool, 400, "form", "The form has more than %d members.", ORC_QUERY_MAX_FORM);
        wrong = read_part(&member, part, length, pool);
        if (wrong)
            return orc_error(pool, 400, "form", "The form can not be read: %s's %s.", member.name, wrong);
        APR_ARRAY_PUSH(*members, orc_parameter_t) = member;
    }
    return NULL;
}
