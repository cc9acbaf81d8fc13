/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_routes.h"
#include "orc_surface_list.h"

/* Providers: those that serve a group of the caller's. */

orc_error_t *orc_api_providers_get(const orc_request_t *request, orc_response_t *response)
{
    const orc_identity_t *who = request->identity;

    return orc_surface_object(request, response,
                              orc_sql_provider_get(.id = request->ids[0], .caller = who->user_id, .issuer = who->issuer,
                                                   .groups = orc_value_array(who->groups, request->pool),
                                                   .is_admin = orc_value_flag(who->is_admin)),
                              "provider");
}

orc_error_t *orc_api_providers_list(const orc_request_t *request, orc_response_t *response)
{
    const orc_identity_t *who = request->identity;
    const orc_surface_list_t list = {
        .rows = {.base = orc_sql_provider_list(.caller = who->user_id, .issuer = who->issuer,
                                               .groups = orc_value_array(who->groups, request->pool),
                                               .is_admin = orc_value_flag(who->is_admin))},
        .what = "provider"};

    return orc_surface_list(request, response, &list);
}
