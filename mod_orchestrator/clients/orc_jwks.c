/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_jwks.h"

#include <apr_file_io.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>
#include <sodium.h>
#include <string.h>

#include "orc_log.h"
#include "orc_time.h"

enum {
    JWKS_MAX = 1024 * 1024, /* bytes of an issuer's answer */
    MAX_KEYS = 100,         /* that are looked at of an issuer */
    MAX_BYTES = 64 * 1024,  /* of the public halves of an issuer's keys */
    LONGEST_KID = 512,      /* bytes */
    MIN_BITS = 2048,        /* of an RSA key: RFC 7518, section 3.3 */
    MAX_BITS = 8192,        /* what is longer costs too much at each token */
    LONGEST_EXPONENT = 8,   /* bytes: likewise */
    HOUR = 3600,
    LONGEST_OUTAGE = 24 * HOUR /* of an issuer, whose keys are trusted so long */
};

/* ---- one key ---- */

static int is(const json_t *key, const char *member, const char *value)
{
    const char *given = orc_json_string(key, member);

    return given && strcmp(given, value) == 0;
}

/* True unless the key says of itself that it is for something else than to verify signatures (RFC 7517, sections 4.2
 * and 4.3). */
static int may_verify(const json_t *key)
{
    const json_t *operations = json_object_get(key, "key_ops"), *one;
    size_t i;

    if (json_object_get(key, "use") && !is(key, "use", "sig"))
        return 0;
    json_array_foreach(operations, i, one)
    {
        if (json_is_string(one) && strcmp(json_string_value(one), "verify") == 0)
            return 1;
    }
    return !operations;
}

/* A key for signatures of a kind that tokens may have; symmetric ones are nobody's to publish. */
static int is_for_signatures(const json_t *key)
{
    return (is(key, "kty", "RSA") || is(key, "kty", "EC")) && may_verify(key);
}

static int is_same(const json_t *one, const json_t *other, const char *member)
{
    const char *value = orc_json_string(one, member);

    return value ? is(other, member, value) : !orc_json_string(other, member);
}

/* True when both sign tokens of the same algorithms. */
static int is_same_type(const json_t *one, const json_t *other)
{
    return is_same(one, other, "kty") && is_same(one, other, "crv");
}

/* Bits of a number in base64url; 0 when it is none. */
static size_t bits_of(const json_t *key, const char *member, apr_pool_t *pool)
{
    const char *text = orc_json_string(key, member);
    size_t length = text ? strlen(text) : 0, bits, i = 0;
    unsigned char *bytes = apr_palloc(pool, length + 1);
    unsigned first;

    if (!text ||
        sodium_base642bin(bytes, length, text, length, NULL, &length, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING))
        return 0;
    while (i < length && bytes[i] == 0)
        i++;
    bits = (length - i) * 8;
    for (first = i < length ? bytes[i] : 0x80; !(first & 0x80); first <<= 1)
        bits--;
    return bits;
}

/* The public half with its issuer, a new reference: what RFC 7517, section 4, and RFC 7518, section 6, name and
 * signatures need. Issuers publish certificates and more beside it. */
static json_t *public_key(const json_t *key, const char *issuer, apr_int64_t seen)
{
    static const char *const members[] = {"kty", "kid", "alg", "use", "n", "e", "crv", "x", "y"};
    json_t *copy = json_object();
    size_t i;

    for (i = 0; i < sizeof members / sizeof *members; i++) {
        if (orc_json_string(key, members[i]))
            json_object_set(copy, members[i], json_object_get(key, members[i]));
    }
    json_object_set_new(copy, "iss", json_string(issuer));
    json_object_set_new(copy, "seen", json_integer(seen ? seen : orc_json_integer(key, "seen", 0)));
    return copy;
}

/* ---- one issuer's set ---- */

/* An issuer's set on its way into the merged one. */
typedef struct adding_t {
    const json_t *keys;
    json_t *taken; /* of this issuer */
    apr_size_t bytes;
} adding_t;

/* True when no other key of the set signs the same tokens. */
static int is_only_one_of_its_type(const json_t *keys, const json_t *key)
{
    const json_t *other;
    size_t i;

    json_array_foreach(keys, i, other)
    {
        if (other != key && is_for_signatures(other) && is_same_type(key, other))
            return 0;
    }
    return 1;
}

static int has_alike(const json_t *taken, const json_t *key)
{
    const json_t *other;
    size_t i;

    json_array_foreach(taken, i, other)
    {
        if (is_same(key, other, "kid") && is_same_type(key, other))
            return 1;
    }
    return 0;
}

/* Why a key of an issuer's set can't be taken; NULL when it can. */
static const char *obstacle(const adding_t *adding, const json_t *key, apr_pool_t *pool)
{
    const char *kid = orc_json_string(key, "kid");
    size_t bits;

    if (kid ? strlen(kid) > LONGEST_KID : json_object_get(key, "kid") != NULL)
        return "its kid is no text, or a very long one";
    if (!kid && !is_only_one_of_its_type(adding->keys, key))
        return "its key has no kid, and there are others of the same type";
    if (has_alike(adding->taken, key))
        return apr_psprintf(pool, "it has another key %.128s of the same type", kid ? kid : "without kid");
    if (!is(key, "kty", "RSA"))
        return NULL;
    bits = bits_of(key, "n", pool);
    if (bits < MIN_BITS || bits > MAX_BITS)
        return apr_psprintf(pool, "its RSA key %.128s has %d bits, and 2048 to 8192 are taken",
                            kid ? kid : "without kid", (int)bits);
    bits = bits_of(key, "e", pool);
    return bits < 2 || bits > LONGEST_EXPONENT * 8 ? "its RSA key has no reasonable exponent" : NULL;
}

/* Takes a key, unless something speaks against it: then what does. */
static const char *take(adding_t *adding, const json_t *key, const char *issuer, apr_int64_t seen, apr_pool_t *pool)
{
    const char *reason = obstacle(adding, key, pool);
    json_t *copy;

    if (reason)
        return reason;
    copy = orc_json_own(public_key(key, issuer, seen), pool);
    adding->bytes += strlen(orc_json_text(copy, pool));
    if (adding->bytes > MAX_BYTES)
        return apr_psprintf(pool, "its keys have more than %d bytes", MAX_BYTES);
    if (!orc_json_string(key, "kid"))
        orc_log(ORC_LOG_INFO, "issuer %s: its key has no kid; it is used for tokens without one", issuer);
    json_array_append(adding->taken, copy);
    return NULL;
}

orc_error_t *orc_jwks_add(json_t *merged, const json_t *set, const char *issuer, apr_int64_t seen, int *count,
                          const char **why, apr_pool_t *pool)
{
    adding_t adding = {json_object_get(set, "keys"), orc_json_own(json_array(), pool), 0};
    const json_t *key;
    size_t i;

    *count = 0;
    *why = NULL;
    if (!json_is_array(adding.keys))
        return orc_error(pool, 503, "jwks", "The keys of the token issuer %s are no key set.", issuer);
    json_array_foreach(adding.keys, i, key)
    {
        const char *reason = NULL;

        if (i >= MAX_KEYS)
            reason = apr_psprintf(pool, "it publishes more than %d keys", MAX_KEYS);
        else if (is_for_signatures(key))
            reason = take(&adding, key, issuer, seen, pool);
        if (reason)
            *why = reason;
        if (i >= MAX_KEYS || adding.bytes > MAX_BYTES)
            break;
    }
    *count = (int)json_array_size(adding.taken);
    json_array_extend(json_object_get(merged, "keys"), adding.taken);
    if (*why && *count > 0)
        orc_log(ORC_LOG_WARNING, "issuer %s: some of its keys are left out: %s", issuer, *why);
    return NULL;
}

/* ---- the file ---- */

static const char *read_file(const char *path, apr_pool_t *pool)
{
    apr_size_t length = 0;
    apr_finfo_t info;
    apr_file_t *file;
    char *text = NULL;

    if (apr_file_open(&file, path, APR_FOPEN_READ, APR_FPROT_OS_DEFAULT, pool) != APR_SUCCESS)
        return NULL;
    if (apr_file_info_get(&info, APR_FINFO_SIZE, file) == APR_SUCCESS && info.size <= ORC_JWKS_MAX_FILE) {
        text = apr_palloc(pool, (apr_size_t)info.size + 1);
        apr_file_read_full(file, text, (apr_size_t)info.size, &length);
        text[length] = '\0';
    }
    apr_file_close(file);
    return text;
}

/* The keys that the file has of an issuer, as a set: those that it published less than LONGEST_OUTAGE ago. */
static json_t *keys_of(const json_t *old, const char *issuer, apr_int64_t now, apr_pool_t *pool)
{
    json_t *set = orc_json_own(json_pack("{s:[]}", "keys"), pool);
    json_t *key;
    size_t i;

    json_array_foreach(json_object_get(old, "keys"), i, key)
    {
        const char *iss = orc_json_string(key, "iss");

        if (iss && strcmp(iss, issuer) == 0 && orc_json_integer(key, "seen", 0) > now - LONGEST_OUTAGE)
            json_array_append(json_object_get(set, "keys"), key);
    }
    return set;
}

/* What `seen` becomes of keys that an issuer publishes now: the file stays as it is for an hour. */
static apr_int64_t seen_now(const json_t *old, const char *issuer, apr_int64_t now, apr_pool_t *pool)
{
    const json_t *key = json_array_get(json_object_get(keys_of(old, issuer, now, pool), "keys"), 0);
    apr_int64_t seen = orc_json_integer(key, "seen", 0);

    return seen > now - HOUR && seen <= now ? seen : now;
}

/* What one issuer publishes now, asked by a thread of its own: one that hangs keeps no other's keys waiting. */
typedef struct fetch_t {
    apr_pool_t *pool;     /* the thread's, with an allocator of its own */
    apr_thread_t *thread; /* NULL: there was none to be had */
    orc_oidc_t *oidc;
    const orc_config_t *config;
    const orc_issuer_config_t *issuer;
    apr_interval_time_t timeout;
    json_t *set; /* out, like the error */
    orc_error_t *error;
} fetch_t;

static orc_error_t *fetch(fetch_t *fetch)
{
    apr_time_t deadline = orc_time_monotonic() + fetch->timeout;
    orc_oidc_endpoints_t endpoints = {.jwks = fetch->issuer->jwks_uri};
    orc_http_request_t request = {.method = "GET", .max_response = JWKS_MAX};
    orc_http_response_t *response;

    if (!endpoints.jwks)
        ORC_TRY(orc_oidc_discover(&endpoints, fetch->oidc, fetch->issuer, fetch->timeout, fetch->pool));
    request.timeout = deadline - orc_time_monotonic();
    if (!endpoints.jwks)
        return orc_error(fetch->pool, 503, "jwks", "The token issuer %s has no jwks_uri.", fetch->issuer->url);
    if (request.timeout <= 0)
        return orc_error(fetch->pool, 503, "jwks", "The token issuer %s took too long.", fetch->issuer->url);
    request.url = endpoints.jwks;
    ORC_TRY(orc_http_fetch(&response, &request, fetch->config->ca_file, fetch->pool));
    if (response->status != 200)
        return orc_error(fetch->pool, 503, "jwks", "The keys of the token issuer %s were answered with status %d.",
                         fetch->issuer->url, response->status);
    return orc_json_parse(&fetch->set, response->body, response->length, fetch->pool);
}

static void *APR_THREAD_FUNC run(apr_thread_t *thread, void *baton)
{
    ((fetch_t *)baton)->error = fetch(baton);
    return NULL;
}

static apr_status_t destroy(void *pool)
{
    apr_pool_destroy(pool);
    return APR_SUCCESS;
}

/* Asks all issuers, one fetch_t each in their order. */
static fetch_t *fetch_all(orc_oidc_t *oidc, const orc_config_t *config, apr_interval_time_t timeout, apr_pool_t *pool)
{
    fetch_t *all = apr_pcalloc(pool, (apr_size_t)(config->issuers->nelts + 1) * sizeof *all);
    apr_status_t status;
    int i;

    for (i = 0; i < config->issuers->nelts; i++) {
        const orc_issuer_config_t *issuer = APR_ARRAY_IDX(config->issuers, i, const orc_issuer_config_t *);

        all[i] = (fetch_t){.oidc = oidc, .config = config, .issuer = issuer, .timeout = timeout};
        apr_pool_create_unmanaged_ex(&all[i].pool, NULL, NULL);
        apr_pool_cleanup_register(pool, all[i].pool, destroy, apr_pool_cleanup_null);
        if (apr_thread_create(&all[i].thread, NULL, run, &all[i], all[i].pool) != APR_SUCCESS)
            all[i].thread = NULL;
    }
    for (i = 0; i < config->issuers->nelts; i++) {
        if (all[i].thread)
            apr_thread_join(&status, all[i].thread);
        else
            run(NULL, &all[i]);
    }
    return all;
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

/* Adds an issuer's keys, those that it publishes or else the ones of the file; the error says why it wasn't the first.
 */
static orc_error_t *add_issuer(json_t *merged, const json_t *old, const fetch_t *fetched, apr_pool_t *pool)
{
    const orc_issuer_config_t *issuer = fetched->issuer;
    const char *why = NULL;
    int count = 0;
    apr_int64_t now = apr_time_sec(apr_time_now());
    orc_error_t *error = fetched->error;

    if (!error)
        error =
            orc_jwks_add(merged, fetched->set, issuer->url, seen_now(old, issuer->url, now, pool), &count, &why, pool);
    if (!error && count == 0)
        orc_log(ORC_LOG_WARNING, "issuer %s: it has no key that can be used%s%s; its tokens are refused", issuer->url,
                why ? ": " : "", why ? why : "");
    if (error && count == 0)
        (void)orc_jwks_add(merged, keys_of(old, issuer->url, now, pool), issuer->url, 0, &count, &why, pool);
    if (!error || count > 0)
        json_array_append_new(json_object_get(merged, "issuers"), json_string(issuer->url));
    if (error)
        orc_log(ORC_LOG_WARNING, "issuer %s: its keys could not be had, %d of the file stay: %s", issuer->url, count,
                orc_error_line(error, pool));
    return error;
}

orc_error_t *orc_jwks_update(int *changed, orc_oidc_t *oidc, const orc_config_t *config, apr_interval_time_t timeout,
                             apr_pool_t *pool)
{
    json_t *merged = orc_json_own(json_pack("{s:[],s:[]}", "keys", "issuers"), pool), *old = NULL;
    const char *before = read_file(config->jwks_file, pool), *after;
    const fetch_t *fetched = fetch_all(oidc, config, timeout, pool);
    orc_error_t *missing = NULL;
    int i;

    if (changed)
        *changed = 0;
    if (before && orc_json_parse(&old, before, strlen(before), pool))
        old = NULL;
    for (i = 0; i < config->issuers->nelts; i++) {
        orc_error_t *error = add_issuer(merged, old, &fetched[i], pool);

        if (error)
            missing = error;
    }
    after = apr_pstrcat(pool, orc_json_text(merged, pool), "\n", NULL);
    if (!before || strcmp(before, after)) {
        orc_error_t *error = write_file(config->jwks_file, after, pool);

        if (error) { /* nobody else says why every token is refused */
            orc_log(ORC_LOG_ERROR, "%s", orc_error_line(error, pool));
            return error;
        }
        if (changed)
            *changed = 1;
    }
    if (missing) {
        missing = orc_error(pool, 503, "jwks", "%s", missing->detail);
        missing->retriable = 1;
    }
    return missing;
}
