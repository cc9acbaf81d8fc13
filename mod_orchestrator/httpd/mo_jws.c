/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_jws.h"

#include <apr_thread_mutex.h>
#include <cjose/cjose.h>
#include <sodium.h>
#include <string.h>

#include "orc_json.h"

/* RFC 7518, section 3.1. */
static const mo_algorithm_t algorithms[] = {
    {"RS256", "RSA", NULL},   {"RS384", "RSA", NULL},   {"RS512", "RSA", NULL},
    {"PS256", "RSA", NULL},   {"PS384", "RSA", NULL},   {"PS512", "RSA", NULL},
    {"ES256", "EC", "P-256"}, {"ES384", "EC", "P-384"}, {"ES512", "EC", "P-521"},
};

const mo_algorithm_t *mo_jws_algorithm(const char *name)
{
    size_t i;

    for (i = 0; name && i < sizeof algorithms / sizeof *algorithms; i++) {
        if (strcmp(name, algorithms[i].name) == 0)
            return &algorithms[i];
    }
    return NULL;
}

static int is(const json_t *key, const char *member, const char *value)
{
    const char *given = orc_json_string(key, member);

    return !value || (given && strcmp(given, value) == 0);
}

int mo_jws_fits(const mo_algorithm_t *algorithm, const json_t *key)
{
    return is(key, "kty", algorithm->type) && is(key, "crv", algorithm->curve);
}

/* ---- what was verified ---- */

enum { SLOTS = 4096 };

/* That a key has signed a token is true for ever; whether the key counts and the token is in time, others ask. */
struct mo_jws_memory_t {
    apr_thread_mutex_t *lock;
    unsigned char slots[SLOTS][crypto_hash_sha256_BYTES]; /* of token and key; who comes later displaces */
};

mo_jws_memory_t *mo_jws_memory_make(apr_pool_t *pool)
{
    mo_jws_memory_t *memory = apr_pcalloc(pool, sizeof *memory);

    return apr_thread_mutex_create(&memory->lock, APR_THREAD_MUTEX_DEFAULT, pool) == APR_SUCCESS ? memory : NULL;
}

static void take_fingerprint(unsigned char *fingerprint, const char *token, const char *key)
{
    crypto_hash_sha256_state state;

    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, (const unsigned char *)token, strlen(token) + 1); /* with its end */
    crypto_hash_sha256_update(&state, (const unsigned char *)key, strlen(key));
    crypto_hash_sha256_final(&state, fingerprint);
}

static unsigned char *slot_of(mo_jws_memory_t *memory, const unsigned char *fingerprint)
{
    return memory->slots[(((unsigned)fingerprint[0] << 8) | fingerprint[1]) % SLOTS];
}

static int verify(const char *token, const char *key)
{
    cjose_jwk_t *imported = cjose_jwk_import(key, strlen(key), NULL);
    cjose_jws_t *jws = imported ? cjose_jws_import(token, strlen(token), NULL) : NULL;
    int is_signed = jws && cjose_jws_verify(jws, imported, NULL);

    cjose_jws_release(jws);
    cjose_jwk_release(imported);
    return is_signed;
}

int mo_jws_is_signed_by(mo_jws_memory_t *memory, const char *token, const char *key)
{
    unsigned char fingerprint[crypto_hash_sha256_BYTES];
    int is_known;

    if (!memory)
        return verify(token, key);
    take_fingerprint(fingerprint, token, key);
    apr_thread_mutex_lock(memory->lock);
    is_known = memcmp(slot_of(memory, fingerprint), fingerprint, sizeof fingerprint) == 0;
    apr_thread_mutex_unlock(memory->lock);
    if (is_known)
        return 1;
    if (!verify(token, key))
        return 0;
    apr_thread_mutex_lock(memory->lock);
    memcpy(slot_of(memory, fingerprint), fingerprint, sizeof fingerprint);
    apr_thread_mutex_unlock(memory->lock);
    return 1;
}
