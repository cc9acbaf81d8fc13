/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <string.h>

#include "orc_im.h"
#include "orc_log.h"
#include "orc_routes.h"
#include "orc_store_logs.h"
#include "orc_surface_handler.h"

static const apr_interval_time_t im_patience = 2 * APR_USEC_PER_SEC;
enum { MAX_IM_LOG = 1024 * 1024 };

/* The token that the infrastructure's owner at IM has; NULL when there is none to be had. */
static const char *im_token(const orc_store_log_t *log, const orc_request_t *request)
{
    char *token;

    if (log->is_creator)
        return request->identity->access_token;
    if (!log->access_token ||
        orc_secret_open(&token, &request->service->config->secret_key, log->access_token, request->pool))
        return NULL;
    return token;
}

/* IM's own words when it answers in time; NULL: what is stored has to do. */
static const char *ask_im(const orc_store_log_t *log, const orc_request_t *request)
{
    const orc_config_t *config = request->service->config;
    const orc_im_values_t values = {.access_token = im_token(log, request)};
    orc_im_target_t target = {.url = log->im_endpoint ? log->im_endpoint : config->im_url,
                              .request_id = request->request_id,
                              .timeout = im_patience};
    orc_im_result_t *result;
    orc_error_t *error;

    if (!log->im_infra_id || !target.url || !values.access_token)
        return NULL;
    error = orc_im_credentials(&target.authorization, config->im_auth, NULL, &values, request->pool);
    if (!error)
        error = orc_im_fetch_contmsg(&result, &target, log->im_infra_id, MAX_IM_LOG, config->ca_file, request->pool);
    if (!error)
        return result->text && *result->text ? result->text : NULL;
    orc_log(ORC_LOG_INFO, "deployment %s: IM's log is not to be had: %s", request->ids[0],
            orc_error_line(error, request->pool));
    return NULL;
}

orc_error_t *orc_api_logs_get(const orc_request_t *request, orc_response_t *response)
{
    apr_pool_t *pool = request->pool;
    const char *fresh, *text;
    orc_store_log_t log;

    ORC_TRY(orc_store_log_read(&log, request->service->db, request->ids[0], request->identity->user_id,
                               request->identity->is_admin, pool));
    if (!log.is_known)
        return orc_rules_gone(request->pool);
    if (!log.exists)
        return orc_rules_not_found("deployment", request->pool);
    if (!log.is_allowed)
        return orc_rules_forbidden("deployment", request->pool);
    fresh = ask_im(&log, request);
    if (fresh) {
        ORC_TRY(orc_store_log_keep_im(&log.timestamp, request->service->db, request->ids[0], fresh, pool));
        log.im_logs = fresh;
    }
    text = orc_json_text(orc_json_own(json_pack("{s:s, s:s?, s:s?}", "timestamp", log.timestamp, "im_logs", log.im_logs,
                                                "orchestrator_logs", log.orchestrator_logs),
                                      pool),
                         pool);
    orc_surface_set_tag(response, orc_secret_sha256(text, strlen(text), pool), pool);
    orc_response_json(response, 200, text);
    return NULL;
}
