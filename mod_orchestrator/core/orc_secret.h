/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_SECRET_H
#define ORC_SECRET_H

#include "orc_error.h"
#include "orc_json.h"

/** The key that seals secrets at rest (XSalsa20-Poly1305, libsodium's secretbox). */
typedef struct orc_secret_key_t {
    unsigned char bytes[32];
} orc_secret_key_t;

/** Prepares libsodium; called once before anything else of this file and before orc_id_new. */
orc_error_t *orc_secret_init(apr_pool_t *pool);

/**
 * Reads a key file: 32 bytes in base64 or in 64 hexadecimal digits, white space around them ignored.
 * @return 500 "secret.key" when it can't be read, has another length, or others than its owner may read it
 */
orc_error_t *orc_secret_key_load(orc_secret_key_t *key, const char *path, apr_pool_t *pool);

/** Seals a text: base64 of nonce and box, in the pool. NULL in, NULL out. */
const char *orc_secret_seal(const orc_secret_key_t *key, const char *text, apr_pool_t *pool);

/** Opens what orc_secret_seal made; *out is in the pool. 500 "secret.open" when it was sealed with another key. */
orc_error_t *orc_secret_open(char **out, const orc_secret_key_t *key, const char *sealed, apr_pool_t *pool);

/** SHA-256 of some bytes in lower-case hexadecimal digits, in the pool. */
const char *orc_secret_sha256(const void *bytes, apr_size_t length, apr_pool_t *pool);

#endif
