/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_auth.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_request.h>

#include "mo_child.h"
#include "mo_request.h"

APLOG_USE_MODULE(orchestrator);

#define SCHEME "Bearer"

static const char *bearer_token(const request_rec *r)
{
    const char *value = apr_table_get(r->headers_in, "Authorization");

    if (!value || ap_cstr_casecmpn(value, SCHEME " ", sizeof SCHEME) != 0)
        return NULL;
    value += sizeof SCHEME;
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

void mo_auth_challenge(request_rec *r, const orc_error_t *refusal)
{
    const char *realm = ap_auth_name(r), *challenge;

    challenge = apr_psprintf(r->pool, "Bearer realm=\"%s\"", quoted(r->pool, realm ? realm : "orchestrator"));
    if (refusal)
        challenge = apr_psprintf(r->pool, "%s, error=\"invalid_token\", error_description=\"%s\"", challenge,
                                 quoted(r->pool, refusal->detail));
    apr_table_setn(r->err_headers_out, "WWW-Authenticate", challenge);
}

static orc_error_t *no_token(apr_pool_t *pool)
{
    return orc_error(pool, 401, "token.missing", "An access token is needed: Authorization: Bearer ...");
}

static int refuse(mo_request_t *request, request_rec *r, const orc_error_t *error, int has_token)
{
    const mo_config_t *config = mo_config_of(r->server);

    if (request)
        request->refusal = error;
    if (error->status == HTTP_UNAUTHORIZED)
        mo_auth_challenge(r, has_token ? error : NULL);
    if (error->status >= 500 && !orc_error_is(error, ORC_REASON_UNVERIFIED)) {
        mo_request_log_error(r, error);
        return error->status;
    }
    mo_add(config->shared->refused_tokens, 1);
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, ORCLOGNO(1020) "request %s: %s", mo_request_id(r), error->detail);
    return error->status;
}

/* What a proxy answers is no route of ours, whatever its path and method. */
static int is_open(const mo_request_t *request, const request_rec *r)
{
    return !r->proxyreq && orc_surface_is_open(request->base->surface, mo_request_method(r), request->path);
}

/* `request` is NULL where AuthType Bearer guards something that is no surface of ours. */
static int ask(mo_request_t *request, request_rec *r)
{
    const mo_config_t *config = mo_config_of(r->server);
    const char *token = bearer_token(r);
    orc_identity_t *identity = NULL;
    orc_error_t *error;

    error = token ? mo_identities_find(&identity, config->child->identities, token, apr_time_now(), r->pool)
                  : no_token(r->pool);
    if (error)
        return refuse(request, r, error, token != NULL);
    if (request)
        request->identity = identity;
    /* Another issuer's person may have the same subject, and the issuer, which is configured, ends it. */
    r->user = apr_pstrcat(r->pool, identity->subject, "@", identity->issuer, NULL);
    return OK;
}

/* Without a directive of ours, AuthType Bearer is another module's, or a mistake that httpd tells. */
static int is_by_token(request_rec *r)
{
    const char *type = ap_auth_type(r);

    return type && ap_cstr_casecmp(type, MO_AUTH_TYPE) == 0 && mo_config_is_used(mo_config_of(r->server));
}

void mo_auth_mend(request_rec *r)
{
    const char *value = apr_table_get(r->headers_in, "Authorization");

    if (!value || !is_by_token(r) || ap_cstr_casecmpn(value, SCHEME, sizeof SCHEME - 1) != 0)
        return;
    value += sizeof SCHEME - 1;
    value += strspn(value, " \t");
    apr_table_setn(r->headers_in, "Authorization", apr_pstrcat(r->pool, SCHEME " ", value, NULL));
}

int mo_auth_begin(request_rec *r)
{
    if (is_by_token(r))
        r->user = NULL;
    return DECLINED;
}

int mo_auth_check(request_rec *r)
{
    const mo_config_t *config = mo_config_of(r->server);
    mo_request_t *request = mo_request_of(r);

    if (!is_by_token(r))
        return DECLINED;
    if (!config->child) /* could not be prepared, and its log says why */
        return HTTP_SERVICE_UNAVAILABLE;
    r->ap_auth_type = MO_AUTH_TYPE;
    if (!request || !is_open(request, r))
        return ask(request, r);
    r->user = "";
    request->is_unasked = 1;
    return OK;
}

int mo_auth_admit(request_rec *r)
{
    const mo_request_t *request = mo_request_of(r);

    return request && request->is_unasked ? OK : DECLINED;
}

int mo_auth_check_proxied(request_rec *r)
{
    mo_request_t *request = mo_request_of(r);
    int status;

    if (!request || !request->is_unasked || !r->proxyreq)
        return DECLINED;
    request->is_unasked = 0;
    status = ask(request, r);
    if (status == OK)
        status = ap_run_auth_checker(r);
    return status == DECLINED ? HTTP_FORBIDDEN : status;
}

orc_error_t *mo_auth_identity(orc_identity_t **identity, request_rec *r)
{
    const mo_request_t *request = mo_request_of(r);

    *identity = request->identity;
    if (*identity)
        return NULL;
    ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                  ORCLOGNO(1021) "request %s: nobody was asked for a token: %s needs AuthType " MO_AUTH_TYPE
                                 " and Require valid-user",
                  request->id, request->base->path);
    return no_token(r->pool);
}
