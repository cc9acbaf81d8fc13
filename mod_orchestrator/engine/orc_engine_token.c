/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_engine_token.h"

#include <apr_strings.h>

#include "orc_log.h"

#define RENEW_BEFORE  apr_time_from_sec(60) /* of a token's end */
#define RENEWAL_LASTS apr_time_from_sec(30) /* at most; then another may try */

typedef struct renewal_t {
    orc_job_t *job;
    orc_token_done_t *done;
    const char *old; /* what may still do, or NULL */
} renewal_t;

static void had(orc_job_t *job, const char *token, orc_token_done_t *done)
{
    job->token = token;
    done(job, ORC_TOKEN_HAD);
}

/* A unit of work of its own on the poller's connection. */
static void store(orc_job_t *job, const orc_oidc_tokens_t *tokens)
{
    const orc_engine_t *engine = job->engine;
    const orc_secret_keys_t *keys = engine->config->secret_keys;
    const orc_work_t *work = job->task.work;
    orc_error_t *error;
    apr_pool_t *pool;
    orc_db_t *db;

    apr_pool_create(&pool, job->task.pool);
    error = orc_db_open(&db, engine->source, pool);
    if (!error && tokens)
        error = orc_store_renewed(
            db, work->user_id, engine->owner,
            orc_secret_seal(keys, ORC_SEALED_ACCESS_TOKEN, work->user_id, tokens->access_token, pool), tokens->expires,
            orc_secret_seal(keys, ORC_SEALED_REFRESH_TOKEN, work->user_id, tokens->refresh_token, pool), pool);
    else if (!error)
        error = orc_store_renewal_end(db, work->user_id, engine->owner, pool);
    if (error)
        orc_log(ORC_LOG_INFO, "operation %s: a renewed token is not stored: %s", work->id, orc_error_line(error, pool));
    apr_pool_destroy(pool);
}

static void on_tokens(void *baton, const orc_oidc_tokens_t *tokens)
{
    const renewal_t *renewal = baton;
    orc_job_t *job = renewal->job;

    job->is_fetching = 0;
    store(job, tokens->error ? NULL : tokens);
    if (!tokens->error) {
        had(job, apr_pstrdup(job->task.pool, tokens->access_token), renewal->done);
        return;
    }
    orc_log(ORC_LOG_INFO, "operation %s: the owner's token is not renewed: %s", job->task.work->id,
            orc_error_line(tokens->error, job->task.pool));
    if (renewal->old)
        had(job, renewal->old, renewal->done);
    else
        renewal->done(job, tokens->error->retriable ? ORC_TOKEN_OUTAGE : ORC_TOKEN_ABSENT);
}

/* Asks for the right to renew. False when another daemon, or another operation, is at it, or nobody can tell. */
static int begin(orc_job_t *job)
{
    int granted = 0;
    orc_error_t *error;
    apr_pool_t *pool;
    orc_db_t *db;

    apr_pool_create(&pool, job->task.pool);
    error = orc_db_open(&db, job->engine->source, pool);
    if (!error)
        error = orc_store_renewal_begin(&granted, db, job->task.work->user_id, job->engine->owner, RENEWAL_LASTS,
                                        job->task.work->access_token, pool);
    if (error)
        orc_log(ORC_LOG_INFO, "operation %s: a token is not renewed: %s", job->task.work->id,
                orc_error_line(error, pool));
    apr_pool_destroy(pool);
    return !error && granted;
}

static void ask(renewal_t *renewal, const orc_issuer_config_t *issuer, const char *refresh, const char *old)
{
    orc_job_t *job = renewal->job;
    orc_engine_t *engine = job->engine;
    const char *id = job->task.work->correlation_id;
    orc_oidc_tokens_t failed = {0};

    job->is_fetching = 1;
    if (refresh)
        failed.error =
            orc_oidc_refresh(engine->http, engine->oidc, issuer, refresh, id, on_tokens, renewal, job->task.pool);
    else
        failed.error =
            orc_oidc_exchange(engine->http, engine->oidc, issuer, old, id, on_tokens, renewal, job->task.pool);
    failed.pool = job->task.pool;
    if (failed.error)
        on_tokens(renewal, &failed);
}

/* `old`: the stored token while it is valid. `is_rejected`: IM doesn't take it. */
static void renew(orc_job_t *job, const char *old, int is_rejected, orc_token_done_t *done)
{
    const orc_config_t *config = job->engine->config;
    const orc_work_t *work = job->task.work;
    const orc_issuer_config_t *issuer = orc_config_issuer(config, work->issuer);
    renewal_t *renewal = apr_pcalloc(job->task.pool, sizeof *renewal);
    const char *refresh = orc_secret_reveal(config->secret_keys, ORC_SEALED_REFRESH_TOKEN, work->user_id,
                                            work->refresh_token, job->task.pool);
    int can_renew = issuer && issuer->client_id && (refresh || (old && !is_rejected));

    renewal->job = job;
    renewal->done = done;
    renewal->old = is_rejected ? NULL : old;
    if (can_renew && begin(job))
        ask(renewal, issuer, refresh, old);
    else if (renewal->old)
        had(job, renewal->old, done);
    else
        done(job, can_renew ? ORC_TOKEN_BUSY : ORC_TOKEN_ABSENT);
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
