/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_hash.h"

#include <pthread.h>
#include <sodium.h>
#include <string.h>

/* Of the process, because APR gives a hash function nothing but the text. */
static unsigned char key[crypto_shorthash_KEYBYTES];
static pthread_once_t key_once = PTHREAD_ONCE_INIT;

static void draw_key(void)
{
    randombytes_buf(key, sizeof key);
}

static unsigned hash(const char *text, apr_ssize_t *length)
{
    unsigned char digest[crypto_shorthash_BYTES];
    unsigned value;

    if (*length == APR_HASH_KEY_STRING)
        *length = (apr_ssize_t)strlen(text);
    crypto_shorthash(digest, (const unsigned char *)text, (unsigned long long)*length, key);
    memcpy(&value, digest, sizeof value);
    return value;
}

apr_hash_t *orc_hash_make(apr_pool_t *pool)
{
    pthread_once(&key_once, draw_key);
    return apr_hash_make_custom(pool, hash);
}
