/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_SURFACE_PLAIN_H
#define ORC_SURFACE_PLAIN_H

#include "orc_request.h"

/**
 * Makes a response of an error for clients that know few statuses: {"error": <code>, TEXT: <every part of the request
 * that is wrong, or else what is>}. Whatever is wrong with a request is a 400 to them; 401, 403, 404, 405, 408, 409,
 * 429 and those of the server stay what they are.
 * @param text what the second member is called
 */
void orc_surface_plain_problem(orc_response_t *response, const orc_error_t *error, const char *text, apr_pool_t *pool);

/** The parts that are wrong, as a person reads them; where there are none, the sentence. */
const char *orc_surface_plain_text(const orc_error_t *error, apr_pool_t *pool);

#endif
