/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_jwks.h"

#include <apr_file_io.h>
#include <apr_hash.h>
#include <apr_strings.h>
#include <apr_thread_mutex.h>

#include "orc_json.h"
#include "orc_log.h"

enum { MAX_FILE = 4 * 1024 * 1024 };

struct mo_jwks_t {
    const char *path;
    apr_pool_t *pool;
    apr_thread_mutex_t *mutex; /* guards everything below */
    apr_pool_t *snapshot_pool;
    apr_hash_t *issuers; /* key id to issuer; lives in snapshot_pool */
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

static apr_hash_t *parse(const char *text, apr_size_t length, apr_pool_t *pool)
{
    apr_hash_t *issuers = apr_hash_make(pool);
    json_t *document, *keys, *key;
    size_t i;

    if (orc_json_parse(&document, text, length, pool))
        return NULL;
    keys = json_object_get(document, "keys");
    if (!json_is_array(keys))
        return NULL;
    json_array_foreach(keys, i, key)
    {
        const char *kid = orc_json_string(key, "kid"), *issuer = orc_json_string(key, "iss");

        if (kid && issuer && !apr_hash_get(issuers, kid, APR_HASH_KEY_STRING))
            apr_hash_set(issuers, kid, APR_HASH_KEY_STRING, issuer);
    }
    return issuers;
}

/* Takes a new snapshot when the file is another one than at the last look. */
static void refresh(mo_jwks_t *jwks)
{
    apr_pool_t *pool;
    apr_finfo_t info;
    const char *text;
    apr_size_t length;
    apr_hash_t *issuers = NULL;

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
        issuers = parse(text, length, pool);
    if (!issuers) {
        orc_log(ORC_LOG_ERROR, "the key file %s can not be read as a JWK set; the keys stay as they were", jwks->path);
        apr_pool_destroy(pool);
        return;
    }
    if (jwks->snapshot_pool)
        apr_pool_destroy(jwks->snapshot_pool);
    jwks->snapshot_pool = pool;
    jwks->issuers = issuers;
}

const char *mo_jwks_issuer(mo_jwks_t *jwks, const char *kid, apr_time_t now, apr_pool_t *pool)
{
    const char *issuer;

    apr_thread_mutex_lock(jwks->mutex);
    if (now - jwks->looked_at >= APR_USEC_PER_SEC || now < jwks->looked_at) {
        jwks->looked_at = now;
        refresh(jwks);
    }
    issuer = jwks->issuers ? apr_hash_get(jwks->issuers, kid, APR_HASH_KEY_STRING) : NULL;
    issuer = apr_pstrdup(pool, issuer);
    apr_thread_mutex_unlock(jwks->mutex);
    return issuer;
}
