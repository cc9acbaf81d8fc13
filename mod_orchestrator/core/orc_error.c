/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_error.h"

#include <apr_strings.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "orc_utf8.h"

/* An answer is JSON, so its texts are UTF-8: what a request brought, or a precision cut, may not be. */
static char *in_utf_8(char *text)
{
    orc_utf8_mend(text, strlen(text));
    return text;
}

orc_error_t *orc_error(apr_pool_t *pool, int status, const char *code, const char *format, ...)
{
    orc_error_t *error = apr_pcalloc(pool, sizeof *error);
    va_list args;

    error->pool = pool;
    error->status = status;
    error->code = code;
    va_start(args, format);
    error->detail = in_utf_8(apr_pvsprintf(pool, format, args));
    va_end(args);
    return error;
}

orc_error_t *orc_error_wrap(orc_error_t *prev, const char *format, ...)
{
    orc_error_t *error;
    va_list args;

    if (!prev)
        return NULL;
    error = apr_pmemdup(prev->pool, prev, sizeof *prev);
    va_start(args, format);
    error->cause = apr_pvsprintf(prev->pool, format, args);
    va_end(args);
    error->prev = prev;
    return error;
}

int orc_error_is(const orc_error_t *error, orc_error_reason_t reason)
{
    return error && error->reason == reason;
}

int orc_error_breaks(const orc_error_t *error, const char *constraint)
{
    return error && error->constraint && strcmp(error->constraint, constraint) == 0;
}

static const char *copy_of(const char *text, apr_pool_t *pool)
{
    return text ? in_utf_8(apr_pstrdup(pool, text)) : NULL;
}

static void add_field(orc_error_t **error, apr_pool_t *pool, const orc_error_field_t *value)
{
    orc_error_field_t *field;

    if (!*error)
        *error = orc_error(pool, 422, "validation", "The request breaks the rules named in errors.");
    if (!(*error)->fields)
        (*error)->fields = apr_array_make((*error)->pool, 4, sizeof(orc_error_field_t));
    field = apr_array_push((*error)->fields);
    field->pointer = copy_of(value->pointer, (*error)->pool);
    field->parameter = copy_of(value->parameter, (*error)->pool);
    field->member = copy_of(value->member, (*error)->pool);
    field->detail = value->detail;
}

void orc_error_add_pointer(orc_error_t **error, apr_pool_t *pool, const char *pointer, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add_field(error, pool,
              &(orc_error_field_t){.pointer = pointer, .detail = in_utf_8(apr_pvsprintf(pool, format, args))});
    va_end(args);
}

void orc_error_add_parameter(orc_error_t **error, apr_pool_t *pool, const char *parameter, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add_field(error, pool,
              &(orc_error_field_t){.parameter = parameter, .detail = in_utf_8(apr_pvsprintf(pool, format, args))});
    va_end(args);
}

void orc_error_add_member(orc_error_t **error, apr_pool_t *pool, const char *member, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add_field(error, pool,
              &(orc_error_field_t){.member = member, .detail = in_utf_8(apr_pvsprintf(pool, format, args))});
    va_end(args);
}

/* `place`: offset of a text in the fields. */
static int has(const orc_error_t *error, size_t place, const char *text)
{
    int i;

    for (i = 0; error && error->fields && i < error->fields->nelts; i++) {
        const char *field = (const char *)&APR_ARRAY_IDX(error->fields, i, orc_error_field_t);
        const char *known = *(const char *const *)(field + place);

        if (known && strcmp(known, text) == 0)
            return 1;
    }
    return 0;
}

int orc_error_has_pointer(const orc_error_t *error, const char *pointer)
{
    return has(error, offsetof(orc_error_field_t, pointer), pointer);
}

int orc_error_has_member(const orc_error_t *error, const char *member)
{
    return has(error, offsetof(orc_error_field_t, member), member);
}

static apr_array_header_t *copy_fields(const apr_array_header_t *fields, apr_pool_t *pool)
{
    apr_array_header_t *copy = apr_array_copy(pool, fields);
    int i;

    for (i = 0; i < copy->nelts; i++) {
        orc_error_field_t *field = &APR_ARRAY_IDX(copy, i, orc_error_field_t);

        field->pointer = apr_pstrdup(pool, field->pointer);
        field->parameter = apr_pstrdup(pool, field->parameter);
        field->member = apr_pstrdup(pool, field->member);
        field->detail = apr_pstrdup(pool, field->detail);
    }
    return copy;
}

orc_error_t *orc_error_copy(const orc_error_t *error, apr_pool_t *pool)
{
    orc_error_t *copy;

    if (!error)
        return NULL;
    copy = apr_pmemdup(pool, error, sizeof *error);
    copy->pool = pool;
    copy->detail = apr_pstrdup(pool, error->detail);
    copy->cause = apr_pstrdup(pool, error->cause);
    copy->constraint = apr_pstrdup(pool, error->constraint);
    copy->location = apr_pstrdup(pool, error->location);
    copy->fields = error->fields ? copy_fields(error->fields, pool) : NULL;
    copy->prev = orc_error_copy(error->prev, pool);
    return copy;
}

const char *orc_error_line(const orc_error_t *error, apr_pool_t *pool)
{
    const char *line = "";
    const char *said = NULL;

    for (; error; error = error->prev) {
        if (error->cause)
            line = apr_pstrcat(pool, line, *line ? ": " : "", error->cause, NULL);
        if (!error->prev || strcmp(error->detail, error->prev->detail) != 0)
            said = error->detail;
        if (!error->prev) {
            line = apr_pstrcat(pool, line, *line ? ": " : "", said, NULL);
            if (*error->sqlstate)
                line = apr_pstrcat(pool, line, " (SQLSTATE ", error->sqlstate, ")", NULL);
            if (error->system)
                line = apr_psprintf(pool, "%s (code %d)", line, error->system);
        }
    }
    return line;
}
