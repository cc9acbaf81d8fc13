/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef MO_IDENTITY_H
#define MO_IDENTITY_H

#include "orc_config.h"
#include "orc_identity.h"
#include "orc_userinfo.h"

/* From an access token to the person it speaks for. Behind this stand mo_claims (what it says), mo_jwks and mo_jws (who
 * signed it), mo_tokens (what was found out before) and the issuers' userinfo (groups that it doesn't tell). */

typedef struct mo_identities_t mo_identities_t;

/**
 * Makes what the threads of one process share.
 * @param config      kept
 * @param oidc        the client of the token issuers, kept
 * @param keys_wanted set to 1 when a token names a key that its issuer is not known to have
 * @param pool        has an allocator with a lock
 * @return NULL when the system refuses a mutex
 */
mo_identities_t *mo_identities_make(const orc_config_t *config, orc_userinfo_t *userinfo,
                                    volatile apr_uint32_t *keys_wanted, apr_pool_t *pool);

/**
 * The person who a token speaks for. Only a key of the very issuer that `iss` names makes it speak.
 * @param identity in `pool`, as is `token`; user_id stays empty
 * @param now      microseconds since 1970
 * @return 401 "token" when it is not acceptable, 403 "groups" when its person may not use the service, 503,
 * retriable, "jwks" (ORC_REASON_UNVERIFIED) when its issuer's keys are not known, and "oidc.userinfo" when the issuer
 * can't be asked for the groups that it doesn't tell
 */
orc_error_t *mo_identities_find(orc_identity_t **identity, mo_identities_t *identities, const char *token,
                                apr_time_t now, apr_pool_t *pool);

#endif
