/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_surface_below.h"

#include <apr_strings.h>

orc_error_t *orc_surface_below_list(const orc_request_t *request, orc_response_t *response, orc_sql_call_t base,
                                    orc_surface_expand_t *expand)
{
    const orc_surface_list_t list = {
        .rows = {.base = base,
                 .access = apr_psprintf(request->pool,
                                        "SELECT p.is_allowed FROM %s.deployment_access($2::uuid, caller.id, "
                                        "$3::boolean) p",
                                        orc_views_schema)},
        .what = "deployment",
        .expand = expand,
    };

    return orc_surface_list(request, response, &list);
}

orc_error_t *orc_surface_below_object(const orc_request_t *request, orc_response_t *response, orc_sql_call_t call,
                                      const char *what)
{
    const char *access;
    orc_rows_t rows;

    ORC_TRY(orc_db_read(request->service->db, &rows, call, request->pool));
    if (rows.count == 0)
        return orc_rules_gone(request->pool);
    access = orc_rows_named(&rows, 0, "access");
    if (!access)
        return orc_rules_not_found("deployment", request->pool);
    if (!orc_value_is_true(access))
        return orc_rules_forbidden("deployment", request->pool);
    if (!orc_rows_named(&rows, 0, "object"))
        return orc_rules_not_found(what, request->pool);
    return orc_surface_version(request, response, &rows);
}
