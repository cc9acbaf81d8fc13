/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_OIDC_H
#define ORC_OIDC_H

#include "orc_config.h"
#include "orc_http.h"
#include "orc_json.h"

/* Calls to the token issuers. Sources: OpenID Connect Discovery 1.0, RFC 6749 section 6,
 * RFC 8693. */

/** What a process knows of the issuers: their endpoints as they were discovered, for an hour. Thread-safe. */
typedef struct orc_oidc_t orc_oidc_t;

/** `config` is kept. */
orc_error_t *orc_oidc_make(orc_oidc_t **oidc, const orc_config_t *config, apr_pool_t *pool);

typedef struct orc_oidc_endpoints_t {
    const char *token, *userinfo, *jwks; /* NULL: the issuer has none */
} orc_oidc_endpoints_t;

/**
 * An issuer's endpoints: configured ones, else from .well-known/openid-configuration (only when one is missing).
 * Blocks for at most `timeout`. An answer whose `issuer` is another one is refused.
 * @param endpoints texts in `pool`
 * @return 503 "oidc.discovery", retriable
 */
orc_error_t *orc_oidc_discover(orc_oidc_endpoints_t *endpoints, orc_oidc_t *oidc, const orc_issuer_config_t *issuer,
                               apr_interval_time_t timeout, apr_pool_t *pool);

/** A new token, or why there is none. Lives until the callback returns. */
typedef struct orc_oidc_tokens_t {
    apr_pool_t *pool;
    orc_error_t *error; /* NULL: success. retriable: the issuer is away; else it refuses (401 "oidc.grant") or isn't
                           configured for it (500 "oidc.client") */
    const char *access_token;
    apr_time_t expires;        /* of the access token: expires_in, else the JWT's exp, else in five minutes */
    const char *refresh_token; /* a new one, which replaces the old; or NULL: keep the old one */
} orc_oidc_tokens_t;

typedef void orc_oidc_done_t(void *baton, const orc_oidc_tokens_t *tokens);

/** How an issuer is asked for a token. */
typedef struct orc_oidc_ask_t {
    const char *request_id;       /* X-Request-ID, or NULL */
    int (*may_send)(void *baton); /* asked when there is a connection to the token endpoint, just before the grant goes
                                    out; false: it is not sent, and the callback gets a retriable error. Or NULL */
    orc_oidc_done_t *done;
    void *baton;
} orc_oidc_ask_t;

/**
 * A new access token for a refresh token (grant refresh_token), with the issuer's client id and secret. Discovers
 * endpoints first when needed. Everything is copied.
 * @return NULL, then one callback from orc_http_wait; or an error at once (no client id, breaker open), no callback
 */
orc_error_t *orc_oidc_refresh(orc_http_t *http, orc_oidc_t *oidc, const orc_issuer_config_t *issuer,
                              const char *refresh_token, const orc_oidc_ask_t *how, apr_pool_t *pool);

/**
 * Exchanges an access token for a refresh token and an access token of our own client (RFC 8693, scope openid profile
 * email offline_access).
 */
orc_error_t *orc_oidc_exchange(orc_http_t *http, orc_oidc_t *oidc, const orc_issuer_config_t *issuer,
                               const char *access_token, const orc_oidc_ask_t *how, apr_pool_t *pool);

#endif
