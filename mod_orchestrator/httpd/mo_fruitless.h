/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef MO_FRUITLESS_H
#define MO_FRUITLESS_H

#include "mo_tokens.h"
#include "orc_error.h"

/* What an issuer's userinfo last said of a token that it refuses, or of a person of whom it tells nothing of use: who
 * sends such a token again and again has the same answer for some seconds, and takes no worker and no place of those
 * who ask. Bounded: of many the latest are remembered. Thread-safe. */

typedef struct mo_fruitless_t mo_fruitless_t;

/** Makes the memory of one process; it ends with `pool`. NULL when the system refuses a mutex. */
mo_fruitless_t *mo_fruitless_make(apr_pool_t *pool);

/** Remembers what a token came to: `error`, whose code is a literal. One that may pass by itself is not remembered. */
void mo_fruitless_remember(mo_fruitless_t *fruitless, const mo_fingerprint_t *fingerprint, const orc_error_t *error);

/**
 * The same error, in `pool`; NULL when the token is to be asked about: nothing is known against it, or for so long that
 * one has to ask again.
 * @param since what was remembered before counts for nothing, on orc_time_monotonic's clock; 0: what is known counts
 */
orc_error_t *mo_fruitless_recall(mo_fruitless_t *fruitless, const mo_fingerprint_t *fingerprint, apr_time_t since,
                                 apr_pool_t *pool);

#endif
