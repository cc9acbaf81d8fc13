/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_auth.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_request.h>

#include "mo_child.h"
#include "mo_claims.h"
#include "mo_groups.h"
#include "mo_request.h"
#include "orc_api.h"

APLOG_USE_MODULE(orchestrator);

/* Where mod_auth_openidc leaves the token that it verified (OIDCPassClaimsAs environment, headers or both). */
#define VERIFIED_TOKEN "OIDC_access_token"

static const char *bearer_token(const request_rec *r)
{
    const char *value = apr_table_get(r->headers_in, "Authorization");

    if (!value || ap_cstr_casecmpn(value, "Bearer ", 7) != 0)
        return NULL;
    value += 7;
    while (*value == ' ')
        value++;
    return *value ? value : NULL;
}

/* Text for a quoted-string. */
static const char *quoted(apr_pool_t *pool, const char *text)
{
    char *out = apr_pstrdup(pool, text), *c;

    for (c = out; *c; c++) {
        if (*c == '"' || *c == '\\' || !apr_isprint(*c))
            *c = '\'';
    }
    return out;
}

void mo_auth_challenge(request_rec *r, const orc_error_t *error)
{
    const char *realm = ap_auth_name(r), *challenge;

    challenge = apr_psprintf(r->pool, "Bearer realm=\"%s\"", quoted(r->pool, realm ? realm : "orchestrator"));
    if (error && strcmp(error->code, "token") == 0)
        challenge = apr_psprintf(r->pool, "%s, error=\"invalid_token\", error_description=\"%s\"", challenge,
                                 quoted(r->pool, error->detail));
    apr_table_setn(r->err_headers_out, "WWW-Authenticate", challenge);
}

static orc_error_t *no_token(apr_pool_t *pool)
{
    return orc_error(pool, 401, "token.missing", "An access token is needed: Authorization: Bearer ...");
}

/* Why there is no key for a token. */
static orc_error_t *no_key(const mo_token_header_t *header, const mo_config_t *config, apr_pool_t *pool)
{
    if (!header->kid)
        return orc_error(pool, 401, "token",
                         "The access token does not name the key that signed it, and its issuer has not just one.");
    if (mo_jwks_issuer(config->child->jwks, header->kid, apr_time_now(), pool))
        return orc_error(pool, 401, "token", "The access token was signed with a key of another issuer or type.");
    mo_set(config->shared->keys_wanted, 1);
    return orc_error(pool, 401, "token", "The access token was signed with a key that is not known here.");
}

/* mod_auth_openidc takes the keys of all issuers for one set, looks for a kid without regard to white space, and tries
 * every key when there is no kid. So that nobody speaks for another issuer, a token comes to it only when a key of the
 * issuer that `iss` names has signed it. */
static orc_error_t *verify(mo_request_t *request, request_rec *r, const mo_config_t *config)
{
    const orc_issuer_config_t *issuer;
    mo_token_header_t header;
    const char *token = bearer_token(r), *key;

    if (!token)
        return no_token(r->pool);
    ORC_TRY(mo_claims_header(&header, token, r->pool));
    issuer = header.issuer ? orc_config_issuer(config->values, header.issuer) : NULL;
    if (!issuer)
        return orc_error(r->pool, 401, "token", "The access token's issuer is not accepted here.");
    key = mo_jwks_key(config->child->jwks, issuer->url, header.algorithm, header.kid, apr_time_now(), r->pool);
    if (!key)
        return no_key(&header, config, r->pool);
    if (!mo_jws_is_signed_by(config->child->signatures, token, key))
        return orc_error(r->pool, 401, "token", "The access token's signature is not valid.");
    request->key_issuer = issuer->url;
    request->token = token;
    return NULL;
}

static int refuse(mo_request_t *request, request_rec *r, const orc_error_t *error)
{
    const mo_config_t *config = mo_config_of(r->server);

    mo_add(config->shared->refused_tokens, 1);
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, ORCLOGNO(1020) "request %s: %s", request->id, error->detail);
    request->refusal = error;
    mo_auth_challenge(r, error);
    return HTTP_UNAUTHORIZED;
}

int mo_auth_check(request_rec *r)
{
    mo_request_t *request = mo_request_of(r);
    const mo_config_t *config = mo_config_of(r->server);
    const orc_error_t *error;

    if (!request || !config->child)
        return DECLINED;
    /* Whatever stands there from here on was put there by the module that verified the token. */
    apr_table_unset(r->subprocess_env, VERIFIED_TOKEN);
    apr_table_unset(r->headers_in, VERIFIED_TOKEN);
    if (orc_surface_is_open(&orc_api_surface, r->header_only && r->method_number == M_GET ? "GET" : r->method,
                            request->path)) {
        r->user = apr_pstrdup(r->pool, "");
        return OK;
    }
    error = verify(request, r, config);
    return error ? refuse(request, r, error) : DECLINED;
}

/* True when another module has verified this very token for this very request. */
static int is_verified(const request_rec *r, const char *token)
{
    const char *verified = apr_table_get(r->subprocess_env, VERIFIED_TOKEN);

    if (!verified)
        verified = apr_table_get(r->headers_in, VERIFIED_TOKEN);
    return verified && strcmp(verified, token) == 0;
}

/* What the token doesn't tell of a person's groups, the issuer does. */
static orc_error_t *complete(orc_identity_t *identity, const mo_config_t *config, apr_pool_t *pool)
{
    const orc_issuer_config_t *issuer = orc_config_issuer(config->values, identity->issuer);
    const json_t *claim = NULL;

    if (!identity->groups) {
        ORC_TRY(mo_groups_ask(&claim, config->child->groups, identity, pool));
        if (claim)
            ORC_TRY(mo_claims_groups(identity, issuer, claim, pool));
        else
            identity->groups = apr_array_make(pool, 0, sizeof(const char *));
    }
    return mo_claims_authorise(identity, issuer, pool);
}

orc_error_t *mo_auth_identity(orc_identity_t **identity, request_rec *r)
{
    const mo_request_t *request = mo_request_of(r);
    const mo_config_t *config = mo_config_of(r->server);
    orc_error_t *error;

    /* No token here means that mo_auth_check was not asked: the <Location> has no AuthType or lets everybody in. */
    if (!request->token || !is_verified(r, request->token)) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      ORCLOGNO(1021) "request %s: no module has verified a token here: %s needs AuthType oauth20 of "
                                     "mod_auth_openidc, Require valid-user, and OIDCPassClaimsAs environment or both",
                      request->id, request->base->path);
        return no_token(r->pool);
    }
    error = mo_claims_identity(identity, config->values, request->key_issuer, request->token, r->request_time, r->pool);
    if (!error)
        error = complete(*identity, config, r->pool);
    if (error && error->status < 500) {
        mo_add(config->shared->refused_tokens, 1);
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, ORCLOGNO(1022) "request %s: %s", request->id, error->detail);
    }
    return error;
}
