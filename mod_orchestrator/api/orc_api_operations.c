/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_strings.h>

#include "orc_api_operation.h"
#include "orc_id.h"
#include "orc_routes.h"
#include "orc_rules_operations.h"
#include "orc_rules_records.h"
#include "orc_surface_below.h"
#include "orc_surface_idempotency.h"

orc_error_t *orc_api_operations_get(const orc_request_t *request, orc_response_t *response)
{
    const orc_api_operation_t at = orc_api_operation_at(request);

    return orc_api_operation_read(request, response,
                                  orc_sql_operation_get(.deployment_id = at.deployment_id,
                                                        .resource_id = at.resource_id, .id = at.id,
                                                        .caller = request->identity->user_id,
                                                        .is_admin = orc_value_flag(request->identity->is_admin)));
}

orc_error_t *orc_api_operations_list_all(const orc_request_t *request, orc_response_t *response)
{
    const char *caller = request->identity->user_id;
    const orc_store_list_t all = {.base = orc_sql_operation_list_all(.caller = caller),
                                  .keys = &orc_sql_table[ORC_SQL_OPERATION_KEYS_ALL],
                                  .is_everybodys = 1};
    const orc_store_list_t own = {.base = orc_sql_operation_list_own(.caller = caller)};
    const orc_surface_list_t list = {.rows = request->identity->is_admin ? all : own, .what = "operation"};

    return orc_surface_list(request, response, &list);
}

/* Of a resource that is not there, there is no list. */
orc_error_t *orc_api_operations_list_of_resource(const orc_request_t *request, orc_response_t *response)
{
    const orc_surface_list_t list = {
        .rows = {.base = orc_sql_operation_list_of_resource(.caller = request->identity->user_id,
                                                            .deployment_id = request->ids[0],
                                                            .is_admin = orc_value_flag(request->identity->is_admin),
                                                            .resource_id = request->ids[1]),
                 .access =
                     apr_psprintf(request->pool,
                                  "SELECT p.is_allowed AND CASE WHEN p.is_allowed THEN (SELECT true FROM resources "
                                  "r WHERE r.id = $3::uuid AND r.deployment_id = $2::uuid) ELSE false END FROM "
                                  "%s.deployment_access($2::uuid, caller.id, $4::boolean) p",
                                  orc_views_schema)},
        .what = "resource",
    };

    return orc_surface_list(request, response, &list);
}

orc_error_t *orc_api_operations_patch(const orc_request_t *request, orc_response_t *response)
{
    const orc_rules_call_t call = orc_surface_call(request);
    const orc_api_operation_t at = orc_api_operation_at(request);
    const orc_rules_record_t record = {at.deployment_id, at.resource_id, at.id, orc_surface_condition(request)};

    ORC_TRY(orc_rules_record_label(&call, &record, json_object_get(request->json, "labels")));
    orc_surface_done(response);
    return NULL;
}

orc_error_t *orc_api_operations_delete(const orc_request_t *request, orc_response_t *response)
{
    const orc_rules_call_t call = orc_surface_call(request);
    const orc_rules_record_t record = {.id = request->ids[0], .condition = orc_surface_condition(request)};

    ORC_TRY(orc_rules_record_delete(&call, &record));
    orc_surface_done(response);
    return NULL;
}

orc_error_t *orc_api_operations_list(const orc_request_t *request, orc_response_t *response)
{
    return orc_surface_below_list(request, response,
                                  orc_sql_operation_list(.caller = request->identity->user_id,
                                                         .deployment_id = request->ids[0],
                                                         .is_admin = orc_value_flag(request->identity->is_admin)),
                                  NULL);
}

/* ---- canceling, retrying ---- */

static orc_rules_operation_t wish_of(const orc_request_t *request)
{
    const orc_api_operation_t at = orc_api_operation_at(request);

    return (orc_rules_operation_t){.deployment_id = at.deployment_id,
                                   .resource_id = at.resource_id,
                                   .id = at.id,
                                   .condition = orc_surface_condition(request)};
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
