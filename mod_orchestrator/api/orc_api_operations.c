/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_strings.h>

#include "orc_id.h"
#include "orc_routes.h"
#include "orc_rules_operations.h"
#include "orc_surface_below.h"
#include "orc_surface_idempotency.h"

orc_error_t *orc_api_operations_get(const orc_request_t *request, orc_response_t *response)
{
    return orc_surface_below_object(request, response,
                                    orc_sql_operation_get(.deployment_id = request->ids[0], .id = request->ids[1],
                                                          .caller = request->identity->user_id,
                                                          .is_admin = orc_value_flag(request->identity->is_admin)),
                                    "operation");
}

orc_error_t *orc_api_operations_list(const orc_request_t *request, orc_response_t *response)
{
    return orc_surface_below_list(request, response,
                                  orc_sql_operation_list(.caller = request->identity->user_id,
                                                         .deployment_id = request->ids[0],
                                                         .is_admin = orc_value_flag(request->identity->is_admin)),
                                  NULL);
}

/* ---- canceling, retrying: below a resource, below a deployment, or by its id alone ---- */

static orc_rules_operation_t wish_of(const orc_request_t *request)
{
    const char *const *ids = request->ids;
    const orc_rules_operation_t wish = {.deployment_id = ids[1] ? ids[0] : NULL,
                                        .resource_id = ids[2] ? ids[1] : NULL,
                                        .id = ids[2]   ? ids[2]
                                              : ids[1] ? ids[1]
                                                       : ids[0],
                                        .condition = orc_surface_condition(request)};

    return wish;
}

/* Where an operation is, in the same place. */
static void answer_accepted(const orc_request_t *request, orc_response_t *response, const orc_rules_operation_t *wish,
                            const char *id)
{
    apr_pool_t *pool = request->pool;
    const char *below = wish->deployment_id ? apr_pstrcat(pool, "/deployments/", wish->deployment_id, NULL) : "";

    if (wish->resource_id)
        below = apr_pstrcat(pool, below, "/resources/", wish->resource_id, NULL);
    orc_surface_accepted(request, response, apr_pstrcat(pool, below, "/operations/", id, NULL), NULL);
}

orc_error_t *orc_api_operations_cancel(const orc_request_t *request, orc_response_t *response)
{
    const orc_rules_call_t call = orc_surface_call(request);
    const orc_rules_operation_t wish = wish_of(request);

    ORC_TRY(orc_rules_operation_cancel(&call, &wish));
    answer_accepted(request, response, &wish, wish.id);
    return NULL;
}

orc_error_t *orc_api_operations_retry(const orc_request_t *request, orc_response_t *response)
{
    const orc_rules_call_t call = orc_surface_call(request);
    orc_rules_operation_t wish = wish_of(request);
    orc_db_step_t key;

    wish.new_id = orc_id_new(request->pool);
    answer_accepted(request, response, &wish, wish.new_id);
    if (orc_surface_idempotency_step(&key, request, response))
        wish.also = &key;
    return orc_rules_operation_retry(&call, &wish);
}
