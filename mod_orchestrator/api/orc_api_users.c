/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_strings.h>

#include "orc_routes.h"
#include "orc_rules_persons.h"
#include "orc_surface_idempotency.h"
#include "orc_surface_list.h"

/* ---- registration ---- */

typedef struct registration_t {
    const orc_request_t *request;
    orc_response_t *response;
} registration_t;

static orc_error_t *keep_answer(orc_db_t *db, void *baton)
{
    const registration_t *registration = baton;
    const orc_request_t *request = registration->request;

    orc_surface_created(request, registration->response, "/users", request->identity->user_id);
    return orc_surface_idempotency_keep(db, request, registration->response);
}

orc_error_t *orc_api_users_post(const orc_request_t *request, orc_response_t *response)
{
    const orc_rules_call_t call = orc_surface_call(request);
    registration_t registration = {request, response};

    return orc_rules_persons_register(&call, keep_answer, &registration);
}

/* ---- reading ---- */

orc_error_t *orc_api_users_get(const orc_request_t *request, orc_response_t *response)
{
    return orc_surface_object(request, response,
                              orc_sql_user_get(.id = request->ids[0], .caller = request->identity->user_id,
                                               .is_admin = orc_value_flag(request->identity->is_admin)),
                              "user");
}

orc_error_t *orc_api_users_list(const orc_request_t *request, orc_response_t *response)
{
    const char *caller = request->identity->user_id;
    int is_admin = request->identity->is_admin;
    const orc_surface_list_t list = {
        .rows = {.base = is_admin ? orc_sql_user_list_all(.caller = caller) : orc_sql_user_list_own(.caller = caller),
                 .is_everybodys = is_admin},
        .what = "user",
        .is_costly = !is_admin, /* all of one's deployments are looked at for their owners */
    };

    return orc_surface_list(request, response, &list);
}

/* ---- changing ---- */

static orc_store_change_t change_of(const orc_request_t *request, const char *name)
{
    const json_t *value = json_object_get(request->json, name);
    orc_store_change_t change = {value != NULL, json_string_value(value)};

    return change;
}

static orc_rules_person_change_t read_change(const orc_request_t *request)
{
    orc_rules_person_change_t change = {
        .id = request->ids[0],
        .picture = change_of(request, "picture"),
        .public_ssh_key = change_of(request, "public_ssh_key"),
        .refresh_token = change_of(request, "refresh_token"),
        .condition = orc_surface_condition(request),
    };

    return change;
}

void orc_api_users_check_change(orc_error_t **error, const orc_request_t *request)
{
    const orc_rules_person_change_t change = read_change(request);

    orc_rules_persons_check(error, &change, request->pool);
}

orc_error_t *orc_api_users_patch(const orc_request_t *request, orc_response_t *response)
{
    const orc_rules_call_t call = orc_surface_call(request);
    const orc_rules_person_change_t change = read_change(request);

    ORC_TRY(orc_rules_persons_change(&call, &change));
    orc_surface_done(response);
    return NULL;
}

orc_error_t *orc_api_users_delete(const orc_request_t *request, orc_response_t *response)
{
    const orc_rules_call_t call = orc_surface_call(request);
    const orc_rules_condition_t condition = orc_surface_condition(request);

    ORC_TRY(orc_rules_persons_delete(&call, request->ids[0], &condition));
    orc_surface_done(response);
    return NULL;
}

/* ---- SSH keys ---- */

orc_error_t *orc_api_users_post_ssh_keys(const orc_request_t *request, orc_response_t *response)
{
    const orc_rules_call_t call = orc_surface_call(request);
    apr_pool_t *pool = request->pool;
    orc_ssh_pair_t pair;

    ORC_TRY(orc_rules_persons_make_keys(&pair, &call, request->ids[0]));
    apr_table_setn(response->headers, "Location",
                   orc_surface_url(request, apr_pstrcat(pool, "/users/", request->ids[0], NULL)));
    orc_response_json(response, 201,
                      orc_json_text(orc_json_own(json_pack("{s:s, s:s}", "public_ssh_key", pair.public_key,
                                                           "private_ssh_key", pair.private_key),
                                                 pool),
                                    pool));
    return NULL;
}

orc_error_t *orc_api_users_delete_ssh_keys(const orc_request_t *request, orc_response_t *response)
{
    const orc_rules_call_t call = orc_surface_call(request);
    const orc_rules_person_change_t change = {
        .id = request->ids[0], .public_ssh_key = {1, NULL}, .condition = orc_surface_condition(request)};

    ORC_TRY(orc_rules_persons_change(&call, &change));
    orc_surface_done(response);
    return NULL;
}
