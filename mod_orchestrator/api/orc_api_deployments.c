/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_strings.h>
#include <string.h>

#include "orc_api_list.h"
#include "orc_id.h"
#include "orc_store_deployments.h"

enum { DELETE_COMPLETE = 3 };

/* ---- reading ---- */

static int is_true(const orc_request_t *request, const char *parameter)
{
    const char *value = orc_request_parameter(request, parameter);

    return value && strcmp(value, "true") == 0;
}

orc_error_t *orc_api_deployments_get(const orc_request_t *request, orc_response_t *response)
{
    const char *const values[] = {request->ids[0], request->identity->user_id,
                                  orc_api_flag(request->identity->is_admin), request->base_url};

    return orc_api_object(request, response,
                          is_true(request, "template") ? ORC_SQL_DEPLOYMENT_GET_WITH_TEMPLATE : ORC_SQL_DEPLOYMENT_GET,
                          4, values, "deployment");
}

orc_error_t *orc_api_deployments_get_template(const orc_request_t *request, orc_response_t *response)
{
    const char *const values[] = {request->ids[0], request->identity->user_id,
                                  orc_api_flag(request->identity->is_admin)};

    return orc_api_object(request, response, ORC_SQL_DEPLOYMENT_TEMPLATE, 3, values, "deployment");
}

/* True when every owner that a list is asked for is the caller. */
static int asks_for_own(const orc_request_t *request)
{
    int i;

    for (i = 0; request->parameters && i < request->parameters->nelts; i++) {
        const orc_parameter_t *parameter = &APR_ARRAY_IDX(request->parameters, i, orc_parameter_t);
        char *rest = apr_pstrdup(request->pool, parameter->value), *owner, *state;

        if (strcmp(parameter->name, "owned_by") != 0)
            continue;
        for (owner = apr_strtok(rest, ",", &state); owner; owner = apr_strtok(NULL, ",", &state)) {
            if (strcmp(owner, "me") != 0 && strcasecmp(owner, request->identity->user_id) != 0)
                return 0;
        }
    }
    return 1;
}

orc_error_t *orc_api_deployments_list(const orc_request_t *request, orc_response_t *response)
{
    int is_admin = request->identity->is_admin;
    const char *const values[] = {request->identity->user_id, request->base_url};
    const orc_api_list_t list = {.base = is_admin ? ORC_SQL_DEPLOYMENT_LIST_ALL : ORC_SQL_DEPLOYMENT_LIST_OWN,
                                 .count = 2,
                                 .values = values,
                                 .has_few_rows = !is_admin,
                                 .what = "deployment"};

    if (!is_admin && !asks_for_own(request))
        return orc_error(request->pool, 403, "forbidden", "Only administrators may see deployments of other people.");
    return orc_api_list(request, response, &list);
}

/* ---- deleting ---- */

typedef struct deletion_t {
    const orc_request_t *request;
    orc_store_deletion_t store;
    int is_accepted;          /* 202 with the operation; else 204 */
    const char *operation_id; /* the one that deletes */
} deletion_t;

static orc_error_t *check_standing(const deletion_t *deletion, const orc_store_standing_t *standing)
{
    const orc_request_t *request = deletion->request;

    if (!standing->is_known)
        return orc_api_gone(request);
    if (!standing->exists)
        return orc_api_not_found(request, "deployment");
    if (!standing->is_allowed)
        return orc_api_forbidden(request, "deployment");
    if ((deletion->store.is_forced || deletion->store.is_unsecure) && !request->identity->is_admin)
        return orc_error(request->pool, 403, "forbidden.admin", "Only administrators may use force or unsecure.");
    /* The client may have read the object with the template's text or without it. */
    return orc_api_check_match(request, standing->tags[1]) ? orc_api_check_match(request, standing->tags[0]) : NULL;
}

static orc_error_t *work_deletion(orc_db_t *db, void *baton, apr_pool_t *pool)
{
    deletion_t *deletion = baton;
    orc_store_deletion_t store = deletion->store;
    orc_store_standing_t standing;

    ORC_TRY(
        orc_store_deployment_lock(&standing, db, store.id, store.caller, deletion->request->identity->is_admin, pool));
    ORC_TRY(check_standing(deletion, &standing));
    deletion->is_accepted = !store.is_forced;
    if (standing.deletion_id) {
        store.operation_id = deletion->operation_id = standing.deletion_id;
        return store.is_forced || store.is_unsecure ? orc_store_deployment_delete_harder(db, &store, pool) : NULL;
    }
    if (standing.status == DELETE_COMPLETE && !store.is_forced) {
        deletion->is_accepted = 0;
        return NULL;
    }
    store.operation_id = deletion->operation_id = orc_id_new(pool);
    return orc_store_deployment_delete(db, &store, pool);
}

orc_error_t *orc_api_deployments_delete(const orc_request_t *request, orc_response_t *response)
{
    deletion_t deletion = {
        .request = request,
        .store = {.id = request->ids[0],
                  .caller = request->identity->user_id,
                  .is_forced = is_true(request, "force"),
                  .is_unsecure = is_true(request, "unsecure"),
                  .correlation_id = request->request_id},
    };

    ORC_TRY(orc_db_transact(request->service->db, work_deletion, &deletion, 1, request->pool));
    if (deletion.is_accepted)
        orc_api_accepted(
            request, response,
            apr_pstrcat(request->pool, "/deployments/", request->ids[0], "/operations/", deletion.operation_id, NULL),
            NULL);
    else
        orc_api_done(response);
    return NULL;
}
