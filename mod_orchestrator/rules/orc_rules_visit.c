/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_rules_visit.h"

#include <apr_strings.h>
#include <string.h>

#include "orc_rules_internal.h"

enum {
    RETRY_SECONDS = 1,
    FOLLOWER_RETRY_SECONDS = 10, /* who follows does so for a while */
    KEY_LENGTH = 32,             /* hexadecimal digits of the hash of who it is */
};

static const apr_interval_time_t patience = 5 * APR_USEC_PER_SEC;

struct orc_rules_visit_t {
    orc_rules_t *rules;
    const char *key;
    int is_here, has_turn, is_costly; /* inside the gate of that name */
    apr_pool_t *pool;
};

static const char *key_of(const orc_identity_t *who, apr_pool_t *pool)
{
    const char *name = apr_pstrcat(pool, who->issuer, "\n", who->subject, NULL);

    return apr_pstrndup(pool, orc_secret_sha256(name, strlen(name), pool), KEY_LENGTH);
}

static orc_error_t *busy(apr_pool_t *pool)
{
    orc_error_t *error = orc_error(pool, 429, "busy.caller", "Too many requests are at work; try again.");

    error->retriable = 1;
    error->retry_after = RETRY_SECONDS;
    return error;
}

orc_error_t *orc_rules_visit_turn(orc_rules_visit_t *visit)
{
    if (!visit)
        return NULL;
    visit->has_turn = orc_gate_enter(visit->rules->turns, visit->key, patience);
    return visit->has_turn ? NULL : busy(visit->pool);
}

static void give_turn_back(orc_rules_visit_t *visit)
{
    if (visit->has_turn)
        orc_gate_leave(visit->rules->turns, visit->key);
    visit->has_turn = 0;
}

orc_error_t *orc_rules_visit_begin(orc_rules_visit_t **out, orc_rules_t *rules, const orc_identity_t *who,
                                   apr_pool_t *pool)
{
    orc_rules_visit_t *visit = apr_pcalloc(pool, sizeof *visit);

    visit->rules = rules;
    visit->key = key_of(who, pool);
    visit->pool = pool;
    /* Who waits holds a worker: beyond this number there is no waiting. */
    visit->is_here = orc_gate_enter(rules->here, visit->key, 0);
    *out = visit->is_here ? visit : NULL;
    return visit->is_here ? NULL : busy(pool);
}

orc_error_t *orc_rules_visit_costs(orc_rules_visit_t *visit)
{
    if (!visit || visit->is_costly)
        return NULL;
    /* Those of its person that cost little go on meanwhile; and nobody who has a turn waits here for who waits for one.
     */
    give_turn_back(visit);
    visit->is_costly = orc_gate_enter(visit->rules->costly, visit->key, patience);
    return visit->is_costly ? orc_rules_visit_turn(visit) : busy(visit->pool);
}

typedef struct follower_t {
    orc_gate_t *gate;
    const char *key;
} follower_t;

static apr_status_t follow_no_more(void *baton)
{
    const follower_t *follower = baton;

    orc_gate_leave(follower->gate, follower->key);
    return APR_SUCCESS;
}

orc_error_t *orc_rules_visit_follows(orc_rules_visit_t *visit, apr_pool_t *pool)
{
    follower_t *follower;
    orc_error_t *error;

    if (!visit)
        return NULL;
    if (!orc_gate_enter(visit->rules->following, visit->key, 0)) {
        error =
            orc_error(pool, 429, "busy.followers", "You follow as much at once as one person may; end one of these.");
        error->retriable = 1;
        error->retry_after = FOLLOWER_RETRY_SECONDS;
        return error;
    }
    follower = apr_palloc(pool, sizeof *follower);
    follower->gate = visit->rules->following;
    follower->key = apr_pstrdup(pool, visit->key);
    apr_pool_cleanup_register(pool, follower, follow_no_more, apr_pool_cleanup_null);
    return NULL;
}

int orc_rules_visit_is_costly(const orc_rules_visit_t *visit)
{
    return visit && visit->is_costly;
}

void orc_rules_visit_is_answered(orc_rules_visit_t *visit)
{
    if (visit)
        give_turn_back(visit);
}

void orc_rules_visit_end(orc_rules_visit_t *visit)
{
    if (!visit)
        return;
    give_turn_back(visit);
    if (visit->is_costly)
        orc_gate_leave(visit->rules->costly, visit->key);
    if (visit->is_here)
        orc_gate_leave(visit->rules->here, visit->key);
}
