/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_surface_below.h"

orc_error_t *orc_surface_below_get(const orc_request_t *request, orc_response_t *response, orc_sql_t statement,
                                   const char *what)
{
    const char *const values[] = {request->ids[0], request->ids[1], request->identity->user_id,
                                  orc_surface_flag(request->identity->is_admin)};

    return orc_surface_object(request, response, statement, 4, values, what);
}

orc_error_t *orc_surface_below_list(const orc_request_t *request, orc_response_t *response, orc_sql_t base,
                                    orc_surface_expand_t *expand)
{
    const char *const values[] = {request->identity->user_id, request->ids[0],
                                  orc_surface_flag(request->identity->is_admin)};
    const orc_surface_list_t list = {
        .base = base,
        .count = 3,
        .values = values,
        .access = "SELECT $3::boolean OR EXISTS (SELECT FROM deployment_owners w WHERE w.deployment_id = d.id AND "
                  "w.user_id = caller.id) FROM deployments d WHERE d.id = $2::uuid",
        .what = "deployment",
        .expand = expand,
    };

    return orc_surface_list(request, response, &list);
}
