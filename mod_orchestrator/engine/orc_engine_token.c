/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_engine_token.h"

#include <apr_strings.h>
#include <string.h>

#include "orc_id.h"
#include "orc_log.h"
#include "orc_store_tokens.h"

#define RENEW_BEFORE  apr_time_from_sec(60)   /* of a token's end */
#define RENEWAL_LASTS apr_time_from_sec(30)   /* from the sending, longer than the issuer has for its answer */
#define FIRST_REST    apr_time_from_msec(300) /* while another daemon renews */
#define LONGEST_REST  apr_time_from_sec(5)
#define HELD_PAUSE    apr_time_from_msec(300) /* until what somebody had locked is stored again */

enum {
    PLACES = 64,  /* jobs that wait for one issuer; a slow one is not to fill a daemon's hands */
    ASIDE = 10,   /* the connection aside is left alone for so many times as long as it was waited for in vain */
    MAX_SWAPS = 3 /* a value may be sealed anew while it is compared */
};

typedef struct waiter_t {
    orc_job_t *job;
    orc_token_done_t *done;
    const char *old; /* what may still do, or NULL */
} waiter_t;

/* The renewal of one person's tokens; all jobs of theirs wait for it. It stays until what it brought is stored. */
typedef struct renewal_t {
    apr_pool_t *pool;
    orc_engine_t *engine;
    const orc_issuer_config_t *issuer;
    orc_store_renewal_t right;
    const char *refresh;         /* open, or NULL */
    apr_array_header_t *waiters; /* of waiter_t */
    int is_granted;
    apr_interval_time_t elapsed; /* for how long another one has had the right */
    int is_sent;
    int is_passed;           /* it wasn't sent: the right was somebody else's by then */
    orc_oidc_tokens_t fresh; /* of the pool, until they are stored */
    apr_time_t held_until;   /* monotonic: the person's row was locked */
} renewal_t;

static void had(orc_job_t *job, const char *token, orc_token_done_t *done)
{
    job->token = token;
    done(job, ORC_TOKEN_HAD);
}

static void rest(orc_job_t *job, apr_interval_time_t time, orc_token_done_t *done)
{
    job->again = time < FIRST_REST ? FIRST_REST : time > LONGEST_REST ? LONGEST_REST : time;
    done(job, ORC_TOKEN_BUSY);
}

/* ---- the connection aside ---- */

typedef orc_error_t *ask_t(renewal_t *renewal, orc_db_t *db, apr_pool_t *pool);

/* A unit of work on the connection beside the trips'. It may be away while that one is well (all of a pooler's are
 * taken, the server takes no more), and everybody waits while it is tried: that takes a small part of the time. */
static orc_error_t *aside(renewal_t *renewal, ask_t *ask, apr_pool_t *pool)
{
    orc_engine_t *engine = renewal->engine;
    apr_time_t began = orc_time_monotonic();
    orc_error_t *error;
    orc_db_t *db;

    if (began < engine->aside_after && !engine->is_stopping)
        return orc_error(pool, 503, "database.unavailable", "The connection is left alone for a while.");
    error = orc_db_open(&db, engine->aside, pool);
    if (!error)
        error = ask(renewal, db, pool);
    if (error && error->status == 503 && !orc_db_is_held_up(error))
        engine->aside_after = began + (1 + ASIDE) * (orc_time_monotonic() - began);
    return error;
}

/* ---- what the issuer gave, into the database ---- */

static const char *seal(const renewal_t *renewal, orc_sealed_t column, const char *text, apr_pool_t *pool)
{
    return orc_secret_seal(renewal->engine->config->secret_keys, column, renewal->right.user_id, text, pool);
}

/* True when it is the stored one, sealed anew meanwhile, that was spent. */
static int is_same(const renewal_t *renewal, const char *sealed, apr_pool_t *pool)
{
    const char *text = orc_secret_reveal(renewal->engine->config->secret_keys, ORC_SEALED_REFRESH_TOKEN,
                                         renewal->right.user_id, sealed, pool);

    return text && renewal->refresh && strcmp(text, renewal->refresh) == 0;
}

static orc_error_t *store(renewal_t *renewal, orc_db_t *db, apr_pool_t *pool)
{
    const orc_oidc_tokens_t *fresh = &renewal->fresh;
    const char *access = seal(renewal, ORC_SEALED_ACCESS_TOKEN, fresh->access_token, pool);
    const char *refresh = seal(renewal, ORC_SEALED_REFRESH_TOKEN, fresh->refresh_token, pool), *stored;
    int is_kept = 0, i;

    for (i = 0; i < MAX_SWAPS; i++) {
        ORC_TRY(orc_store_renewed(&is_kept, db, &renewal->right, access, fresh->expires, refresh, pool));
        if (is_kept)
            return NULL;
        ORC_TRY(orc_store_refresh_token(&stored, db, renewal->right.user_id, pool));
        if (!stored || !is_same(renewal, stored, pool))
            break;
        renewal->right.refresh = apr_pstrdup(renewal->pool, stored);
    }
    orc_log(ORC_LOG_INFO, "person %s: their refresh token is another one by now, the renewed one is dropped",
            renewal->right.user_id);
    return NULL;
}

static orc_error_t *conclude(renewal_t *renewal, orc_db_t *db, apr_pool_t *pool)
{
    return renewal->fresh.access_token ? store(renewal, db, pool) : orc_store_renewal_end(db, &renewal->right, pool);
}

/* A unit of work of its own; `source` NULL: a trip is under way, perhaps. False: it has to be done again. */
static int settle(renewal_t *renewal, orc_db_source_t *source)
{
    orc_error_t *error = NULL;
    apr_pool_t *pool;
    orc_db_t *db;
    int is_done;

    apr_pool_create(&pool, renewal->pool);
    if (source)
        error = orc_db_open(&db, source, pool);
    if (!error)
        error = source ? conclude(renewal, db, pool) : aside(renewal, conclude, pool);
    if (error)
        orc_log(ORC_LOG_INFO, "person %s: a renewal is not stored: %s", renewal->right.user_id,
                orc_error_line(error, pool));
    renewal->held_until = error && orc_db_is_held_up(error) ? orc_time_monotonic() + HELD_PAUSE : 0;
    /* a right that can't be given back ends by itself */
    is_done = !error || !error->retriable || !renewal->fresh.access_token;
    apr_pool_destroy(pool);
    return is_done;
}

static void forget(renewal_t *renewal)
{
    apr_hash_set(renewal->engine->renewals, renewal->right.user_id, APR_HASH_KEY_STRING, NULL);
    apr_pool_destroy(renewal->pool);
}

void orc_token_settle(orc_engine_t *engine)
{
    apr_time_t now = orc_time_monotonic();
    apr_hash_index_t *at;

    for (at = apr_hash_first(NULL, engine->renewals); at; at = apr_hash_next(at)) {
        renewal_t *renewal;
        void *value;

        apr_hash_this(at, NULL, NULL, &value);
        renewal = value;
        if (!renewal->fresh.access_token || (now < renewal->held_until && !engine->is_stopping))
            continue;
        if (settle(renewal, engine->source))
            forget(renewal);
        else if (!renewal->held_until)
            return; /* the database is away */
    }
}

int orc_token_is_awaited(const orc_engine_t *engine)
{
    apr_hash_index_t *at;

    for (at = apr_hash_first(NULL, engine->renewals); at; at = apr_hash_next(at)) {
        void *renewal;

        apr_hash_this(at, NULL, NULL, &renewal);
        if (((renewal_t *)renewal)->is_sent && !((renewal_t *)renewal)->fresh.access_token)
            return 1;
    }
    return 0;
}

/* ---- the issuer's answer ---- */

static void tell(const renewal_t *renewal, const waiter_t *waiter, const orc_error_t *error)
{
    orc_job_t *job = waiter->job;

    job->is_fetching = 0;
    if (!error)
        had(job, apr_pstrdup(job->task.pool, renewal->fresh.access_token), waiter->done);
    else if (waiter->old)
        had(job, waiter->old, waiter->done);
    else if (renewal->is_passed)
        rest(job, FIRST_REST, waiter->done);
    else
        waiter->done(job, error->retriable ? ORC_TOKEN_OUTAGE : ORC_TOKEN_ABSENT);
}

static void on_tokens(void *baton, const orc_oidc_tokens_t *tokens)
{
    renewal_t *renewal = baton;
    apr_array_header_t *waiters = renewal->waiters;
    apr_hash_t *renewals = renewal->engine->renewals;
    int is_settled, i;

    if (!tokens->error) {
        renewal->fresh.access_token = apr_pstrdup(renewal->pool, tokens->access_token);
        renewal->fresh.refresh_token = apr_pstrdup(renewal->pool, tokens->refresh_token);
        renewal->fresh.expires = tokens->expires;
    }
    else if (!renewal->is_passed) {
        orc_log(ORC_LOG_INFO, "person %s: their token is not renewed: %s", renewal->right.user_id,
                orc_error_line(tokens->error, renewal->pool));
    }
    is_settled = settle(renewal, NULL);
    /* Who is told may ask anew at once. */
    if (is_settled)
        apr_hash_set(renewals, renewal->right.user_id, APR_HASH_KEY_STRING, NULL);
    renewal->waiters = apr_array_make(renewal->pool, 0, sizeof(waiter_t));
    for (i = 0; i < waiters->nelts; i++)
        tell(renewal, &APR_ARRAY_IDX(waiters, i, waiter_t), tokens->error);
    if (is_settled)
        apr_pool_destroy(renewal->pool);
}

/* False: it is not renewed. */
static int try_aside(renewal_t *renewal, ask_t *ask)
{
    orc_error_t *error;
    apr_pool_t *pool;

    apr_pool_create(&pool, renewal->pool);
    error = aside(renewal, ask, pool);
    if (error)
        orc_log(ORC_LOG_INFO, "person %s: a token is not renewed: %s", renewal->right.user_id,
                orc_error_line(error, pool));
    apr_pool_destroy(pool);
    return !error;
}

static orc_error_t *ask_to_send(renewal_t *renewal, orc_db_t *db, apr_pool_t *pool)
{
    return orc_store_renewal_send(&renewal->is_sent, db, &renewal->right, RENEWAL_LASTS, pool);
}

/* Asked when there is a connection to the issuer, after whatever waiting: now the right's time begins, if it still is
 * ours. */
static int may_send(void *baton)
{
    renewal_t *renewal = baton;

    renewal->is_sent = 0;
    (void)try_aside(renewal, ask_to_send);
    renewal->is_passed = !renewal->is_sent;
    return renewal->is_sent;
}

/* ---- its beginning ---- */

static orc_error_t *ask_for_right(renewal_t *renewal, orc_db_t *db, apr_pool_t *pool)
{
    return orc_store_renewal_begin(&renewal->is_granted, &renewal->elapsed, db, &renewal->right, RENEWAL_LASTS, pool);
}

/* Asks for the right to renew. */
static int begin(renewal_t *renewal)
{
    if (!try_aside(renewal, ask_for_right))
        renewal->elapsed = LONGEST_REST;
    return renewal->is_granted;
}

static void ask(renewal_t *renewal, const char *access, const char *request_id)
{
    orc_engine_t *engine = renewal->engine;
    const orc_oidc_ask_t how = {request_id, may_send, on_tokens, renewal};
    orc_oidc_tokens_t failed = {.pool = renewal->pool};

    failed.error =
        renewal->refresh
            ? orc_oidc_refresh(engine->http, engine->oidc, renewal->issuer, renewal->refresh, &how, renewal->pool)
            : orc_oidc_exchange(engine->http, engine->oidc, renewal->issuer, access, &how, renewal->pool);
    if (failed.error)
        on_tokens(renewal, &failed);
}

static renewal_t *make(const orc_job_t *job, const orc_issuer_config_t *issuer, const char *refresh)
{
    const orc_work_t *work = job->task.work;
    renewal_t *renewal;
    apr_pool_t *pool;

    apr_pool_create(&pool, job->engine->pool);
    renewal = apr_pcalloc(pool, sizeof *renewal);
    renewal->pool = pool;
    renewal->engine = job->engine;
    renewal->issuer = issuer;
    renewal->right.id = orc_id_new(pool);
    renewal->right.user_id = apr_pstrdup(pool, work->user_id);
    renewal->right.access = apr_pstrdup(pool, work->access_token);
    renewal->right.refresh = apr_pstrdup(pool, work->refresh_token);
    renewal->refresh = apr_pstrdup(pool, refresh);
    renewal->waiters = apr_array_make(pool, 4, sizeof(waiter_t));
    return renewal;
}

static void await(renewal_t *renewal, orc_job_t *job, const char *old, orc_token_done_t *done)
{
    const waiter_t waiter = {job, done, old};

    job->is_fetching = 1;
    APR_ARRAY_PUSH(renewal->waiters, waiter_t) = waiter;
}

static int has_place(const orc_engine_t *engine, const orc_issuer_config_t *issuer)
{
    apr_hash_index_t *at;
    int waiting = 0;

    for (at = apr_hash_first(NULL, engine->renewals); at; at = apr_hash_next(at)) {
        void *value;
        const renewal_t *renewal;

        apr_hash_this(at, NULL, NULL, &value);
        renewal = value;
        if (renewal->issuer == issuer)
            waiting += renewal->waiters->nelts;
    }
    return waiting < PLACES;
}

/* Begins a renewal that the job waits for. `usable`: the stored token while it is valid and IM takes it, or NULL. */
static void start(orc_job_t *job, const orc_issuer_config_t *issuer, const char *refresh, const char *usable,
                  orc_token_done_t *done)
{
    renewal_t *renewal = make(job, issuer, refresh);
    apr_interval_time_t elapsed;

    if (begin(renewal)) {
        apr_hash_set(job->engine->renewals, renewal->right.user_id, APR_HASH_KEY_STRING, renewal);
        await(renewal, job, usable, done);
        ask(renewal, usable, job->task.work->correlation_id);
        return;
    }
    elapsed = renewal->elapsed;
    apr_pool_destroy(renewal->pool);
    if (usable)
        had(job, usable, done);
    else
        rest(job, elapsed, done);
}

/* `old`: the stored token while it is valid. `is_rejected`: IM doesn't take it. */
static void renew(orc_job_t *job, const char *old, int is_rejected, orc_token_done_t *done)
{
    const orc_engine_t *engine = job->engine;
    const orc_work_t *work = job->task.work;
    const orc_issuer_config_t *issuer = orc_config_issuer(engine->config, work->issuer);
    renewal_t *renewal = apr_hash_get(engine->renewals, work->user_id, APR_HASH_KEY_STRING);
    const char *usable = is_rejected ? NULL : old, *fresh = renewal ? renewal->fresh.access_token : NULL;
    const char *refresh = orc_secret_reveal(engine->config->secret_keys, ORC_SEALED_REFRESH_TOKEN, work->user_id,
                                            work->refresh_token, job->task.pool);
    int can_renew = issuer && issuer->client_id && (refresh || usable), may_wait = issuer && has_place(engine, issuer);

    if (fresh && (!old || strcmp(old, fresh) != 0))
        had(job, apr_pstrdup(job->task.pool, fresh), done);
    else if (can_renew && !renewal && may_wait)
        start(job, issuer, refresh, usable, done);
    else if (usable)
        had(job, usable, done);
    else if (renewal && !fresh && may_wait)
        await(renewal, job, NULL, done);
    else if (can_renew)
        rest(job, LONGEST_REST, done);
    else
        done(job, ORC_TOKEN_ABSENT);
}

void orc_token_get(orc_job_t *job, orc_token_done_t *done)
{
    const orc_work_t *work = job->task.work;
    const char *token = NULL;
    apr_interval_time_t left;

    orc_job_tick(job);
    left = work->token_expires - job->task.now;
    if (left > 0)
        token = orc_secret_reveal(job->engine->config->secret_keys, ORC_SEALED_ACCESS_TOKEN, work->user_id,
                                  work->access_token, job->task.pool);
    if (token && left > RENEW_BEFORE)
        had(job, token, done);
    else if (work->access_token)
        renew(job, token, 0, done);
    else
        done(job, ORC_TOKEN_ABSENT);
}

void orc_token_renew(orc_job_t *job, orc_token_done_t *done)
{
    const char *old = job->token;

    job->token = NULL;
    renew(job, old, 1, done);
}
