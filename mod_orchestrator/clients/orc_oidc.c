/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_oidc.h"

#include <apr_hash.h>
#include <apr_strings.h>
#include <apr_thread_mutex.h>
#include <string.h>

#include "orc_oidc_internal.h"
#include "orc_time.h"
#include "orc_url.h"

enum { METADATA_MAX = 256 * 1024 };

#define KEEP apr_time_from_sec(3600)

/* What one issuer's metadata said. */
typedef struct known_t {
    apr_pool_t *pool; /* of the endpoints' texts; cleared when they are asked for again */
    orc_oidc_endpoints_t endpoints;
    apr_time_t until;
} known_t;

struct orc_oidc_t {
    const orc_config_t *config;
    apr_thread_mutex_t *mutex; /* guards the entries; they are all made at the start */
    apr_hash_t *issuers;       /* of known_t *, by the issuer's URL */
};

orc_error_t *orc_oidc_make(orc_oidc_t **out, const orc_config_t *config, apr_pool_t *pool)
{
    orc_oidc_t *oidc = apr_pcalloc(pool, sizeof *oidc);
    apr_status_t status = apr_thread_mutex_create(&oidc->mutex, APR_THREAD_MUTEX_DEFAULT, pool);
    int i;

    if (status != APR_SUCCESS)
        return orc_error(pool, 500, "oidc.make", "A mutex can't be made: %pm", &status);
    oidc->config = config;
    oidc->issuers = apr_hash_make(pool);
    for (i = 0; i < config->issuers->nelts; i++) {
        known_t *known = apr_pcalloc(pool, sizeof *known);

        apr_pool_create(&known->pool, pool);
        apr_hash_set(oidc->issuers, APR_ARRAY_IDX(config->issuers, i, orc_issuer_config_t *)->url, APR_HASH_KEY_STRING,
                     known);
    }
    *out = oidc;
    return NULL;
}

/* The configured endpoints, and for the others what was discovered. */
static void merge(orc_oidc_endpoints_t *out, const orc_issuer_config_t *issuer, const orc_oidc_endpoints_t *discovered,
                  apr_pool_t *pool)
{
    const char *token = discovered->token, *userinfo = discovered->userinfo, *jwks = discovered->jwks;

    out->token = issuer->token_endpoint ? issuer->token_endpoint : token ? apr_pstrdup(pool, token) : NULL;
    out->userinfo = issuer->userinfo_endpoint ? issuer->userinfo_endpoint
                    : userinfo                ? apr_pstrdup(pool, userinfo)
                                              : NULL;
    out->jwks = issuer->jwks_uri ? issuer->jwks_uri : jwks ? apr_pstrdup(pool, jwks) : NULL;
}

int orc_oidc_known(orc_oidc_endpoints_t *endpoints, orc_oidc_t *oidc, const orc_issuer_config_t *issuer,
                   apr_pool_t *pool)
{
    static const orc_oidc_endpoints_t none;
    const known_t *known = apr_hash_get(oidc->issuers, issuer->url, APR_HASH_KEY_STRING);
    int is_fresh;

    merge(endpoints, issuer, &none, pool);
    if (endpoints->token && endpoints->userinfo && endpoints->jwks)
        return 1;
    if (!known)
        return 0;
    apr_thread_mutex_lock(oidc->mutex);
    is_fresh = known->until > orc_time_monotonic();
    if (is_fresh)
        merge(endpoints, issuer, &known->endpoints, pool);
    apr_thread_mutex_unlock(oidc->mutex);
    return is_fresh;
}

void orc_oidc_metadata_request(orc_http_request_t *request, const orc_issuer_config_t *issuer,
                               apr_interval_time_t timeout, apr_pool_t *pool)
{
    memset(request, 0, sizeof *request);
    request->method = "GET";
    request->url = apr_pstrcat(pool, issuer->url, "/.well-known/openid-configuration", NULL);
    request->endpoint = issuer->url;
    request->timeout = timeout;
    request->max_response = METADATA_MAX;
}

orc_error_t *orc_oidc_unavailable(const char *code, const orc_issuer_config_t *issuer, const char *why,
                                  apr_pool_t *pool)
{
    orc_error_t *error = orc_error(pool, 503, code, "The token issuer %s: %s", issuer->url, why);

    error->retriable = 1;
    return error;
}

/* An endpoint of the metadata. One without TLS is not taken from an issuer that has TLS. */
static const char *endpoint_of(const json_t *json, const char *name, const orc_issuer_config_t *issuer)
{
    const char *url = orc_json_string(json, name);

    if (!url || (strncmp(url, "https://", 8) && (strncmp(url, "http://", 7) || !strncmp(issuer->url, "https:", 6))))
        return NULL;
    return url;
}

orc_error_t *orc_oidc_learn(orc_oidc_endpoints_t *endpoints, orc_oidc_t *oidc, const orc_issuer_config_t *issuer,
                            const orc_http_response_t *response, apr_pool_t *pool)
{
    known_t *known = apr_hash_get(oidc->issuers, issuer->url, APR_HASH_KEY_STRING);
    orc_oidc_endpoints_t discovered = {0};
    orc_error_t *error;
    const char *named;
    json_t *json;

    if (response->error)
        return orc_oidc_unavailable("oidc.discovery", issuer, response->error->detail, pool);
    if (response->status != 200)
        return orc_oidc_unavailable("oidc.discovery", issuer,
                                    apr_psprintf(pool, "its metadata were answered with status %d.", response->status),
                                    pool);
    error = orc_json_parse(&json, response->body, response->length, pool);
    if (error)
        return orc_oidc_unavailable("oidc.discovery", issuer, error->detail, pool);
    named = orc_json_string(json, "issuer");
    if (!named || !orc_url_is(named, issuer->url))
        return orc_oidc_unavailable("oidc.discovery", issuer, "its metadata are of another issuer.", pool);
    discovered.token = endpoint_of(json, "token_endpoint", issuer);
    discovered.userinfo = endpoint_of(json, "userinfo_endpoint", issuer);
    discovered.jwks = endpoint_of(json, "jwks_uri", issuer);
    merge(endpoints, issuer, &discovered, pool);
    if (known) {
        apr_thread_mutex_lock(oidc->mutex);
        apr_pool_clear(known->pool);
        merge(&known->endpoints, issuer, &discovered, known->pool);
        known->until = orc_time_monotonic() + KEEP;
        apr_thread_mutex_unlock(oidc->mutex);
    }
    return NULL;
}

orc_error_t *orc_oidc_discover(orc_oidc_endpoints_t *endpoints, orc_oidc_t *oidc, const orc_issuer_config_t *issuer,
                               apr_interval_time_t timeout, apr_pool_t *pool)
{
    orc_http_response_t *response;
    orc_http_request_t request;

    if (orc_oidc_known(endpoints, oidc, issuer, pool))
        return NULL;
    orc_oidc_metadata_request(&request, issuer, timeout, pool);
    (void)orc_http_fetch(&response, &request, oidc->config->ca_file, pool);
    return orc_oidc_learn(endpoints, oidc, issuer, response, pool);
}
