/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_SURFACE_CHECK_H
#define ORC_SURFACE_CHECK_H

#include "orc_request.h"

/**
 * Checks what a request brings against its route: path ids, query, headers and body, and fills in ids and json. Every
 * offending part is named at once.
 * @return 400, 415 for a body that can't be read, else 422
 */
orc_error_t *orc_surface_check(orc_request_t *request);

/** The values of a query parameter with commas between them (is_listed), of const char *, as the database has them; bad
 * ones are added to *error. Empty when it is not given. */
const apr_array_header_t *orc_surface_listed(orc_error_t **error, const orc_request_t *request, const char *name);

#endif
