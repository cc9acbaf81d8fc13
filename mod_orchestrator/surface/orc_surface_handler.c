/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_surface_handler.h"

#include <apr_strings.h>
#include <string.h>

orc_rules_call_t orc_surface_call(const orc_request_t *request)
{
    const orc_rules_call_t call = {request->service, request->identity, request->request_id, request->pool};

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

orc_error_t *orc_surface_version(const orc_request_t *request, orc_response_t *response, const orc_rows_t *rows)
{
    const char *text;

    orc_surface_set_tag(response, orc_rows_named(rows, 0, "tag"), request->pool);
    ORC_TRY(orc_surface_unseal(&text, orc_rows_named(rows, 0, "object"), request));
    orc_response_json(response, 200, text);
    return NULL;
}

orc_error_t *orc_surface_object(const orc_request_t *request, orc_response_t *response, orc_sql_call_t call,
                                const char *what)
{
    orc_rows_t rows;

    ORC_TRY(orc_db_read(request->service->db, &rows, call, request->pool));
    if (rows.count == 0)
        return orc_rules_gone(request->pool);
    if (!orc_value_is_true(orc_rows_named(&rows, 0, "exists")))
        return orc_rules_not_found(what, request->pool);
    if (!orc_rows_named(&rows, 0, "object"))
        return orc_rules_forbidden(what, request->pool);
    return orc_surface_version(request, response, &rows);
}
