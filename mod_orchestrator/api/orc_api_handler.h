/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_API_HANDLER_H
#define ORC_API_HANDLER_H

#include "orc_api_route.h"
#include "orc_db.h"
#include "orc_routes.h"

/*
 * What handlers are made of. When a handler is called, the caller is known (identity->user_id), path ids are UUIDs in
 * lower case, query parameters and the JSON body follow their schemas. It answers with a complete response, or with an
 * error, of which the dispatcher makes a problem.
 */

/**
 * The caller's own row is gone (an administrator deleted it): the dispatcher registers them again and calls the handler
 * once more. Every statement for a caller starts from `users`, so that no row means this.
 */
orc_error_t *orc_api_gone(const orc_request_t *request);

/** 404: there is no such object. `what` is a noun, "template". */
orc_error_t *orc_api_not_found(const orc_request_t *request, const char *what);

/** 403: there is, but the caller may not. */
orc_error_t *orc_api_forbidden(const orc_request_t *request, const char *what);

/** Adds the fields of a 422 to another; *error may be NULL. */
void orc_api_add_fields(orc_error_t **error, orc_error_t *more);

/** Absolute URL of a path below the surface, in the request's pool. */
const char *orc_api_url(const orc_request_t *request, const char *path);

/** "t" or "f" for a statement's parameter. */
const char *orc_api_flag(int value);

/** 201 {"id": ...} with Location of `path` + "/" + id. */
void orc_api_created(const orc_request_t *request, orc_response_t *response, const char *path, const char *id);

/** 202 with Location of an operation (path below the surface) and Retry-After. `body` is JSON, or NULL: none. */
void orc_api_accepted(const orc_request_t *request, orc_response_t *response, const char *operation_path,
                      const char *body);

/** 204. */
void orc_api_done(orc_response_t *response);

/**
 * Answers with one object. The statement's row: object (JSON text, NULL when the caller may not see it), its version
 * tag (text without quotes), whether it exists. No row: the caller is gone. The dispatcher makes a 304 of it when the
 * client has that version.
 * @param what a noun for the problem, "template"
 */
orc_error_t *orc_api_object(const orc_request_t *request, orc_response_t *response, orc_sql_t statement, int count,
                            const char *const *values, const char *what);

/**
 * Puts secrets in their places. A top-level object, or an object in a top-level array, may carry
 *   "@sealed": {"member": "<sealed>"}       the opened text is JSON and becomes the member's value
 *   "@sealed_text": {"member": "<sealed>"}  the opened text becomes the member's value as a string
 * The member's former value and both of these are dropped. A sealed value of null becomes null. All other bytes stay as
 * they are; a text without such a member is given back itself.
 * @param out in the request's pool
 */
orc_error_t *orc_api_unseal(const char **out, const char *text, const orc_request_t *request);

/** Sets ETag to a version tag (without quotes). */
void orc_api_set_tag(orc_response_t *response, const char *tag, apr_pool_t *pool);

/**
 * If-Match against the version of a row. Called in the handler's transaction with the row locked (FOR UPDATE), so that
 * nothing comes between.
 * @param tag without quotes, the same text that the object's GET gives
 * @return 412 "precondition"
 */
orc_error_t *orc_api_check_match(const orc_request_t *request, const char *tag);

#endif
