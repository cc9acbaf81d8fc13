/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_surface_values.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "orc_id.h"
#include "orc_time.h"
#include "orc_url.h"
#include "orc_utf8.h"

#define LARGEST_NUMBER 1e15 /* as the contract has it */

enum {
    MAX_NAME_ECHOED = 100,
    MAX_NUMBER = 64,  /* characters */
    MAX_EXPONENT = 3, /* digits */
};

static const char *stored_choice(const orc_choice_t *choices, const char *text)
{
    for (; choices->name; choices++) {
        if (strcmp(choices->name, text) == 0 || (choices->code && strcmp(choices->code, text) == 0))
            return choices->stored;
    }
    return NULL;
}

static const char *choice_names(const orc_choice_t *choices, apr_pool_t *pool)
{
    const char *names = "";

    for (; choices->name; choices++)
        names = apr_pstrcat(pool, names, *names ? ", " : "", choices->name, NULL);
    return names;
}

static int is_integer(const char *text)
{
    const char *at = text + (*text == '-');

    if (!apr_isdigit(*at))
        return 0;
    while (apr_isdigit(*at))
        at++;
    if (*at)
        return 0;
    errno = 0;
    (void)strtoll(text, NULL, 10);
    return errno == 0;
}

/* As JSON writes one; so short that PostgreSQL takes whatever it is. */
static int is_number(const char *text)
{
    const char *at = text + (*text == '-'), *digits = at;

    while (apr_isdigit(*at))
        at++;
    if (at == digits || strlen(text) > MAX_NUMBER)
        return 0;
    if (*at == '.') {
        for (digits = ++at; apr_isdigit(*at); at++)
            ;
        if (at == digits)
            return 0;
    }
    if (*at == 'e' || *at == 'E') {
        at += 1 + (at[1] == '-' || at[1] == '+');
        for (digits = at; apr_isdigit(*at); at++)
            ;
        if (at == digits || at - digits > MAX_EXPONENT)
            return 0;
    }
    return !*at && fabs(strtod(text, NULL)) <= LARGEST_NUMBER;
}

static int is_label(const char *text)
{
    const char *colon = strchr(text, ':');

    return colon && colon > text && colon[1];
}

static const char *stored_id(const char *text, apr_pool_t *pool)
{
    char *id = apr_palloc(pool, ORC_ID_LENGTH + 1);

    return orc_id_parse(text, id) ? id : NULL;
}

const char *orc_surface_value(orc_error_t **error, const orc_request_t *request, const char *name, orc_kind_t kind,
                              const orc_choice_t *choices, int max_length, const char *text)
{
    apr_pool_t *pool = request->pool;
    const char *stored = NULL, *wanted = "";

    switch (kind) {
    case ORC_KIND_WORD:
    case ORC_KIND_ISSUER:
    case ORC_KIND_TEXT:
        if (!*text)
            wanted = "must not be empty";
        else if (!orc_utf8_is_valid(text))
            wanted = "must be valid UTF-8";
        else if (max_length > 0 && orc_utf8_count(text) > (apr_size_t)max_length)
            wanted = apr_psprintf(pool, "must have at most %d characters", max_length);
        else
            stored = kind == ORC_KIND_ISSUER ? orc_url_trimmed(text, pool) : text;
        break;
    case ORC_KIND_ID:
        stored = stored_id(text, pool);
        wanted = "must be a UUID";
        break;
    case ORC_KIND_PERSON:
        stored = strcmp(text, "me") == 0 && request->identity ? request->identity->user_id : stored_id(text, pool);
        wanted = "must be a UUID or me";
        break;
    case ORC_KIND_LABEL:
        stored = orc_utf8_is_valid(text) && is_label(text) ? text : NULL;
        wanted = "must be a name and a value with a colon between them";
        break;
    case ORC_KIND_INTEGER:
        stored = is_integer(text) ? text : NULL;
        wanted = "must be an integer";
        break;
    case ORC_KIND_NUMBER:
        stored = is_number(text) ? text : NULL;
        wanted = "must be a number";
        break;
    case ORC_KIND_BOOLEAN:
        stored = strcmp(text, "true") == 0 || strcmp(text, "false") == 0 ? text : NULL;
        wanted = "must be true or false";
        break;
    case ORC_KIND_ENUM:
        stored = stored_choice(choices, text);
        wanted = apr_pstrcat(pool, "must be one of ", choice_names(choices, pool), NULL);
        break;
    case ORC_KIND_TIME:
        stored = orc_time_utc(text, pool);
        wanted = "must be a time of RFC 3339, like 2024-01-01T10:00:00Z (a + is written %2B in a URL)";
        break;
    }
    if (!stored)
        orc_error_add_parameter(error, pool, name, "%s", wanted);
    return stored;
}

void orc_surface_unknown_parameter(orc_error_t **error, const orc_request_t *request, const char *name)
{
    if (strlen(name) > MAX_NAME_ECHOED || !orc_utf8_is_valid(name))
        orc_error_add_parameter(error, request->pool, "?", "a parameter is not known here");
    else
        orc_error_add_parameter(error, request->pool, name, "is not known here");
}
