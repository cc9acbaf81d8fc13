/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef MO_JWKS_H
#define MO_JWKS_H

#include <apr_pools.h>
#include <apr_time.h>

#include "mo_jws.h"

/* The keys that tokens may be signed with: the file that the daemon merges (OrchestratorJwksFile), each key with its
 * issuer in the member "iss". Read again when the file changes; shared by the threads of a process. */

typedef struct mo_jwks_t mo_jwks_t;

/** Makes the reader; the file need not exist yet. Lives in `pool`. */
mo_jwks_t *mo_jwks_make(const char *path, apr_pool_t *pool);

/**
 * The key of an issuer that a token says to be signed with. Looks at the file's time at most once a second; a file that
 * can't be read or parsed leaves the keys as they were.
 * @param issuer    as configured
 * @param algorithm the key is one that it takes
 * @param kid       the key's id; NULL: the issuer's only key that the algorithm takes
 * @return the key as text, copied into `pool`; NULL when there is none, and without `kid` when there are several
 */
const char *mo_jwks_key(mo_jwks_t *jwks, const char *issuer, const mo_algorithm_t *algorithm, const char *kid,
                        apr_time_t now, apr_pool_t *pool);

/** Issuer of the key with that id, whichever it is, copied into `pool`; NULL when no such key is known. */
const char *mo_jwks_issuer(mo_jwks_t *jwks, const char *kid, apr_time_t now, apr_pool_t *pool);

#endif
