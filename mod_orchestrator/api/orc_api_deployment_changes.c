/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_strings.h>
#include <string.h>

#include "orc_id.h"
#include "orc_routes.h"
#include "orc_rules_deployments.h"
#include "orc_rules_owners.h"
#include "orc_rules_update.h"
#include "orc_surface_handler.h"

/* What changes a deployment, but for its deletion. */

static void answer_accepted(const orc_request_t *request, orc_response_t *response, const char *operation_id)
{
    orc_surface_accepted(
        request, response,
        apr_pstrcat(request->pool, "/deployments/", request->ids[0], "/operations/", operation_id, NULL), NULL);
}

/* ---- inputs ---- */

static orc_error_t *update(const orc_request_t *request, orc_response_t *response, const json_t *inputs, int is_whole)
{
    const orc_rules_call_t call = orc_surface_call(request);
    const orc_rules_update_t wish = {
        .id = request->ids[0], .inputs = inputs, .is_whole = is_whole, .condition = orc_surface_condition(request)};
    const char *operation_id;

    ORC_TRY(orc_rules_update(&operation_id, &call, &wish));
    if (operation_id)
        answer_accepted(request, response, operation_id);
    else
        orc_surface_done(response);
    return NULL;
}

orc_error_t *orc_api_deployments_put(const orc_request_t *request, orc_response_t *response)
{
    return update(request, response, json_object_get(request->json, "template_inputs"), 1);
}

/* The body is what others call template_inputs. */
orc_error_t *orc_api_deployments_patch_inputs(const orc_request_t *request, orc_response_t *response)
{
    static const char *const outer = "template_inputs";
    orc_error_t *error = update(request, response, request->json, 0);
    int i;

    for (i = 0; error && error->fields && i < error->fields->nelts; i++) {
        orc_error_field_t *field = &APR_ARRAY_IDX(error->fields, i, orc_error_field_t);

        if (!field->member || strncmp(field->member, outer, strlen(outer)) != 0)
            continue;
        field->pointer = apr_pstrdup(request->pool, field->member + strlen(outer));
        field->member = NULL;
    }
    return error;
}

/* ---- one of the two ---- */

orc_error_t *orc_api_deployments_patch(const orc_request_t *request, orc_response_t *response)
{
    const json_t *inputs = json_object_get(request->json, "template_inputs");
    const orc_rules_call_t call = orc_surface_call(request);
    const orc_rules_condition_t condition = orc_surface_condition(request);

    if (inputs)
        return update(request, response, inputs, 0);
    ORC_TRY(orc_rules_deployment_set_group(&call, request->ids[0], orc_json_string(request->json, "user_group"),
                                           &condition));
    orc_surface_done(response);
    return NULL;
}

/* ---- owners ---- */

static orc_error_t *change_owner(const orc_request_t *request, orc_response_t *response, const orc_rules_owner_t *owner)
{
    const orc_rules_call_t call = orc_surface_call(request);
    const char *operation_id;

    ORC_TRY(orc_rules_owners_change(&operation_id, &call, owner));
    answer_accepted(request, response, operation_id ? operation_id : "");
    return NULL;
}

orc_error_t *orc_api_owners_post(const orc_request_t *request, orc_response_t *response)
{
    const char *given = orc_json_string(request->json, "id");
    char *user_id = apr_palloc(request->pool, ORC_ID_LENGTH + 1);
    const orc_rules_owner_t owner = {.id = request->ids[0],
                                     .user_id = given && orc_id_parse(given, user_id) ? user_id : NULL};

    return change_owner(request, response, &owner);
}

orc_error_t *orc_api_owners_delete(const orc_request_t *request, orc_response_t *response)
{
    const orc_rules_owner_t owner = {.id = request->ids[0],
                                     .user_id = request->ids[1],
                                     .is_leaving = 1,
                                     .condition = orc_surface_condition(request)};

    return change_owner(request, response, &owner);
}

/* ---- the status ---- */

orc_error_t *orc_api_deployments_reset(const orc_request_t *request, orc_response_t *response)
{
    const orc_rules_call_t call = orc_surface_call(request);
    const char *operation_id;

    ORC_TRY(orc_rules_deployment_reset(&operation_id, &call, request->ids[0], 0));
    answer_accepted(request, response, operation_id);
    return NULL;
}
