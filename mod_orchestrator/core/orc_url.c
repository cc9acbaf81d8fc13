/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_url.h"

#include <apr_strings.h>
#include <string.h>

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
