/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_query.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>
#include <strings.h>

#include "orc_utf8.h"

static const char *lower(char *text)
{
    char *c;

    for (c = text; *c; c++)
        *c = (char)apr_tolower(*c);
    return text;
}

const char *mo_query_media_type(const char *value, apr_pool_t *pool)
{
    apr_size_t length;

    if (!value)
        return NULL;
    value += strspn(value, " \t");
    length = strcspn(value, ";");
    while (length > 0 && (value[length - 1] == ' ' || value[length - 1] == '\t'))
        length--;
    return lower(apr_pstrmemdup(pool, value, length));
}

const char *mo_query_charset(const char *value, apr_pool_t *pool)
{
    static const char name[] = "charset=";
    const char *at = value ? strchr(value, ';') : NULL;

    for (; at; at = strchr(at, ';')) {
        at++;
        at += strspn(at, " \t");
        if (strncasecmp(at, name, sizeof name - 1) != 0)
            continue;
        at += sizeof name - 1;
        at += *at == '"';
        return lower(apr_pstrmemdup(pool, at, strcspn(at, "\"; \t,")));
    }
    return NULL;
}

int mo_query_is_request_id(const char *text)
{
    apr_size_t length = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

    return length >= 1 && length <= 128 && text[length] == '\0';
}

int mo_query_is_host(const char *text)
{
    apr_size_t length;

    if (strlen(text) > 255)
        return 0;
    if (*text == '[') {
        length = strspn(text + 1, "0123456789abcdefABCDEF:.");
        if (length < 2 || text[length + 1] != ']')
            return 0;
        text += length + 2;
    }
    else {
        length = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_");
        if (length == 0)
            return 0;
        text += length;
    }
    if (*text == '\0')
        return 1;
    length = *text == ':' ? strspn(text + 1, "0123456789") : 0;
    return length >= 1 && length <= 5 && text[length + 1] == '\0';
}
