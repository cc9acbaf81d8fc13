/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_strings.h>

#include "orc_db_probe.h"
#include "orc_engine_status.h"
#include "orc_im.h"
#include "orc_routes.h"
#include "orc_surface_handler.h"
#include "orc_time.h"

enum { IM_UNKNOWN = 0, IM_HEALTHY = 1, IM_UNHEALTHY = 2 };

static const apr_interval_time_t engine_is_fresh = 30 * APR_USEC_PER_SEC; /* its word counts so long */
static const apr_interval_time_t probe_is_fresh = 5 * APR_USEC_PER_SEC;

static const char *word(int is_healthy)
{
    return is_healthy ? "healthy" : "unhealthy";
}

/* What this host's engine found out, outside of any request. */
static unsigned engine_says(const orc_engine_status_t *engine)
{
    apr_time_t heartbeat;

    if (!engine)
        return IM_UNKNOWN;
    heartbeat = (apr_time_t)__atomic_load_n(&engine->heartbeat, __ATOMIC_RELAXED);
    if (apr_time_now() - heartbeat > engine_is_fresh)
        return IM_UNKNOWN;
    return __atomic_load_n(&engine->im_healthy, __ATOMIC_RELAXED);
}

/* What is known of IM without a look at it. */
static unsigned im_known(const orc_request_t *request)
{
    unsigned known = engine_says(request->service->engine);

    return known != IM_UNKNOWN ? known : orc_surface_process_probed(request->process, probe_is_fresh);
}

static unsigned probe_im(const orc_request_t *request, apr_time_t until)
{
    const orc_config_t *config = request->service->config;
    orc_im_target_t target = {.url = config->im_url, .request_id = request->request_id};
    orc_im_result_t *result;
    unsigned found;

    target.timeout = until - orc_time_monotonic();
    if (!config->im_url) /* every provider has an endpoint of its own */
        found = IM_HEALTHY;
    else if (target.timeout <= 0 || orc_im_fetch_version(&result, &target, config->ca_file, request->pool))
        found = IM_UNHEALTHY;
    else
        found = IM_HEALTHY;
    orc_surface_process_keep_probe(request->process, found);
    return found;
}

static const char *const db_details[] = {
    [ORC_DB_UNSEEN] = "The service is starting.",
    [ORC_DB_OPEN] = "",
    [ORC_DB_SHUT] = "The database can't be used.",
};

orc_error_t *orc_api_health_get(const orc_request_t *request, orc_response_t *response)
{
    apr_time_t now = orc_time_monotonic();
    apr_interval_time_t patience = apr_time_from_msec(request->service->config->health_timeout_ms);
    unsigned known = im_known(request);
    /* Half of the time each when both have to be asked: a service that hangs takes none from the other. */
    orc_db_state_t state =
        orc_db_probe(request->service->db_probe, now + (known == IM_UNKNOWN ? patience / 2 : patience));
    int db = state == ORC_DB_OPEN;
    int im = (known != IM_UNKNOWN ? known : probe_im(request, now + patience)) == IM_HEALTHY;
    const char *details = db_details[state];
    json_t *health;

    if (!im)
        details = apr_pstrcat(request->pool, details, *details ? " " : "",
                              "The Infrastructure Manager can't be reached.", NULL);
    health = json_pack("{s:s, s:s, s:s, s:s, s:s*}", "status", word(db && im), "db_connection", word(db),
                       "im_connection", word(im), "timestamp", orc_time_text(apr_time_now(), request->pool), "details",
                       *details ? details : NULL);
    orc_response_json(response, 200, orc_json_text(orc_json_own(health, request->pool), request->pool));
    return NULL;
}
