/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_strings.h>
#include <string.h>

#include "orc_engine_internal.h"
#include "orc_log.h"

/*
 * Calls to IM. Each endpoint has a window of our own instead of the HTTP client's queue: what happens just before a
 * call is sent (the tag of a creation is stored, the lease is looked at) must not lie minutes before it.
 */

enum {
    SYNC_DELETE_FACTOR = 5, /* a deletion that is waited for takes longer than other calls */
    USELESS = 5,            /* answers in a row, before the administrator is told */
};

static void queue(orc_task_t *task);

static orc_endpoint_t *endpoint_of(orc_engine_t *engine, const char *url)
{
    orc_endpoint_t *endpoint = apr_hash_get(engine->endpoints, url, APR_HASH_KEY_STRING);

    if (!endpoint) {
        endpoint = apr_pcalloc(engine->pool, sizeof *endpoint);
        endpoint->url = apr_pstrdup(engine->pool, url);
        apr_hash_set(engine->endpoints, endpoint->url, APR_HASH_KEY_STRING, endpoint);
    }
    return endpoint;
}

/* ---- slots ---- */

static void count(const orc_task_t *task, int change)
{
    task->endpoint->in_flight += change;
    if (task->call.kind == ORC_CALL_DELETE_AND_WAIT)
        task->endpoint->long_ones += change;
}

/* Out of those that wait. */
static void take_out(orc_task_t *task, orc_endpoint_t *endpoint)
{
    orc_task_t **link, *before = NULL;

    for (link = &endpoint->first; *link && *link != task; link = &before->next)
        before = *link;
    if (!*link)
        return;
    *link = task->next;
    if (endpoint->last == task)
        endpoint->last = before;
    task->next = NULL;
}

void orc_task_leave_endpoint(orc_task_t *task)
{
    if (!task->endpoint)
        return;
    if (task->http_call) {
        orc_http_cancel(task->http_call);
        task->http_call = NULL;
        count(task, -1);
    }
    else {
        take_out(task, task->endpoint);
    }
    task->endpoint = NULL;
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

static void wait_after_rejection(orc_task_t *task)
{
    orc_task_renew_token(task, queue);
}

static void on_answer(void *baton, const orc_im_result_t *result)
{
    orc_task_t *task = baton;
    orc_engine_t *engine = task->engine;

    task->http_call = NULL;
    watch_answers(task->endpoint, result);
    count(task, -1);
    task->endpoint = NULL;
    if (task->is_lost) {
        if (task->call.kind == ORC_CALL_CREATE)
            task->call.answer(task, result);
        if (!task->is_finished) {
            task->is_finished = 1;
            APR_ARRAY_PUSH(engine->finished, orc_task_t *) = task;
        }
        return;
    }
    if (result->kind == ORC_IM_OK)
        json_object_del(task->progress, "sick");
    else if (orc_engine_sickness(result))
        orc_log(ORC_LOG_DEBUG, "operation %s: IM: %s: %s", task->work->id, orc_im_kind_word(result->kind),
                orc_error_line(result->error, task->pool));
    if (result->kind == ORC_IM_TOKEN_REJECTED && !task->token_renewed) {
        task->token_renewed = 1;
        /* Nothing was made, should there be no other token. */
        if (task->call.kind == ORC_CALL_CREATE)
            json_object_del(json_object_get(task->progress, "attempt"), "asked");
        wait_after_rejection(task);
        return;
    }
    task->call.answer(task, result);
}

/* A call that could not even begin, as a result. */
static void answer_unsent(orc_task_t *task, orc_error_t *error)
{
    orc_im_result_t result = {0};

    result.pool = task->pool;
    result.kind = error->status == 503 ? ORC_IM_UNAVAILABLE : ORC_IM_REFUSED;
    result.error = error;
    task->call.answer(task, &result);
}

/* ---- sending ---- */

static apr_interval_time_t timeout_of(const orc_task_t *task)
{
    const orc_config_t *config = task->engine->config;

    switch (task->call.kind) {
    case ORC_CALL_CREATE:
        return config->im_create_timeout;
    case ORC_CALL_DELETE_AND_WAIT:
        return config->im_timeout * SYNC_DELETE_FACTOR;
    default:
        return config->im_timeout;
    }
}

static orc_error_t *submit(orc_task_t *task, const orc_im_target_t *target)
{
    const orc_call_t *call = &task->call;
    orc_http_t *http = task->engine->http;
    orc_http_call_t **handle = &task->http_call;
    apr_pool_t *pool = task->pool;

    switch (call->kind) {
    case ORC_CALL_CREATE:
        return orc_im_create(handle, http, target, call->tosca, on_answer, task, pool);
    case ORC_CALL_STATE:
        return orc_im_get_state(handle, http, target, call->infra, on_answer, task, pool);
    case ORC_CALL_OUTPUTS:
        return orc_im_get_outputs(handle, http, target, call->infra, on_answer, task, pool);
    case ORC_CALL_CONTMSG:
        return orc_im_get_contmsg(handle, http, target, call->infra, 0, on_answer, task, pool);
    case ORC_CALL_TOSCA:
        return orc_im_get_tosca(handle, http, target, call->infra, on_answer, task, pool);
    case ORC_CALL_VMS:
        return orc_im_get_vms(handle, http, target, call->infra, on_answer, task, pool);
    case ORC_CALL_VM:
        return orc_im_get_vm(handle, http, target, call->infra, call->vm, on_answer, task, pool);
    case ORC_CALL_LIST:
        return orc_im_list(handle, http, target, on_answer, task, pool);
    case ORC_CALL_DELETE:
        return orc_im_delete(handle, http, target, call->infra, call->is_forced, on_answer, task, pool);
    case ORC_CALL_DELETE_AND_WAIT:
        return orc_im_delete_and_wait(handle, http, target, call->infra, call->is_forced, on_answer, task, pool);
    }
    return orc_error(pool, 500, "engine", "An unknown call.");
}

static orc_error_t *make_target(orc_im_target_t *target, orc_task_t *task)
{
    const orc_engine_t *engine = task->engine;
    const orc_provider_t *provider =
        task->call.provider ? orc_providers_find(engine->service->providers, task->call.provider) : NULL;
    orc_im_values_t values = {0};

    values.access_token = task->token;
    if (provider) {
        values.name = provider->name;
        values.region = task->call.region;
        /* IM finds machines by what it was told when they were made. */
        values.project = task->call.project
                             ? task->call.project
                             : orc_provider_project(provider, task->work->user_group_issuer, task->work->user_group);
    }
    memset(target, 0, sizeof *target);
    target->url = task->call.endpoint;
    target->request_id = task->work->correlation_id;
    target->timeout = timeout_of(task);
    return orc_im_credentials(&target->authorization, engine->config->im_auth, provider ? provider->auth : NULL,
                              &values, task->pool);
}

/* A call that the breaker would hold back is not prepared for either, which would be stored, and told, each time. */
static orc_error_t *held_back(const orc_task_t *task)
{
    if (!task->call.before || orc_http_open_until(task->engine->http, task->call.endpoint) <= apr_time_now())
        return NULL;
    return orc_error(task->pool, 503, "im.unavailable", "Calls to %s are held back.", task->call.endpoint);
}

/* The task may hold the slot afterwards. */
static void begin(orc_task_t *task, orc_endpoint_t *endpoint)
{
    orc_im_target_t target;
    orc_error_t *error;

    task->endpoint = NULL;
    if (orc_engine_monotonic() > task->lease_until) {
        orc_task_drop(task);
        return;
    }
    error = held_back(task);
    if (!error)
        error = make_target(&target, task);
    if (!error && task->call.before && !task->call.before(task))
        return;
    if (!error)
        error = submit(task, &target);
    if (error) {
        answer_unsent(task, error);
        return;
    }
    task->endpoint = endpoint;
    count(task, 1);
}

/* The calls that last for minutes get half of the slots, so that the others are never behind them. */
static int may_begin(const orc_task_t *task, const orc_endpoint_t *endpoint)
{
    return task->call.kind != ORC_CALL_DELETE_AND_WAIT ||
           endpoint->long_ones < (task->engine->config->im_max_in_flight + 1) / 2;
}

static void pump(orc_engine_t *engine, orc_endpoint_t *endpoint)
{
    orc_task_t *task = endpoint->first;

    while (task && endpoint->in_flight < engine->config->im_max_in_flight) {
        if (may_begin(task, endpoint)) {
            take_out(task, endpoint);
            begin(task, endpoint); /* which may change what waits */
            task = endpoint->first;
        }
        else {
            task = task->next;
        }
    }
}

void orc_engine_pump(orc_engine_t *engine)
{
    apr_hash_index_t *at;

    for (at = apr_hash_first(NULL, engine->endpoints); at; at = apr_hash_next(at)) {
        void *endpoint;

        apr_hash_this(at, NULL, NULL, &endpoint);
        pump(engine, endpoint);
    }
}

static void queue(orc_task_t *task)
{
    orc_endpoint_t *endpoint = endpoint_of(task->engine, task->call.endpoint);

    task->endpoint = endpoint;
    if (endpoint->last)
        endpoint->last->next = task;
    else
        endpoint->first = task;
    endpoint->last = task;
}

orc_call_t orc_task_call_about(const json_t *entry, orc_call_kind_t kind, orc_task_answer_t *answer)
{
    orc_call_t call = {0};

    call.kind = kind;
    call.endpoint = orc_json_string(entry, "endpoint");
    call.provider = orc_json_string(entry, "provider");
    call.region = orc_json_string(entry, "region");
    call.project = orc_json_string(entry, "project");
    call.infra = orc_json_string(entry, "infra");
    call.answer = answer;
    return call;
}

static int is_about_one(orc_call_kind_t kind)
{
    return kind != ORC_CALL_CREATE && kind != ORC_CALL_LIST;
}

void orc_task_call(orc_task_t *task, const orc_call_t *call)
{
    task->call = *call;
    if (!call->endpoint || (!call->infra && is_about_one(call->kind)))
        orc_task_give_up(task, "nothing says what to ask which IM about");
    else if (task->token)
        queue(task);
    else
        orc_task_with_token(task, queue);
}

/* ---- an IM that is ill ---- */

const char *orc_engine_sickness(const orc_im_result_t *result)
{
    switch (result->kind) {
    case ORC_IM_IDENTITY_OUTAGE:
        return "Waits for the Infrastructure Manager, which can't reach the token issuer.";
    case ORC_IM_READ_ONLY:
        return "Waits for the Infrastructure Manager, which takes no changes at the moment.";
    case ORC_IM_BAD_ANSWER:
    case ORC_IM_UNAVAILABLE:
    case ORC_IM_UNKNOWN_RESULT:
        return "Waits for the Infrastructure Manager, which does not answer as it should.";
    default:
        return NULL;
    }
}

apr_interval_time_t orc_task_back_off(const orc_task_t *task, json_int_t times)
{
    const orc_config_t *config = task->engine->config;
    apr_interval_time_t wait = config->poll_min, closed;
    apr_time_t until = orc_http_open_until(task->engine->http, task->call.endpoint);
    unsigned char byte;
    json_int_t i;

    for (i = 1; i < times && wait < config->poll_max; i++)
        wait *= 2;
    wait = wait > config->poll_max ? config->poll_max : wait;
    apr_generate_random_bytes(&byte, 1);
    wait = wait / 2 + wait / 2 * byte / 255;
    closed = until ? until - apr_time_now() : 0;
    closed = closed > config->poll_max * 2 ? config->poll_max * 2 : closed;
    return closed > wait ? closed + wait / 4 : wait;
}

int orc_task_is_sick(orc_task_t *task, const orc_im_result_t *result)
{
    const char *awaited = orc_engine_sickness(result);
    json_int_t times;

    if (result->kind == ORC_IM_TOKEN_REJECTED) {
        orc_task_wait_for_person(task);
        return 1;
    }
    if (!awaited)
        return 0;
    times = orc_json_integer(task->progress, "sick", 0) + 1;
    json_object_set_new(task->progress, "sick", json_integer(times));
    orc_task_describe(task, "%s", awaited);
    orc_task_end(task, orc_task_back_off(task, times));
    return 1;
}
