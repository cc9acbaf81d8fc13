/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_strings.h>

#include "orc_api_handler.h"
#include "orc_engine_status.h"
#include "orc_time.h"

enum { IM_UNHEALTHY = 2 };

static const char *word(int is_healthy)
{
    return is_healthy ? "healthy" : "unhealthy";
}

orc_error_t *orc_api_health_get(const orc_request_t *request, orc_response_t *response)
{
    const orc_engine_status_t *engine = request->service->engine;
    orc_error_t *error = orc_db_read(request->service->db, &(orc_rows_t){0}, ORC_SQL_HEALTH, 0, NULL, request->pool);
    int im = !engine || engine->im_healthy != IM_UNHEALTHY;
    const char *details = error ? "The database can't be reached." : "";
    json_t *health;

    if (!im)
        details = apr_pstrcat(request->pool, details, *details ? " " : "", "The Infrastructure Manager doesn't answer.",
                              NULL);
    health = json_pack("{s:s, s:s, s:s, s:s, s:s*}", "status", word(!error && im), "db_connection", word(!error),
                       "im_connection", word(im), "timestamp", orc_time_text(apr_time_now(), request->pool), "details",
                       *details ? details : NULL);
    orc_response_json(response, 200, orc_json_text(orc_json_own(health, request->pool), request->pool));
    return NULL;
}
