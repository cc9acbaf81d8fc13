/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_strings.h>
#include <string.h>

#include "orc_legacy_list.h"
#include "orc_legacy_one.h"
#include "orc_legacy_routes.h"
#include "orc_legacy_told.h"
#include "orc_rules_deletion.h"
#include "orc_rules_deployments.h"
#include "orc_rules_logs.h"
#include "orc_rules_submission.h"
#include "orc_surface_check.h"
#include "orc_url.h"

/* ---- whose ---- */

/* A person as createdBy names them: the issuer begins with the last "@http", because a subject may have an "@". */
typedef struct creator_t {
    const char *subject, *issuer;
} creator_t;

static int read_creator(creator_t *creator, const char *text, apr_pool_t *pool)
{
    const char *at = NULL, *here = text;

    while ((here = strstr(here, "@http")))
        at = here++;
    if (!at || at == text)
        return 0;
    creator->subject = apr_pstrmemdup(pool, text, (apr_size_t)(at - text));
    creator->issuer = orc_url_trimmed(at + 1, pool);
    return 1;
}

static void add(orc_store_where_t *where, const orc_store_filter_t *filter, const char *one, const char *two)
{
    apr_array_header_t *values = apr_array_make(where->pool, 2, sizeof(const char *));

    APR_ARRAY_PUSH(values, const char *) = one;
    if (two)
        APR_ARRAY_PUSH(values, const char *) = two;
    orc_store_where_add(where, filter, values);
}

static orc_error_t *filter_creator(orc_store_where_t *where, const orc_request_t *request)
{
    static const orc_store_filter_t me = {"b.created_by", NULL, NULL, ORC_STORE_ID, ORC_STORE_IS};
    static const orc_store_filter_t named = {
        "b.created_by", NULL, "b.created_by = (SELECT u.id FROM users u WHERE u.sub = ($?)[1] AND u.issuer = ($?)[2])",
        ORC_STORE_TEXT, ORC_STORE_IS};
    const char *text = orc_legacy_parameter(request, "createdBy");
    const orc_identity_t *who = request->identity;
    orc_error_t *error = NULL;
    creator_t creator = {0};

    if (!text)
        return NULL;
    if (strcmp(text, "me") == 0) {
        add(where, &me, who->user_id, NULL);
        return NULL;
    }
    if (!read_creator(&creator, text, request->pool))
        orc_error_add_parameter(&error, request->pool, "createdBy", "must be me, or a subject, @ and its issuer's URL");
    ORC_TRY(error);
    if (!who->is_admin && (strcmp(creator.subject, who->subject) != 0 || strcmp(creator.issuer, who->issuer) != 0))
        return orc_error(request->pool, 403, "forbidden", "Only administrators may see deployments of other people.");
    add(where, &named, creator.subject, creator.issuer);
    return NULL;
}

/* ---- the list ---- */

static orc_error_t *filter_group(orc_store_where_t *where, const orc_request_t *request)
{
    static const orc_store_filter_t group = {"b.user_group", NULL, NULL, ORC_STORE_TEXT, ORC_STORE_IS};
    const orc_rules_call_t call = orc_surface_call(request);
    const char *text = orc_legacy_parameter(request, "userGroup");

    if (!text)
        return NULL;
    text = orc_group_name(text);
    if (!request->identity->is_admin)
        ORC_TRY(orc_legacy_told(orc_rules_group_check(&call, text), request->pool));
    add(where, &group, text, NULL);
    return NULL;
}

static orc_error_t *filter_status(orc_store_where_t *where, const orc_request_t *request)
{
    static const orc_store_filter_t not_these = {"b.status", NULL, "NOT b.status = ANY ($?)", ORC_STORE_NUMBER,
                                                 ORC_STORE_IS};
    orc_error_t *error = NULL;
    const apr_array_header_t *excluded = orc_surface_listed(&error, request, "excludedStatus");

    ORC_TRY(error);
    if (excluded->nelts > 0)
        orc_store_where_add(where, &not_these, excluded);
    return NULL;
}

/* Everybody sees their own, an administrator everybody's. */
orc_error_t *orc_legacy_deployments_list(const orc_request_t *request, orc_response_t *response)
{
    const char *caller = request->identity->user_id, *url = request->base_url;
    const orc_store_list_t own = {.base = orc_sql_legacy_deployment_list_own(.caller = caller, .base_url = url)};
    const orc_store_list_t all = {.base = orc_sql_legacy_deployment_list_all(.caller = caller, .base_url = url),
                                  .is_everybodys = 1};
    const orc_store_list_t *rows = request->identity->is_admin ? &all : &own;
    orc_store_where_t where = orc_store_where_make(orc_sql_table[rows->base.statement].parameters + 1, request->pool);

    ORC_TRY(filter_creator(&where, request));
    ORC_TRY(filter_group(&where, request));
    ORC_TRY(filter_status(&where, request));
    return orc_legacy_list(request, response, rows, "deployment", &where);
}

/* ---- one ---- */

orc_error_t *orc_legacy_deployments_get(const orc_request_t *request, orc_response_t *response)
{
    return orc_surface_object(request, response,
                              orc_sql_legacy_deployment(.id = request->ids[0], .caller = request->identity->user_id,
                                                        .is_admin = orc_value_flag(request->identity->is_admin),
                                                        .base_url = request->base_url),
                              "deployment");
}

orc_error_t *orc_legacy_deployment_answer(const orc_request_t *request, orc_response_t *response, const char *id,
                                          int status)
{
    orc_request_t of_it = *request;

    of_it.ids[0] = id;
    of_it.if_none_match = NULL;
    ORC_TRY(orc_legacy_deployments_get(&of_it, response));
    response->status = status;
    return NULL;
}

/* ---- what ends it ---- */

orc_error_t *orc_legacy_deployments_delete(const orc_request_t *request, orc_response_t *response)
{
    const orc_rules_call_t call = orc_surface_call(request);
    const char *force = orc_legacy_parameter(request, "force"), *operation_id;
    const orc_rules_deletion_t deletion = {
        .id = request->ids[0], .is_forced = force && strcasecmp(force, "true") == 0, .is_lenient = 1};

    ORC_TRY(orc_legacy_told(orc_rules_delete(&operation_id, &call, &deletion), request->pool));
    orc_surface_done(response);
    return NULL;
}

/* There is one status that may be set: a deletion that does not end has failed. */
orc_error_t *orc_legacy_deployments_reset(const orc_request_t *request, orc_response_t *response)
{
    const orc_rules_call_t call = orc_surface_call(request);
    const char *operation_id;

    ORC_TRY(orc_legacy_told(orc_rules_deployment_reset(&operation_id, &call, request->ids[0], 1), request->pool));
    orc_surface_done(response);
    return NULL;
}
