/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_identity.h"

#include <apr_strings.h>
#include <string.h>

#include "mo_claims.h"
#include "mo_fruitless.h"
#include "mo_jwks.h"
#include "mo_shared.h"
#include "mo_tokens.h"
#include "orc_time.h"

struct mo_identities_t {
    const orc_config_t *config;
    orc_userinfo_t *userinfo;
    volatile apr_uint32_t *keys_wanted;
    mo_jwks_t *jwks;
    mo_tokens_t *tokens;
    mo_fruitless_t *fruitless;
};

mo_identities_t *mo_identities_make(const orc_config_t *config, orc_userinfo_t *userinfo,
                                    volatile apr_uint32_t *keys_wanted, apr_pool_t *pool)
{
    mo_identities_t *identities = apr_pcalloc(pool, sizeof *identities);

    identities->config = config;
    identities->userinfo = userinfo;
    identities->keys_wanted = keys_wanted;
    identities->jwks = mo_jwks_make(config, pool);
    identities->tokens = mo_tokens_make(pool);
    identities->fruitless = mo_fruitless_make(pool);
    return identities->jwks && identities->tokens && identities->fruitless ? identities : NULL;
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
                                   const orc_userinfo_turn_t *turn, apr_pool_t *pool)
{
    const json_t *groups;
    json_t *claims;

    ORC_TRY(orc_userinfo_ask(&claims, identities->userinfo, turn, identity->access_token, pool));
    groups = json_object_get(claims, turn->issuer->groups_claim);
    if (groups && !json_is_null(groups))
        return mo_claims_groups(identity, turn->issuer, groups, pool);
    identity->groups = apr_array_make(pool, 0, sizeof(const char *));
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

/* Asks, unless somebody else has asked about the same token since then. */
static orc_error_t *ask_once(orc_identity_t **identity, mo_identities_t *identities, const orc_userinfo_turn_t *turn,
                             const mo_fingerprint_t *fingerprint, unsigned generation, apr_time_t since, apr_time_t now,
                             apr_pool_t *pool)
{
    orc_identity_t *known = recall(identities, fingerprint, (*identity)->access_token, now, pool);
    orc_error_t *error;

    if (known) {
        *identity = known;
        return NULL;
    }
    ORC_TRY(mo_fruitless_recall(identities->fruitless, fingerprint, since, pool));
    error = ask_for_groups(*identity, identities, turn, pool);
    if (error)
        mo_fruitless_remember(identities->fruitless, fingerprint, error);
    else
        mo_tokens_remember(identities->tokens, fingerprint, *identity, generation);
    return error;
}

/* What comes with the same token meanwhile has its answer from who asked. */
static orc_error_t *ask_in_turn(orc_identity_t **identity, mo_identities_t *identities,
                                const orc_issuer_config_t *issuer, const mo_fingerprint_t *fingerprint,
                                unsigned generation, apr_time_t now, apr_pool_t *pool)
{
    apr_time_t since = orc_time_monotonic();
    orc_userinfo_turn_t turn;
    orc_error_t *error;

    ORC_TRY(mo_fruitless_recall(identities->fruitless, fingerprint, 0, pool));
    ORC_TRY(orc_userinfo_begin(&turn, identities->userinfo, issuer, (*identity)->subject, pool));
    error = ask_once(identity, identities, &turn, fingerprint, generation, since, now, pool);
    orc_userinfo_end(identities->userinfo, &turn);
    return error;
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
        return ask_in_turn(identity, identities, issuer, fingerprint, generation, now, pool);
    mo_tokens_remember(identities->tokens, fingerprint, *identity, generation);
    return NULL;
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
