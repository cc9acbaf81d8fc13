/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_routes.h"
#include "orc_rules_logs.h"
#include "orc_surface_handler.h"

orc_error_t *orc_api_logs_get(const orc_request_t *request, orc_response_t *response)
{
    const orc_rules_call_t call = orc_surface_call(request);
    apr_pool_t *pool = request->pool;
    orc_store_log_t log;
    const char *text;

    ORC_TRY(orc_rules_log_read(&log, &call, request->ids[0]));
    text = orc_json_text(orc_json_own(json_pack("{s:s, s:s?, s:s?}", "timestamp", log.timestamp, "im_logs", log.im_logs,
                                                "orchestrator_logs", log.orchestrator_logs),
                                      pool),
                         pool);
    orc_surface_set_tag(response, orc_rules_log_tag(&log, pool), pool);
    orc_response_json(response, 200, text);
    return NULL;
}

orc_error_t *orc_api_logs_post(const orc_request_t *request, orc_response_t *response)
{
    const orc_rules_call_t call = orc_surface_call(request);
    const orc_store_log_parts_t parts = {.im_logs = orc_json_string(request->json, "im_logs"),
                                         .orchestrator_logs = orc_json_string(request->json, "orchestrator_logs")};

    ORC_TRY(orc_rules_log_write(&call, request->ids[0], &parts));
    orc_surface_done(response);
    return NULL;
}

orc_error_t *orc_api_logs_delete(const orc_request_t *request, orc_response_t *response)
{
    const orc_rules_call_t call = orc_surface_call(request);
    const orc_rules_condition_t condition = orc_surface_condition(request);

    ORC_TRY(orc_rules_log_delete(&call, request->ids[0], &condition));
    orc_surface_done(response);
    return NULL;
}
