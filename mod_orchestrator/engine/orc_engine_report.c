/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_engine_report.h"

#include <apr_strings.h>
#include <string.h>
#include <unistd.h>

#include "kinds/orc_kinds.h"
#include "orc_store_callbacks.h"

#define tell(counter, value) (__atomic_store_n(&(counter), (value), __ATOMIC_RELAXED))

#define LOAD_INTERVAL apr_time_from_sec(4)

enum { LOAD_SHARE = 100 /* counting takes no more than one part of so many of the time */ };

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

    tell(told->breaker, (apr_uint64_t)state->breaker);
    tell(told->in_flight, (apr_uint64_t)state->in_flight);
    tell(told->waiting, (apr_uint64_t)(state->waiting + (endpoint ? endpoint->waiting : 0)));
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

/* ---- what there is to do ---- */

/* The place of a kind; a word is written before it counts, and stays. NULL: there is no place left. */
static orc_kind_status_t *place_of(orc_engine_status_t *status, const char *word)
{
    apr_uint32_t i, count = status->kind_count;

    for (i = 0; i < count && strcmp(status->kinds[i].word, word) != 0; i++)
        ;
    if (i == count && count < ORC_STATUS_KINDS && strlen(word) < ORC_STATUS_WORD) {
        apr_cpystrn(status->kinds[i].word, word, ORC_STATUS_WORD);
        __atomic_store_n(&status->kind_count, ++count, __ATOMIC_RELEASE);
    }
    return i < count ? &status->kinds[i] : NULL;
}

static void tell_kind(orc_kind_status_t *told, const orc_store_load_t *load)
{
    tell(told->pending, (apr_uint64_t)load->pending);
    tell(told->oldest_pending, (apr_uint64_t)load->oldest_pending);
    tell(told->at_work, (apr_uint64_t)load->at_work);
    tell(told->due, (apr_uint64_t)load->due);
    tell(told->oldest_due, (apr_uint64_t)load->oldest_due);
}

/* Those of this version are told even if there is nothing of them, others when there was something once. */
static void tell_kinds(orc_engine_status_t *status, const apr_array_header_t *loads)
{
    static const orc_store_load_t nothing;
    apr_uint32_t place;
    int i;

    for (i = 0; orc_kinds[i]; i++)
        (void)place_of(status, orc_kinds[i]->word);
    for (i = 0; i < loads->nelts; i++)
        (void)place_of(status, APR_ARRAY_IDX(loads, i, orc_store_load_t).kind);
    for (place = 0; place < status->kind_count; place++) {
        const orc_store_load_t *load = &nothing;

        for (i = 0; i < loads->nelts; i++) {
            if (strcmp(APR_ARRAY_IDX(loads, i, orc_store_load_t).kind, status->kinds[place].word) == 0)
                load = &APR_ARRAY_IDX(loads, i, orc_store_load_t);
        }
        tell_kind(&status->kinds[place], load);
    }
}

/* Hosts come and go, and are told in another order each time: a reader that is at it meanwhile may see one twice. A
 * host's bytes are always followed by an end. */
static void tell_callees(orc_engine_status_t *status, const apr_array_header_t *loads)
{
    apr_uint64_t waiting = 0, oldest = 0;
    int i;

    for (i = 0; i < loads->nelts; i++) {
        const orc_store_callback_load_t *load = &APR_ARRAY_IDX(loads, i, orc_store_callback_load_t);

        waiting += (apr_uint64_t)load->waiting;
        oldest = (apr_uint64_t)load->oldest > oldest ? (apr_uint64_t)load->oldest : oldest;
        if (i < ORC_STATUS_HOSTS) {
            orc_callee_status_t *told = &status->callees[i];

            apr_cpystrn(told->host, load->host, sizeof told->host);
            tell(told->waiting, (apr_uint64_t)load->waiting);
            tell(told->failures, (apr_uint64_t)load->failures);
            tell(told->oldest, (apr_uint64_t)load->oldest);
        }
    }
    __atomic_store_n(&status->callee_count, (apr_uint32_t)(i < ORC_STATUS_HOSTS ? i : ORC_STATUS_HOSTS),
                     __ATOMIC_RELEASE);
    tell(status->callbacks, waiting);
    tell(status->oldest_callback, oldest);
}

orc_error_t *orc_report_load(orc_engine_t *engine, orc_db_t *db, apr_pool_t *pool)
{
    apr_time_t began = orc_time_monotonic();
    orc_store_unwanted_t unwanted;
    apr_array_header_t *loads, *callees;
    apr_interval_time_t rest;

    if (began < engine->load_at)
        return NULL;
    ORC_TRY(orc_store_load(&loads, db, engine->config->watch_interval != 0, pool));
    ORC_TRY(orc_store_unwanted(&unwanted, db, pool));
    ORC_TRY(orc_store_callback_load(&callees, db, pool));
    tell_kinds(engine->status, loads);
    tell(engine->status->unwanted, (apr_uint64_t)unwanted.count);
    tell(engine->status->stuck, (apr_uint64_t)unwanted.stuck);
    tell(engine->status->oldest_unwanted, (apr_uint64_t)unwanted.oldest);
    tell_callees(engine->status, callees);
    tell(engine->status->counted, (apr_uint64_t)apr_time_now());
    rest = LOAD_SHARE * (orc_time_monotonic() - began);
    engine->load_at = began + (rest > LOAD_INTERVAL ? rest : LOAD_INTERVAL);
    return NULL;
}
