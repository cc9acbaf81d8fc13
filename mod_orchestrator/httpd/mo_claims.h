/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef MO_CLAIMS_H
#define MO_CLAIMS_H

#include "mo_jws.h"
#include "orc_request.h"

/* What an access token (a compact JWS, RFC 7515) says. */

/** Bytes of a token: as many as the LimitRequestFieldSize of conf/orchestrator.conf lets through behind "Authorization:
 * Bearer ". */
enum { MO_CLAIMS_MAX_TOKEN = 65536 - (int)sizeof "Authorization: Bearer " + 1 };

/** What a token says of who signed it, before anything of it is believed. */
typedef struct mo_token_header_t {
    const mo_algorithm_t *algorithm;
    const char *kid;    /* NULL: the key is not named */
    const char *issuer; /* the claim iss, or NULL */
} mo_token_header_t;

/**
 * Reads what decides which key may have signed a token.
 * @return 401 "token" unless it is a JWS of an asymmetric algorithm that asks for nothing unknown here
 */
orc_error_t *mo_claims_header(mo_token_header_t *header, const char *token, apr_pool_t *pool);

/**
 * Checks the payload of a token whose signature was verified, and makes an identity of it.
 * @param identity   in `pool`; user_id stays empty, and groups NULL when the token has no claim for them
 * @param key_issuer issuer that the signing key belongs to
 * @param now        microseconds since 1970
 * @return 401 "token" when iss, aud, exp, nbf, iat, sub or the groups are not as they must be
 */
orc_error_t *mo_claims_identity(orc_identity_t **identity, const orc_config_t *config, const char *key_issuer,
                                const char *token, apr_time_t now, apr_pool_t *pool);

/**
 * Gives an identity its groups, and what follows from them, is_admin.
 * @param claim the groups claim, not null: a list of texts and of objects with a name, or one text
 * @return 401 "token" when no groups can be read of it at all
 */
orc_error_t *mo_claims_groups(orc_identity_t *identity, const orc_issuer_config_t *issuer, const json_t *claim,
                              apr_pool_t *pool);

/** 403 "groups" when a person with known groups is no administrator and in none of the issuer's authorised groups. */
orc_error_t *mo_claims_authorise(const orc_identity_t *identity, const orc_issuer_config_t *issuer, apr_pool_t *pool);

#endif
