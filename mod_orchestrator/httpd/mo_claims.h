/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef MO_CLAIMS_H
#define MO_CLAIMS_H

#include "mo_jws.h"
#include "orc_config.h"
#include "orc_identity.h"

/* What an access token (a compact JWS, RFC 7515) says. */

/** Bytes of a token: as many as the LimitRequestFieldSize of conf/orchestrator.conf lets through behind "Authorization:
 * Bearer ". */
enum { MO_CLAIMS_MAX_TOKEN = 65536 - (int)sizeof "Authorization: Bearer " + 1 };

/** A token that was read, before anything of it is believed. */
typedef struct mo_token_t {
    const char *text;
    const mo_algorithm_t *algorithm;
    const char *kid;      /* NULL: the key is not named */
    const json_t *claims; /* an object */
} mo_token_t;

/**
 * Reads a token.
 * @param token keeps `text`; the rest of it lives in `pool`
 * @return 401 "token" unless it is a JWS of an asymmetric algorithm that asks for nothing unknown here
 */
orc_error_t *mo_claims_read(mo_token_t *token, const char *text, apr_pool_t *pool);

/**
 * Checks the claims of a token that a key of `issuer` has signed, and makes an identity of it.
 * @param identity in `pool`; user_id stays empty, and groups NULL when the token has no claim for them and is no
 *                 service account's
 * @param issuer   the one that the claim iss names
 * @param now      microseconds since 1970
 * @return 401 "token" when aud, exp, nbf, iat, sub or the groups are not as they must be
 */
orc_error_t *mo_claims_identity(orc_identity_t **identity, const orc_issuer_config_t *issuer, const mo_token_t *token,
                                apr_time_t now, apr_pool_t *pool);

/**
 * Gives an identity its groups, and what follows from them, is_admin.
 * @param claim the groups claim, not null: a list of texts and of objects with a name, or one text
 * @return 401 "token" when no groups can be read of it at all
 */
orc_error_t *mo_claims_groups(orc_identity_t *identity, const orc_issuer_config_t *issuer, const json_t *claim,
                              apr_pool_t *pool);

/** 403 "groups" when a person with known groups is no administrator, no service account and in none of the issuer's
 * authorised groups. */
orc_error_t *mo_claims_authorise(const orc_identity_t *identity, const orc_issuer_config_t *issuer, apr_pool_t *pool);

#endif
