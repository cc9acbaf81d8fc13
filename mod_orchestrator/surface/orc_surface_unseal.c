/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_strings.h>
#include <string.h>

#include "orc_surface_handler.h"

/* Objects come rendered from PostgreSQL; all but the sealed members are copied byte for byte, so that numbers keep
 * their form. */

typedef struct part_t {
    const char *start;
    size_t length;
} part_t;

typedef struct member_t {
    part_t name; /* without its quotes, still escaped */
    part_t value;
} member_t;

typedef struct secret_t {
    const char *name;
    const char *value; /* JSON */
} secret_t;

static const char sealed_json[] = "@sealed", sealed_text[] = "@sealed_text";

static const char *skip_space(const char *at)
{
    return at + strspn(at, " \t\r\n");
}

static const char *skip_text(const char *at)
{
    for (at++; *at && *at != '"'; at++) {
        if (*at == '\\' && at[1])
            at++;
    }
    return *at ? at + 1 : at;
}

/* The end of the value that starts here; the text is PostgreSQL's, so it is well-formed. */
static const char *skip_value(const char *at)
{
    int depth = 0;

    for (;;) {
        if (*at == '"') {
            at = skip_text(at);
        }
        else if (*at == '{' || *at == '[') {
            depth++;
            at++;
        }
        else if (depth > 0 && (*at == '}' || *at == ']')) {
            depth--;
            at++;
        }
        else if (depth > 0 && *at) {
            at++;
            continue;
        }
        else {
            at += strcspn(at, ",]} \t\r\n");
        }
        if (depth == 0 || !*at)
            return at;
    }
}

/* Reads the members of the object that starts at *at and leaves *at behind it. */
static apr_array_header_t *read_members(const char **at, apr_pool_t *pool)
{
    apr_array_header_t *members = apr_array_make(pool, 32, sizeof(member_t));
    const char *here = skip_space(*at + 1);

    while (*here == '"') {
        member_t *member = apr_array_push(members);
        const char *end = skip_text(here);

        member->name.start = here + 1;
        member->name.length = (size_t)(end - here) - 2;
        here = skip_space(end);
        here = skip_space(*here == ':' ? here + 1 : here);
        end = skip_value(here);
        member->value.start = here;
        member->value.length = (size_t)(end - here);
        here = skip_space(end);
        if (*here == ',')
            here = skip_space(here + 1);
    }
    *at = *here == '}' ? here + 1 : here;
    return members;
}

static int is_named(const member_t *member, const char *name)
{
    return member->name.length == strlen(name) && memcmp(member->name.start, name, member->name.length) == 0;
}

static orc_error_t *open_secret(const char **value, const json_t *sealed, int is_text, const orc_request_t *request)
{
    char *opened;

    *value = "null";
    if (!json_is_string(sealed))
        return NULL;
    ORC_TRY(orc_secret_open(&opened, &request->service->config->secret_key, json_string_value(sealed), request->pool));
    *value = is_text ? orc_json_text(orc_json_own(json_string(opened), request->pool), request->pool) : opened;
    return *value ? NULL : orc_error(request->pool, 500, "secret.open", "A secret is no text.");
}

static orc_error_t *open_all(apr_array_header_t *secrets, const member_t *member, int is_text,
                             const orc_request_t *request)
{
    json_t *sealed, *value;
    const char *name;

    ORC_TRY(orc_json_parse(&sealed, member->value.start, member->value.length, request->pool));
    json_object_foreach(sealed, name, value)
    {
        secret_t *secret = apr_array_push(secrets);

        secret->name = name;
        ORC_TRY(open_secret(&secret->value, value, is_text, request));
    }
    return NULL;
}

static int is_replaced(const member_t *member, const apr_array_header_t *secrets)
{
    int i;

    if (is_named(member, sealed_json) || is_named(member, sealed_text))
        return 1;
    for (i = 0; i < secrets->nelts; i++) {
        if (is_named(member, APR_ARRAY_IDX(secrets, i, secret_t).name))
            return 1;
    }
    return 0;
}

/* Writes the object that starts at *at, with its secrets open. */
static orc_error_t *unseal_object(apr_array_header_t *out, const char **at, const orc_request_t *request)
{
    apr_array_header_t *members = read_members(at, request->pool);
    apr_array_header_t *secrets = apr_array_make(request->pool, 2, sizeof(secret_t));
    const char *comma = "";
    int i;

    for (i = 0; i < members->nelts; i++) {
        const member_t *member = &APR_ARRAY_IDX(members, i, member_t);

        if (is_named(member, sealed_json) || is_named(member, sealed_text))
            ORC_TRY(open_all(secrets, member, is_named(member, sealed_text), request));
    }
    *(const char **)apr_array_push(out) = "{";
    for (i = 0; i < members->nelts; i++) {
        const member_t *member = &APR_ARRAY_IDX(members, i, member_t);

        if (is_replaced(member, secrets))
            continue;
        *(const char **)apr_array_push(out) = apr_pstrcat(
            request->pool, comma, "\"", apr_pstrmemdup(request->pool, member->name.start, member->name.length),
            "\":", apr_pstrmemdup(request->pool, member->value.start, member->value.length), NULL);
        comma = ",";
    }
    for (i = 0; i < secrets->nelts; i++) {
        const secret_t *secret = &APR_ARRAY_IDX(secrets, i, secret_t);

        *(const char **)apr_array_push(out) =
            apr_pstrcat(request->pool, comma, "\"", secret->name, "\":", secret->value, NULL);
        comma = ",";
    }
    *(const char **)apr_array_push(out) = "}";
    return NULL;
}

orc_error_t *orc_surface_unseal(const char **out, const char *text, const orc_request_t *request)
{
    apr_array_header_t *parts;
    const char *at = skip_space(text);

    *out = text;
    /* With both quotes: within a text they would be escaped. */
    if (!strstr(text, "\"@sealed\"") && !strstr(text, "\"@sealed_text\""))
        return NULL;
    parts = apr_array_make(request->pool, 64, sizeof(const char *));
    if (*at == '{') {
        ORC_TRY(unseal_object(parts, &at, request));
    }
    else if (*at == '[') {
        *(const char **)apr_array_push(parts) = "[";
        for (at = skip_space(at + 1); *at == '{'; at = skip_space(at)) {
            ORC_TRY(unseal_object(parts, &at, request));
            at = skip_space(at);
            if (*at == ',') {
                *(const char **)apr_array_push(parts) = ",";
                at++;
            }
        }
        *(const char **)apr_array_push(parts) = "]";
    }
    *out = apr_array_pstrcat(request->pool, parts, 0);
    return NULL;
}
