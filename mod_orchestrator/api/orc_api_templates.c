/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_id.h"
#include "orc_routes.h"
#include "orc_rules_templates.h"
#include "orc_surface_idempotency.h"
#include "orc_surface_list.h"

/* Templates: a JSON body, or the YAML itself with the name as a query parameter. */

static orc_rules_template_t read_given(const orc_request_t *request)
{
    const json_t *content = json_object_get(request->json, "content");
    orc_rules_template_t given = {0};

    if (!request->json) {
        given.content = request->body;
        given.length = request->body_length;
        given.name = orc_request_parameter(request, "name");
        return given;
    }
    given.content = json_string_value(content);
    given.length = json_string_length(content);
    given.name = orc_json_string(request->json, "name");
    given.version = orc_json_string(request->json, "version");
    given.target_provider_type = orc_json_string(request->json, "target_provider_type");
    given.tosca_definition_version = orc_json_string(request->json, "tosca_definition_version");
    return given;
}

/* Beside a JSON body the name is no query parameter. */
static void check_place_of_name(orc_error_t **error, const orc_request_t *request)
{
    if (request->json && orc_request_parameter(request, "name"))
        orc_error_add_parameter(error, request->pool, "name", "belongs into a JSON body");
}

void orc_api_templates_check_new(orc_error_t **error, const orc_request_t *request)
{
    const orc_rules_call_t call = orc_surface_call(request);
    const orc_rules_template_t given = read_given(request);

    check_place_of_name(error, request);
    orc_rules_templates_check(error, &call, &given);
}

void orc_api_templates_check_change(orc_error_t **error, const orc_request_t *request)
{
    const orc_rules_call_t call = orc_surface_call(request);
    const orc_rules_template_t given = read_given(request);

    if (request->json)
        orc_rules_templates_check_content(error, &call, &given);
}

orc_error_t *orc_api_templates_post(const orc_request_t *request, orc_response_t *response)
{
    const orc_rules_call_t call = orc_surface_call(request);
    const orc_rules_template_t given = read_given(request);
    const char *id = orc_id_new(request->pool);
    orc_error_t *error = NULL;
    orc_db_step_t key;

    check_place_of_name(&error, request);
    if (error)
        orc_rules_templates_check(&error, &call, &given);
    ORC_TRY(error);
    orc_surface_created(request, response, "/templates", id);
    return orc_rules_templates_store(&call, id, &given,
                                     orc_surface_idempotency_step(&key, request, response) ? &key : NULL);
}

/* ---- reading ---- */

orc_error_t *orc_api_templates_get(const orc_request_t *request, orc_response_t *response)
{
    return orc_surface_object(request, response,
                              orc_sql_template_get(.id = request->ids[0], .caller = request->identity->user_id,
                                                   .is_admin = orc_value_flag(request->identity->is_admin)),
                              "template");
}

orc_error_t *orc_api_templates_list(const orc_request_t *request, orc_response_t *response)
{
    const orc_surface_list_t list = {
        .rows = {.base = orc_sql_template_list(.caller = request->identity->user_id), .is_everybodys = 1},
        .what = "template"};

    return orc_surface_list(request, response, &list);
}

/* ---- changing ---- */

static orc_error_t *change(const orc_request_t *request, orc_response_t *response, int is_whole)
{
    const orc_rules_call_t call = orc_surface_call(request);
    const orc_rules_template_t given = read_given(request);
    const orc_rules_condition_t condition = orc_surface_condition(request);

    ORC_TRY(orc_rules_templates_change(&call, request->ids[0], &given, is_whole, &condition));
    orc_surface_done(response);
    return NULL;
}

orc_error_t *orc_api_templates_patch(const orc_request_t *request, orc_response_t *response)
{
    return change(request, response, 0);
}

orc_error_t *orc_api_templates_put(const orc_request_t *request, orc_response_t *response)
{
    return change(request, response, 1);
}

orc_error_t *orc_api_templates_delete(const orc_request_t *request, orc_response_t *response)
{
    const orc_rules_call_t call = orc_surface_call(request);
    const orc_rules_condition_t condition = orc_surface_condition(request);

    ORC_TRY(orc_rules_templates_delete(&call, request->ids[0], &condition));
    orc_surface_done(response);
    return NULL;
}
