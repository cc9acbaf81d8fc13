/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_strings.h>

#include "orc_engine_internal.h"
#include "orc_log.h"

/*
 * The token of the deployment's creator: IM knows infrastructures by it. The stored one while it lives, else a new one
 * for the refresh token, or for the old token while that lives; else the operation waits for the person. Only one
 * daemon renews a person's token at a time, because issuers rotate refresh tokens and take a second use for a theft.
 */

#define RENEW_BEFORE  apr_time_from_sec(60)   /* of a token's end */
#define RENEWAL_LASTS apr_time_from_sec(30)   /* at most; then another may try */
#define LOOK_AGAIN    apr_time_from_msec(300) /* while somebody else renews */

typedef struct renewal_t {
    orc_task_t *task;
    orc_task_step_t *next;
    const char *old; /* what may still do, or NULL */
} renewal_t;

void orc_task_wait_for_person(orc_task_t *task)
{
    orc_task_describe(task, "Waits for a fresh token of the owner.");
    if (!task->work->waits_for_token)
        json_object_set_new(orc_task_changes(task), "waits_for_token", json_true());
    if (json_is_true(json_object_get(task->work->options, "force")))
        json_object_set_new(task->progress, "no_token", json_true());
    orc_task_end(task, task->engine->config->poll_max);
}

static void go_on(orc_task_t *task, const char *token, orc_task_step_t *next)
{
    task->token = token;
    if (task->work->waits_for_token) {
        task->work->waits_for_token = 0;
        json_object_set_new(orc_task_changes(task), "waits_for_token", json_false());
    }
    next(task);
}

/* A unit of work of its own on the poller's connection. */
static orc_error_t *store(orc_task_t *task, const orc_oidc_tokens_t *tokens)
{
    const orc_secret_keys_t *keys = task->engine->config->secret_keys;
    const orc_work_t *work = task->work;
    orc_error_t *error;
    apr_pool_t *pool;
    orc_db_t *db;

    apr_pool_create(&pool, task->pool);
    error = orc_db_open(&db, task->engine->source, pool);
    if (!error && tokens)
        error = orc_store_renewed(
            db, work->user_id, task->engine->owner,
            orc_secret_seal(keys, ORC_SEALED_ACCESS_TOKEN, work->user_id, tokens->access_token, pool), tokens->expires,
            orc_secret_seal(keys, ORC_SEALED_REFRESH_TOKEN, work->user_id, tokens->refresh_token, pool), pool);
    else if (!error)
        error = orc_store_renewal_end(db, work->user_id, task->engine->owner, pool);
    if (error)
        orc_log(ORC_LOG_INFO, "operation %s: a renewed token is not stored: %s", work->id, orc_error_line(error, pool));
    apr_pool_destroy(pool);
    return error;
}

static void on_tokens(void *baton, const orc_oidc_tokens_t *tokens)
{
    renewal_t *renewal = baton;
    orc_task_t *task = renewal->task;

    task->token_fetching = 0;
    (void)store(task, tokens->error ? NULL : tokens);
    if (task->is_lost) {
        orc_task_drop(task);
        return;
    }
    if (!tokens->error) {
        go_on(task, apr_pstrdup(task->pool, tokens->access_token), renewal->next);
        return;
    }
    orc_log(ORC_LOG_INFO, "operation %s: the owner's token is not renewed: %s", task->work->id,
            orc_error_line(tokens->error, task->pool));
    if (renewal->old) {
        go_on(task, renewal->old, renewal->next);
    }
    else if (tokens->error->retriable) {
        json_object_set_new(task->progress, "sick", json_integer(orc_json_integer(task->progress, "sick", 0) + 1));
        orc_task_describe(task, "Waits for the token issuer, which does not answer as it should.");
        orc_task_end(task, task->engine->config->poll_max);
    }
    else {
        orc_task_wait_for_person(task);
    }
}

/* Asks for the right to renew. *granted is false when another daemon, or another operation, is at it. */
static orc_error_t *begin(int *granted, orc_task_t *task)
{
    orc_error_t *error;
    apr_pool_t *pool;
    orc_db_t *db;

    *granted = 0;
    apr_pool_create(&pool, task->pool);
    error = orc_db_open(&db, task->engine->source, pool);
    if (!error)
        error = orc_store_renewal_begin(granted, db, task->work->user_id, task->engine->owner, RENEWAL_LASTS,
                                        task->work->access_token, pool);
    if (error)
        orc_log(ORC_LOG_INFO, "operation %s: a token is not renewed: %s", task->work->id, orc_error_line(error, pool));
    apr_pool_destroy(pool);
    return error ? orc_error(task->pool, 503, "database.unavailable", "The database is not available.") : NULL;
}

/* `old`: the stored token while it is valid. `is_rejected`: IM doesn't take it. */
static void renew(orc_task_t *task, const char *old, int is_rejected, orc_task_step_t *next)
{
    const orc_issuer_config_t *issuer = orc_config_issuer(task->engine->config, task->work->issuer);
    renewal_t *renewal = apr_pcalloc(task->pool, sizeof *renewal);
    const char *refresh = orc_secret_reveal(task->engine->config->secret_keys, ORC_SEALED_REFRESH_TOKEN,
                                            task->work->user_id, task->work->refresh_token, task->pool);
    orc_error_t *error;
    int granted;

    renewal->task = task;
    renewal->next = next;
    renewal->old = is_rejected ? NULL : old;
    if (!issuer || !issuer->client_id || (!refresh && (!old || is_rejected))) {
        if (renewal->old)
            go_on(task, renewal->old, next);
        else
            orc_task_wait_for_person(task);
        return;
    }
    error = begin(&granted, task);
    if (error || !granted) {
        if (renewal->old)
            go_on(task, renewal->old, next);
        else
            orc_task_end(task, LOOK_AGAIN);
        return;
    }
    task->token_fetching = 1;
    if (refresh)
        error = orc_oidc_refresh(task->engine->http, task->engine->oidc, issuer, refresh, task->work->correlation_id,
                                 on_tokens, renewal, task->pool);
    else
        error = orc_oidc_exchange(task->engine->http, task->engine->oidc, issuer, old, task->work->correlation_id,
                                  on_tokens, renewal, task->pool);
    if (error) {
        orc_oidc_tokens_t failed = {0};

        failed.pool = task->pool;
        failed.error = error;
        on_tokens(renewal, &failed);
    }
}

void orc_task_with_token(orc_task_t *task, orc_task_step_t *next)
{
    const orc_work_t *work = task->work;
    apr_interval_time_t left = work->token_expires - orc_task_now(task);
    const char *token = NULL;

    if (left > 0)
        token = orc_secret_reveal(task->engine->config->secret_keys, ORC_SEALED_ACCESS_TOKEN, work->user_id,
                                  work->access_token, task->pool);
    if (token && left > RENEW_BEFORE)
        go_on(task, token, next);
    else if (work->access_token)
        renew(task, token, 0, next);
    else
        orc_task_wait_for_person(task);
}

void orc_task_renew_token(orc_task_t *task, orc_task_step_t *next)
{
    const char *old = task->token;

    task->token = NULL;
    renew(task, old, 1, next);
}
