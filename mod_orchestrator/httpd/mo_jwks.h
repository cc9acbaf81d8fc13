/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef MO_JWKS_H
#define MO_JWKS_H

#include <apr_pools.h>
#include <apr_time.h>

/* The keys that tokens may be signed with: the file that the daemon merges (OrchestratorJwksFile), each key with its
 * issuer in the member "iss". Read again when the file changes; shared by the threads of a process. */

typedef struct mo_jwks_t mo_jwks_t;

/** Makes the reader; the file need not exist yet. Lives in `pool`. */
mo_jwks_t *mo_jwks_make(const char *path, apr_pool_t *pool);

/**
 * Issuer of the key with that id, copied into `pool`; NULL when no such key is known. Looks at the file's time at most
 * once a second; a file that can't be read or parsed leaves the keys as they were.
 */
const char *mo_jwks_issuer(mo_jwks_t *jwks, const char *kid, apr_time_t now, apr_pool_t *pool);

#endif
