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
    size_t signature;  /* bytes of one, as RFC 7518, section 3.4, demands; 0: as many as the key has */
} mo_algorithm_t;

/** The algorithm of that name; NULL unless it is an asymmetric one. */
const mo_algorithm_t *mo_jws_algorithm(const char *name);

/** True when a key (a JSON Web Key) is one that the algorithm takes: of its type and curve, and for no other algorithm.
 */
int mo_jws_fits(const mo_algorithm_t *algorithm, const json_t *key);

/** True when the token (three parts) was signed with the private half of `key`, the text of a JSON Web Key. */
int mo_jws_is_signed_by(const char *token, const char *key);

#endif
