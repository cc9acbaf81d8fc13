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

static const char mark[] = "@sealed";

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

/* The text of the object's id, "" when it has none. One that has both has the same twice. */
static const char *id_of(const apr_array_header_t *members, apr_pool_t *pool)
{
    int i;

    for (i = 0; i < members->nelts; i++) {
        const member_t *member = &APR_ARRAY_IDX(members, i, member_t);

        if ((is_named(member, "id") || is_named(member, "uuid")) && member->value.length >= 2)
            return apr_pstrmemdup(pool, member->value.start + 1, member->value.length - 2);
    }
    return "";
}

static const orc_sealed_column_t *column_of(const char *name)
{
    int i;

    for (i = 0; i < ORC_SEALED_COUNT; i++) {
        if (strcmp(orc_sealed_columns[i].name, name) == 0)
            return &orc_sealed_columns[i];
    }
    return NULL;
}

/* JSON of a sealed value; what can't be opened is null, and hides nothing else. */
static const char *open_value(const orc_sealed_column_t *column, const char *id, const json_t *sealed,
                              const orc_request_t *request)
{
    const char *opened = orc_secret_reveal(request->service->config->secret_keys, column - orc_sealed_columns, id,
                                           json_string_value(sealed), request->pool);

    if (opened && !column->is_json)
        opened = orc_json_text(orc_json_own(json_string(opened), request->pool), request->pool);
    return opened ? opened : "null";
}

static void write_member(apr_array_header_t *out, const char **comma, const char *name, const char *value,
                         apr_pool_t *pool)
{
    *(const char **)apr_array_push(out) = apr_pstrcat(pool, *comma, "\"", name, "\":", value, NULL);
    *comma = ",";
}

static const char *text_of(const member_t *member, apr_pool_t *pool)
{
    const char *value = apr_pstrmemdup(pool, member->value.start, member->value.length);

    return *value == '"' ? value : orc_json_text(orc_json_own(json_string(value), pool), pool);
}

/* The object that was opened, with one of its members as a text in which there is JSON. */
static const char *with_text(const char *opened, const char *name, apr_pool_t *pool)
{
    apr_array_header_t *out = apr_array_make(pool, 8, sizeof(const char *)), *members;
    const char *comma = "";
    int i;

    if (!name || *opened != '{')
        return opened;
    members = read_members(&opened, pool);
    for (i = 0; i < members->nelts; i++) {
        const member_t *member = &APR_ARRAY_IDX(members, i, member_t);
        const char *value = is_named(member, name) ? text_of(member, pool)
                                                   : apr_pstrmemdup(pool, member->value.start, member->value.length);

        write_member(out, &comma, apr_pstrmemdup(pool, member->name.start, member->name.length), value, pool);
    }
    return apr_pstrcat(pool, "{", apr_array_pstrcat(pool, out, 0), "}", NULL);
}

/* Writes a column's member. A surface that calls it otherwise says so in an object around what is sealed. */
static void write_secret(apr_array_header_t *out, const char **comma, const orc_sealed_column_t *column, const char *id,
                         const json_t *sealed, const orc_request_t *request)
{
    const char *name = orc_json_string(sealed, "as"), *text = orc_json_string(sealed, "text");
    const json_t *value = json_is_object(sealed) ? json_object_get(sealed, "sealed") : sealed;

    write_member(out, comma, name ? name : column->member,
                 with_text(open_value(column, id, value, request), text, request->pool), request->pool);
}

static orc_error_t *write_secrets(apr_array_header_t *out, const char **comma, const member_t *member, const char *id,
                                  const orc_request_t *request)
{
    json_t *all, *sealed;
    const char *name;

    ORC_TRY(orc_json_parse(&all, member->value.start, member->value.length, request->pool));
    json_object_foreach(all, name, sealed)
    {
        const orc_sealed_column_t *column = column_of(name);

        if (!column)
            return orc_error(request->pool, 500, "secret.column", "%s is no column of sealed values.", name);
        write_secret(out, comma, column, id, sealed, request);
    }
    return NULL;
}

/* Writes the object that starts at *at, with its secrets open. */
static orc_error_t *unseal_object(apr_array_header_t *out, const char **at, const orc_request_t *request)
{
    const apr_array_header_t *members = read_members(at, request->pool);
    const char *id = id_of(members, request->pool), *comma = "";
    int i;

    *(const char **)apr_array_push(out) = "{";
    for (i = 0; i < members->nelts; i++) {
        const member_t *member = &APR_ARRAY_IDX(members, i, member_t);

        if (is_named(member, mark))
            ORC_TRY(write_secrets(out, &comma, member, id, request));
        else
            write_member(out, &comma, apr_pstrmemdup(request->pool, member->name.start, member->name.length),
                         apr_pstrmemdup(request->pool, member->value.start, member->value.length), request->pool);
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
    if (!strstr(text, "\"@sealed\""))
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
