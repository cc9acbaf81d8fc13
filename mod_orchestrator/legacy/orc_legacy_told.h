/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_LEGACY_TOLD_H
#define ORC_LEGACY_TOLD_H

#include "orc_request.h"

/**
 * Makes a response of an error: {"code", "title", "message"}, where the message names every part of the request that is
 * wrong; what is wrong with one is a 400. A 401 has "error" and "error_description", too.
 */
void orc_legacy_problem(orc_response_t *response, const orc_error_t *error, const char *request_id, apr_pool_t *pool);

/** An error of the rules as these clients know it: members of what was wished for have the names of the body's, and
 * there is no path of the API in it. NULL in, NULL out. */
orc_error_t *orc_legacy_told(orc_error_t *error, apr_pool_t *pool);

#endif
