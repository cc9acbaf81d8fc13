/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_id.h"
#include "orc_legacy_one.h"
#include "orc_legacy_routes.h"
#include "orc_legacy_told.h"
#include "orc_legacy_wish.h"
#include "orc_rules_submission.h"
#include "orc_rules_update.h"

/* POST and PUT: a deployment is asked for with the text of its template. */

static orc_rules_submission_t submission_of(const orc_legacy_wish_t *wish)
{
    const orc_rules_submission_t submission = {.template_text = wish->template_text,
                                               .template_length = wish->template_length,
                                               .template_inputs = wish->parameters,
                                               .user_group = wish->user_group,
                                               .max_providers = wish->max_providers,
                                               .tot_timeout_mins = wish->timeout_mins,
                                               .per_provider_timeout_mins = wish->provider_timeout_mins,
                                               .keep_last_attempt = wish->keep_last_attempt,
                                               .callback = wish->callback,
                                               .is_lenient = 1,
                                               .notes = wish->notes};

    return submission;
}

/* Everything that is wrong is told at once. */
static orc_error_t *check(orc_error_t *error, const orc_request_t *request, const orc_rules_submission_t *submission)
{
    const orc_rules_call_t call = orc_surface_call(request);

    if (error)
        orc_rules_submission_check(&error, &call, submission);
    return orc_legacy_told(error, request->pool);
}

void orc_legacy_submission_check(orc_error_t **error, const orc_request_t *request)
{
    const orc_legacy_wish_t wish = orc_legacy_wish_read(error, request);
    const orc_rules_submission_t submission = submission_of(&wish);

    *error = check(*error, request, &submission);
}

orc_error_t *orc_legacy_deployments_post(const orc_request_t *request, orc_response_t *response)
{
    const orc_rules_call_t call = orc_surface_call(request);
    orc_error_t *error = NULL;
    const orc_legacy_wish_t wish = orc_legacy_wish_read(&error, request);
    orc_rules_submission_t submission = submission_of(&wish);

    ORC_TRY(check(error, request, &submission));
    submission.id = orc_id_new(request->pool);
    submission.operation_id = orc_id_new(request->pool);
    ORC_TRY(orc_legacy_told(orc_rules_submit(&call, &submission), request->pool));
    return orc_legacy_deployment_answer(request, response, submission.id, 201);
}

/* What a client asks for with the numbers of a new deployment is looked at, and means nothing here. */
orc_error_t *orc_legacy_deployments_put(const orc_request_t *request, orc_response_t *response)
{
    const orc_rules_call_t call = orc_surface_call(request);
    orc_error_t *error = NULL;
    const orc_legacy_wish_t wish = orc_legacy_wish_read(&error, request);
    const orc_rules_update_t update = {.id = request->ids[0],
                                       .template_text = wish.template_text,
                                       .template_length = wish.template_length,
                                       .inputs = wish.parameters,
                                       .callback = wish.callback,
                                       .is_lenient = 1,
                                       .notes = wish.notes};
    const char *operation_id;

    ORC_TRY(error);
    ORC_TRY(orc_legacy_told(orc_rules_update(&operation_id, &call, &update), request->pool));
    return orc_legacy_deployment_answer(request, response, update.id, 202);
}
