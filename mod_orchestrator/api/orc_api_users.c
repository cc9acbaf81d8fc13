/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_strings.h>
#include <string.h>

#include "orc_api_callers.h"
#include "orc_api_idempotency.h"
#include "orc_api_list.h"
#include "orc_ssh_key.h"
#include "orc_store_users.h"

/* Users: API.md, section 3. A person changes themselves, an administrator everybody. */

/* ---- registration ---- */

typedef struct registration_t {
    const orc_request_t *request;
    orc_response_t *response;
} registration_t;

static orc_error_t *register_person(orc_db_t *db, void *baton, apr_pool_t *pool)
{
    const registration_t *registration = baton;
    const orc_request_t *request = registration->request;
    int created;

    ORC_TRY(orc_api_callers_register(&created, db, request));
    if (!created) {
        orc_error_t *error = orc_error(pool, 409, "user.exists", "You are registered already.");

        error->location = apr_pstrcat(pool, "/users/", request->identity->user_id, NULL);
        return error;
    }
    orc_api_created(request, registration->response, "/users", request->identity->user_id);
    return orc_api_idempotency_keep(db, request, registration->response);
}

orc_error_t *orc_api_users_post(const orc_request_t *request, orc_response_t *response)
{
    registration_t registration = {request, response};

    ORC_TRY(orc_api_callers_learn(request));
    return orc_db_transact(request->service->db, register_person, &registration, 0, request->pool);
}

/* ---- reading ---- */

orc_error_t *orc_api_users_get(const orc_request_t *request, orc_response_t *response)
{
    const char *const values[] = {request->ids[0], request->identity->user_id,
                                  orc_api_flag(request->identity->is_admin)};

    return orc_api_object(request, response, ORC_SQL_USER_GET, 3, values, "user");
}

orc_error_t *orc_api_users_list(const orc_request_t *request, orc_response_t *response)
{
    const char *const values[] = {request->identity->user_id};
    orc_api_list_t list = {.base = request->identity->is_admin ? ORC_SQL_USER_LIST_ALL : ORC_SQL_USER_LIST_OWN,
                           .count = 1,
                           .values = values,
                           .what = "user"};

    return orc_api_list(request, response, &list);
}

/* ---- changing ---- */

static int is_self(const orc_request_t *request)
{
    return strcmp(request->ids[0], request->identity->user_id) == 0;
}

/* Locks the person, and says what speaks against a change of them. */
static orc_error_t *lock(orc_db_t *db, const orc_request_t *request)
{
    int is_caller_there;
    const char *tag;

    ORC_TRY(
        orc_store_users_lock(&tag, &is_caller_there, db, request->ids[0], request->identity->user_id, request->pool));
    if (!is_caller_there)
        return orc_api_gone(request);
    if (!tag)
        return orc_api_not_found(request, "user");
    if (!is_self(request) && !request->identity->is_admin)
        return orc_api_forbidden(request, "user");
    return orc_api_check_match(request, tag);
}

static orc_store_change_t change_of(const orc_request_t *request, const char *name)
{
    const json_t *value = json_object_get(request->json, name);
    orc_store_change_t change = {value != NULL, json_string_value(value)};

    return change;
}

static const char *check_key(orc_error_t **error, const orc_request_t *request)
{
    const char *key = orc_json_string(request->json, "public_ssh_key");
    const char *wrong = key ? orc_ssh_key_check(&key, key, request->pool) : NULL;

    if (wrong)
        orc_error_add_pointer(error, request->pool, "/public_ssh_key", "%s", wrong);
    return key;
}

void orc_api_users_check_change(orc_error_t **error, const orc_request_t *request)
{
    (void)check_key(error, request);
}

static orc_error_t *read_changes(orc_store_user_changes_t *changes, const orc_request_t *request)
{
    orc_error_t *error = NULL;

    changes->picture = change_of(request, "picture");
    changes->public_ssh_key = change_of(request, "public_ssh_key");
    changes->refresh_token = change_of(request, "refresh_token");
    changes->public_ssh_key.value = check_key(&error, request);
    changes->refresh_token.value =
        orc_secret_seal(&request->service->config->secret_key, changes->refresh_token.value, request->pool);
    return error;
}

typedef struct work_t {
    const orc_request_t *request;
    orc_store_user_changes_t changes;
} work_t;

static orc_error_t *update(orc_db_t *db, void *baton, apr_pool_t *pool)
{
    const work_t *work = baton;

    ORC_TRY(lock(db, work->request));
    return orc_store_users_update(db, work->request->ids[0], &work->changes, pool);
}

orc_error_t *orc_api_users_patch(const orc_request_t *request, orc_response_t *response)
{
    work_t work = {.request = request};

    ORC_TRY(read_changes(&work.changes, request));
    if (work.changes.refresh_token.is_given && !is_self(request) && request->identity->is_admin)
        return orc_error(request->pool, 403, "forbidden", "Only the person themselves may set a refresh token.");
    ORC_TRY(
        orc_db_transact(request->service->db, update, &work, work.changes.refresh_token.value != NULL, request->pool));
    orc_api_done(response);
    return NULL;
}

static orc_error_t *delete_person(orc_db_t *db, void *baton, apr_pool_t *pool)
{
    const work_t *work = baton;
    const orc_request_t *request = work->request;
    orc_error_t *error;

    ORC_TRY(lock(db, request));
    if (is_self(request))
        return orc_error(pool, 409, "user.self", "You can't remove yourself.");
    error = orc_store_users_delete(db, request->ids[0], pool);
    if (error && strcmp(error->code, "conflict.reference") == 0)
        return orc_error(pool, 409, "user.in_use", "Templates, deployments or resources refer to this user.");
    return error;
}

orc_error_t *orc_api_users_delete(const orc_request_t *request, orc_response_t *response)
{
    work_t work = {.request = request};

    ORC_TRY(orc_db_transact(request->service->db, delete_person, &work, 0, request->pool));
    orc_api_done(response);
    return NULL;
}
