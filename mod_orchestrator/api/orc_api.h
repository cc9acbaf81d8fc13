/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_API_H
#define ORC_API_H

#include "orc_request.h"

/**
 * Answers a request to the v1 surface, whatever it is: finds the route, checks who and what, calls the handler, and
 * makes a problem of an error. Always leaves a complete response.
 * @return the error behind a 5xx answer, for httpd/ to log once under the request id; NULL otherwise
 */
const orc_error_t *orc_api_answer(orc_request_t *request, orc_response_t *response);

/** True when a request needs no token: health, openapi.json, and every OPTIONS. `path` is as in orc_request_t. */
int orc_api_is_open(const char *method, const char *path);

/** Makes what the handlers of one process share (who is registered already); thread-safe. */
struct orc_api_callers_t *orc_api_callers_make(apr_pool_t *pool);

#endif
