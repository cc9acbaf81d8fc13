/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_identity.h"

#include <apr_strings.h>
#include <string.h>

#include "mo_claims.h"
#include "mo_fruitless.h"
#include "mo_jwks.h"
#include "mo_shared.h"
#include "mo_tokens.h"
#include "orc_gate.h"
#include "orc_secret.h"
#include "orc_time.h"

static const apr_interval_time_t ask_for = 2 * APR_USEC_PER_SEC; /* bound of a look at userinfo */

/* Requests of this process that ask at userinfo or wait for who does: of one person as many as a page in a browser
 * sends at once, of one issuer some more. Each holds a worker. */
enum { OF_PERSON = 10, OF_ISSUER = 12, OF_ALL = 256 };

struct mo_identities_t {
    const orc_config_t *config;
    orc_oidc_t *oidc;
    volatile apr_uint32_t *keys_wanted;
    mo_jwks_t *jwks;
    mo_tokens_t *tokens;
    mo_fruitless_t *fruitless;
    orc_gate_t *of_issuer, *of_person;  /* who asks at userinfo or waits for it */
    orc_gate_t *asking, *asking_issuer; /* who asks, by person; of these, by issuer */
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
    identities->fruitless = mo_fruitless_make(pool);
    identities->of_issuer = orc_gate_make(NULL, OF_ALL, OF_ISSUER, pool);
    identities->of_person = orc_gate_make(NULL, OF_ALL, OF_PERSON, pool);
    identities->asking = orc_gate_make(NULL, OF_ALL, 1, pool);
    identities->asking_issuer = orc_gate_make(NULL, OF_ALL, ORC_OIDC_ASKED, pool);
    return identities->jwks && identities->tokens && identities->fruitless && identities->of_issuer &&
                   identities->of_person && identities->asking && identities->asking_issuer
               ? identities
               : NULL;
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

static orc_error_t *busy(const orc_issuer_config_t *issuer, apr_pool_t *pool)
{
    orc_error_t *error =
        orc_error(pool, 503, "oidc.busy", "The token issuer %s: too many requests ask it at this moment.", issuer->url);

    error->retriable = 1;
    error->reason = ORC_REASON_TOO_MANY;
    error->retry_after = 1;
    return error;
}

/* A gate's key of any text. */
static const char *key_of(const char *text, apr_pool_t *pool)
{
    return apr_pstrndup(pool, orc_secret_sha256(text, strlen(text), pool), ORC_GATE_KEY);
}

/* Asks, unless somebody else has asked about the same token since then. */
static orc_error_t *ask_once(orc_identity_t **identity, mo_identities_t *identities, const orc_issuer_config_t *issuer,
                             const mo_fingerprint_t *fingerprint, unsigned generation, apr_time_t since, apr_time_t now,
                             apr_pool_t *pool)
{
    const char *of_issuer = key_of(issuer->url, pool);
    orc_identity_t *known = recall(identities, fingerprint, (*identity)->access_token, now, pool);
    orc_error_t *error = NULL;

    if (known) {
        *identity = known;
        return NULL;
    }
    ORC_TRY(mo_fruitless_recall(identities->fruitless, fingerprint, since, pool));
    if (!orc_gate_enter(identities->asking_issuer, of_issuer, ask_for))
        return busy(issuer, pool);
    error = ask_for_groups(*identity, identities, issuer, pool);
    orc_gate_leave(identities->asking_issuer, of_issuer);
    if (error)
        mo_fruitless_remember(identities->fruitless, fingerprint, error);
    else
        mo_tokens_remember(identities->tokens, fingerprint, *identity, generation);
    return error;
}

/* A person asks once at a time: what comes with the same token meanwhile has its answer from who asked, and whoever has
 * to ask again and again, because their answer is nothing that is remembered, keeps nobody else from asking. */
static orc_error_t *ask_in_turn(orc_identity_t **identity, mo_identities_t *identities,
                                const orc_issuer_config_t *issuer, const mo_fingerprint_t *fingerprint,
                                unsigned generation, apr_time_t now, apr_pool_t *pool)
{
    const char *of_issuer = key_of(issuer->url, pool);
    const char *person = key_of(apr_pstrcat(pool, issuer->url, "\n", (*identity)->subject, NULL), pool);
    apr_time_t since = orc_time_monotonic();
    orc_error_t *error = busy(issuer, pool);

    ORC_TRY(mo_fruitless_recall(identities->fruitless, fingerprint, 0, pool));
    if (!orc_gate_enter(identities->of_person, person, 0))
        return error;
    if (orc_gate_enter(identities->of_issuer, of_issuer, 0)) {
        if (orc_gate_enter(identities->asking, person, ask_for)) {
            error = ask_once(identity, identities, issuer, fingerprint, generation, since, now, pool);
            orc_gate_leave(identities->asking, person);
        }
        orc_gate_leave(identities->of_issuer, of_issuer);
    }
    orc_gate_leave(identities->of_person, person);
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
