/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_surface_conditional.h"

#include <apr_strings.h>
#include <string.h>

#include "orc_surface_handler.h"

/* True for our tag with what httpd's filters put behind it when they compress an answer: it is of the same version. */
static int is_tag(const char *text, size_t length, const char *tag)
{
    static const char *const suffixes[] = {"", "-gzip", "-br", NULL};
    const char *const *suffix;
    size_t own = strlen(tag);

    for (suffix = suffixes; *suffix; suffix++) {
        if (length == own + strlen(*suffix) && memcmp(text, tag, own) == 0 &&
            memcmp(text + own, *suffix, length - own) == 0)
            return 1;
    }
    return 0;
}

int orc_surface_tag_matches(const char *header, const char *tag, int is_weak)
{
    const char *at = header + strspn(header, " \t,");

    if (strcmp(at, "*") == 0)
        return 1;
    while (*at) {
        int weak = strncmp(at, "W/\"", 3) == 0;
        const char *start = at + (weak ? 3 : 1), *end;

        if (!weak && *at != '"')
            return 0;
        end = strchr(start, '"');
        if (!end)
            return 0;
        if (is_tag(start, (size_t)(end - start), tag) && (is_weak || !weak))
            return 1;
        at = end + 1;
        at += strspn(at, " \t,");
    }
    return 0;
}

void orc_surface_set_tag(orc_response_t *response, const char *tag, apr_pool_t *pool)
{
    apr_table_setn(response->headers, "ETag", apr_pstrcat(pool, "\"", tag, "\"", NULL));
}

int orc_surface_is_known(const orc_request_t *request, const orc_response_t *response)
{
    const char *tag = apr_table_get(response->headers, "ETag");

    return tag && request->if_none_match &&
           orc_surface_tag_matches(request->if_none_match, apr_pstrmemdup(request->pool, tag + 1, strlen(tag) - 2), 1);
}

static orc_error_t *check_match(const void *baton, const char *const *versions)
{
    const orc_request_t *request = baton;

    for (; *versions; versions++) {
        if (orc_surface_tag_matches(request->if_match, *versions, 0))
            return NULL;
    }
    return orc_error(request->pool, 412, "precondition",
                     "The object has been changed since that version; read it again.");
}

orc_rules_condition_t orc_surface_condition(const orc_request_t *request)
{
    const orc_rules_condition_t condition = {request->if_match ? check_match : NULL, request};

    return condition;
}
