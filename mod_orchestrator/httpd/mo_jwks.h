/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef MO_JWKS_H
#define MO_JWKS_H

#include <apr_pools.h>
#include <apr_time.h>

#include "mo_jws.h"
#include "orc_config.h"

/* The keys that tokens may be signed with: the file that the daemon merges (OrchestratorJwksFile), each key with its
 * issuer in the member "iss". Each issuer's keys are a set of their own here. Read again when the file changes; shared
 * by the threads of a process. */

typedef struct mo_jwks_t mo_jwks_t;

/** Makes the reader of config->jwks_file, which need not exist yet; `config` is kept. NULL: there is no mutex. */
mo_jwks_t *mo_jwks_make(const orc_config_t *config, apr_pool_t *pool);

/**
 * The generation of an issuer's keys: another number after any change of them. Costs no lock but once a second, when
 * the file's time is looked at; a file that can't be read or parsed leaves all keys as they were.
 * @param issuer one of the configuration's
 */
unsigned mo_jwks_generation(mo_jwks_t *jwks, const orc_issuer_config_t *issuer, apr_time_t now);

/** True when an issuer's keys are known, which may be none; false as long as it could not be asked for them, and when
 * it could not for so long that they are not trusted any more. */
int mo_jwks_is_known(mo_jwks_t *jwks, const orc_issuer_config_t *issuer, apr_time_t now);

/**
 * The key of an issuer that a token says to be signed with.
 * @param algorithm the key is one that it takes
 * @param kid       the key's id, exactly; NULL: the issuer's only key that the algorithm takes
 * @return the key as text, copied into `pool`; NULL when there is none, or more than one
 */
const char *mo_jwks_key(mo_jwks_t *jwks, const orc_issuer_config_t *issuer, const mo_algorithm_t *algorithm,
                        const char *kid, apr_time_t now, apr_pool_t *pool);

#endif
