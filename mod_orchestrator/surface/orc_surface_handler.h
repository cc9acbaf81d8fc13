/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_SURFACE_HANDLER_H
#define ORC_SURFACE_HANDLER_H

#include "orc_rules.h"
#include "orc_surface_route.h"

/*
 * What handlers are made of. When a handler is called, the caller is known (identity->user_id), path ids are UUIDs in
 * lower case, query parameters and the JSON body follow their schemas. It answers with a complete response, or with an
 * error, of which the dispatcher makes a problem.
 */

/** The caller's request to the rules. */
orc_rules_call_t orc_surface_call(const orc_request_t *request);

/** Absolute URL of a path below the surface, in the request's pool. */
const char *orc_surface_url(const orc_request_t *request, const char *path);

/** 201 {"id": ...} with Location of `path` + "/" + id. */
void orc_surface_created(const orc_request_t *request, orc_response_t *response, const char *path, const char *id);

/** 202 with Location of an operation (path below the surface) and Retry-After. `body` is JSON, or NULL: none. */
void orc_surface_accepted(const orc_request_t *request, orc_response_t *response, const char *operation_path,
                          const char *body);

/** 204. */
void orc_surface_done(orc_response_t *response);

/** Whether the object in a row may be seen, by the row's other columns: an error, or NULL when it may and has a `tag`.
 */
typedef orc_error_t *orc_surface_judge_t(const orc_rows_t *row, const char *what, apr_pool_t *pool);

/**
 * Answers with one object. The statement's columns: `object` (JSON text), `tag`, its version (text without quotes), and
 * what `judge` looks at. No row: the caller is gone. When the client names versions that it has, the object's is asked
 * for first; when it is one of them, the response has no body, and the dispatcher makes a 304 of it.
 * @param what a noun for the problem, "template"
 */
orc_error_t *orc_surface_read(const orc_request_t *request, orc_response_t *response, orc_sql_call_t call,
                              orc_surface_judge_t *judge, const char *what);

/** The same for an object that stands on its own: the statement says whether it `exists`; `tag` is NULL when the caller
 * may not see it. */
orc_error_t *orc_surface_object(const orc_request_t *request, orc_response_t *response, orc_sql_call_t call,
                                const char *what);

/**
 * Puts secrets in their places. A top-level object, or an object in a top-level array, may have members
 *   "@sealed": {"table.column": "<sealed>"}
 * of columns that orc_sealed_columns has, in the row that the object's "id" or "uuid" names. The column's member with
 * what was sealed stands there instead; null for null, and for what can't be opened (orc_secret_reveal warns). Where a
 * surface has another name for it, {"as": name, "sealed": ...} stands for "<sealed>"; with "text": name that member of
 * it becomes a text in which there is JSON. All other bytes stay as they are; a text without such a member is given
 * back itself.
 * @param out in the request's pool
 */
orc_error_t *orc_surface_unseal(const char **out, const char *text, const orc_request_t *request);

/** Sets ETag to a version tag (without quotes). */
void orc_surface_set_tag(orc_response_t *response, const char *tag, apr_pool_t *pool);

/**
 * If-Match as a condition on the versions of a row (texts without quotes, those that the object's GETs give).
 * @return its check makes a 412 "precondition"
 */
orc_rules_condition_t orc_surface_condition(const orc_request_t *request);

#endif
