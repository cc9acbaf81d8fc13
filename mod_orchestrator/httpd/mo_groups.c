/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_groups.h"

#include <apr_strings.h>
#include <apr_thread_mutex.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "orc_oidc.h"

enum {
    SLOTS = 1024,       /* tokens that a process remembers */
    MAX_TEXT = 1 << 16, /* bytes of a claim that are remembered */
};

static const apr_interval_time_t ask_for = 2 * APR_USEC_PER_SEC; /* bound of a look at userinfo */

typedef struct slot_t {
    unsigned char fingerprint[crypto_hash_sha256_BYTES]; /* of the token */
    char *text;                                          /* the claim as JSON, allocated; NULL: the slot is empty */
    apr_time_t expires;
} slot_t;

struct mo_groups_t {
    const orc_config_t *config;
    orc_oidc_t *oidc;
    apr_thread_mutex_t *lock;
    slot_t slots[SLOTS]; /* a token's place follows from its fingerprint; who comes later displaces */
};

static apr_status_t forget_all(void *baton)
{
    mo_groups_t *groups = baton;
    int i;

    for (i = 0; i < SLOTS; i++)
        free(groups->slots[i].text);
    return APR_SUCCESS;
}

mo_groups_t *mo_groups_make(const orc_config_t *config, apr_pool_t *pool)
{
    mo_groups_t *groups = apr_pcalloc(pool, sizeof *groups);

    groups->config = config;
    if (apr_thread_mutex_create(&groups->lock, APR_THREAD_MUTEX_DEFAULT, pool) != APR_SUCCESS ||
        orc_oidc_make(&groups->oidc, config, pool))
        return NULL;
    apr_pool_cleanup_register(pool, groups, forget_all, apr_pool_cleanup_null);
    return groups;
}

static slot_t *slot_of(mo_groups_t *groups, const unsigned char *fingerprint)
{
    return &groups->slots[(((unsigned)fingerprint[0] << 8) | fingerprint[1]) % SLOTS];
}

static const char *recall(mo_groups_t *groups, const unsigned char *fingerprint, apr_pool_t *pool)
{
    const slot_t *slot = slot_of(groups, fingerprint);
    const char *text = NULL;

    apr_thread_mutex_lock(groups->lock);
    if (slot->text && slot->expires > apr_time_now() &&
        memcmp(slot->fingerprint, fingerprint, sizeof slot->fingerprint) == 0)
        text = apr_pstrdup(pool, slot->text);
    apr_thread_mutex_unlock(groups->lock);
    return text;
}

static void remember(mo_groups_t *groups, const unsigned char *fingerprint, const char *text, apr_time_t expires)
{
    slot_t *slot = slot_of(groups, fingerprint);
    char *copy = strlen(text) <= MAX_TEXT ? strdup(text) : NULL;

    if (!copy)
        return;
    apr_thread_mutex_lock(groups->lock);
    free(slot->text);
    memcpy(slot->fingerprint, fingerprint, sizeof slot->fingerprint);
    slot->text = copy;
    slot->expires = expires;
    apr_thread_mutex_unlock(groups->lock);
}

static orc_error_t *ask_issuer(const char **text, mo_groups_t *groups, const orc_identity_t *identity, apr_pool_t *pool)
{
    const orc_issuer_config_t *issuer = orc_config_issuer(groups->config, identity->issuer);
    const json_t *claim;
    const char *subject;
    json_t *claims;

    ORC_TRY(orc_oidc_userinfo(&claims, groups->oidc, issuer, identity->access_token, ask_for, pool));
    subject = orc_json_string(claims, "sub");
    if (!subject || strcmp(subject, identity->subject) != 0)
        return orc_error(pool, 503, "oidc.userinfo", "The issuer tells of another person.");
    claim = json_object_get(claims, issuer->groups_claim);
    *text = claim ? orc_json_text(claim, pool) : "null";
    return NULL;
}

orc_error_t *mo_groups_ask(const json_t **claim, mo_groups_t *groups, const orc_identity_t *identity, apr_pool_t *pool)
{
    unsigned char fingerprint[crypto_hash_sha256_BYTES];
    const char *text;
    json_t *parsed;

    crypto_hash_sha256(fingerprint, (const unsigned char *)identity->access_token, strlen(identity->access_token));
    text = recall(groups, fingerprint, pool);
    if (!text) {
        ORC_TRY(ask_issuer(&text, groups, identity, pool));
        remember(groups, fingerprint, text, identity->expires);
    }
    ORC_TRY(orc_json_parse(&parsed, text, strlen(text), pool));
    *claim = json_is_null(parsed) ? NULL : parsed;
    return NULL;
}
