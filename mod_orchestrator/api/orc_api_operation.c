/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_api_operation.h"

#include "orc_surface_below.h"

orc_api_operation_t orc_api_operation_at(const orc_request_t *request)
{
    const char *const *ids = request->ids;

    if (ids[2])
        return (orc_api_operation_t){ids[0], ids[1], ids[2]};
    return ids[1] ? (orc_api_operation_t){ids[0], NULL, ids[1]} : (orc_api_operation_t){NULL, NULL, ids[0]};
}

/* Of one that is looked for by its id alone there is no deployment where it is not there. */
static orc_error_t *judge(const orc_rows_t *row, const char *what, apr_pool_t *pool)
{
    const char *access = orc_rows_named(row, 0, "access");

    if (access && !orc_value_is_true(access))
        return orc_rules_forbidden("deployment", pool);
    return access && orc_rows_named(row, 0, "tag") ? NULL : orc_rules_not_found(what, pool);
}

orc_error_t *orc_api_operation_read(const orc_request_t *request, orc_response_t *response, orc_sql_call_t call)
{
    if (request->ids[1])
        return orc_surface_below_object(request, response, call, "operation");
    return orc_surface_read(request, response, call, judge, "operation");
}
