/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "sim_calls.h"

#include <apr_strings.h>
#include <apr_thread_mutex.h>
#include <apr_time.h>
#include <string.h>

#define LAST_CALLS 1000

typedef struct {
    char method[8], path[120], request_id[72];
    int status;
    apr_time_t began;
    apr_interval_time_t took;
} call_t;

struct sim_calls_t {
    apr_thread_mutex_t *mutex;
    apr_int64_t by_class[SIM_CLASS_COUNT], by_status[600], total;
    int under_way[SIM_CLASS_COUNT], in_flight, most_in_flight;
    call_t last[LAST_CALLS]; /* a ring; the newest is at (total - 1) % LAST_CALLS */
};

sim_calls_t *sim_calls_create(apr_pool_t *pool)
{
    sim_calls_t *calls = apr_pcalloc(pool, sizeof(*calls));
    return apr_thread_mutex_create(&calls->mutex, APR_THREAD_MUTEX_DEFAULT, pool) == APR_SUCCESS ? calls : NULL;
}

void sim_calls_begin(sim_calls_t *calls, sim_route_class_t route_class)
{
    apr_thread_mutex_lock(calls->mutex);
    calls->under_way[route_class]++;
    calls->in_flight++;
    if (calls->in_flight > calls->most_in_flight) {
        calls->most_in_flight = calls->in_flight;
    }
    apr_thread_mutex_unlock(calls->mutex);
}

void sim_calls_end(sim_calls_t *calls, sim_route_class_t route_class, const char *method, const char *path,
                   const char *request_id, int status, apr_time_t began, apr_interval_time_t took)
{
    call_t *call;

    apr_thread_mutex_lock(calls->mutex);
    call = &calls->last[calls->total++ % LAST_CALLS];
    apr_cpystrn(call->method, method, sizeof(call->method));
    apr_cpystrn(call->path, path, sizeof(call->path));
    apr_cpystrn(call->request_id, request_id ? request_id : "", sizeof(call->request_id));
    call->status = status;
    call->began = began;
    call->took = took;
    calls->under_way[route_class]--;
    calls->in_flight--;
    calls->by_class[route_class]++;
    calls->by_status[status >= 0 && status < 600 ? status : 0]++;
    apr_thread_mutex_unlock(calls->mutex);
}

static json_t *call_json(const call_t *call)
{
    char time[APR_RFC822_DATE_LEN + 16];
    apr_time_exp_t exploded;

    apr_time_exp_gmt(&exploded, call->began);
    apr_snprintf(time, sizeof(time), "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", exploded.tm_year + 1900,
                 exploded.tm_mon + 1, exploded.tm_mday, exploded.tm_hour, exploded.tm_min, exploded.tm_sec,
                 exploded.tm_usec);
    return json_pack("{s:s, s:s, s:s*, s:i, s:s, s:f}", "method", call->method, "path", call->path, "request_id",
                     *call->request_id ? call->request_id : NULL, "status", call->status, "time", time, "took_ms",
                     (double)call->took / 1000);
}

json_t *sim_calls_json(sim_calls_t *calls, int limit)
{
    json_t *routes = json_object(), *under_way = json_object(), *statuses = json_object(), *last = json_array();
    json_t *result;
    char status[8];

    apr_thread_mutex_lock(calls->mutex);
    for (int i = 0; i < SIM_CLASS_COUNT; i++) {
        json_object_set_new(routes, sim_route_class_name(i), json_integer(calls->by_class[i]));
        json_object_set_new(under_way, sim_route_class_name(i), json_integer(calls->under_way[i]));
    }
    for (int i = 0; i < 600; i++) {
        if (calls->by_status[i]) {
            apr_snprintf(status, sizeof(status), "%d", i);
            json_object_set_new(statuses, status, json_integer(calls->by_status[i]));
        }
    }
    for (int i = 1; i <= limit && i <= LAST_CALLS && i <= calls->total; i++) {
        json_array_append_new(last, call_json(&calls->last[(calls->total - i) % LAST_CALLS]));
    }
    result = json_pack("{s:o, s:o, s:o, s:I, s:i, s:i, s:o}", "routes", routes, "under_way", under_way, "statuses",
                       statuses, "total", (json_int_t)calls->total, "in_flight", calls->in_flight, "most_in_flight",
                       calls->most_in_flight, "last", last);
    apr_thread_mutex_unlock(calls->mutex);
    return result;
}

void sim_calls_reset(sim_calls_t *calls)
{
    apr_thread_mutex_lock(calls->mutex);
    memset(calls->by_class, 0, sizeof(calls->by_class));
    memset(calls->by_status, 0, sizeof(calls->by_status));
    calls->total = 0;
    calls->most_in_flight = calls->in_flight;
    apr_thread_mutex_unlock(calls->mutex);
}
