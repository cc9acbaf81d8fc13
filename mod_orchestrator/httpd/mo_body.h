/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef MO_BODY_H
#define MO_BODY_H

#include <httpd.h>

#include "orc_error.h"

/**
 * Reads the whole request body, chunked or not.
 * @param body   NUL-terminated, in the request's pool, never NULL on OK
 * @param limit  bytes
 * @param is_kept false: it is only read to its end, and *body is empty
 * @param error  the answer when the body is too long (413), broken (400) or too slow (408)
 * @return OK; DONE with *error set; or what the handler has to return because httpd answered already
 */
int mo_body_read(const char **body, apr_size_t *length, apr_size_t limit, int is_kept, orc_error_t **error,
                 request_rec *r);

#endif
