/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef MO_QUERY_H
#define MO_QUERY_H

#include <apr_pools.h>

/** Media type of a Content-Type value without its parameters, lower case; NULL in, NULL out. */
const char *mo_query_media_type(const char *value, apr_pool_t *pool);

/** The charset parameter of a Content-Type value, lower case; NULL when it has none. */
const char *mo_query_charset(const char *value, apr_pool_t *pool);

/** True for a request id that may be taken from a client: 1 to 128 characters of A-Z a-z 0-9 . _ - */
int mo_query_is_request_id(const char *text);

/** True for "host" or "host:port" as it may stand in a URL: letters, digits, dots, hyphens, or an IPv6 address in
 * brackets. */
int mo_query_is_host(const char *text);

#endif
