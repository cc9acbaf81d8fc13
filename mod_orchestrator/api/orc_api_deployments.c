/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_strings.h>
#include <string.h>

#include "orc_routes.h"
#include "orc_rules_deletion.h"
#include "orc_surface_list.h"

/* ---- reading ---- */

static int is_true(const orc_request_t *request, const char *parameter)
{
    const char *value = orc_request_parameter(request, parameter);

    return value && strcmp(value, "true") == 0;
}

orc_error_t *orc_api_deployments_get(const orc_request_t *request, orc_response_t *response)
{
    const char *id = request->ids[0], *caller = request->identity->user_id, *base_url = request->base_url;
    const char *is_admin = orc_value_flag(request->identity->is_admin);

    if (is_true(request, "template")) {
        return orc_surface_object(request, response,
                                  orc_sql_deployment_get_with_template(.id = id, .caller = caller, .is_admin = is_admin,
                                                                       .base_url = base_url),
                                  "deployment");
    }
    return orc_surface_object(
        request, response,
        orc_sql_deployment_get(.id = id, .caller = caller, .is_admin = is_admin, .base_url = base_url), "deployment");
}

orc_error_t *orc_api_deployments_get_template(const orc_request_t *request, orc_response_t *response)
{
    return orc_surface_object(request, response,
                              orc_sql_deployment_template(.id = request->ids[0], .caller = request->identity->user_id,
                                                          .is_admin = orc_value_flag(request->identity->is_admin)),
                              "deployment");
}

/* True when every owner that a list is asked for is the caller. */
static int asks_for_own(const orc_request_t *request)
{
    int i;

    for (i = 0; request->parameters && i < request->parameters->nelts; i++) {
        const orc_parameter_t *parameter = &APR_ARRAY_IDX(request->parameters, i, orc_parameter_t);
        char *rest = apr_pstrdup(request->pool, parameter->value), *owner, *state;

        if (strcmp(parameter->name, "owned_by") != 0)
            continue;
        for (owner = apr_strtok(rest, ",", &state); owner; owner = apr_strtok(NULL, ",", &state)) {
            if (strcmp(owner, "me") != 0 && strcasecmp(owner, request->identity->user_id) != 0)
                return 0;
        }
    }
    return 1;
}

orc_error_t *orc_api_deployments_list(const orc_request_t *request, orc_response_t *response)
{
    const char *caller = request->identity->user_id, *url = request->base_url;
    const orc_store_list_t all = {.base = orc_sql_deployment_list_all(.caller = caller, .base_url = url),
                                  .keys = &orc_sql_table[ORC_SQL_DEPLOYMENT_KEYS_ALL],
                                  .is_everybodys = 1};
    const orc_store_list_t own = {.base = orc_sql_deployment_list_own(.caller = caller, .base_url = url),
                                  .whole = &orc_sql_table[ORC_SQL_DEPLOYMENT_WHOLE_OWN],
                                  .keys = &orc_sql_table[ORC_SQL_DEPLOYMENT_KEYS_OWN],
                                  .count = &orc_sql_table[ORC_SQL_DEPLOYMENT_COUNT_OWN]};
    int is_admin = request->identity->is_admin;
    const orc_surface_list_t list = {.rows = is_admin ? all : own, .what = "deployment"};

    if (!is_admin && !asks_for_own(request))
        return orc_error(request->pool, 403, "forbidden", "Only administrators may see deployments of other people.");
    return orc_surface_list(request, response, &list);
}

/* ---- deleting ---- */

orc_error_t *orc_api_deployments_delete(const orc_request_t *request, orc_response_t *response)
{
    const orc_rules_call_t call = orc_surface_call(request);
    const orc_rules_deletion_t deletion = {.id = request->ids[0],
                                           .is_forced = is_true(request, "force"),
                                           .is_unsecure = is_true(request, "unsecure"),
                                           .condition = orc_surface_condition(request)};
    const char *operation_id;

    ORC_TRY(orc_rules_delete(&operation_id, &call, &deletion));
    if (operation_id)
        orc_surface_accepted(
            request, response,
            apr_pstrcat(request->pool, "/deployments/", request->ids[0], "/operations/", operation_id, NULL), NULL);
    else
        orc_surface_done(response);
    return NULL;
}
