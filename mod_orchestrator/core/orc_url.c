/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_url.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_uri.h>
#include <stdlib.h>
#include <string.h>

#define ALNUM "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

apr_size_t orc_url_length(const char *url)
{
    apr_size_t length = strlen(url);

    while (length > 0 && url[length - 1] == '/')
        length--;
    return length;
}

const char *orc_url_trimmed(const char *url, apr_pool_t *pool)
{
    return apr_pstrmemdup(pool, url, orc_url_length(url));
}

int orc_url_is(const char *url, const char *trimmed)
{
    apr_size_t length = orc_url_length(url);

    return strlen(trimmed) == length && strncmp(url, trimmed, length) == 0;
}

enum { MAX_URL = 1000 }; /* bytes: an issuer's stands in indexes of the database, beside a subject of 1,024 */

static int has_url_characters(const char *url)
{
    for (; *url; url++) {
        if (!apr_isgraph(*url) || *url & 0x80 || strchr("\"<>\\^`{|}", *url))
            return 0;
        if (*url == '%' && (!apr_isxdigit(url[1]) || !apr_isxdigit(url[2])))
            return 0;
    }
    return 1;
}

/* A name or an IPv4 or IPv6 address, which apr_uri_parse has taken out of its brackets; and the port, if any. */
static int has_good_host(const apr_uri_t *uri)
{
    static const char name[] = ALNUM "-_.", address[] = "0123456789abcdefABCDEF:.";
    const char *host = uri->hostname;

    if (uri->port_str && (!uri->port || strlen(uri->port_str) > 5 || atoi(uri->port_str) != uri->port))
        return 0;
    return strpbrk(host, ALNUM) && strspn(host, strchr(host, ':') ? address : name) == strlen(host);
}

static const char *find_mistake(const char *url, int may_have_query, apr_pool_t *pool)
{
    apr_uri_t uri;

    if (strlen(url) > MAX_URL)
        return "must be a URL of at most 1,000 bytes";
    if (!has_url_characters(url))
        return "must be a URL, without spaces and other characters that have to be encoded there";
    if (apr_uri_parse(pool, url, &uri) != APR_SUCCESS || !uri.scheme || !uri.hostname || !*uri.hostname ||
        (strcmp(uri.scheme, "https") != 0 && strcmp(uri.scheme, "http") != 0))
        return "must be an absolute URL that begins with https:// or http://";
    if ((uri.query && !may_have_query) || uri.fragment || uri.user || uri.password)
        return may_have_query ? "must have no user or fragment" : "must have no user, query or fragment";
    return has_good_host(&uri) ? NULL : "must be a URL with a host's name or address, and a port up to 65535";
}

const char *orc_url_mistake(const char *url, apr_pool_t *pool)
{
    return find_mistake(url, 0, pool);
}

const char *orc_url_endpoint_mistake(const char *url, apr_pool_t *pool)
{
    return find_mistake(url, 1, pool);
}
