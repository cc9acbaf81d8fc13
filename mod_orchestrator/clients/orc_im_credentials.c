/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>

#include "orc_im.h"

/* IM's credential lines, as the parsers of 1.19.1 and 2.0.0 read them (README.md, "The Authorization header"). What
 * shapes this file: there is no escape within quotes, only the other kind of quote; the two characters backslash and n
 * end a line, and three (two backslashes and n) are a newline, before anything else is looked at; what is left of them
 * in a value becomes a newline in the end; white space at a value's ends is lost even within quotes; the header is read
 * as Latin-1; file(...) makes IM read a file of its own machine. */

enum { MAX_AUTHORIZATION = 60 * 1024 }; /* uvicorn's h11 takes headers of 64 KiB in all */

static orc_error_t *refuse(apr_pool_t *pool, const char *why)
{
    return orc_error(pool, 422, "im.credentials", "IM can't be sent a value that %s.", why);
}

static orc_error_t *check(const char *value, apr_pool_t *pool)
{
    size_t length = strlen(value), i;

    for (i = 0; i < length; i++) {
        if (value[i] == '\\' && value[i + 1] == 'n')
            return refuse(pool, "has a backslash before an n");
        if ((unsigned char)value[i] >= 0x7f)
            return refuse(pool, "has characters beyond ASCII");
        if (apr_iscntrl(value[i]) && value[i] != '\n')
            return refuse(pool, "has control characters");
    }
    if (length > 0 && (apr_isspace(value[0]) || apr_isspace(value[length - 1])))
        return refuse(pool, "begins or ends with white space");
    if (length > 5 && strncmp(value, "file(", 5) == 0 && value[length - 1] == ')')
        return refuse(pool, "reads file(...)");
    return NULL;
}

orc_error_t *orc_im_quote(const char **quoted, const char *value, apr_pool_t *pool)
{
    char *text = apr_palloc(pool, 5 * strlen(value) + 3), *to = text;

    ORC_TRY(check(value, pool));
    *to++ = '"';
    for (; *value; value++) {
        const char *as = *value == '"' ? "\"'\"'\"" : *value == '\n' ? "\\\\n" : NULL;

        if (as)
            to = (char *)memcpy(to, as, strlen(as)) + strlen(as);
        else
            *to++ = *value;
    }
    *to++ = '"';
    *to = '\0';
    *quoted = text;
    return NULL;
}

/* A template being read: where it stands in IM's grammar. */
typedef struct filler_t {
    apr_pool_t *pool;
    const orc_im_values_t *values;
    apr_array_header_t *parts; /* of const char *: the header so far */
    const char *entry;         /* start of the current "key = value" */
    char quote;                /* the open quote, or 0 */
} filler_t;

static void put(filler_t *filler, const char *from, size_t length)
{
    APR_ARRAY_PUSH(filler->parts, const char *) = apr_pstrmemdup(filler->pool, from, length);
}

/* True when `at` is directly the value of the key `id`. */
static int is_id(const char *entry, const char *at)
{
    while (entry < at && apr_isspace(*entry))
        entry++;
    if (at - entry < 3 || strncmp(entry, "id", 2))
        return 0;
    for (entry += 2; entry < at; entry++) {
        if (!apr_isspace(*entry) && *entry != '=' && *entry != '"' && *entry != '\'')
            return 0;
    }
    return 1;
}

/* IM fails on an id that is no identifier, and a provider's name may be anything. */
static const char *as_id(const char *value, apr_pool_t *pool)
{
    char *id = apr_pstrcat(pool, apr_isalpha(*value) || *value == '_' ? "" : "_", value, NULL), *c;

    for (c = id; *c; c++) {
        if (!apr_isascii(*c) || (!apr_isalnum(*c) && !strchr("_.-", *c)))
            *c = '_';
    }
    return id;
}

static orc_error_t *value_of(const char **value, const filler_t *filler, const char *name, size_t length)
{
    const orc_im_values_t *values = filler->values;
    const struct {
        const char *name, *value;
    } known[] = {
        {"access_token", values->access_token},
        {"project", values->project},
        {"region", values->region},
        {"name", values->name},
    };
    size_t i;

    for (i = 0; i < sizeof known / sizeof *known; i++) {
        if (strlen(known[i].name) != length || strncmp(known[i].name, name, length))
            continue;
        *value = known[i].value;
        return *value ? NULL
                      : orc_error(filler->pool, 422, "im.credentials",
                                  "The provider's credentials ask for {%s}, and there is none.", known[i].name);
    }
    return orc_error(filler->pool, 500, "im.credentials",
                     "A credential template has the placeholder {%.*s}; known are {access_token}, {project}, {region} "
                     "and {name}.",
                     (int)length, name);
}

/* Length of the placeholder at `at` with its braces, or 0. */
static size_t placeholder(const char *at)
{
    size_t length = strspn(at + 1, "abcdefghijklmnopqrstuvwxyz_");

    return length > 0 && at[length + 1] == '}' ? length + 2 : 0;
}

static orc_error_t *fill(filler_t *filler, const char *at, size_t length)
{
    const char *value, *quoted;
    orc_error_t *error;

    ORC_TRY(value_of(&value, filler, at + 1, length - 2));
    if (is_id(filler->entry, at))
        value = as_id(value, filler->pool);
    error = orc_im_quote(&quoted, value, filler->pool);
    if (error)
        return orc_error(filler->pool, 422, "im.credentials", "{%.*s}: %s", (int)length - 2, at + 1, error->detail);
    /* the template may have put quotes around it: they end before the value and begin again after it */
    if (filler->quote)
        put(filler, &filler->quote, 1);
    put(filler, quoted, strlen(quoted));
    if (filler->quote)
        put(filler, &filler->quote, 1);
    return NULL;
}

/* Number of characters at `at` that separate lines: a newline, or a backslash and n that aren't part of a longer run of
 * backslashes. A run is passed as a whole in *text. */
static size_t separator(const char *at, size_t *text)
{
    size_t backslashes = strspn(at, "\\");

    *text = 1;
    if (*at == '\n' || *at == '\r')
        return 1;
    if (backslashes == 1 && at[1] == 'n')
        return 2;
    if (backslashes > 1)
        *text = backslashes + (at[backslashes] == 'n');
    return 0;
}

static orc_error_t *fill_template(filler_t *filler, const char *text)
{
    size_t length, passed;

    filler->entry = text;
    filler->quote = 0;
    while (*text) {
        if ((length = separator(text, &passed))) {
            put(filler, "\\n", 2);
            filler->quote = 0;
            text += length;
            filler->entry = text;
            continue;
        }
        if (*text == '{' && (length = placeholder(text))) {
            ORC_TRY(fill(filler, text, length));
            text += length;
            continue;
        }
        if (apr_iscntrl(*text) && *text != '\t')
            return orc_error(filler->pool, 500, "im.credentials", "A credential template has control characters.");
        if (*text == '"' || *text == '\'')
            filler->quote = filler->quote == 0 ? *text : filler->quote == *text ? 0 : filler->quote;
        put(filler, text, passed);
        text += passed;
        if (text[-1] == ';' && !filler->quote)
            filler->entry = text;
    }
    return NULL;
}

orc_error_t *orc_im_credentials(const char **authorization, const char *im_auth, const char *provider_auth,
                                const orc_im_values_t *values, apr_pool_t *pool)
{
    filler_t filler = {.pool = pool, .values = values, .parts = apr_array_make(pool, 64, sizeof(const char *))};
    char *text;

    ORC_TRY(fill_template(&filler, im_auth));
    if (provider_auth) {
        put(&filler, "\\n", 2);
        ORC_TRY(fill_template(&filler, provider_auth));
    }
    text = apr_array_pstrcat(pool, filler.parts, 0);
    if (strlen(text) > MAX_AUTHORIZATION)
        return orc_error(pool, 422, "im.credentials", "The credentials for IM have more than %d bytes.",
                         MAX_AUTHORIZATION);
    *authorization = text;
    return NULL;
}
