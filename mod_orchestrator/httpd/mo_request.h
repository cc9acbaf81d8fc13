/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef MO_REQUEST_H
#define MO_REQUEST_H

#include "mo_config.h"
#include "orc_request.h"

/** What the hooks remember of a request to one of our places. */
typedef struct mo_request_t {
    const char *id; /* X-Request-ID, the client's or ours */
    const mo_base_t *base;
    const char *path;           /* below the base, without trailing slash */
    orc_identity_t *identity;   /* whom mo_auth let in with this request's token, else NULL */
    const orc_error_t *refusal; /* why mo_auth refused the request, for the answer's text */
} mo_request_t;

/** NULL when the request is none of ours. */
mo_request_t *mo_request_of(const request_rec *r);

/** translate_name hook, first: recognises our requests and gives them their id; always declines. */
int mo_request_recognise(request_rec *r);

/** translate_name hook, last, and map_to_storage hook: our URIs are no files. */
int mo_request_is_no_file(request_rec *r);

/** Handler "orchestrator". */
int mo_request_handle(request_rec *r);

/** log_transaction hook: counts. */
int mo_request_count(request_rec *r);

/** Logs a 5xx, once: it is called where the error ends. */
void mo_request_log_error(request_rec *r, const orc_error_t *error);

/** Sends a response as it is; returns what a handler returns. */
int mo_request_send(request_rec *r, orc_response_t *response);

/** The request's id, made when it has none yet, put into the answer and the notes. */
const char *mo_request_id(request_rec *r);

/** Absolute URL of a base path as this client may be told: host and scheme come from names that the administrator set.
 */
const char *mo_request_base_url(request_rec *r, const mo_base_t *base);

#endif
