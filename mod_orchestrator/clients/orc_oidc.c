/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_oidc.h"

#include <apr_hash.h>
#include <apr_strings.h>
#include <apr_thread_mutex.h>
#include <string.h>

#include "orc_oidc_internal.h"
#include "orc_time.h"
#include "orc_url.h"

enum { METADATA_MAX = 256 * 1024, USERINFO_MAX = 256 * 1024 };

#define KEEP apr_time_from_sec(3600)

/* What is known of one issuer: what its metadata said, and how it is. */
typedef struct known_t {
    apr_pool_t *pool; /* of the endpoints' texts; cleared when they are asked for again */
    orc_oidc_endpoints_t endpoints;
    apr_time_t until;
    int asked;              /* threads that ask at userinfo */
    apr_time_t rests_until; /* userinfo is not asked before */
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

static orc_error_t *unavailable(apr_pool_t *pool, const char *code, const orc_issuer_config_t *issuer, const char *why)
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
        return unavailable(pool, "oidc.discovery", issuer, response->error->detail);
    if (response->status != 200)
        return unavailable(pool, "oidc.discovery", issuer,
                           apr_psprintf(pool, "its metadata were answered with status %d.", response->status));
    error = orc_json_parse(&json, response->body, response->length, pool);
    if (error)
        return unavailable(pool, "oidc.discovery", issuer, error->detail);
    named = orc_json_string(json, "issuer");
    if (!named || !orc_url_is(named, issuer->url))
        return unavailable(pool, "oidc.discovery", issuer, "its metadata are of another issuer.");
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

/* What an issuer says of the request with this token, and not of itself: others may go on asking it. 404 is what IAM
 * says to the token of a client that asked for it on its own behalf: no person has it. */
static int is_refusal(int status)
{
    return status == 400 || status == 401 || status == 403 || status == 404 || status == 413 || status == 431;
}

/* Userinfo that is there and of no use. It is of one person, as a refusal is: others need not wait. */
static orc_error_t *unusable(apr_pool_t *pool, const orc_issuer_config_t *issuer, const char *why)
{
    return orc_error(pool, 503, "oidc.userinfo", "The token issuer %s: its userinfo %s", issuer->url, why);
}

static orc_error_t *read_userinfo(json_t **claims, const orc_issuer_config_t *issuer, const char *subject,
                                  const orc_http_response_t *response, apr_pool_t *pool)
{
    const char *told;
    orc_error_t *error;

    if (response->error)
        return unavailable(pool, "oidc.userinfo", issuer, response->error->detail);
    if (response->is_cut)
        return unusable(pool, issuer, apr_psprintf(pool, "has more than %d bytes.", USERINFO_MAX));
    if (is_refusal(response->status))
        return orc_error(pool, 401, "oidc.token", "The token issuer %s doesn't accept the access token.", issuer->url);
    if (response->status != 200)
        return unavailable(pool, "oidc.userinfo", issuer,
                           apr_psprintf(pool, "userinfo was answered with status %d.", response->status));
    error = orc_json_parse(claims, response->body, response->length, pool);
    if (error)
        return unusable(pool, issuer, apr_pstrcat(pool, "can't be read. ", error->detail, NULL));
    told = orc_json_string(*claims, "sub");
    if (told && strcmp(told, subject) == 0)
        return NULL;
    return unusable(pool, issuer, told ? "is of another person." : "is of nobody.");
}

static orc_error_t *ask(json_t **claims, orc_oidc_t *oidc, const orc_issuer_config_t *issuer, const char *access_token,
                        const char *subject, apr_interval_time_t timeout, apr_pool_t *pool)
{
    apr_array_header_t *headers = apr_array_make(pool, 2, sizeof(const char *));
    apr_time_t deadline = orc_time_monotonic() + timeout;
    orc_oidc_endpoints_t endpoints = {.userinfo = issuer->userinfo_endpoint};
    orc_http_request_t request = {.method = "GET", .headers = headers, .max_response = USERINFO_MAX, .keeps_tail = 1};
    orc_http_response_t *response;

    if (!endpoints.userinfo)
        ORC_TRY(orc_oidc_discover(&endpoints, oidc, issuer, timeout, pool));
    request.timeout = deadline - orc_time_monotonic();
    if (!endpoints.userinfo)
        return orc_error(pool, 503, "oidc.userinfo", "The token issuer %s has no userinfo endpoint.", issuer->url);
    if (request.timeout <= 0)
        return unavailable(pool, "oidc.userinfo", issuer, "it took too long to answer.");
    APR_ARRAY_PUSH(headers, const char *) = "Accept: application/json";
    APR_ARRAY_PUSH(headers, const char *) = apr_pstrcat(pool, "Authorization: Bearer ", access_token, NULL);
    request.url = endpoints.userinfo;
    (void)orc_http_fetch(&response, &request, oidc->config->ca_file, pool);
    return read_userinfo(claims, issuer, subject, response, pool);
}

/* Takes a place among those who ask, or says why there is none. */
static orc_error_t *enter(orc_oidc_t *oidc, known_t *known, const orc_issuer_config_t *issuer, apr_pool_t *pool)
{
    apr_time_t now = orc_time_monotonic(), rest;
    orc_error_t *error = NULL;
    int is_busy;

    apr_thread_mutex_lock(oidc->mutex);
    rest = known->rests_until - now;
    is_busy = known->asked >= ORC_OIDC_ASKED;
    if (rest <= 0 && !is_busy)
        known->asked++;
    apr_thread_mutex_unlock(oidc->mutex);
    if (rest > 0)
        error = unavailable(pool, "oidc.userinfo", issuer, "it did not answer a moment ago.");
    else if (is_busy)
        error = unavailable(pool, "oidc.busy", issuer, "too many requests ask it at this moment.");
    if (error) {
        error->reason = rest > 0 ? ORC_REASON_AWAY : ORC_REASON_TOO_MANY;
        error->retry_after = rest > 0 ? (int)apr_time_sec(rest) + 1 : 1;
    }
    return error;
}

static void leave(orc_oidc_t *oidc, known_t *known, const orc_error_t *error)
{
    apr_thread_mutex_lock(oidc->mutex);
    known->asked--;
    if (error && error->retriable)
        known->rests_until = orc_time_monotonic() + apr_time_from_sec(ORC_OIDC_REST);
    apr_thread_mutex_unlock(oidc->mutex);
}

orc_error_t *orc_oidc_userinfo(json_t **claims, orc_oidc_t *oidc, const orc_issuer_config_t *issuer,
                               const char *access_token, const char *subject, apr_interval_time_t timeout,
                               apr_pool_t *pool)
{
    known_t *known = apr_hash_get(oidc->issuers, issuer->url, APR_HASH_KEY_STRING);
    orc_error_t *error;

    ORC_TRY(enter(oidc, known, issuer, pool));
    error = ask(claims, oidc, issuer, access_token, subject, timeout, pool);
    leave(oidc, known, error);
    return error;
}
