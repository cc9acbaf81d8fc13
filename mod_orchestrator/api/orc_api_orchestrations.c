/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_strings.h>
#include <string.h>

#include "orc_id.h"
#include "orc_routes.h"
#include "orc_rules_orchestrations.h"
#include "orc_surface_idempotency.h"

enum { PAGE_SIZE = 100 };

static const char *place_of(const orc_request_t *request, const char *id)
{
    return apr_pstrcat(request->pool, "/orchestrations/", id, NULL);
}

static const char *told(const orc_request_t *request, const char *id)
{
    return apr_pstrcat(request->pool, "{\"orchestrationID\":\"", id, "\"}", NULL);
}

/* ---- asking ---- */

static orc_rules_orchestration_t read_wish(const orc_request_t *request)
{
    const json_t *body = request->json, *strategy = json_object_get(body, "strategy"),
                 *parameters = json_object_get(body, "parameters");
    orc_rules_orchestration_t wish = {
        .type = orc_json_string(body, "type"),
        .targets = json_object_get(body, "targets"),
        .schedule = orc_json_string(strategy, "schedule"),
        .keeps_windows = json_is_true(json_object_get(strategy, "maintenanceWindow")),
        .workers = (int)orc_json_integer(json_object_get(strategy, "parallel"), "workers", 0),
        .is_dry_run = json_is_true(json_object_get(body, "dryRun")),
        .parameters = json_is_object(parameters) ? parameters : NULL,
        .description = orc_json_string(body, "description"),
    };

    return wish;
}

void orc_api_orchestrations_check(orc_error_t **error, const orc_request_t *request)
{
    const orc_rules_call_t call = orc_surface_call(request);
    const orc_rules_orchestration_t wish = read_wish(request);

    orc_rules_orchestration_check(error, &call, &wish);
}

orc_error_t *orc_api_orchestrations_post(const orc_request_t *request, orc_response_t *response)
{
    const orc_rules_call_t call = orc_surface_call(request);
    orc_rules_orchestration_t wish = read_wish(request);
    orc_db_step_t key;

    wish.id = orc_id_new(request->pool);
    orc_surface_accepted(request, response, place_of(request, wish.id), told(request, wish.id));
    if (orc_surface_idempotency_step(&key, request, response))
        wish.also = &key;
    return orc_rules_orchestrate(&call, &wish);
}

/* ---- reading ---- */

static const char *is_admin(const orc_request_t *request)
{
    return orc_value_flag(request->identity->is_admin);
}

/* All values of a parameter as an array of PostgreSQL's; NULL: there is none. */
static const char *all_of(const orc_request_t *request, const char *name)
{
    apr_array_header_t *values = apr_array_make(request->pool, 4, sizeof(const char *));
    int i;

    for (i = 0; request->parameters && i < request->parameters->nelts; i++) {
        const orc_parameter_t *parameter = &APR_ARRAY_IDX(request->parameters, i, orc_parameter_t);

        if (strcmp(parameter->name, name) == 0)
            APR_ARRAY_PUSH(values, const char *) = parameter->value;
    }
    return values->nelts ? orc_value_array(values, request->pool) : NULL;
}

static apr_int64_t number_of(const orc_request_t *request, const char *name, int otherwise)
{
    const char *value = orc_request_parameter(request, name);

    return value ? apr_atoi64(value) : otherwise;
}

static const char *size_of(const orc_request_t *request)
{
    return orc_value_number(number_of(request, "page_size", PAGE_SIZE), request->pool);
}

static const char *behind_of(const orc_request_t *request)
{
    apr_int64_t before = number_of(request, "page", 1) - 1;

    return orc_value_number(before * number_of(request, "page_size", PAGE_SIZE), request->pool);
}

orc_error_t *orc_api_orchestrations_list(const orc_request_t *request, orc_response_t *response)
{
    orc_rows_t rows;

    ORC_TRY(orc_rules_visit_costs(request->visit));
    ORC_TRY(orc_db_read(request->service->db, &rows,
                        orc_sql_orchestration_list(.caller = request->identity->user_id, .is_admin = is_admin(request),
                                                   .states = all_of(request, "state"),
                                                   .type = orc_request_parameter(request, "type"),
                                                   .size = size_of(request), .behind = behind_of(request)),
                        request->pool));
    if (!rows.count)
        return orc_rules_gone(request->pool);
    orc_response_json(response, 200, orc_sql_orchestration_list_row(&rows, 0).object);
    return NULL;
}

orc_error_t *orc_api_orchestrations_get(const orc_request_t *request, orc_response_t *response)
{
    return orc_surface_object(request, response,
                              orc_sql_orchestration_get(.id = request->ids[0], .caller = request->identity->user_id,
                                                        .is_admin = is_admin(request)),
                              "orchestration");
}

orc_error_t *orc_api_orchestrations_operations(const orc_request_t *request, orc_response_t *response)
{
    orc_sql_orchestration_operations_row_t row;
    orc_rows_t rows;

    ORC_TRY(orc_rules_visit_costs(request->visit));
    ORC_TRY(
        orc_db_read(request->service->db, &rows,
                    orc_sql_orchestration_operations(.id = request->ids[0], .caller = request->identity->user_id,
                                                     .is_admin = is_admin(request), .states = all_of(request, "state"),
                                                     .size = size_of(request), .behind = behind_of(request)),
                    request->pool));
    if (!rows.count)
        return orc_rules_gone(request->pool);
    row = orc_sql_orchestration_operations_row(&rows, 0);
    if (!orc_value_is_true(row.exists))
        return orc_rules_not_found("orchestration", request->pool);
    if (!orc_value_is_true(row.is_allowed))
        return orc_rules_forbidden("orchestration", request->pool);
    orc_response_json(response, 200, row.object);
    return NULL;
}

static orc_error_t *judge_operation(const orc_rows_t *row, const char *what, apr_pool_t *pool)
{
    const char *access = orc_rows_named(row, 0, "access");

    if (!access)
        return orc_rules_not_found("orchestration", pool);
    if (!orc_value_is_true(access))
        return orc_rules_forbidden("orchestration", pool);
    return orc_rows_named(row, 0, "tag") ? NULL : orc_rules_not_found(what, pool);
}

orc_error_t *orc_api_orchestrations_operation(const orc_request_t *request, orc_response_t *response)
{
    return orc_surface_read(request, response,
                            orc_sql_orchestration_operation(.id = request->ids[0], .operation_id = request->ids[1],
                                                            .caller = request->identity->user_id,
                                                            .is_admin = is_admin(request)),
                            judge_operation, "operation");
}

/* ---- changing ---- */

orc_error_t *orc_api_orchestrations_cancel(const orc_request_t *request, orc_response_t *response)
{
    const orc_rules_call_t call = orc_surface_call(request);
    const orc_rules_condition_t condition = orc_surface_condition(request);

    ORC_TRY(orc_rules_orchestration_cancel(&call, request->ids[0], &condition));
    orc_response_json(response, 200, told(request, request->ids[0]));
    return NULL;
}

/* NULL: all. */
static const apr_array_header_t *operations_of(const orc_request_t *request)
{
    const json_t *list = json_object_get(request->json, "operation-id");
    apr_array_header_t *ids = list ? apr_array_make(request->pool, 4, sizeof(const char *)) : NULL;
    size_t i;

    for (i = 0; i < json_array_size(list); i++)
        APR_ARRAY_PUSH(ids, const char *) = json_string_value(json_array_get(list, i));
    return ids;
}

static json_t *list_of(const apr_array_header_t *ids)
{
    json_t *list = json_array();
    int i;

    for (i = 0; i < ids->nelts; i++)
        json_array_append_new(list, json_string(APR_ARRAY_IDX(ids, i, const char *)));
    return list;
}

static const char *retried_text(const orc_request_t *request, const orc_rules_retried_t *retried)
{
    int count = retried->deployments->nelts;
    const char *message = count == 0   ? "Nothing is tried again: no operation of these failed."
                          : count == 1 ? "1 operation is tried again."
                                       : apr_psprintf(request->pool, "%d operations are tried again.", count);
    json_t *json = json_pack("{s:s, s:o, s:o, s:o, s:s}", "orchestrationID", request->ids[0], "retryShoots",
                             list_of(retried->deployments), "oldOperations", list_of(retried->old), "invalidOperations",
                             list_of(retried->invalid), "msg", message);

    return orc_json_text(orc_json_own(json, request->pool), request->pool);
}

typedef struct answer_t {
    const orc_request_t *request;
    orc_response_t *response;
} answer_t;

static orc_error_t *tell_retried(orc_db_t *db, const orc_rules_retried_t *retried, void *baton, apr_pool_t *pool)
{
    const answer_t *answer = baton;
    const orc_request_t *request = answer->request;

    orc_surface_accepted(request, answer->response, place_of(request, request->ids[0]), retried_text(request, retried));
    return orc_surface_idempotency_keep(db, request, answer->response);
}

orc_error_t *orc_api_orchestrations_retry(const orc_request_t *request, orc_response_t *response)
{
    const orc_rules_call_t call = orc_surface_call(request);
    answer_t answer = {request, response};

    return orc_rules_orchestration_retry(&call, request->ids[0], operations_of(request),
                                         json_is_true(json_object_get(request->json, "immediate")), tell_retried,
                                         &answer);
}
