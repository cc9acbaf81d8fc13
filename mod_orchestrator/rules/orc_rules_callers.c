/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_rules_callers.h"

#include <apr_strings.h>
#include <apr_thread_mutex.h>
#include <sodium.h>
#include <string.h>

#include "orc_time.h"

enum {
    SLOTS = 16384,
    FINGERPRINT = crypto_hash_sha256_BYTES,
};

static const apr_time_t look_again = 10 * APR_USEC_PER_SEC;
static const apr_time_t worth_storing = 60 * APR_USEC_PER_SEC; /* a token that lives longer by so much */
static const apr_time_t longest_life = (apr_time_t)365 * 24 * 3600 * APR_USEC_PER_SEC; /* that is believed */

typedef struct slot_t {
    unsigned char fingerprint[FINGERPRINT]; /* of issuer and subject */
    char id[37];
    apr_time_t token_expires;
    apr_time_t seen; /* when the row was looked at, monotonic; 0: the slot is empty */
} slot_t;

struct orc_rules_callers_t {
    apr_thread_mutex_t *lock;
    slot_t *slots; /* a caller's place follows from the fingerprint; who comes later displaces */
};

orc_rules_callers_t *orc_rules_callers_make(apr_pool_t *pool)
{
    orc_rules_callers_t *callers = apr_pcalloc(pool, sizeof *callers);

    callers->slots = apr_pcalloc(pool, SLOTS * sizeof *callers->slots);
    return apr_thread_mutex_create(&callers->lock, APR_THREAD_MUTEX_DEFAULT, pool) == APR_SUCCESS ? callers : NULL;
}

static void fingerprint(unsigned char *out, const orc_identity_t *who)
{
    crypto_hash_sha256_state state;

    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, (const unsigned char *)who->issuer, strlen(who->issuer) + 1);
    crypto_hash_sha256_update(&state, (const unsigned char *)who->subject, strlen(who->subject) + 1);
    crypto_hash_sha256_final(&state, out);
}

static slot_t *slot_of(orc_rules_callers_t *callers, const unsigned char *print)
{
    return &callers->slots[(((unsigned)print[0] << 8) | print[1]) % SLOTS];
}

/* A token that claims to live for years says nothing of how long it is good for: none may stand in the way of all that
 * its person brings later. */
static apr_time_t believed(apr_time_t expires, apr_time_t now)
{
    return expires > now + longest_life ? now : expires;
}

int orc_rules_callers_is_better(apr_time_t expires, apr_time_t stored, apr_time_t now)
{
    return believed(expires, now) > believed(stored, now) + worth_storing;
}

int orc_rules_callers_recall(orc_rules_callers_t *callers, orc_identity_t *who)
{
    unsigned char print[FINGERPRINT];
    apr_time_t now = apr_time_now();
    int is_known;
    slot_t slot;

    fingerprint(print, who);
    apr_thread_mutex_lock(callers->lock);
    slot = *slot_of(callers, print);
    apr_thread_mutex_unlock(callers->lock);
    is_known = slot.seen && memcmp(slot.fingerprint, print, FINGERPRINT) == 0 &&
               orc_time_monotonic() - slot.seen < look_again &&
               !orc_rules_callers_is_better(who->expires, slot.token_expires, now);
    if (is_known)
        memcpy(who->user_id, slot.id, sizeof slot.id);
    return is_known;
}

static void put(orc_rules_callers_t *callers, const orc_identity_t *who, const slot_t *value)
{
    slot_t slot = *value;

    fingerprint(slot.fingerprint, who);
    apr_thread_mutex_lock(callers->lock);
    *slot_of(callers, slot.fingerprint) = slot;
    apr_thread_mutex_unlock(callers->lock);
}

void orc_rules_callers_remember(orc_rules_callers_t *callers, const orc_identity_t *who, apr_time_t token_expires)
{
    slot_t slot = {.token_expires = token_expires, .seen = orc_time_monotonic()};

    apr_cpystrn(slot.id, who->user_id, sizeof slot.id);
    put(callers, who, &slot);
}

void orc_rules_callers_forget(orc_rules_callers_t *callers, orc_identity_t *who)
{
    const slot_t nothing = {.seen = 0};

    put(callers, who, &nothing);
    who->user_id[0] = '\0';
}
