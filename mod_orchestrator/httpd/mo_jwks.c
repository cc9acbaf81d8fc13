/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_jwks.h"

#include <apr_file_io.h>
#include <apr_strings.h>
#include <apr_tables.h>
#include <apr_thread_mutex.h>
#include <sodium.h>
#include <string.h>

#include "mo_shared.h"
#include "orc_json.h"
#include "orc_jwks.h"
#include "orc_log.h"

typedef struct known_key_t {
    const char *kid;    /* NULL: it has none */
    const json_t *json; /* for whoever holds the lock */
    const char *text;
} known_key_t;

/* One issuer's keys. */
typedef struct key_set_t {
    const orc_issuer_config_t *issuer;
    apr_array_header_t *keys; /* of known_key_t; lives in the snapshot's pool */
    unsigned char digest[crypto_generichash_BYTES];
    unsigned generation; /* read without the lock, as the next */
    int is_known;        /* what it publishes, which may be nothing, could be had */
} key_set_t;

struct mo_jwks_t {
    const char *path;
    apr_pool_t *pool;
    key_set_t *sets; /* one of each configured issuer */
    int count;
    apr_time_t looked_at;      /* read without the lock */
    apr_thread_mutex_t *mutex; /* guards everything else */
    apr_pool_t *snapshot_pool;
    apr_time_t modified;
    apr_ino_t inode;
    apr_off_t size;
};

mo_jwks_t *mo_jwks_make(const orc_config_t *config, apr_pool_t *pool)
{
    mo_jwks_t *jwks = apr_pcalloc(pool, sizeof *jwks);
    int i;

    jwks->path = config->jwks_file;
    jwks->pool = pool;
    jwks->count = config->issuers->nelts;
    jwks->sets = apr_pcalloc(pool, (apr_size_t)(jwks->count + 1) * sizeof *jwks->sets);
    for (i = 0; i < jwks->count; i++) {
        jwks->sets[i].issuer = APR_ARRAY_IDX(config->issuers, i, const orc_issuer_config_t *);
        jwks->sets[i].keys = apr_array_make(pool, 0, sizeof(known_key_t));
    }
    return apr_thread_mutex_create(&jwks->mutex, APR_THREAD_MUTEX_DEFAULT, pool) == APR_SUCCESS ? jwks : NULL;
}

static int read_file(const char **text, apr_size_t *length, const char *path, const apr_finfo_t *info, apr_pool_t *pool)
{
    apr_file_t *file;
    char *bytes;

    if (info->size <= 0 || info->size > ORC_JWKS_MAX_FILE)
        return 0;
    if (apr_file_open(&file, path, APR_FOPEN_READ | APR_FOPEN_BINARY, APR_FPROT_OS_DEFAULT, pool) != APR_SUCCESS)
        return 0;
    bytes = apr_palloc(pool, (apr_size_t)info->size);
    if (apr_file_read_full(file, bytes, (apr_size_t)info->size, length) != APR_SUCCESS)
        return 0;
    apr_file_close(file);
    *text = bytes;
    return 1;
}

static key_set_t *set_of(key_set_t *sets, int count, const char *url)
{
    int i;

    for (i = 0; i < count; i++) {
        if (strcmp(sets[i].issuer->url, url) == 0)
            return &sets[i];
    }
    return NULL;
}

/* A key as it is verified with, without what the daemon notes beside it. */
static void add_key(key_set_t *set, json_t *json, apr_pool_t *pool)
{
    known_key_t key = {orc_json_string(json, "kid"), json, NULL};

    json_object_del(json, "iss");
    json_object_del(json, "seen");
    key.text = orc_json_text(json, pool);
    set->is_known = 1;
    APR_ARRAY_PUSH(set->keys, known_key_t) = key;
}

static void take_digest(key_set_t *set)
{
    crypto_generichash_state state;
    int i;

    crypto_generichash_init(&state, NULL, 0, sizeof set->digest);
    for (i = 0; i < set->keys->nelts; i++) {
        const char *text = APR_ARRAY_IDX(set->keys, i, known_key_t).text;

        crypto_generichash_update(&state, (const unsigned char *)text, strlen(text) + 1);
    }
    crypto_generichash_final(&state, set->digest, sizeof set->digest);
}

/* The sets of a file, one of each issuer; NULL when it is none. */
static key_set_t *parse(const mo_jwks_t *jwks, const char *text, apr_size_t length, apr_pool_t *pool)
{
    key_set_t *sets = apr_pmemdup(pool, jwks->sets, (apr_size_t)(jwks->count + 1) * sizeof *sets), *set;
    json_t *document, *json;
    const char *issuer;
    size_t i;
    int n;

    if (orc_json_parse(&document, text, length, pool) || !json_is_array(json_object_get(document, "keys")))
        return NULL;
    for (n = 0; n < jwks->count; n++) {
        sets[n].keys = apr_array_make(pool, 4, sizeof(known_key_t));
        sets[n].is_known = 0;
    }
    json_array_foreach(json_object_get(document, "keys"), i, json)
    {
        issuer = orc_json_string(json, "iss");
        set = issuer ? set_of(sets, jwks->count, issuer) : NULL;
        if (set)
            add_key(set, json, pool);
    }
    json_array_foreach(json_object_get(document, "issuers"), i, json)
    {
        issuer = json_string_value(json);
        set = issuer ? set_of(sets, jwks->count, issuer) : NULL;
        if (set)
            set->is_known = 1;
    }
    for (n = 0; n < jwks->count; n++)
        take_digest(&sets[n]);
    return sets;
}

static void take_over(mo_jwks_t *jwks, const key_set_t *sets)
{
    int i;

    for (i = 0; i < jwks->count; i++) {
        key_set_t *set = &jwks->sets[i];
        int is_same = memcmp(set->digest, sets[i].digest, sizeof set->digest) == 0;

        memcpy(set->digest, sets[i].digest, sizeof set->digest);
        set->keys = sets[i].keys;
        mo_set(set->is_known, sets[i].is_known);
        if (!is_same)
            mo_add(set->generation, 1);
    }
}

/* Takes a new snapshot when the file is another one than at the last look. */
static void refresh(mo_jwks_t *jwks)
{
    apr_pool_t *pool;
    apr_finfo_t info;
    const char *text;
    apr_size_t length;
    key_set_t *sets = NULL;

    apr_pool_create(&pool, jwks->pool);
    if (apr_stat(&info, jwks->path, APR_FINFO_MTIME | APR_FINFO_SIZE | APR_FINFO_INODE, pool) != APR_SUCCESS ||
        (info.mtime == jwks->modified && info.inode == jwks->inode && info.size == jwks->size)) {
        apr_pool_destroy(pool);
        return;
    }
    jwks->modified = info.mtime;
    jwks->inode = info.inode;
    jwks->size = info.size;
    if (read_file(&text, &length, jwks->path, &info, pool))
        sets = parse(jwks, text, length, pool);
    if (!sets) {
        orc_log(ORC_LOG_ERROR, "the key file %s can not be read as a JWK set; the keys stay as they were", jwks->path);
        apr_pool_destroy(pool);
        return;
    }
    take_over(jwks, sets);
    if (jwks->snapshot_pool)
        apr_pool_destroy(jwks->snapshot_pool);
    jwks->snapshot_pool = pool;
}

static int is_fresh(const mo_jwks_t *jwks, apr_time_t now)
{
    apr_time_t since = now - mo_read(jwks->looked_at);

    return since > -APR_USEC_PER_SEC && since < APR_USEC_PER_SEC;
}

/* Sees to it that what is known is no older than a second. */
static void look(mo_jwks_t *jwks, apr_time_t now)
{
    if (is_fresh(jwks, now))
        return;
    apr_thread_mutex_lock(jwks->mutex);
    if (!is_fresh(jwks, now)) {
        refresh(jwks);
        mo_set(jwks->looked_at, now);
    }
    apr_thread_mutex_unlock(jwks->mutex);
}

unsigned mo_jwks_generation(mo_jwks_t *jwks, const orc_issuer_config_t *issuer, apr_time_t now)
{
    look(jwks, now);
    return mo_read(set_of(jwks->sets, jwks->count, issuer->url)->generation);
}

int mo_jwks_is_known(mo_jwks_t *jwks, const orc_issuer_config_t *issuer, apr_time_t now)
{
    look(jwks, now);
    return mo_read(set_of(jwks->sets, jwks->count, issuer->url)->is_known);
}

const char *mo_jwks_key(mo_jwks_t *jwks, const orc_issuer_config_t *issuer, const mo_algorithm_t *algorithm,
                        const char *kid, apr_time_t now, apr_pool_t *pool)
{
    const key_set_t *set = set_of(jwks->sets, jwks->count, issuer->url);
    const char *text = NULL;
    int i, count = 0;

    look(jwks, now);
    apr_thread_mutex_lock(jwks->mutex);
    for (i = 0; i < set->keys->nelts; i++) {
        const known_key_t *key = &APR_ARRAY_IDX(set->keys, i, known_key_t);

        if ((!kid || (key->kid && strcmp(key->kid, kid) == 0)) && mo_jws_fits(algorithm, key->json)) {
            text = key->text;
            count++;
        }
    }
    text = count == 1 ? apr_pstrdup(pool, text) : NULL;
    apr_thread_mutex_unlock(jwks->mutex);
    return text;
}
