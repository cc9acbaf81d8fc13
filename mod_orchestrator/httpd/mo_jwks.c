/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_jwks.h"

#include <apr_file_io.h>
#include <apr_strings.h>
#include <apr_tables.h>
#include <apr_thread_mutex.h>
#include <string.h>

#include "orc_json.h"
#include "orc_log.h"

enum { MAX_FILE = 4 * 1024 * 1024 };

typedef struct known_key_t {
    const char *kid; /* NULL: it has none */
    const char *issuer;
    const json_t *json; /* for whoever holds the lock */
    const char *text;
} known_key_t;

struct mo_jwks_t {
    const char *path;
    apr_pool_t *pool;
    apr_thread_mutex_t *mutex; /* guards everything below */
    apr_pool_t *snapshot_pool;
    apr_array_header_t *keys; /* of known_key_t, or NULL; lives in snapshot_pool */
    apr_time_t looked_at;
    apr_time_t modified;
    apr_ino_t inode;
    apr_off_t size;
};

mo_jwks_t *mo_jwks_make(const char *path, apr_pool_t *pool)
{
    mo_jwks_t *jwks = apr_pcalloc(pool, sizeof *jwks);

    jwks->path = apr_pstrdup(pool, path);
    jwks->pool = pool;
    apr_thread_mutex_create(&jwks->mutex, APR_THREAD_MUTEX_DEFAULT, pool);
    return jwks;
}

static int read_file(const char **text, apr_size_t *length, const char *path, const apr_finfo_t *info, apr_pool_t *pool)
{
    apr_file_t *file;
    char *bytes;

    if (info->size <= 0 || info->size > MAX_FILE)
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

static apr_array_header_t *parse(const char *text, apr_size_t length, apr_pool_t *pool)
{
    apr_array_header_t *found = apr_array_make(pool, 16, sizeof(known_key_t));
    json_t *document, *keys, *json;
    size_t i;

    if (orc_json_parse(&document, text, length, pool))
        return NULL;
    keys = json_object_get(document, "keys");
    if (!json_is_array(keys))
        return NULL;
    json_array_foreach(keys, i, json)
    {
        known_key_t key = {orc_json_string(json, "kid"), orc_json_string(json, "iss"), json, orc_json_text(json, pool)};

        if (key.issuer)
            APR_ARRAY_PUSH(found, known_key_t) = key;
    }
    return found;
}

/* Takes a new snapshot when the file is another one than at the last look. */
static void refresh(mo_jwks_t *jwks)
{
    apr_pool_t *pool;
    apr_finfo_t info;
    const char *text;
    apr_size_t length;
    apr_array_header_t *keys = NULL;

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
        keys = parse(text, length, pool);
    if (!keys) {
        orc_log(ORC_LOG_ERROR, "the key file %s can not be read as a JWK set; the keys stay as they were", jwks->path);
        apr_pool_destroy(pool);
        return;
    }
    if (jwks->snapshot_pool)
        apr_pool_destroy(jwks->snapshot_pool);
    jwks->snapshot_pool = pool;
    jwks->keys = keys;
}

/* Takes the lock; what it guards is no older than a second. */
static void enter(mo_jwks_t *jwks, apr_time_t now)
{
    apr_thread_mutex_lock(jwks->mutex);
    if (now - jwks->looked_at >= APR_USEC_PER_SEC || now < jwks->looked_at) {
        jwks->looked_at = now;
        refresh(jwks);
    }
}

static int is_named(const known_key_t *key, const char *kid)
{
    return key->kid && strcmp(key->kid, kid) == 0;
}

const char *mo_jwks_key(mo_jwks_t *jwks, const char *issuer, const mo_algorithm_t *algorithm, const char *kid,
                        apr_time_t now, apr_pool_t *pool)
{
    const char *text = NULL;
    int i, count = 0;

    enter(jwks, now);
    for (i = 0; jwks->keys && i < jwks->keys->nelts; i++) {
        const known_key_t *key = &APR_ARRAY_IDX(jwks->keys, i, known_key_t);

        if (strcmp(key->issuer, issuer) == 0 && (!kid || is_named(key, kid)) && mo_jws_fits(algorithm, key->json)) {
            text = key->text;
            count++;
        }
    }
    text = count == 1 ? apr_pstrdup(pool, text) : NULL;
    apr_thread_mutex_unlock(jwks->mutex);
    return text;
}

const char *mo_jwks_issuer(mo_jwks_t *jwks, const char *kid, apr_time_t now, apr_pool_t *pool)
{
    const char *issuer = NULL;
    int i;

    enter(jwks, now);
    for (i = 0; jwks->keys && i < jwks->keys->nelts && !issuer; i++) {
        const known_key_t *key = &APR_ARRAY_IDX(jwks->keys, i, known_key_t);

        if (is_named(key, kid))
            issuer = apr_pstrdup(pool, key->issuer);
    }
    apr_thread_mutex_unlock(jwks->mutex);
    return issuer;
}
