/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef MO_CLAIMS_H
#define MO_CLAIMS_H

#include "orc_request.h"

/* What an access token (a compact JWS, RFC 7515) says. Signatures are mod_auth_openidc's matter; everything that it
 * leaves unchecked is checked here. */

/** The protected header as far as it decides which key may have signed. */
typedef struct mo_token_header_t {
    const char *kid;
    const char *algorithm;
} mo_token_header_t;

/**
 * Reads a token's header, before anything of it is believed.
 * @return 401 "token" unless it is a JWS with a key id and an asymmetric signature algorithm
 */
orc_error_t *mo_claims_header(mo_token_header_t *header, const char *token, apr_pool_t *pool);

/**
 * Checks the payload of a token whose signature was verified, and makes an identity of it.
 * @param identity   in `pool`; user_id stays empty
 * @param key_issuer issuer that the signing key belongs to
 * @param now        microseconds since 1970
 * @return 401 "token" when iss, aud, exp, nbf, iat or sub is not as it must be; 403 "groups" when the person is in none
 * of the issuer's authorised groups
 */
orc_error_t *mo_claims_identity(orc_identity_t **identity, const orc_config_t *config, const char *key_issuer,
                                const char *token, apr_time_t now, apr_pool_t *pool);

#endif
