/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_jwks.h"

#include <apr_file_io.h>
#include <apr_strings.h>
#include <string.h>

#include "orc_log.h"

enum { JWKS_MAX = 1024 * 1024, MAX_KEYS = 1000 };

/* The key with that id in a merged set, or NULL. */
static const json_t *find(const json_t *merged, const char *kid)
{
    const json_t *key;
    size_t i;

    json_array_foreach(json_object_get(merged, "keys"), i, key)
    {
        if (strcmp(orc_json_string(key, "kid"), kid) == 0)
            return key;
    }
    return NULL;
}

static int is_for_signatures(const json_t *key)
{
    const char *type = orc_json_string(key, "kty"), *use = orc_json_string(key, "use");

    return type && strcmp(type, "oct") && orc_json_string(key, "kid") && (!use || strcmp(use, "enc"));
}

/* The public half with its issuer, a new reference. RFC 7518, sections 6.2.2 and 6.3.2. */
static json_t *public_key(const json_t *key, const char *issuer)
{
    static const char *const private_members[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};
    json_t *copy = json_deep_copy(key);
    size_t i;

    for (i = 0; i < sizeof private_members / sizeof *private_members; i++)
        json_object_del(copy, private_members[i]);
    json_object_set_new(copy, "iss", json_string(issuer));
    return copy;
}

orc_error_t *orc_jwks_add(json_t *merged, const json_t *set, const char *issuer, int *count, apr_pool_t *pool)
{
    json_t *all = json_object_get(merged, "keys");
    const json_t *keys = json_object_get(set, "keys"), *key, *other;
    size_t i;

    *count = 0;
    if (!json_is_array(keys))
        return orc_error(pool, 503, "jwks", "The keys of the token issuer %s are no key set.", issuer);
    json_array_foreach(keys, i, key)
    {
        if (!is_for_signatures(key))
            continue;
        other = find(merged, orc_json_string(key, "kid"));
        if (other) {
            orc_log(ORC_LOG_WARNING, "issuer %s: the key %.128s is left out, it has the id of a key of %s", issuer,
                    orc_json_string(key, "kid"), orc_json_string(other, "iss"));
            continue;
        }
        if (json_array_size(all) >= MAX_KEYS)
            return orc_error(pool, 503, "jwks", "The token issuers have more than %d keys.", MAX_KEYS);
        json_array_append_new(all, public_key(key, issuer));
        ++*count;
    }
    return NULL;
}

static const char *read_file(const char *path, apr_pool_t *pool)
{
    apr_size_t length = 0;
    apr_file_t *file;
    char *text = NULL;

    if (apr_file_open(&file, path, APR_FOPEN_READ, APR_FPROT_OS_DEFAULT, pool) != APR_SUCCESS)
        return NULL;
    text = apr_palloc(pool, JWKS_MAX + 1);
    apr_file_read_full(file, text, JWKS_MAX, &length);
    apr_file_close(file);
    text[length] = '\0';
    return text;
}

/* The keys that the file has of an issuer, as a set. */
static json_t *keys_of(const json_t *old, const char *issuer, apr_pool_t *pool)
{
    json_t *set = orc_json_own(json_pack("{s:[]}", "keys"), pool);
    json_t *key;
    size_t i;

    json_array_foreach(json_object_get(old, "keys"), i, key)
    {
        const char *iss = orc_json_string(key, "iss");

        if (iss && strcmp(iss, issuer) == 0)
            json_array_append(json_object_get(set, "keys"), key);
    }
    return set;
}

static orc_error_t *fetch(json_t **set, orc_oidc_t *oidc, const orc_config_t *config, const orc_issuer_config_t *issuer,
                          apr_interval_time_t timeout, apr_pool_t *pool)
{
    orc_oidc_endpoints_t endpoints = {.jwks = issuer->jwks_uri};
    orc_http_request_t request = {.method = "GET", .timeout = timeout, .max_response = JWKS_MAX};
    orc_http_response_t *response;

    if (!endpoints.jwks)
        ORC_TRY(orc_oidc_discover(&endpoints, oidc, issuer, timeout, pool));
    if (!endpoints.jwks)
        return orc_error(pool, 503, "jwks", "The token issuer %s has no jwks_uri.", issuer->url);
    request.url = endpoints.jwks;
    ORC_TRY(orc_http_fetch(&response, &request, config->ca_file, pool));
    if (response->status != 200)
        return orc_error(pool, 503, "jwks", "The keys of the token issuer %s were answered with status %d.",
                         issuer->url, response->status);
    return orc_json_parse(set, response->body, response->length, pool);
}

/* A new file beside it, renamed: a reader sees the old keys or the new ones. */
static orc_error_t *write_file(const char *path, const char *text, apr_pool_t *pool)
{
    char *name = apr_pstrcat(pool, path, ".XXXXXX", NULL);
    apr_fileperms_t readable = APR_FPROT_UREAD | APR_FPROT_UWRITE | APR_FPROT_GREAD | APR_FPROT_WREAD;
    apr_file_t *file;
    apr_status_t status = apr_file_mktemp(&file, name, APR_FOPEN_CREATE | APR_FOPEN_WRITE | APR_FOPEN_EXCL, pool);

    if (status == APR_SUCCESS) {
        status = apr_file_write_full(file, text, strlen(text), NULL);
        if (status == APR_SUCCESS)
            status = apr_file_sync(file);
        apr_file_close(file);
        if (status == APR_SUCCESS) /* public keys, and mktemp lets nobody else read */
            status = apr_file_perms_set(name, readable);
        if (status == APR_SUCCESS)
            status = apr_file_rename(name, path, pool);
        if (status != APR_SUCCESS)
            apr_file_remove(name, pool);
    }
    if (status != APR_SUCCESS)
        return orc_error(pool, 500, "jwks.file", "The key file %s can't be written: %pm", path, &status);
    return NULL;
}

/* Adds an issuer's keys, its own or the ones of the file; the error says why they aren't its own. */
static orc_error_t *add_issuer(json_t *merged, const json_t *old, orc_oidc_t *oidc, const orc_config_t *config,
                               const orc_issuer_config_t *issuer, apr_interval_time_t timeout, apr_pool_t *pool)
{
    json_t *set = NULL;
    int count = 0;
    orc_error_t *error = fetch(&set, oidc, config, issuer, timeout, pool);

    if (!error)
        error = orc_jwks_add(merged, set, issuer->url, &count, pool);
    if (!error && count == 0)
        error = orc_error(pool, 503, "jwks", "The token issuer %s has no key that can be used.", issuer->url);
    if (error) {
        orc_log(ORC_LOG_WARNING, "issuer %s: its keys could not be had, those of the file stay: %s", issuer->url,
                orc_error_line(error, pool));
        if (count == 0)
            (void)orc_jwks_add(merged, keys_of(old, issuer->url, pool), issuer->url, &count, pool);
    }
    return error;
}

orc_error_t *orc_jwks_update(int *changed, orc_oidc_t *oidc, const orc_config_t *config, apr_interval_time_t timeout,
                             apr_pool_t *pool)
{
    json_t *merged = orc_json_own(json_pack("{s:[]}", "keys"), pool), *old = NULL;
    const char *before = read_file(config->jwks_file, pool), *after;
    orc_error_t *missing = NULL;
    int i;

    if (changed)
        *changed = 0;
    if (before && orc_json_parse(&old, before, strlen(before), pool))
        old = NULL;
    for (i = 0; i < config->issuers->nelts; i++) {
        orc_error_t *error = add_issuer(merged, old, oidc, config,
                                        APR_ARRAY_IDX(config->issuers, i, orc_issuer_config_t *), timeout, pool);

        if (error)
            missing = error;
    }
    after = apr_pstrcat(pool, orc_json_text(merged, pool), "\n", NULL);
    if (!before || strcmp(before, after)) {
        ORC_TRY(write_file(config->jwks_file, after, pool));
        if (changed)
            *changed = 1;
    }
    if (missing) {
        missing = orc_error(pool, 503, "jwks", "%s", missing->detail);
        missing->retriable = 1;
    }
    return missing;
}
