/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_http.h"

#include <apr_hash.h>
#include <apr_strings.h>
#include <limits.h>
#include <sodium.h>
#include <string.h>

#include "orc_breaker.h"
#include "orc_http_transfer.h"
#include "orc_log.h"
#include "orc_time.h"
#include "orc_url.h"

enum { MAX_ENDPOINTS = 1024, MAX_FDS = 16 };

/* The window of one service: its calls in flight, those that wait for a slot, and its breaker. */
typedef struct orc_http_endpoint_t {
    apr_pool_t *pool; /* of the name */
    const char *name;
    orc_breaker_t breaker;
    int in_flight, queued;
    orc_http_call_t *first, *last; /* waiting, oldest first */
    struct orc_http_endpoint_t *next;
} orc_http_endpoint_t;

struct orc_http_call_t {
    orc_http_t *http;
    apr_pool_t *pool;
    orc_http_endpoint_t *endpoint;
    orc_http_transfer_t *transfer;
    orc_http_done_t *done;
    void *baton;
    orc_http_call_t *next; /* in the queue */
    int is_started, is_probe, is_over;
};

struct orc_http_t {
    apr_pool_t *pool;
    orc_http_options_t options;
    CURLM *multi;
    apr_hash_t *endpoints;           /* of orc_http_endpoint_t *, by name; of the hosts of callbacks there is no end */
    orc_http_endpoint_t *all, **end; /* the same as a list, in the order of their first calls */
    int in_flight, queued;
};

orc_http_options_t orc_http_defaults(void)
{
    orc_http_options_t options = {
        .max_in_flight = 4,
        .max_queued = 4096,
        .breaker_failures = 5,
        .breaker_min = apr_time_from_sec(1),
        .breaker_max = apr_time_from_sec(60),
        .connect_timeout = apr_time_from_sec(10),
    };

    return options;
}

static apr_status_t end_multi(void *multi)
{
    curl_multi_cleanup(multi);
    return APR_SUCCESS;
}

orc_error_t *orc_http_make(orc_http_t **out, const orc_http_options_t *options, apr_pool_t *pool)
{
    orc_http_t *http = apr_pcalloc(pool, sizeof *http);

    /* a pool of its own: the calls' pools are below it and let go of the handle first */
    apr_pool_create(&http->pool, pool);
    http->options = *options;
    if (options->ca_file)
        http->options.ca_file = apr_pstrdup(http->pool, options->ca_file);
    http->endpoints = apr_hash_make(http->pool);
    http->end = &http->all;
    http->multi = curl_multi_init();
    if (!http->multi)
        return orc_error(pool, 500, "http.make", "libcurl can't make a multi handle.");
    apr_pool_cleanup_register(http->pool, http->multi, end_multi, apr_pool_cleanup_null);
    /* fewer than there are endpoints, and every call would pay for a new connection */
    curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, (long)MAX_ENDPOINTS);
    *out = http;
    return NULL;
}

/* The one that was called first of those that nobody calls now, taken out of the others; NULL: all are called. */
static orc_http_endpoint_t *forget_endpoint(orc_http_t *http)
{
    orc_http_endpoint_t **link = &http->all, *endpoint;

    while ((endpoint = *link) && (endpoint->in_flight || endpoint->queued))
        link = &endpoint->next;
    if (!endpoint)
        return NULL;
    *link = endpoint->next;
    if (!endpoint->next)
        http->end = link;
    apr_hash_set(http->endpoints, endpoint->name, APR_HASH_KEY_STRING, NULL);
    return endpoint;
}

static orc_http_endpoint_t *add_endpoint(orc_http_t *http, const char *name)
{
    orc_http_endpoint_t *endpoint = NULL;
    apr_pool_t *pool;

    if (apr_hash_count(http->endpoints) < MAX_ENDPOINTS) {
        apr_pool_create(&pool, http->pool);
        endpoint = apr_pcalloc(http->pool, sizeof *endpoint);
    }
    else {
        endpoint = forget_endpoint(http);
        if (!endpoint)
            return NULL;
        pool = endpoint->pool;
        apr_pool_clear(pool);
        memset(endpoint, 0, sizeof *endpoint);
    }
    endpoint->pool = pool;
    endpoint->name = apr_pstrdup(pool, name);
    orc_breaker_init(&endpoint->breaker, http->options.breaker_failures, http->options.breaker_min,
                     http->options.breaker_max);
    apr_hash_set(http->endpoints, endpoint->name, APR_HASH_KEY_STRING, endpoint);
    *http->end = endpoint;
    http->end = &endpoint->next;
    return endpoint;
}

static orc_http_endpoint_t *find_endpoint(orc_http_t *http, const char *name)
{
    orc_http_endpoint_t *endpoint = apr_hash_get(http->endpoints, name, APR_HASH_KEY_STRING);

    return endpoint ? endpoint : add_endpoint(http, name);
}

static orc_error_t *held_back(const orc_http_endpoint_t *endpoint, apr_pool_t *pool)
{
    apr_interval_time_t remaining = orc_breaker_remaining(&endpoint->breaker, orc_time_monotonic());
    char until[APR_RFC822_DATE_LEN];
    orc_error_t *error;

    apr_rfc822_date(until, apr_time_now() + remaining);
    error = orc_error(pool, 503, "http.breaker", "%s failed %d times; calls to it are held back until %s.",
                      endpoint->name, endpoint->breaker.failures, until);
    error->retriable = 1;
    error->retry_after = (int)((remaining + APR_USEC_PER_SEC - 1) / APR_USEC_PER_SEC);
    if (error->retry_after < 1)
        error->retry_after = 1;
    return error;
}

/* Calls the callback and lets go of the call. The call is in no queue and not in the multi handle any more. */
static void finish(orc_http_call_t *call, const orc_http_response_t *response)
{
    call->is_over = 1;
    call->done(call->baton, response);
    apr_pool_destroy(call->pool);
}

static void finish_unsent(orc_http_call_t *call, orc_error_t *error)
{
    orc_http_response_t response = {
        .pool = call->pool,
        .outcome = ORC_HTTP_NOT_SENT,
        .error = error,
        .headers = call->transfer->headers,
        .body = "",
    };

    finish(call, &response);
}

static orc_http_call_t *take_first(orc_http_t *http, orc_http_endpoint_t *endpoint)
{
    orc_http_call_t *call = endpoint->first;

    endpoint->first = call->next;
    if (!endpoint->first)
        endpoint->last = NULL;
    endpoint->queued--;
    http->queued--;
    return call;
}

static orc_error_t *start(orc_http_call_t *call)
{
    orc_http_t *http = call->http;
    CURLMcode code;

    ORC_TRY(orc_http_transfer_prepare(call->transfer, http->options.ca_file, http->options.connect_timeout));
    curl_easy_setopt(call->transfer->easy, CURLOPT_PRIVATE, call);
    code = curl_multi_add_handle(http->multi, call->transfer->easy);
    if (code != CURLM_OK) {
        orc_error_t *error = orc_error(call->pool, 503, "http", "A call to %s can't be started.", call->endpoint->name);

        error->retriable = 1;
        error->cause = curl_multi_strerror(code);
        return error;
    }
    call->is_started = 1;
    call->endpoint->in_flight++;
    http->in_flight++;
    return NULL;
}

/* Starts what waits while there are slots. When the breaker opened, what waits fails at once: the probe comes from
 * orc_http_submit. */
static void start_queued(orc_http_t *http, orc_http_endpoint_t *endpoint)
{
    while (endpoint->first && (endpoint->breaker.is_open || endpoint->in_flight < http->options.max_in_flight)) {
        orc_http_call_t *call = take_first(http, endpoint);
        orc_error_t *error;

        if (endpoint->breaker.is_open)
            error = held_back(endpoint, call->pool);
        else
            error = start(call);
        if (error)
            finish_unsent(call, error);
    }
}

/* Takes a started call out of the multi handle and of its window. */
static void take_out(orc_http_call_t *call)
{
    curl_multi_remove_handle(call->http->multi, call->transfer->easy);
    call->is_started = 0;
    call->endpoint->in_flight--;
    call->http->in_flight--;
}

/* Whether the other side works, whatever it said. 502, 503 and 504 are what a proxy says of a server that doesn't; a
 * 500 is the server's own answer to one call, and says nothing of others: IM gives it for one provider's credentials.
 */
static int is_alive(const orc_http_call_t *call, const orc_http_response_t *response)
{
    if (response->error)
        return call->transfer->is_too_large || response->error->system == CURLE_FILESIZE_EXCEEDED;
    return response->status < 502 || response->status > 504;
}

static void judge(orc_http_call_t *call, const orc_http_response_t *response)
{
    orc_breaker_t *breaker = &call->endpoint->breaker;
    int was_open = breaker->is_open;

    if (call->transfer->is_withheld) {
        if (call->is_probe)
            orc_breaker_forget_probe(breaker);
        return;
    }
    if (is_alive(call, response)) {
        orc_breaker_succeeded(breaker, response->elapsed, orc_time_monotonic());
        if (was_open)
            orc_log(ORC_LOG_NOTICE, "endpoint %s: answers again", call->endpoint->name);
        return;
    }
    orc_breaker_failed(breaker, call->is_probe, response->elapsed, orc_time_monotonic(),
                       randombytes_uniform(1001) / 1000.0);
    if (breaker->is_open && !was_open)
        orc_log(ORC_LOG_WARNING, "endpoint %s: %d calls failed, calls are held back; the last: %s",
                call->endpoint->name, breaker->failures,
                response->error ? orc_error_line(response->error, call->pool)
                                : apr_psprintf(call->pool, "status %d", response->status));
}

/* Delivers every transfer that ended; true when there was one. */
static int deliver(orc_http_t *http)
{
    struct CURLMsg *message;
    int remaining, count = 0;

    while ((message = curl_multi_info_read(http->multi, &remaining))) {
        orc_http_response_t response = {0};
        orc_http_endpoint_t *endpoint;
        orc_http_call_t *call = NULL;
        CURLcode result = message->data.result;

        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &call);
        endpoint = call->endpoint;
        orc_http_transfer_end(&response, call->transfer, result);
        take_out(call);
        judge(call, &response);
        finish(call, &response);
        start_queued(http, endpoint);
        count++;
    }
    return count > 0;
}

/* Starts the call or puts it behind those that wait. Errors live in the call's pool. */
static orc_error_t *admit(orc_http_call_t *call)
{
    orc_http_t *http = call->http;
    orc_http_endpoint_t *endpoint = call->endpoint;
    int has_slot = !endpoint->first && endpoint->in_flight < http->options.max_in_flight;
    orc_error_t *error;

    if (endpoint->breaker.is_open && (!has_slot || !orc_breaker_admit(&endpoint->breaker, orc_time_monotonic())))
        return held_back(endpoint, call->pool);
    if (has_slot) {
        call->is_probe = endpoint->breaker.is_probing;
        error = start(call);
        if (error && call->is_probe)
            orc_breaker_forget_probe(&endpoint->breaker);
        return error;
    }
    if (endpoint->queued >= http->options.max_queued) {
        error = orc_error(call->pool, 503, "http.queue", "%d calls to %s wait for their turn already.",
                          endpoint->queued, endpoint->name);
        error->retriable = 1;
        return error;
    }
    if (endpoint->last)
        endpoint->last->next = call;
    else
        endpoint->first = call;
    endpoint->last = call;
    endpoint->queued++;
    http->queued++;
    return NULL;
}

orc_error_t *orc_http_submit(orc_http_call_t **out, orc_http_t *http, const orc_http_request_t *request,
                             orc_http_done_t *done, void *baton, apr_pool_t *pool)
{
    orc_http_call_t *call;
    apr_pool_t *call_pool;
    orc_error_t *error;

    apr_pool_create(&call_pool, http->pool);
    apr_pool_tag(call_pool, "orc_http_call");
    call = apr_pcalloc(call_pool, sizeof *call);
    call->http = http;
    call->pool = call_pool;
    call->done = done;
    call->baton = request->baton_size ? apr_pmemdup(call_pool, baton, request->baton_size) : baton;
    error = orc_http_transfer_make(&call->transfer, request, call_pool);
    if (!error) {
        call->endpoint = find_endpoint(http, call->transfer->request.endpoint);
        error = call->endpoint
                    ? admit(call)
                    : orc_error(call_pool, 500, "http.request", "There are more than %d endpoints.", MAX_ENDPOINTS);
    }
    if (error) {
        error = orc_error_copy(error, pool);
        apr_pool_destroy(call_pool);
        return error;
    }
    if (out)
        *out = call;
    return NULL;
}

static void take_from_queue(orc_http_call_t *call)
{
    orc_http_endpoint_t *endpoint = call->endpoint;
    orc_http_call_t **link = &endpoint->first, *before = NULL;

    while (*link != call) {
        before = *link;
        link = &before->next;
    }
    *link = call->next;
    if (endpoint->last == call)
        endpoint->last = before;
    endpoint->queued--;
    call->http->queued--;
}

void orc_http_cancel(orc_http_call_t *call)
{
    if (call->is_over)
        return;
    if (!call->is_started) {
        take_from_queue(call);
    }
    else {
        take_out(call);
        if (call->is_probe)
            orc_breaker_forget_probe(&call->endpoint->breaker);
    }
    apr_pool_destroy(call->pool);
}

void orc_http_push(orc_http_t *http)
{
    int running;

    (void)curl_multi_perform(http->multi, &running);
}

static int to_milliseconds(apr_interval_time_t timeout)
{
    apr_interval_time_t ms = timeout <= 0 ? 0 : (timeout + 999) / 1000;

    return ms > INT_MAX ? INT_MAX : (int)ms;
}

static orc_error_t *multi_error(CURLMcode code, apr_pool_t *pool)
{
    orc_error_t *error = orc_error(pool, 500, "http.wait", "libcurl can't go on: %s", curl_multi_strerror(code));

    error->system = (int)code;
    return error;
}

/* Lets transfers move, delivers what ended, and fills the slots; *delivered when a callback was called. */
static CURLMcode turn(orc_http_t *http, int *delivered)
{
    orc_http_endpoint_t *endpoint;
    int running;
    CURLMcode code;

    /* slots that a cancellation freed since the last turn */
    for (endpoint = http->queued ? http->all : NULL; endpoint; endpoint = endpoint->next)
        start_queued(http, endpoint);
    code = curl_multi_perform(http->multi, &running);
    if (code == CURLM_OK && deliver(http)) {
        *delivered = 1;
        code = curl_multi_perform(http->multi, &running); /* what was started now goes out now */
    }
    return code;
}

orc_error_t *orc_http_wait(orc_http_t *http, apr_interval_time_t timeout, struct pollfd *fds, int fd_count,
                           apr_pool_t *pool)
{
    struct curl_waitfd extra[MAX_FDS];
    int i, delivered = 0;
    CURLMcode code;

    if (fd_count > MAX_FDS)
        return orc_error(pool, 500, "http.wait", "At most %d further descriptors can be waited for.", MAX_FDS);
    for (i = 0; i < fd_count; i++) {
        extra[i].fd = fds[i].fd;
        extra[i].events = (short)((fds[i].events & POLLIN ? CURL_WAIT_POLLIN : 0) |
                                  (fds[i].events & POLLPRI ? CURL_WAIT_POLLPRI : 0) |
                                  (fds[i].events & POLLOUT ? CURL_WAIT_POLLOUT : 0));
        extra[i].revents = 0;
    }
    code = turn(http, &delivered);
    if (code == CURLM_OK)
        code =
            curl_multi_poll(http->multi, extra, (unsigned int)fd_count, delivered ? 0 : to_milliseconds(timeout), NULL);
    if (code == CURLM_OK)
        code = turn(http, &delivered);
    if (code != CURLM_OK)
        return multi_error(code, pool);
    /* curl tells nothing of POLLERR and POLLHUP */
    if (fd_count > 0)
        (void)poll(fds, (nfds_t)fd_count, 0);
    return NULL;
}

apr_pool_t *orc_http_pool(const orc_http_t *http)
{
    return http->pool;
}

int orc_http_in_flight(const orc_http_t *http)
{
    return http->in_flight;
}

apr_interval_time_t orc_http_closed_for(const orc_http_t *http, const char *name)
{
    const orc_http_endpoint_t *endpoint = apr_hash_get(http->endpoints, name, (apr_ssize_t)orc_url_length(name));

    return endpoint ? orc_breaker_remaining(&endpoint->breaker, orc_time_monotonic()) : 0;
}

int orc_http_room(const orc_http_t *http, const char *name)
{
    const orc_http_endpoint_t *endpoint = apr_hash_get(http->endpoints, name, (apr_ssize_t)orc_url_length(name));
    int slots = http->options.max_in_flight;

    if (!endpoint)
        return slots;
    slots -= endpoint->in_flight + endpoint->queued;
    if (slots > 0 && endpoint->breaker.is_open)
        return !endpoint->breaker.is_probing && !orc_breaker_remaining(&endpoint->breaker, orc_time_monotonic());
    return slots > 0 ? slots : 0;
}

int orc_http_look(orc_http_state_t *states, int max, const orc_http_t *http)
{
    const orc_http_endpoint_t *endpoint = http->all;
    int count;

    for (count = 0; endpoint && count < max; endpoint = endpoint->next, count++) {
        states[count].endpoint = endpoint->name;
        states[count].breaker = orc_breaker_state(&endpoint->breaker);
        states[count].in_flight = endpoint->in_flight;
        states[count].waiting = endpoint->queued;
        states[count].lost = endpoint->breaker.lost;
    }
    return count;
}
