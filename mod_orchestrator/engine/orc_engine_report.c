/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_engine_report.h"

#include <apr_strings.h>
#include <unistd.h>

#define tell(counter, value) (__atomic_store_n(&(counter), (value), __ATOMIC_RELAXED))

void orc_report_begin(orc_engine_t *engine)
{
    __atomic_store_n(&engine->status->endpoint_count, 0, __ATOMIC_RELEASE);
    tell(engine->status->pid, (apr_uint32_t)getpid());
}

/* An endpoint's name is written before it counts, and stays. */
static void tell_endpoint(orc_engine_t *engine, int place, const orc_http_state_t *state)
{
    orc_endpoint_status_t *told = &engine->status->endpoints[place];
    const orc_endpoint_t *endpoint = apr_hash_get(engine->endpoints, state->endpoint, APR_HASH_KEY_STRING);

    tell(told->breaker, (apr_uint32_t)state->breaker);
    tell(told->in_flight, (apr_uint32_t)state->in_flight);
    tell(told->waiting, (apr_uint32_t)(state->waiting + (endpoint ? endpoint->waiting : 0)));
    tell(told->lost, (apr_uint64_t)state->lost);
    if (place < (int)engine->status->endpoint_count)
        return;
    apr_cpystrn(told->url, state->endpoint, sizeof told->url);
    __atomic_store_n(&engine->status->endpoint_count, (apr_uint32_t)place + 1, __ATOMIC_RELEASE);
}

void orc_report(orc_engine_t *engine)
{
    orc_engine_status_t *status = engine->status;
    orc_http_state_t states[ORC_STATUS_ENDPOINTS];
    int i, count = orc_http_look(states, ORC_STATUS_ENDPOINTS, engine->http);

    tell(status->heartbeat, (apr_uint64_t)apr_time_now());
    tell(status->operations, (apr_uint32_t)apr_hash_count(engine->jobs));
    tell(status->calls, (apr_uint32_t)orc_http_in_flight(engine->http));
    for (i = 0; i < count; i++)
        tell_endpoint(engine, i, &states[i]);
}
