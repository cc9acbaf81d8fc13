/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_identity.h"

#include "mo_claims.h"
#include "mo_jwks.h"
#include "mo_shared.h"
#include "mo_tokens.h"

static const apr_interval_time_t ask_for = 2 * APR_USEC_PER_SEC; /* bound of a look at userinfo */

struct mo_identities_t {
    const orc_config_t *config;
    orc_oidc_t *oidc;
    volatile apr_uint32_t *keys_wanted;
    mo_jwks_t *jwks;
    mo_tokens_t *tokens;
};

mo_identities_t *mo_identities_make(const orc_config_t *config, orc_oidc_t *oidc, volatile apr_uint32_t *keys_wanted,
                                    apr_pool_t *pool)
{
    mo_identities_t *identities = apr_pcalloc(pool, sizeof *identities);

    identities->config = config;
    identities->oidc = oidc;
    identities->keys_wanted = keys_wanted;
    identities->jwks = mo_jwks_make(config, pool);
    identities->tokens = mo_tokens_make(pool);
    return identities->jwks && identities->tokens ? identities : NULL;
}

/* Why there is no key for a token. */
static orc_error_t *no_key(mo_identities_t *identities, const mo_token_t *token, const orc_issuer_config_t *issuer,
                           apr_time_t now, apr_pool_t *pool)
{
    orc_error_t *error;

    /* The daemon asks for them again and again; strangers can not make it ask sooner. */
    if (!mo_jwks_is_known(identities->jwks, issuer, now)) {
        error = orc_error(pool, 503, "jwks", "The keys of the access token's issuer could not be fetched yet.");
        error->retriable = 1;
        error->reason = ORC_REASON_UNVERIFIED;
        return error;
    }
    if (!token->kid)
        return orc_error(pool, 401, "token",
                         "The access token does not name the key that signed it, and its issuer has not just one.");
    mo_set(*identities->keys_wanted, 1);
    return orc_error(pool, 401, "token",
                     "The access token was signed with a key that its issuer is not known to have.");
}

/* A key signs for the issuer that published it and for nobody else, whatever ids others give to theirs. */
static orc_error_t *verify(mo_identities_t *identities, const mo_token_t *token, const orc_issuer_config_t *issuer,
                           apr_time_t now, apr_pool_t *pool)
{
    const char *key = mo_jwks_key(identities->jwks, issuer, token->algorithm, token->kid, now, pool);

    if (!key)
        return no_key(identities, token, issuer, now, pool);
    if (!mo_jws_is_signed_by(token->text, key))
        return orc_error(pool, 401, "token", "The access token's signature is not valid.");
    return NULL;
}

/* What the token doesn't tell of a person's groups, the issuer does. */
static orc_error_t *ask_for_groups(orc_identity_t *identity, mo_identities_t *identities,
                                   const orc_issuer_config_t *issuer, apr_pool_t *pool)
{
    const json_t *groups;
    json_t *claims;

    ORC_TRY(
        orc_oidc_userinfo(&claims, identities->oidc, issuer, identity->access_token, identity->subject, ask_for, pool));
    groups = json_object_get(claims, issuer->groups_claim);
    if (groups && !json_is_null(groups))
        return mo_claims_groups(identity, issuer, groups, pool);
    identity->groups = apr_array_make(pool, 0, sizeof(const char *));
    return NULL;
}

/* Finds everything out; what it costs, a token costs once in a process. */
static orc_error_t *examine(orc_identity_t **identity, mo_identities_t *identities, const mo_fingerprint_t *fingerprint,
                            const char *text, apr_time_t now, apr_pool_t *pool)
{
    const orc_issuer_config_t *issuer;
    unsigned generation;
    mo_token_t token;
    const char *iss;

    ORC_TRY(mo_claims_read(&token, text, pool));
    iss = orc_json_string(token.claims, "iss");
    issuer = iss ? orc_config_issuer(identities->config, iss) : NULL;
    if (!issuer)
        return orc_error(pool, 401, "token", "The access token's issuer is not accepted here.");
    /* Before the key is taken: when the keys change meanwhile, what is remembered counts for nothing. */
    generation = mo_jwks_generation(identities->jwks, issuer, now);
    ORC_TRY(verify(identities, &token, issuer, now, pool));
    ORC_TRY(mo_claims_identity(identity, issuer, &token, now, pool));
    if (!(*identity)->groups)
        ORC_TRY(ask_for_groups(*identity, identities, issuer, pool));
    mo_tokens_remember(identities->tokens, fingerprint, *identity, generation);
    return NULL;
}

/* What is known of a token, as long as it has not expired and its issuer's keys are the same. */
static orc_identity_t *recall(mo_identities_t *identities, const mo_fingerprint_t *fingerprint, const char *text,
                              apr_time_t now, apr_pool_t *pool)
{
    const orc_issuer_config_t *issuer;
    unsigned generation;
    orc_identity_t *identity = mo_tokens_recall(&generation, identities->tokens, fingerprint, pool);

    if (!identity || apr_time_sec(identity->expires) <= apr_time_sec(now))
        return NULL;
    issuer = orc_config_issuer(identities->config, identity->issuer);
    if (generation != mo_jwks_generation(identities->jwks, issuer, now))
        return NULL;
    identity->access_token = text;
    return identity;
}

orc_error_t *mo_identities_find(orc_identity_t **identity, mo_identities_t *identities, const char *token,
                                apr_time_t now, apr_pool_t *pool)
{
    mo_fingerprint_t fingerprint;

    mo_tokens_take_fingerprint(&fingerprint, token);
    *identity = recall(identities, &fingerprint, token, now, pool);
    if (!*identity)
        ORC_TRY(examine(identity, identities, &fingerprint, token, now, pool));
    return mo_claims_authorise(*identity, orc_config_issuer(identities->config, (*identity)->issuer), pool);
}
