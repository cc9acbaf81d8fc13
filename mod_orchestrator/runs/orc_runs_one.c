/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_runs_one.h"

#include <apr_strings.h>
#include <string.h>

#include "orc_id.h"
#include "orc_rules_deletion.h"
#include "orc_rules_operations.h"
#include "orc_rules_submission.h"
#include "orc_runs_routes.h"

/* ---- finding ---- */

orc_error_t *orc_runs_namespace(const char **group, const orc_request_t *request)
{
    const orc_rules_call_t call = orc_surface_call(request);

    *group = orc_group_name(orc_request_parameter(request, "nsfilter"));
    return request->identity->is_admin ? NULL : orc_rules_group_check(&call, *group);
}

static orc_error_t *judge(const orc_rows_t *rows, const char *access, apr_pool_t *pool)
{
    if (rows->count == 0)
        return orc_rules_gone(pool);
    if (!access)
        return orc_rules_not_found("run", pool);
    return orc_value_is_true(access) ? NULL : orc_rules_forbidden("run", pool);
}

orc_error_t *orc_runs_find(const char **deployment_id, const orc_request_t *request)
{
    const orc_identity_t *who = request->identity;
    orc_sql_run_find_row_t row = {0};
    const char *group;
    orc_rows_t rows;

    ORC_TRY(orc_runs_namespace(&group, request));
    ORC_TRY(orc_db_read(request->service->db, &rows,
                        orc_sql_run_find(.id = request->ids[0], .user_group = group, .issuer = who->issuer,
                                         .caller = who->user_id, .is_admin = orc_value_flag(who->is_admin)),
                        request->pool));
    if (rows.count > 0)
        row = orc_sql_run_find_row(&rows, 0);
    ORC_TRY(judge(&rows, row.access, request->pool));
    *deployment_id = row.deployment_id;
    return NULL;
}

orc_error_t *orc_runs_read(const char **run, const char **tag, const orc_request_t *request, const char *id,
                           const char *said)
{
    const orc_identity_t *who = request->identity;
    orc_sql_run_get_row_t row = {0};
    orc_rows_t rows;

    ORC_TRY(
        orc_db_read(request->service->db, &rows,
                    orc_sql_run_get(.id = id, .user_group = orc_group_name(orc_request_parameter(request, "nsfilter")),
                                    .issuer = who->issuer, .said = said, .caller = who->user_id,
                                    .is_admin = orc_value_flag(who->is_admin)),
                    request->pool));
    if (rows.count > 0)
        row = orc_sql_run_get_row(&rows, 0);
    ORC_TRY(judge(&rows, row.access, request->pool));
    *run = row.object;
    *tag = row.tag;
    return NULL;
}

/* ---- the routes of one ---- */

/* The document has an array of one for a run. */
static void answer(orc_response_t *response, const char *run, apr_pool_t *pool)
{
    orc_response_json(response, 200, apr_pstrcat(pool, "[", run, "]", NULL));
}

orc_error_t *orc_runs_get(const orc_request_t *request, orc_response_t *response)
{
    const char *group, *run, *tag;

    ORC_TRY(orc_runs_namespace(&group, request));
    ORC_TRY(orc_runs_read(&run, &tag, request, request->ids[0], NULL));
    orc_surface_set_tag(response, tag, request->pool);
    answer(response, run, request->pool);
    return NULL;
}

/* What is told is what was asked for: a run that waits for its turn is canceled at once, and says so when it is read.
 */
orc_error_t *orc_runs_put(const orc_request_t *request, orc_response_t *response)
{
    const orc_rules_call_t call = orc_surface_call(request);
    orc_rules_operation_t wish = {.id = request->ids[0]};
    const char *run, *tag;
    orc_error_t *error = NULL;

    if (strcasecmp(orc_json_string(request->json, "id"), wish.id) != 0)
        orc_error_add_pointer(&error, request->pool, "/id", "is another run than that of the path");
    ORC_TRY(error);
    ORC_TRY(orc_runs_find(&wish.deployment_id, request));
    ORC_TRY(orc_rules_operation_cancel(&call, &wish));
    ORC_TRY(orc_runs_read(&run, &tag, request, wish.id, "REQUEST_CANCEL"));
    answer(response, run, request->pool);
    return NULL;
}

orc_error_t *orc_runs_delete(const orc_request_t *request, orc_response_t *response)
{
    const orc_rules_call_t call = orc_surface_call(request);
    orc_rules_deletion_t deletion = {.run_id = request->ids[0]};
    const char *operation_id;
    orc_error_t *error;

    ORC_TRY(orc_runs_find(&deletion.id, request));
    error = orc_rules_delete(&operation_id, &call, &deletion);
    if (error)
        error->location = NULL; /* nothing is there below this surface */
    ORC_TRY(error);
    orc_surface_done(response);
    return NULL;
}
