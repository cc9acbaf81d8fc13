/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_json.h"

#include <apr_strings.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static apr_status_t drop_reference(void *value)
{
    json_decref(value);
    return APR_SUCCESS;
}

static apr_status_t free_text(void *text)
{
    free(text);
    return APR_SUCCESS;
}

json_t *orc_json_own(json_t *value, apr_pool_t *pool)
{
    if (value)
        apr_pool_cleanup_register(pool, value, drop_reference, apr_pool_cleanup_null);
    return value;
}

int orc_json_is_out_of_range(const json_t *value)
{
    return json_is_real(value) && (json_real_value(value) >= DBL_MAX || json_real_value(value) <= -DBL_MAX);
}

static const char huge[] = "1.7976931348623157e308";

static int is_number_byte(char c)
{
    return (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.' || c == 'e' || c == 'E';
}

static int is_integer(const char *start, apr_size_t length)
{
    return !memchr(start, '.', length) && !memchr(start, 'e', length) && !memchr(start, 'E', length);
}

/* True when jansson would refuse the number for its size. Its grammar is checked elsewhere. */
static int overflows(const char *start, apr_size_t length, apr_pool_t *pool)
{
    int is_real = !is_integer(start, length);
    const char *token;

    if (!is_real && length < 19)
        return 0;
    token = apr_pstrmemdup(pool, start, length);
    if (is_real)
        return isinf(strtod(token, NULL));
    errno = 0;
    (void)strtoll(token, NULL, 10);
    return errno == ERANGE;
}

/* The number's grammar (RFC 8259): what is malformed must stay as it is, so that the parser refuses it. */
static int is_json_number(const char *s, apr_size_t n)
{
    apr_size_t i = 0, digits;

    if (i < n && s[i] == '-')
        i++;
    digits = i;
    while (i < n && s[i] >= '0' && s[i] <= '9')
        i++;
    if (i == digits || (s[digits] == '0' && i > digits + 1))
        return 0;
    if (i < n && s[i] == '.') {
        digits = ++i;
        while (i < n && s[i] >= '0' && s[i] <= '9')
            i++;
        if (i == digits)
            return 0;
    }
    if (i < n && (s[i] == 'e' || s[i] == 'E')) {
        i++;
        if (i < n && (s[i] == '+' || s[i] == '-'))
            i++;
        digits = i;
        while (i < n && s[i] >= '0' && s[i] <= '9')
            i++;
        if (i == digits)
            return 0;
    }
    return i == n;
}

/* What stands for a number that does not fit its type: a real one of the same value, else ORC_JSON_OUT_OF_RANGE. */
static char *write_number(char *to, const char *start, apr_size_t length, int keeps_value, apr_pool_t *pool)
{
    if (keeps_value && is_integer(start, length) && !isinf(strtod(apr_pstrmemdup(pool, start, length), NULL))) {
        memcpy(to, start, length);
        memcpy(to + length, ".0", 2);
        return to + length + 2;
    }
    if (*start == '-')
        *to++ = '-';
    memcpy(to, huge, sizeof huge - 1);
    return to + sizeof huge - 1;
}

/* How a text keeps to the limits. */
typedef enum { FITS, TOO_DEEP, TOO_MANY } fit_t;

/* One pass over the text: measures the depth, counts the values, and writes numbers that fit no type otherwise. */
static const char *prepare(const char *text, apr_size_t length, apr_size_t *out_length, fit_t *fit, int keeps_value,
                           apr_pool_t *pool)
{
    enum { SHORTEST = 5 }; /* bytes of a number that is out of range, "9e308" */
    apr_size_t i = 0, copied = 0;
    char *changed = NULL, *to = NULL;
    int depth = 0, values = 1;

    *fit = FITS;
    while (i < length) {
        char c = text[i];

        if (c == '"') {
            for (i++; i < length && text[i] != '"'; i++) {
                if (text[i] == '\\')
                    i++;
            }
            i++;
        }
        else if (c == '[' || c == '{' || c == ',') {
            if (c != ',' && ++depth > ORC_JSON_MAX_DEPTH)
                *fit = TOO_DEEP;
            else if (++values > ORC_JSON_MAX_VALUES && !keeps_value)
                *fit = TOO_MANY;
            if (*fit != FITS)
                return text;
            i++;
        }
        else if (c == ']' || c == '}') {
            depth--;
            i++;
        }
        else if (c == '-' || (c >= '0' && c <= '9')) {
            apr_size_t start = i;

            while (i < length && is_number_byte(text[i]))
                i++;
            if (overflows(text + start, i - start, pool) && is_json_number(text + start, i - start)) {
                if (!changed)
                    to = changed = apr_palloc(pool, length + (length / SHORTEST + 1) * sizeof huge);
                memcpy(to, text + copied, start - copied);
                to += start - copied;
                to = write_number(to, text + start, i - start, keeps_value, pool);
                copied = i;
            }
        }
        else {
            i++;
        }
    }
    if (!changed) {
        *out_length = length;
        return text;
    }
    if (i > length)
        i = length;
    memcpy(to, text + copied, length - copied);
    *out_length = (apr_size_t)(to - changed) + length - copied;
    return changed;
}

orc_error_t *orc_json_parse(json_t **out, const char *text, apr_size_t length, apr_pool_t *pool)
{
    json_error_t error;
    apr_size_t prepared_length = length;
    const char *prepared;
    fit_t fit;

    *out = NULL;
    prepared = prepare(text, length, &prepared_length, &fit, 0, pool);
    if (fit == TOO_DEEP)
        return orc_error(pool, 400, "json.depth", "The JSON is nested more than %d levels deep.", ORC_JSON_MAX_DEPTH);
    if (fit == TOO_MANY)
        return orc_error(pool, 400, "json.values", "The JSON has more than %d values.", ORC_JSON_MAX_VALUES);
    *out = json_loadb(prepared, prepared_length, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);
    if (!*out) {
        const char *what = json_error_code(&error) == json_error_null_character ? "a text with \\u0000" : error.text;

        return orc_error(pool, 400, "json", "The JSON is not valid: line %d, column %d: %s.", error.line, error.column,
                         what);
    }
    orc_json_own(*out, pool);
    return NULL;
}

json_t *orc_json_own_text(const char *text, apr_pool_t *pool)
{
    apr_size_t length = strlen(text);
    fit_t fit;

    text = prepare(text, length, &length, &fit, 1, pool);
    return orc_json_own(json_loadb(text, length, JSON_DECODE_ANY, NULL), pool);
}

const char *orc_json_text(const json_t *value, apr_pool_t *pool)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);

    if (text)
        apr_pool_cleanup_register(pool, text, free_text, apr_pool_cleanup_null);
    return text;
}

const char *orc_json_string(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

void orc_json_put(json_t *object, const char *key, const char *value)
{
    if (value)
        json_object_set_new(object, key, json_string(value));
}

json_int_t orc_json_integer(const json_t *object, const char *key, json_int_t otherwise)
{
    const json_t *value = json_object_get(object, key);

    return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

const char *orc_json_pointer(apr_pool_t *pool, const char *parent, const char *token)
{
    apr_size_t extra = 0;
    const char *from;
    char *pointer, *to;

    for (from = token; *from; from++)
        extra += (*from == '~' || *from == '/');
    pointer = apr_palloc(pool, strlen(parent) + 1 + strlen(token) + extra + 1);
    to = pointer + strlen(parent);
    memcpy(pointer, parent, strlen(parent));
    *to++ = '/';
    for (from = token; *from; from++) {
        if (*from == '~' || *from == '/') {
            *to++ = '~';
            *to++ = *from == '~' ? '0' : '1';
        }
        else {
            *to++ = *from;
        }
    }
    *to = '\0';
    return pointer;
}

static const char *pointer_of(const orc_json_path_t *path, apr_pool_t *pool)
{
    if (!path->parent)
        return path->name;
    return orc_json_pointer(pool, pointer_of(path->parent, pool),
                            path->name ? path->name : apr_psprintf(pool, "%lu", (unsigned long)path->index));
}

const char *orc_json_path_text(const orc_json_path_t *path, apr_pool_t *pool)
{
    const orc_json_path_t *at;

    for (at = path; at->parent; at = at->parent) {
        if (at->name && strlen(at->name) > ORC_JSON_LONGEST_NAME)
            path = at->parent;
    }
    return pointer_of(path, pool);
}
