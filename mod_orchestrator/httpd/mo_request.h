/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef MO_REQUEST_H
#define MO_REQUEST_H

#include "mo_recognise.h"
#include "orc_request.h"

/** Handler of every surface. */
int mo_request_handle(request_rec *r);

/** Logs a 5xx, once: it is called where the error ends. */
void mo_request_log_error(request_rec *r, const orc_error_t *error);

/** Logs that a handler of ours was bound where it answers nothing. */
void mo_request_log_unbound(request_rec *r);

/** Sends a response as it is; returns what a handler returns. */
int mo_request_send(request_rec *r, orc_response_t *response);

#endif
