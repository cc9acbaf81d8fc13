/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_surface_below.h"

#include <apr_strings.h>

const char *orc_surface_below_access(apr_pool_t *pool)
{
    return apr_psprintf(pool, "SELECT p.is_allowed FROM %s.deployment_access($2::uuid, caller.id, $3::boolean) p",
                        orc_views_schema);
}

orc_error_t *orc_surface_below_list(const orc_request_t *request, orc_response_t *response, orc_sql_call_t base,
                                    orc_surface_expand_t *expand)
{
    const orc_surface_list_t list = {
        .rows = {.base = base, .access = orc_surface_below_access(request->pool)},
        .what = "deployment",
        .expand = expand,
    };

    return orc_surface_list(request, response, &list);
}

static orc_error_t *judge_below(const orc_rows_t *row, const char *what, apr_pool_t *pool)
{
    const char *access = orc_rows_named(row, 0, "access");

    if (!access)
        return orc_rules_not_found("deployment", pool);
    if (!orc_value_is_true(access))
        return orc_rules_forbidden("deployment", pool);
    return orc_rows_named(row, 0, "tag") ? NULL : orc_rules_not_found(what, pool);
}

orc_error_t *orc_surface_below_object(const orc_request_t *request, orc_response_t *response, orc_sql_call_t call,
                                      const char *what)
{
    return orc_surface_read(request, response, call, judge_below, what);
}
