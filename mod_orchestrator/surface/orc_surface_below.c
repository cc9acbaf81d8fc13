/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_surface_below.h"

orc_error_t *orc_surface_below_list(const orc_request_t *request, orc_response_t *response, orc_sql_call_t base,
                                    orc_surface_expand_t *expand)
{
    const orc_surface_list_t list = {
        .base = base,
        .access = "SELECT $3::boolean OR EXISTS (SELECT FROM deployment_owners w WHERE w.deployment_id = d.id AND "
                  "w.user_id = caller.id) FROM deployments d WHERE d.id = $2::uuid",
        .what = "deployment",
        .expand = expand,
    };

    return orc_surface_list(request, response, &list);
}
