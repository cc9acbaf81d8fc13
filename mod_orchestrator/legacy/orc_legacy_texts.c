/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_strings.h>
#include <string.h>

#include "orc_legacy_routes.h"
#include "orc_rules_logs.h"
#include "orc_surface_handler.h"

/* What is given as a text and not as an object, whatever the client accepts: some say that they want JSON, and print
 * what comes. */

static void answer_text(orc_response_t *response, const char *text)
{
    orc_response_json(response, 200, text);
    response->content_type = "text/plain; charset=utf-8";
}

/* ---- the template ---- */

orc_error_t *orc_legacy_template(const orc_request_t *request, orc_response_t *response)
{
    orc_sql_legacy_template_row_t row;
    orc_rows_t rows;

    ORC_TRY(orc_db_read(request->service->db, &rows,
                        orc_sql_legacy_template(.id = request->ids[0], .caller = request->identity->user_id,
                                                .is_admin = orc_value_flag(request->identity->is_admin)),
                        request->pool));
    if (rows.count == 0)
        return orc_rules_gone(request->pool);
    row = orc_sql_legacy_template_row(&rows, 0);
    if (!row.is_allowed)
        return orc_rules_not_found("deployment", request->pool);
    if (!orc_value_is_true(row.is_allowed))
        return orc_rules_forbidden("deployment", request->pool);
    answer_text(response, row.content);
    return NULL;
}

/* ---- the log ---- */

/* The orchestrator's part, and behind it what IM said. */
orc_error_t *orc_legacy_log(const orc_request_t *request, orc_response_t *response)
{
    const orc_rules_call_t call = orc_surface_call(request);
    const char *ours, *theirs;
    orc_store_log_t log;

    ORC_TRY(orc_rules_log_read(&log, &call, request->ids[0]));
    ours = log.orchestrator_logs ? log.orchestrator_logs : "";
    theirs = log.im_logs ? log.im_logs : "";
    answer_text(response, apr_pstrcat(request->pool, ours, *ours && *theirs ? "\n" : "", theirs, NULL));
    return NULL;
}

/* ---- what is known of the machines ---- */

/* One object in the array for each machine; the text that is sealed for its owners is opened. */
static const char *machines_of(const char *rows, apr_pool_t *pool)
{
    const json_t *all = orc_json_own_text(rows, pool), *row, *known;
    apr_array_header_t *told = apr_array_make(pool, 8, sizeof(const char *));
    size_t i;

    json_array_foreach(all, i, row)
    {
        known = json_object_get(json_object_get(row, "metadata"), "VirtualMachineInfo");
        if (json_is_string(known))
            APR_ARRAY_PUSH(told, const char *) = json_string_value(known);
        else if (known)
            APR_ARRAY_PUSH(told, const char *) = orc_json_text(known, pool);
    }
    return apr_pstrcat(pool, "[", apr_array_pstrcat(pool, told, ','), "]", NULL);
}

orc_error_t *orc_legacy_extrainfo(const orc_request_t *request, orc_response_t *response)
{
    orc_sql_legacy_machines_row_t row;
    orc_rows_t rows;
    const char *text;

    ORC_TRY(orc_db_read(request->service->db, &rows,
                        orc_sql_legacy_machines(.id = request->ids[0], .caller = request->identity->user_id,
                                                .is_admin = orc_value_flag(request->identity->is_admin)),
                        request->pool));
    if (rows.count == 0)
        return orc_rules_gone(request->pool);
    row = orc_sql_legacy_machines_row(&rows, 0);
    if (!row.is_allowed)
        return orc_rules_not_found("deployment", request->pool);
    if (!row.machines)
        return orc_rules_forbidden("deployment", request->pool);
    ORC_TRY(orc_surface_unseal(&text, row.machines, request));
    orc_response_json(response, 200, machines_of(text, request->pool));
    return NULL;
}
