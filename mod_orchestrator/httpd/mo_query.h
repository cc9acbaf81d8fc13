/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef MO_QUERY_H
#define MO_QUERY_H

#include "orc_request.h"

enum { MO_QUERY_MAX = 1000 }; /* parameters of one query */

/**
 * Decodes a query string (application/x-www-form-urlencoded): "+" is a space, %XX a byte; empty parts are left out.
 * @param parameters of orc_parameter_t in the order given, in `pool`
 * @param query      raw, without the question mark, or NULL
 * @return 400 "query" naming each parameter with a broken escape, a NUL or text that is no UTF-8
 */
orc_error_t *mo_query_parse(apr_array_header_t **parameters, const char *query, apr_pool_t *pool);

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
