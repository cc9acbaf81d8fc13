/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_SURFACE_IDEMPOTENCY_H
#define ORC_SURFACE_IDEMPOTENCY_H

#include "orc_surface_handler.h"

/*
 * Idempotency-Key on routes marked "creates". The dispatcher looks a key up before the handler, and once more when the
 * handler failed (another request with the key was at work meanwhile). The handler stores its answer under the key in
 * the transaction of the creation, as that transaction's first write: the key's row is unique, so a second request
 * waits there for the first one's end, and fails when it succeeded.
 */

/** True for a key's syntax: 1 to 255 printable ASCII characters. */
int orc_surface_idempotency_is_key(const char *key);

/**
 * Fills the batch step that keeps the answer; put first (behind the caller's own registration only). The response must
 * be complete.
 * @return 1, or 0 when the request has no key: no step is used
 */
int orc_surface_idempotency_step(orc_db_step_t *step, const orc_request_t *request, const orc_response_t *response);

/** The same in an open transaction. Does nothing without a key. */
orc_error_t *orc_surface_idempotency_keep(orc_db_t *db, const orc_request_t *request, const orc_response_t *response);

/**
 * For the dispatcher: looks the request's key up.
 * @param found true: the response is the first request's
 * @return 422 when the key was used for another body
 */
orc_error_t *orc_surface_idempotency_find(int *found, const orc_request_t *request, orc_response_t *response);

#endif
