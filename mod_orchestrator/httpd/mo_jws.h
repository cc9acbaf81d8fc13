/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef MO_JWS_H
#define MO_JWS_H

#include <apr_pools.h>
#include <jansson.h>

/* Signatures of compact JWS (RFC 7515) with public keys (RFC 7517, RFC 7518). */

/** A signature algorithm and the keys that it takes. */
typedef struct mo_algorithm_t {
    const char *name;
    const char *type;  /* kty */
    const char *curve; /* crv, NULL when keys of the type have none */
} mo_algorithm_t;

/** The algorithm of that name; NULL unless it is an asymmetric one. */
const mo_algorithm_t *mo_jws_algorithm(const char *name);

/** True when a key (a JSON Web Key) is one that the algorithm takes. */
int mo_jws_fits(const mo_algorithm_t *algorithm, const json_t *key);

/** The signatures that were found good: a token comes with many requests, and its mathematics takes a while. */
typedef struct mo_jws_memory_t mo_jws_memory_t;

/** Makes the memory of one process, for all its threads; it lives in `pool`. NULL: there is no mutex to be had. */
mo_jws_memory_t *mo_jws_memory_make(apr_pool_t *pool);

/**
 * True when the token (three parts) was signed with the private half of `key`, the text of a JSON Web Key.
 * @param memory may be NULL
 */
int mo_jws_is_signed_by(mo_jws_memory_t *memory, const char *token, const char *key);

#endif
