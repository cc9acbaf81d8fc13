/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_engine_window.h"

#include "orc_url.h"

#define SOON apr_time_from_sec(1)

enum {
    PER_SLOT = 4, /* that may wait for each slot, however slow the endpoint is; else as many as come to their turn soon
                   */
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

/* ---- slots ---- */

orc_lane_kind_t orc_window_lane(orc_call_kind_t kind)
{
    switch (kind) {
    case ORC_CALL_DELETE:
        return ORC_LANE_DELETION;
    case ORC_CALL_DELETE_AND_WAIT:
    case ORC_CALL_UPDATE:
    case ORC_CALL_REMOVE:
    case ORC_CALL_ACT:
        return ORC_LANE_LONG;
    default:
        return ORC_LANE_SHORT;
    }
}

static int slots_of(const orc_engine_t *engine, orc_lane_kind_t lane)
{
    int size = orc_window_size(engine);

    return lane == ORC_LANE_DELETION ? 1 : lane == ORC_LANE_SHORT ? size : (size + 1) / 2;
}

/* Where half of the slots are none, a call that lasts for minutes takes none: nobody would be asked anything meanwhile.
 */
int orc_window_is_full(const orc_engine_t *engine, const orc_endpoint_t *endpoint)
{
    int size = orc_window_size(engine);

    return endpoint->in_flight >= size + (size == 1 ? endpoint->lanes[ORC_LANE_LONG].in_flight : 0);
}

int orc_window_has_slot(const orc_engine_t *engine, const orc_endpoint_t *endpoint, orc_lane_kind_t lane)
{
    return !orc_window_is_full(engine, endpoint) && endpoint->lanes[lane].in_flight < slots_of(engine, lane);
}

void orc_window_began(orc_endpoint_t *endpoint, orc_lane_kind_t lane)
{
    endpoint->in_flight++;
    endpoint->lanes[lane].in_flight++;
    endpoint->lanes[lane].moved = orc_time_monotonic();
}

void orc_window_ended(orc_endpoint_t *endpoint, orc_lane_kind_t kind, apr_interval_time_t elapsed)
{
    orc_lane_t *lane = &endpoint->lanes[kind];

    endpoint->in_flight--;
    lane->in_flight--;
    lane->moved = orc_time_monotonic();
    if (elapsed)
        lane->latency += (elapsed - lane->latency) / SMOOTH;
}

/* ---- who waits ---- */

void orc_window_waits(orc_endpoint_t *endpoint, orc_lane_kind_t lane, int count)
{
    endpoint->waiting += count;
    endpoint->lanes[lane].waiting += count;
}

/* What a call takes, as far as one can tell: when all are silent, for as long as that at least. */
static apr_interval_time_t latency_of(const orc_lane_t *lane)
{
    apr_interval_time_t silent = lane->in_flight ? orc_time_monotonic() - lane->moved : 0;

    return silent > lane->latency ? silent : lane->latency;
}

/* The fuller the hands, the fewer: of many slow endpoints none has too much, and all of them would fill the hands. But
 * where a slot is free every few minutes, somebody has to be there when it is. */
static apr_interval_time_t per_slot(const orc_engine_t *engine, orc_lane_kind_t lane)
{
    int count = PER_SLOT * (ORC_ENGINE_MAX_JOBS - engine->job_count) / ORC_ENGINE_MAX_JOBS;
    int least = lane == ORC_LANE_LONG;

    return count > least ? count : least;
}

int orc_window_room(const orc_engine_t *engine, const orc_endpoint_t *endpoint, orc_lane_kind_t kind)
{
    const orc_lane_t *lane = &endpoint->lanes[kind];
    apr_interval_time_t latency = latency_of(lane), least = per_slot(engine, kind);
    apr_interval_time_t each = latency ? SOON / latency : ORC_ENGINE_MAX_JOBS;

    each = each < least ? least : each > ORC_ENGINE_MAX_JOBS ? ORC_ENGINE_MAX_JOBS : each;
    return (int)each * slots_of(engine, kind) - lane->waiting;
}

int orc_window_is_stuck(const orc_engine_t *engine, const orc_endpoint_t *endpoint, orc_lane_kind_t lane)
{
    return latency_of(&endpoint->lanes[lane]) > engine->config->im_timeout;
}

apr_interval_time_t orc_window_pace(const orc_engine_t *engine, const orc_endpoint_t *endpoint, orc_lane_kind_t lane)
{
    return latency_of(&endpoint->lanes[lane]) / slots_of(engine, lane) / EAGER;
}

apr_interval_time_t orc_window_put_off(const orc_engine_t *engine, orc_endpoint_t *endpoint, orc_lane_kind_t kind,
                                       int count)
{
    orc_lane_t *lane = &endpoint->lanes[kind];
    apr_time_t now = orc_time_monotonic(), latest = now + engine->config->poll_max, first;

    first = lane->promised > now ? lane->promised : now;
    lane->promised = first + count * orc_window_pace(engine, endpoint, kind);
    lane->promised = lane->promised < latest ? lane->promised : latest;
    return first - now;
}

apr_interval_time_t orc_window_rest(const orc_engine_t *engine, orc_endpoint_t *endpoint, orc_lane_kind_t lane)
{
    (void)orc_window_put_off(engine, endpoint, lane, 1);
    return endpoint->lanes[lane].promised - orc_time_monotonic();
}
