/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef MO_TOKENS_H
#define MO_TOKENS_H

#include <sodium.h>

#include "orc_identity.h"

/* Tokens that a process has found good, and whom they speak for: the next requests with one parse and verify nothing.
 * Bounded in tokens and in bytes; the least recently used goes first. Thread-safe, and divided, so that threads rarely
 * wait for each other. Whether a token has expired and its key still counts, who asks finds out. */

enum {
    MO_TOKENS_MAX = 16384,                  /* tokens */
    MO_TOKENS_MAX_BYTES = 16 * 1024 * 1024, /* of what is known of them */
    MO_TOKENS_LONGEST = 96 * 1024           /* bytes of one that are remembered */
};

typedef struct mo_tokens_t mo_tokens_t;

/** What a token is found again by: its SHA-256. */
typedef struct mo_fingerprint_t {
    unsigned char bytes[crypto_hash_sha256_BYTES];
} mo_fingerprint_t;

void mo_tokens_take_fingerprint(mo_fingerprint_t *fingerprint, const char *token);

/** Makes the memory of one process; it ends with `pool`. NULL when the system refuses a mutex. */
mo_tokens_t *mo_tokens_make(apr_pool_t *pool);

/**
 * Remembers an identity: all of it but access_token and user_id. identity->issuer is kept as it is, not copied.
 * @param generation of the issuer's keys, given back by mo_tokens_recall
 */
void mo_tokens_remember(mo_tokens_t *tokens, const mo_fingerprint_t *fingerprint, const orc_identity_t *identity,
                        unsigned generation);

/** The identity, in `pool`, without access_token and user_id; NULL when the token is not remembered. */
orc_identity_t *mo_tokens_recall(unsigned *generation, mo_tokens_t *tokens, const mo_fingerprint_t *fingerprint,
                                 apr_pool_t *pool);

#endif
