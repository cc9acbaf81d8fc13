/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_engine_window.h"

#include "orc_url.h"

#define SOON apr_time_from_sec(1)

enum {
    PER_SLOT = 4, /* that may wait for each slot, however slow the endpoint is */
    SMOOTH = 4,   /* a call's part in the latency: a quarter */
    EAGER = 2,    /* what is put off comes back in half of the time, lest a slot is idle for a wrong guess */
};

orc_endpoint_t *orc_window_of(orc_engine_t *engine, const char *url)
{
    orc_endpoint_t *endpoint = apr_hash_get(engine->endpoints, url, (apr_ssize_t)orc_url_length(url));

    if (!endpoint) {
        endpoint = apr_pcalloc(engine->pool, sizeof *endpoint);
        endpoint->url = orc_url_trimmed(url, engine->pool);
        apr_hash_set(engine->endpoints, endpoint->url, APR_HASH_KEY_STRING, endpoint);
    }
    return endpoint;
}

int orc_window_size(const orc_engine_t *engine)
{
    int daemons = (int)__atomic_load_n(&engine->daemons, __ATOMIC_RELAXED);
    int size = engine->config->im_max_in_flight / (daemons > 1 ? daemons : 1);

    return size > 1 ? size : 1;
}

void orc_window_began(orc_endpoint_t *endpoint)
{
    endpoint->in_flight++;
    endpoint->moved = orc_time_monotonic();
}

void orc_window_ended(orc_endpoint_t *endpoint, apr_interval_time_t elapsed)
{
    endpoint->in_flight--;
    endpoint->moved = orc_time_monotonic();
    if (elapsed)
        endpoint->latency += (elapsed - endpoint->latency) / SMOOTH;
}

/* What a call takes, as far as one can tell: when all are silent, for as long as that at least. */
static apr_interval_time_t latency_of(const orc_endpoint_t *endpoint)
{
    apr_interval_time_t silent = endpoint->in_flight ? orc_time_monotonic() - endpoint->moved : 0;

    return silent > endpoint->latency ? silent : endpoint->latency;
}

int orc_window_is_slow(int *room, const orc_engine_t *engine, const orc_endpoint_t *endpoint)
{
    *room = PER_SLOT * orc_window_size(engine) - endpoint->waiting;
    *room = *room > 0 ? *room : 0;
    return PER_SLOT * latency_of(endpoint) > SOON;
}

int orc_window_is_crowded(const orc_engine_t *engine, const orc_endpoint_t *endpoint)
{
    int room;

    return orc_window_is_slow(&room, engine, endpoint) && endpoint->waiting > PER_SLOT * orc_window_size(engine);
}

apr_interval_time_t orc_window_pace(const orc_engine_t *engine, const orc_endpoint_t *endpoint)
{
    return latency_of(endpoint) / orc_window_size(engine) / EAGER;
}

apr_interval_time_t orc_window_put_off(const orc_engine_t *engine, orc_endpoint_t *endpoint, int count)
{
    apr_time_t now = orc_time_monotonic(), latest = now + engine->config->poll_max, first;

    first = endpoint->promised > now ? endpoint->promised : now;
    endpoint->promised = first + count * orc_window_pace(engine, endpoint);
    endpoint->promised = endpoint->promised < latest ? endpoint->promised : latest;
    return first - now;
}

apr_interval_time_t orc_window_rest(const orc_engine_t *engine, orc_endpoint_t *endpoint)
{
    (void)orc_window_put_off(engine, endpoint, 1);
    return endpoint->promised - orc_time_monotonic();
}
