/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_strings.h>
#include <string.h>

#include "orc_legacy_list.h"
#include "orc_legacy_routes.h"
#include "orc_legacy_told.h"
#include "orc_rules_machines.h"
#include "orc_surface_below.h"
#include "orc_tosca.h"

/* A type means what derives from it, too. */
static void filter_type(orc_store_where_t *where, const orc_request_t *request)
{
    static const orc_store_filter_t type = {"b.tosca_node_type", NULL, NULL, ORC_STORE_TEXT, ORC_STORE_IS};
    const char *text = orc_legacy_parameter(request, "type");

    if (text)
        orc_store_where_add(where, &type, orc_tosca_types_descendants(request->service->types, text, request->pool));
}

orc_error_t *orc_legacy_resources_list(const orc_request_t *request, orc_response_t *response)
{
    const orc_store_list_t rows = {
        .base = orc_sql_legacy_resource_list(.caller = request->identity->user_id, .deployment_id = request->ids[0],
                                             .is_admin = orc_value_flag(request->identity->is_admin),
                                             .base_url = request->base_url),
        .access = orc_surface_below_access(request->pool)};
    orc_store_where_t where = orc_store_where_make(orc_sql_table[rows.base.statement].parameters + 1, request->pool);

    filter_type(&where, request);
    return orc_legacy_list(request, response, &rows, "deployment", &where);
}

orc_error_t *orc_legacy_resources_get(const orc_request_t *request, orc_response_t *response)
{
    return orc_surface_below_object(request, response,
                                    orc_sql_legacy_resource(.deployment_id = request->ids[0], .id = request->ids[1],
                                                            .caller = request->identity->user_id,
                                                            .is_admin = orc_value_flag(request->identity->is_admin),
                                                            .base_url = request->base_url),
                                    "resource");
}

orc_error_t *orc_legacy_resources_act(const orc_request_t *request, orc_response_t *response)
{
    const orc_rules_call_t call = orc_surface_call(request);
    const orc_rules_machine_t machine = {
        .deployment_id = request->ids[0],
        .id = request->ids[1],
        .wish = strcmp(orc_json_string(request->json, "type"), "start") == 0 ? ORC_RULES_START : ORC_RULES_STOP};
    const char *operation_id;

    ORC_TRY(orc_legacy_told(orc_rules_machine_ask(&operation_id, &call, &machine), request->pool));
    response->status = 202;
    return NULL;
}
