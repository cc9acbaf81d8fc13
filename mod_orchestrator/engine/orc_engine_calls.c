/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_engine_calls.h"

#include <apr_strings.h>
#include <string.h>

#include "orc_engine_token.h"
#include "orc_engine_window.h"
#include "orc_log.h"

enum {
    ACT_FACTOR = 2, /* a machine that starts, stops or reboots takes longer than other calls */
    USELESS = 5,    /* answers in a row, before the administrator is told */
};

/* ---- slots ---- */

static orc_lane_kind_t lane_of(const orc_job_t *job)
{
    return job->task.kind->is_idle ? ORC_LANE_IDLE : orc_window_lane(job->call.kind);
}

static void take_slot(orc_job_t *job, orc_endpoint_t *endpoint)
{
    job->endpoint = endpoint;
    orc_window_began(endpoint, lane_of(job));
}

static void free_slot(orc_job_t *job, apr_interval_time_t elapsed)
{
    orc_window_ended(job->endpoint, lane_of(job), elapsed);
    job->endpoint = NULL;
}

/* Out of those that wait. */
static void take_out(orc_job_t *job, orc_endpoint_t *endpoint)
{
    orc_job_t **link, *before = NULL;

    for (link = &endpoint->first; *link && *link != job; link = &before->next)
        before = *link;
    if (!*link)
        return;
    *link = job->next;
    if (endpoint->last == job)
        endpoint->last = before;
    job->next = NULL;
    orc_window_waits(endpoint, lane_of(job), -1);
}

/* What stands before what, whoever came first: a deletion that IM did not carry out when it was asked before is asked
 * for again and again, may take minutes each time, and shares its lane with what people wait for. */
static int rank_of(const orc_job_t *job)
{
    return job->task.kind->is_idle ? 2 : job->call.kind == ORC_CALL_DELETE_AND_WAIT;
}

/* Behind those that came before, but before those that are less urgent. */
static void queue(orc_job_t *job)
{
    orc_endpoint_t *endpoint = orc_window_of(job->engine, job->call.at.endpoint);
    orc_job_t **link = &endpoint->first;

    while (*link && rank_of(*link) <= rank_of(job))
        link = &(*link)->next;
    job->endpoint = endpoint;
    job->next = *link;
    *link = job;
    if (!job->next)
        endpoint->last = job;
    orc_window_waits(endpoint, lane_of(job), 1);
}

void orc_calls_leave(orc_job_t *job)
{
    if (!job->endpoint)
        return;
    if (job->http_call) {
        orc_http_cancel(job->http_call);
        job->http_call = NULL;
        free_slot(job, 0);
    }
    else {
        take_out(job, job->endpoint);
        job->endpoint = NULL;
    }
}

/* ---- answers ---- */

/* An IM that is there but answers uselessly (a wrong URL, a proxy's page, errors of its own) opens no breaker, which
 * would tell the administrator. */
static void watch_answers(orc_endpoint_t *endpoint, const orc_im_result_t *result)
{
    int is_useless = result->status && (result->kind == ORC_IM_BAD_ANSWER || result->status == 500);

    if (is_useless && ++endpoint->useless == USELESS)
        orc_log(ORC_LOG_WARNING, "endpoint %s: %d answers in a row were of no use; the last: %s", endpoint->url,
                USELESS, orc_error_line(result->error, result->pool));
    if (!is_useless && result->status && endpoint->useless >= USELESS)
        orc_log(ORC_LOG_NOTICE, "endpoint %s: answers as it should again", endpoint->url);
    if (!is_useless && result->status)
        endpoint->useless = 0;
}

static void answer(orc_job_t *job, const orc_im_result_t *result)
{
    orc_job_tick(job);
    job->task.closed = orc_http_closed_for(job->engine->http, job->call.at.endpoint);
    job->done(job, result);
}

/* A call that was not sent, as a result. */
static void answer_unsent(orc_job_t *job, orc_im_kind_t kind, orc_error_t *error)
{
    orc_im_result_t result = {0};

    result.pool = job->task.pool;
    result.kind = kind;
    result.error = error;
    answer(job, &result);
}

static void end_without_answer(orc_job_t *job, apr_interval_time_t again)
{
    job->again = again;
    job->done(job, NULL);
}

static void on_token(orc_job_t *job, orc_token_outcome_t outcome)
{
    apr_pool_t *pool = job->task.pool;

    if (job->is_lost)
        end_without_answer(job, -1);
    else if (outcome == ORC_TOKEN_HAD)
        queue(job);
    else if (outcome == ORC_TOKEN_BUSY)
        end_without_answer(job, job->again);
    else if (outcome == ORC_TOKEN_OUTAGE)
        answer_unsent(job, ORC_IM_IDENTITY_OUTAGE,
                      orc_error(pool, 503, "im.identity", "the token issuer does not answer as it should"));
    else
        answer_unsent(job, ORC_IM_TOKEN_REJECTED,
                      orc_error(pool, 401, "im.token", "no token of the owner could be had"));
}

static void on_answer(void *baton, const orc_im_result_t *result)
{
    orc_job_t *job = baton;
    int is_creation = job->call.kind == ORC_CALL_CREATE;

    job->http_call = NULL;
    job->is_served = 1;
    watch_answers(job->endpoint, result);
    free_slot(job, result->elapsed);
    if (is_creation && result->kind == ORC_IM_OK)
        job->made = apr_pstrdup(job->task.pool, result->infra_id);
    job->is_unmade = is_creation && !job->is_withheld && orc_engine_is_unmade(result);
    if (job->is_lost || job->is_withheld) {
        end_without_answer(job, -1);
        return;
    }
    if (orc_engine_sickness(result))
        orc_log(ORC_LOG_DEBUG, "%s %s: IM: %s: %s", orc_job_name(job), job->task.work->id,
                orc_im_kind_word(result->kind), orc_error_line(result->error, job->task.pool));
    if (result->kind == ORC_IM_TOKEN_REJECTED && !job->is_renewed) {
        job->is_renewed = 1;
        if (job->call.undo)
            job->call.undo(&job->task);
        orc_token_renew(job, on_token);
        return;
    }
    answer(job, result);
}

/* ---- sending ---- */

static apr_interval_time_t timeout_of(const orc_job_t *job)
{
    const orc_config_t *config = job->engine->config;

    if (job->call.kind == ORC_CALL_CREATE)
        return config->im_create_timeout;
    if (job->call.kind == ORC_CALL_ACT)
        return config->im_timeout * ACT_FACTOR;
    return lane_of(job) == ORC_LANE_LONG ? orc_engine_long_timeout(config) : config->im_timeout;
}

static orc_error_t *submit(orc_job_t *job, const orc_im_target_t *target)
{
    const orc_call_t *call = &job->call;
    orc_http_t *http = job->engine->http;
    orc_http_call_t **handle = &job->http_call;
    apr_pool_t *pool = job->task.pool;

    switch (call->kind) {
    case ORC_CALL_CREATE:
        return orc_im_create(handle, http, target, call->tosca, on_answer, job, pool);
    case ORC_CALL_STATE:
        return orc_im_get_state(handle, http, target, call->infra, on_answer, job, pool);
    case ORC_CALL_OUTPUTS:
        return orc_im_get_outputs(handle, http, target, call->infra, on_answer, job, pool);
    case ORC_CALL_CONTMSG:
        return orc_im_get_contmsg(handle, http, target, call->infra, 0, on_answer, job, pool);
    case ORC_CALL_TOSCA:
        return orc_im_get_tosca(handle, http, target, call->infra, on_answer, job, pool);
    case ORC_CALL_RADL:
        return orc_im_get_radl(handle, http, target, call->infra, on_answer, job, pool);
    case ORC_CALL_VMS:
        return orc_im_get_vms(handle, http, target, call->infra, on_answer, job, pool);
    case ORC_CALL_VM:
        return orc_im_get_vm(handle, http, target, call->infra, call->vm, on_answer, job, pool);
    case ORC_CALL_LIST:
        return orc_im_list(handle, http, target, on_answer, job, pool);
    case ORC_CALL_DELETE:
        return orc_im_delete(handle, http, target, call->infra, call->is_forced, on_answer, job, pool);
    case ORC_CALL_DELETE_AND_WAIT:
        return orc_im_delete_and_wait(handle, http, target, call->infra, call->is_forced, on_answer, job, pool);
    case ORC_CALL_UPDATE:
        return orc_im_update(handle, http, target, call->infra, call->tosca, on_answer, job, pool);
    case ORC_CALL_REMOVE:
        return orc_im_remove_vms(handle, http, target, call->infra, call->vm, on_answer, job, pool);
    case ORC_CALL_ACT:
        return orc_im_act_on_vm(handle, http, target, call->infra, call->vm, call->action, on_answer, job, pool);
    }
    return orc_error(pool, 500, "engine", "An unknown call.");
}

/* Between what was noted and the connection may lie a database that stood still, or a machine that did: by then another
 * daemon may have the lease, and have done the same. */
static int may_send(void *sender)
{
    orc_job_t *job = sender;

    job->is_withheld = job->is_lost || orc_time_monotonic() > job->lease_until;
    return !job->is_withheld;
}

/* A row may name an endpoint that the configuration has no more: whose it is by now nobody knows, so nobody's token
 * goes there. */
static orc_error_t *check_endpoint(const orc_job_t *job, orc_endpoint_t *endpoint)
{
    const orc_engine_t *engine = job->engine;
    const char *url = job->call.at.endpoint;

    if (orc_providers_have_endpoint(engine->service->providers, engine->config->im_url, url))
        return NULL;
    if (!endpoint->is_told)
        orc_log(ORC_LOG_WARNING,
                "endpoint %s: it is configured no more, so nothing is asked there; operations wait for it", url);
    endpoint->is_told = 1;
    return orc_error(job->task.pool, 503, "im.unavailable", "The endpoint %s is not configured any more.", url);
}

static orc_error_t *make_target(orc_im_target_t *target, orc_job_t *job)
{
    const orc_engine_t *engine = job->engine;
    const orc_address_t *at = &job->call.at;
    const orc_work_t *work = job->task.work;
    const orc_provider_t *provider = at->provider ? orc_providers_find(engine->service->providers, at->provider) : NULL;
    orc_im_values_t values = {0};

    values.access_token = job->token;
    if (provider) {
        values.name = provider->name;
        values.region = at->region;
        /* IM finds machines by what it was told when they were made. */
        values.project =
            at->project ? at->project : orc_provider_project(provider, work->user_group_issuer, work->user_group);
    }
    memset(target, 0, sizeof *target);
    target->url = at->endpoint;
    target->request_id = work->correlation_id;
    target->timeout = timeout_of(job);
    target->may_send = may_send;
    target->sender = job;
    return orc_im_credentials(&target->authorization, engine->config->im_auth, provider ? provider->auth : NULL,
                              &values, job->task.pool);
}

/* A call that the breaker would hold back is not prepared for either, which would be stored, and told, each time. */
static orc_error_t *held_back(const orc_job_t *job)
{
    if (!job->call.before || !orc_http_closed_for(job->engine->http, job->call.at.endpoint))
        return NULL;
    return orc_error(job->task.pool, 503, "im.unavailable", "Calls to %s are held back.", job->call.at.endpoint);
}

static void fail(orc_job_t *job, orc_error_t *error)
{
    answer_unsent(job, error->status == 503 ? ORC_IM_UNAVAILABLE : ORC_IM_REFUSED, error);
}

/* The job has its slot. */
static void send_now(orc_job_t *job)
{
    orc_error_t *error = submit(job, job->target);

    if (error) {
        free_slot(job, 0);
        fail(job, error);
    }
}

/* The job may hold the slot afterwards. What the call may do is stored before, with the next trip to the database. */
static void begin(orc_job_t *job, orc_endpoint_t *endpoint)
{
    orc_error_t *error;

    job->endpoint = NULL;
    job->is_unmade = 0;
    if (orc_time_monotonic() > job->lease_until) {
        end_without_answer(job, -1);
        return;
    }
    job->target = apr_palloc(job->task.pool, sizeof *job->target);
    error = check_endpoint(job, endpoint);
    if (!error)
        error = held_back(job);
    if (!error)
        error = make_target(job->target, job);
    if (error) {
        fail(job, error);
        return;
    }
    take_slot(job, endpoint);
    if (!job->call.before) {
        send_now(job);
        return;
    }
    job->is_travelling = 1;
    APR_ARRAY_PUSH(job->engine->announced, orc_job_t *) = job;
}

void orc_calls_announce(orc_job_t *job)
{
    orc_job_tick(job);
    job->call.before(&job->task);
}

void orc_calls_announced(orc_job_t *job, int is_stored)
{
    job->is_travelling = 0;
    if (!is_stored || job->is_lost) {
        /* Whether it is stored is not known: whoever reads the row again knows. */
        job->is_given_back = !job->is_lost;
        free_slot(job, 0);
        end_without_answer(job, -1);
        return;
    }
    send_now(job);
    /* Not at the end of the loop's turn, which may be long. */
    orc_http_push(job->engine->http);
}

/* One in the middle of a step would do what it did again. So it stays where claims see to it that few come; before a
 * deletion, or a call that lasts for minutes, a look that is done again is the lesser evil. */
static int may_be_put_off(const orc_job_t *job)
{
    orc_lane_kind_t lane = lane_of(job);

    return !job->is_served || lane == ORC_LANE_DELETION || lane == ORC_LANE_LONG;
}

/* Those that stand last are put off. Where calls last for minutes, or hang, that may be for hours: they take no place
 * of others meanwhile. */
static void thin_out(orc_engine_t *engine, orc_endpoint_t *endpoint, orc_lane_kind_t lane)
{
    int room;

    for (room = orc_window_room(engine, endpoint, lane); room < 0; room++) {
        orc_job_t *job, *last = NULL;

        for (job = endpoint->first; job; job = job->next)
            last = lane_of(job) == lane && may_be_put_off(job) ? job : last;
        if (!last)
            return;
        take_out(last, endpoint);
        last->endpoint = NULL;
        last->is_resting |= orc_window_is_stuck(engine, endpoint, lane);
        end_without_answer(last, orc_window_rest(engine, endpoint, lane));
    }
}

static void pump(orc_engine_t *engine, orc_endpoint_t *endpoint)
{
    orc_job_t *job = endpoint->first;
    int lane;

    while (job && !orc_window_is_full(engine, endpoint)) {
        if (orc_window_has_slot(engine, endpoint, lane_of(job))) {
            take_out(job, endpoint);
            begin(job, endpoint); /* which may change what waits */
            job = endpoint->first;
        }
        else {
            job = job->next;
        }
    }
    for (lane = 0; lane < ORC_LANE_COUNT; lane++)
        thin_out(engine, endpoint, lane);
}

void orc_calls_pump(orc_engine_t *engine)
{
    apr_hash_index_t *at;

    for (at = apr_hash_first(NULL, engine->endpoints); at; at = apr_hash_next(at)) {
        void *endpoint;

        apr_hash_this(at, NULL, NULL, &endpoint);
        pump(engine, endpoint);
    }
}

void orc_calls_ask(orc_job_t *job, const orc_call_t *call, orc_calls_done_t *done)
{
    job->call = *call;
    job->done = done;
    if (job->token)
        queue(job);
    else
        orc_token_get(job, on_token);
}
