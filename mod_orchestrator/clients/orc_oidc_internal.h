/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_OIDC_INTERNAL_H
#define ORC_OIDC_INTERNAL_H

#include "orc_oidc.h"

/* What the calls to an issuer share, and what tests look at. Private to this room. */

/** A 503, retriable: what an issuer didn't do. */
orc_error_t *orc_oidc_unavailable(const char *code, const orc_issuer_config_t *issuer, const char *why,
                                  apr_pool_t *pool);

/** Endpoints that are known already: configured, or discovered within the hour. True when none is missing. */
int orc_oidc_known(orc_oidc_endpoints_t *endpoints, orc_oidc_t *oidc, const orc_issuer_config_t *issuer,
                   apr_pool_t *pool);

/** The request for an issuer's metadata. */
void orc_oidc_metadata_request(orc_http_request_t *request, const orc_issuer_config_t *issuer,
                               apr_interval_time_t timeout, apr_pool_t *pool);

/** Reads the metadata, keeps them for an hour and gives the endpoints, the configured ones before the discovered. */
orc_error_t *orc_oidc_learn(orc_oidc_endpoints_t *endpoints, orc_oidc_t *oidc, const orc_issuer_config_t *issuer,
                            const orc_http_response_t *response, apr_pool_t *pool);

/** Reads a token endpoint's answer. */
void orc_oidc_read_tokens(orc_oidc_tokens_t *tokens, const orc_http_response_t *response, apr_time_t now);

/** "a=b&c=d" of pairs (name, value, ..., NULL), percent-encoded; a pair with a NULL value is left out. */
const char *orc_oidc_form(apr_pool_t *pool, const char *const *pairs);

#endif
