/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_API_CALLERS_H
#define ORC_API_CALLERS_H

#include "orc_api.h"
#include "orc_api_handler.h"
#include "orc_api_parsed.h"
#include "orc_schema.h"

/*
 * Who calls: from the pair (issuer, subject) of a verified token to a row of `users`, registered at the first request.
 * What a process knows of callers is kept in a table of fixed size, so that a known caller costs no trip to the
 * database; it is looked at again after ten seconds.
 */

/**
 * Finds the caller, registers them when they are new, and stores the access token when it outlives the stored one or an
 * operation on a deployment that they created waits for one (those operations are woken). Sets identity->user_id.
 *
 * Claims that the token lacks are asked for at the issuer's userinfo endpoint, once, at registration. What is missing
 * then still: the user name falls back to the subject, the name to the user name, the e-mail to "".
 */
orc_error_t *orc_api_callers_find(const orc_request_t *request);

/**
 * Asks the issuer's userinfo endpoint for the claims that the token of a person who is not registered yet lacks, and
 * keeps them in request->identity. That the issuer doesn't answer is no error.
 */
orc_error_t *orc_api_callers_learn(const orc_request_t *request);

/**
 * POST /users: registers the caller in an open transaction.
 * @param created false: they were registered already (identity->user_id is set in both cases)
 * @return 422 naming the claims that neither the token nor userinfo has
 */
orc_error_t *orc_api_callers_register(int *created, orc_db_t *db, const orc_request_t *request);

/** Forgets a caller whose row turned out to be gone. */
void orc_api_callers_forget(const orc_request_t *request);

/** The last probe of IM that a request of this process made, 0 when it is older than `age`. */
unsigned orc_api_callers_probed(struct orc_api_callers_t *callers, apr_interval_time_t age);

/** Keeps the result of a probe. */
void orc_api_callers_keep_probe(struct orc_api_callers_t *callers, unsigned result);

/** The compiled schemas of request bodies. 500 "schema" when routes.json is broken. */
orc_error_t *orc_api_callers_schemas(const orc_schemas_t **schemas, const struct orc_api_callers_t *callers);

/** The parsed templates that the process keeps. */
orc_api_parsed_t *orc_api_callers_parsed(const struct orc_api_callers_t *callers);

#endif
