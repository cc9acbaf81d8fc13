/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_lib.h>
#include <apr_strings.h>
#include <sodium.h>
#include <string.h>

#include "orc_oidc_internal.h"

enum { TOKENS_MAX = 256 * 1024, MAX_LIFETIME = 365 * 24 * 3600, ASSUMED_LIFETIME = 300 };

#define TIMEOUT apr_time_from_sec(15)

static const char *encode(const char *text, apr_pool_t *pool)
{
    static const char digits[] = "0123456789ABCDEF";
    char *encoded = apr_palloc(pool, 3 * strlen(text) + 1), *to = encoded;

    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (apr_isascii(c) && (apr_isalnum(c) || strchr("-._~", c))) {
            *to++ = (char)c;
        }
        else {
            *to++ = '%';
            *to++ = digits[c >> 4];
            *to++ = digits[c & 15];
        }
    }
    *to = '\0';
    return encoded;
}

const char *orc_oidc_form(apr_pool_t *pool, const char *const *pairs)
{
    const char *form = "";

    for (; pairs[0]; pairs += 2) {
        if (pairs[1])
            form = apr_pstrcat(pool, form, *form ? "&" : "", encode(pairs[0], pool), "=", encode(pairs[1], pool), NULL);
    }
    return form;
}

/* `exp` of a JWT, or 0; its signature is of no interest here: the issuer just gave it to us. */
static apr_time_t expiry_of(const char *token, apr_pool_t *pool)
{
    const char *start = strchr(token, '.'), *end = start ? strchr(start + 1, '.') : NULL;
    size_t length = end ? (size_t)(end - start - 1) : 0;
    unsigned char *text = apr_palloc(pool, length + 1);
    json_t *json;
    json_int_t expires;

    if (!end ||
        sodium_base642bin(text, length + 1, start + 1, length, NULL, &length, NULL,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) ||
        orc_json_parse(&json, (const char *)text, length, pool))
        return 0;
    expires = orc_json_integer(json, "exp", 0);
    return expires > 0 && expires < APR_INT64_MAX / APR_USEC_PER_SEC ? apr_time_from_sec(expires) : 0;
}

static orc_error_t *trouble(apr_pool_t *pool, const char *why)
{
    orc_error_t *error = orc_error(pool, 503, "oidc.unavailable", "The token issuer gave no token: %s", why);

    error->retriable = 1;
    return error;
}

/* RFC 6749, section 5.2. */
static orc_error_t *refusal(const orc_http_response_t *response, apr_pool_t *pool)
{
    const char *word = NULL;
    json_t *json;

    if (!orc_json_parse(&json, response->body, response->length, pool))
        word = orc_json_string(json, "error");
    word = word ? apr_pstrndup(pool, word, 64) : "no reason given";
    if (response->status >= 500 || response->status == 408 || response->status == 429 || response->status < 400 ||
        strcmp(word, "temporarily_unavailable") == 0 || strcmp(word, "server_error") == 0)
        return trouble(pool, apr_psprintf(pool, "status %d.", response->status));
    if (strcmp(word, "invalid_client") == 0 || strcmp(word, "unauthorized_client") == 0 ||
        strcmp(word, "unsupported_grant_type") == 0)
        return orc_error(pool, 500, "oidc.client", "The token issuer doesn't let this service's client do that (%s).",
                         word);
    if (response->status == 404 || response->status == 405)
        return trouble(pool, "its token endpoint isn't there.");
    return orc_error(pool, 401, "oidc.grant", "The token issuer gives no new token (%s).", word);
}

void orc_oidc_read_tokens(orc_oidc_tokens_t *tokens, const orc_http_response_t *response, apr_time_t now)
{
    apr_pool_t *pool = response->pool;
    json_int_t lifetime;
    json_t *json;

    memset(tokens, 0, sizeof *tokens);
    tokens->pool = pool;
    if (response->error)
        tokens->error = trouble(pool, response->error->detail);
    else if (response->status != 200)
        tokens->error = refusal(response, pool);
    else if (orc_json_parse(&json, response->body, response->length, pool))
        tokens->error = trouble(pool, "its answer can't be read.");
    else if (!(tokens->access_token = orc_json_string(json, "access_token")) || !*tokens->access_token)
        tokens->error = trouble(pool, "its answer has no access_token.");
    if (tokens->error)
        return;
    tokens->refresh_token = orc_json_string(json, "refresh_token");
    lifetime = orc_json_integer(json, "expires_in", 0);
    if (lifetime > 0 && lifetime <= MAX_LIFETIME)
        tokens->expires = now + apr_time_from_sec(lifetime);
    else
        tokens->expires = expiry_of(tokens->access_token, pool);
    if (!tokens->expires)
        tokens->expires = now + apr_time_from_sec(ASSUMED_LIFETIME);
}

/* A grant on its way: first, perhaps, to the metadata, then to the token endpoint. Lives in a pool of its own, which is
 * below the client's, so that a call that is dropped with its client leaves nothing behind. */
typedef struct grant_t {
    apr_pool_t *pool;
    orc_http_t *http;
    orc_oidc_t *oidc;
    const orc_issuer_config_t *issuer;
    const char *form;
    orc_oidc_ask_t how;
} grant_t;

static void end(grant_t *grant, const orc_oidc_tokens_t *tokens)
{
    grant->how.done(grant->how.baton, tokens);
    apr_pool_destroy(grant->pool);
}

static void end_with(grant_t *grant, orc_error_t *error)
{
    orc_oidc_tokens_t tokens = {.pool = grant->pool, .error = error};

    end(grant, &tokens);
}

static void on_answer(void *baton, const orc_http_response_t *response)
{
    orc_oidc_tokens_t tokens;

    orc_oidc_read_tokens(&tokens, response, apr_time_now());
    end(baton, &tokens);
}

/* RFC 6749, section 2.3.1: id and secret form-encoded, then as HTTP Basic. */
static const char *authorization(const grant_t *grant)
{
    const char *pair = apr_pstrcat(grant->pool, encode(grant->issuer->client_id, grant->pool), ":",
                                   encode(grant->issuer->client_secret, grant->pool), NULL);
    size_t size = sodium_base64_encoded_len(strlen(pair), sodium_base64_VARIANT_ORIGINAL);
    char *text = apr_palloc(grant->pool, size);

    sodium_bin2base64(text, size, (const unsigned char *)pair, strlen(pair), sodium_base64_VARIANT_ORIGINAL);
    return apr_pstrcat(grant->pool, "Authorization: Basic ", text, NULL);
}

static orc_error_t *ask(grant_t *grant, const char *token_endpoint, apr_pool_t *pool)
{
    apr_array_header_t *headers = apr_array_make(grant->pool, 4, sizeof(const char *));
    orc_http_request_t request = {
        .method = "POST",
        .url = token_endpoint,
        .endpoint = grant->issuer->url,
        .headers = headers,
        .body = grant->form,
        .body_length = strlen(grant->form),
        .timeout = TIMEOUT,
        .max_response = TOKENS_MAX,
        .may_send = grant->how.may_send,
        .sender = grant->how.baton,
    };

    if (!token_endpoint)
        return orc_error(pool, 500, "oidc.client", "The token issuer %s has no token endpoint.", grant->issuer->url);
    APR_ARRAY_PUSH(headers, const char *) = "Accept: application/json";
    APR_ARRAY_PUSH(headers, const char *) = "Content-Type: application/x-www-form-urlencoded";
    if (grant->issuer->client_secret)
        APR_ARRAY_PUSH(headers, const char *) = authorization(grant);
    if (grant->how.request_id)
        APR_ARRAY_PUSH(headers, const char *) = apr_pstrcat(grant->pool, "X-Request-ID: ", grant->how.request_id, NULL);
    return orc_http_submit(NULL, grant->http, &request, on_answer, grant, pool);
}

static void on_metadata(void *baton, const orc_http_response_t *response)
{
    grant_t *grant = baton;
    orc_oidc_endpoints_t endpoints = {0};
    orc_error_t *error = orc_oidc_learn(&endpoints, grant->oidc, grant->issuer, response, grant->pool);

    if (!error)
        error = ask(grant, endpoints.token, grant->pool);
    if (error)
        end_with(grant, error);
}

/* `pairs` begin with the grant's own ones and end with NULL. */
static orc_error_t *start(orc_http_t *http, orc_oidc_t *oidc, const orc_issuer_config_t *issuer,
                          const char *const *pairs, const orc_oidc_ask_t *how, apr_pool_t *pool)
{
    orc_oidc_endpoints_t endpoints = {.token = issuer->token_endpoint};
    orc_http_request_t request;
    orc_error_t *error;
    apr_pool_t *own;
    grant_t *grant;

    if (!issuer->client_id)
        return orc_error(pool, 500, "oidc.client", "No client is configured for the token issuer %s.", issuer->url);
    apr_pool_create(&own, orc_http_pool(http));
    grant = apr_pcalloc(own, sizeof *grant);
    grant->pool = own;
    grant->http = http;
    grant->oidc = oidc;
    grant->issuer = issuer;
    grant->form = orc_oidc_form(own, pairs);
    if (!issuer->client_secret) {
        const char *const id[] = {"client_id", issuer->client_id, NULL};

        grant->form = apr_pstrcat(own, grant->form, "&", orc_oidc_form(own, id), NULL);
    }
    grant->how = *how;
    grant->how.request_id = apr_pstrdup(own, how->request_id);
    if (endpoints.token || orc_oidc_known(&endpoints, oidc, issuer, own)) {
        error = ask(grant, endpoints.token, pool);
    }
    else {
        orc_oidc_metadata_request(&request, issuer, TIMEOUT, own);
        error = orc_http_submit(NULL, http, &request, on_metadata, grant, pool);
    }
    if (error)
        apr_pool_destroy(own);
    return error;
}

orc_error_t *orc_oidc_refresh(orc_http_t *http, orc_oidc_t *oidc, const orc_issuer_config_t *issuer,
                              const char *refresh_token, const orc_oidc_ask_t *how, apr_pool_t *pool)
{
    const char *const pairs[] = {"grant_type", "refresh_token", "refresh_token", refresh_token, NULL};

    return start(http, oidc, issuer, pairs, how, pool);
}

orc_error_t *orc_oidc_exchange(orc_http_t *http, orc_oidc_t *oidc, const orc_issuer_config_t *issuer,
                               const char *access_token, const orc_oidc_ask_t *how, apr_pool_t *pool)
{
    const char *const pairs[] = {"grant_type",
                                 "urn:ietf:params:oauth:grant-type:token-exchange",
                                 "subject_token",
                                 access_token,
                                 "subject_token_type",
                                 "urn:ietf:params:oauth:token-type:access_token",
                                 "scope",
                                 "openid profile email offline_access",
                                 NULL};

    return start(http, oidc, issuer, pairs, how, pool);
}
