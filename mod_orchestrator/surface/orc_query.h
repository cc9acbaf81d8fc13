/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_QUERY_H
#define ORC_QUERY_H

#include "orc_request.h"

enum {
    ORC_QUERY_MAX = 1000,      /* parameters of one query */
    ORC_QUERY_MAX_FORM = 20000 /* members of one form */
};

/**
 * Decodes a query string: "+" is a space, %XX a byte; empty parts are left out.
 * @param parameters of orc_parameter_t in the order given, in `pool`
 * @param query      raw, without the question mark, or NULL
 * @return 422 "query" naming each parameter with a broken escape, a NUL or text that is no UTF-8
 */
orc_error_t *orc_query_parse(apr_array_header_t **parameters, const char *query, apr_pool_t *pool);

/** The same of a form (application/x-www-form-urlencoded) of `length` bytes. 400 "form" instead. */
orc_error_t *orc_query_parse_form(apr_array_header_t **members, const char *text, apr_size_t length, apr_pool_t *pool);

#endif
