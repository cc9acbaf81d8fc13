/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_strings.h>

#include "orc_id.h"
#include "orc_routes.h"
#include "orc_rules_submission.h"
#include "orc_surface_idempotency.h"

/* POST /deployments. */

static orc_rules_submission_t read_wish(const orc_request_t *request)
{
    const json_t *body = request->json, *inputs = json_object_get(body, "template_inputs");
    orc_rules_submission_t wish = {
        .template_id = orc_json_string(body, "template_id"),
        .template_inputs = json_is_object(inputs) ? inputs : NULL,
        .user_group = orc_json_string(body, "user_group"),
        .per_provider_max_retries = (int)orc_json_integer(body, "per_provider_max_retries", 0),
        .max_providers = (int)orc_json_integer(body, "max_providers", 0),
        .tot_timeout_mins = (int)orc_json_integer(body, "tot_timeout_mins", 0),
        .per_provider_timeout_mins = (int)orc_json_integer(body, "per_provider_timeout_mins", 0),
        .keep_last_attempt = json_is_true(json_object_get(body, "keep_last_attempt")),
        .target_provider = orc_json_string(body, "target_provider"),
        .target_region = orc_json_string(body, "target_region"),
    };

    return wish;
}

void orc_api_submission_check(orc_error_t **error, const orc_request_t *request)
{
    const orc_rules_call_t call = orc_surface_call(request);
    const orc_rules_submission_t wish = read_wish(request);

    orc_rules_submission_check(error, &call, &wish);
}

orc_error_t *orc_api_deployments_post(const orc_request_t *request, orc_response_t *response)
{
    const orc_rules_call_t call = orc_surface_call(request);
    orc_rules_submission_t wish = read_wish(request);
    orc_db_step_t key;

    wish.id = orc_id_new(request->pool);
    wish.operation_id = orc_id_new(request->pool);
    orc_surface_accepted(request, response,
                         apr_pstrcat(request->pool, "/deployments/", wish.id, "/operations/", wish.operation_id, NULL),
                         apr_pstrcat(request->pool, "{\"id\":\"", wish.id, "\"}", NULL));
    if (orc_surface_idempotency_step(&key, request, response))
        wish.also = &key;
    return orc_rules_submit(&call, &wish);
}
