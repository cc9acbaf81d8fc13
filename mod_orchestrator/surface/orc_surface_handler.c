/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_surface_handler.h"

#include <apr_strings.h>
#include <string.h>

#include "orc_surface_conditional.h"

orc_rules_call_t orc_surface_call(const orc_request_t *request)
{
    const orc_rules_call_t call = {.service = request->service,
                                   .who = request->identity,
                                   .correlation_id = request->request_id,
                                   .visit = request->visit,
                                   .pool = request->pool};

    return call;
}

const char *orc_surface_url(const orc_request_t *request, const char *path)
{
    return apr_pstrcat(request->pool, request->base_url, path, NULL);
}

void orc_surface_created(const orc_request_t *request, orc_response_t *response, const char *path, const char *id)
{
    apr_table_setn(response->headers, "Location", apr_pstrcat(request->pool, request->base_url, path, "/", id, NULL));
    orc_response_json(response, 201, apr_pstrcat(request->pool, "{\"id\":\"", id, "\"}", NULL));
}

void orc_surface_accepted(const orc_request_t *request, orc_response_t *response, const char *operation_path,
                          const char *body)
{
    apr_int64_t seconds = apr_time_sec(request->service->config->poll_min);

    apr_table_setn(response->headers, "Location", orc_surface_url(request, operation_path));
    apr_table_setn(response->headers, "Retry-After", apr_ltoa(request->pool, seconds > 0 ? (long)seconds : 1));
    response->status = 202;
    if (body)
        orc_response_json(response, 202, body);
}

void orc_surface_done(orc_response_t *response)
{
    response->status = 204;
}

/* Reads an object, or its version only: *text is NULL then. */
static orc_error_t *read_object(const char **text, const orc_request_t *request, orc_response_t *response,
                                orc_sql_call_t call, orc_surface_judge_t *judge, const char *what)
{
    orc_rows_t rows;

    ORC_TRY(orc_db_read(request->service->db, &rows, call, request->pool));
    if (rows.count == 0)
        return orc_rules_gone(request->pool);
    ORC_TRY(judge(&rows, what, request->pool));
    orc_surface_set_tag(response, orc_rows_named(&rows, 0, "tag"), request->pool);
    *text = orc_rows_named(&rows, 0, "object");
    return NULL;
}

orc_error_t *orc_surface_read(const orc_request_t *request, orc_response_t *response, orc_sql_call_t call,
                              orc_surface_judge_t *judge, const char *what)
{
    const orc_sql_call_t version = {orc_sql_table[call.statement].version, call.values};
    const char *text;

    if (request->if_none_match) {
        ORC_TRY(read_object(&text, request, response, version, judge, what));
        if (orc_surface_is_known(request, response))
            return NULL;
    }
    ORC_TRY(read_object(&text, request, response, call, judge, what));
    ORC_TRY(orc_surface_unseal(&text, text, request));
    orc_response_json(response, 200, text);
    return NULL;
}

static orc_error_t *judge_object(const orc_rows_t *row, const char *what, apr_pool_t *pool)
{
    if (!orc_value_is_true(orc_rows_named(row, 0, "exists")))
        return orc_rules_not_found(what, pool);
    return orc_rows_named(row, 0, "tag") ? NULL : orc_rules_forbidden(what, pool);
}

orc_error_t *orc_surface_object(const orc_request_t *request, orc_response_t *response, orc_sql_call_t call,
                                const char *what)
{
    return orc_surface_read(request, response, call, judge_object, what);
}
