/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_api_handler.h"

#include <apr_strings.h>
#include <string.h>

orc_error_t *orc_api_gone(const orc_request_t *request)
{
    return orc_error(request->pool, 503, "caller.gone", "The caller's registration has just been removed; try again.");
}

orc_error_t *orc_api_not_found(const orc_request_t *request, const char *what)
{
    return orc_error(request->pool, 404, "not_found", "There is no such %s.", what);
}

orc_error_t *orc_api_forbidden(const orc_request_t *request, const char *what)
{
    return orc_error(request->pool, 403, "forbidden", "This %s is not yours.", what);
}

void orc_api_add_fields(orc_error_t **error, orc_error_t *more)
{
    if (!*error || !(*error)->fields || !more->fields)
        *error = more;
    else
        apr_array_cat((*error)->fields, more->fields);
}

const char *orc_api_url(const orc_request_t *request, const char *path)
{
    return apr_pstrcat(request->pool, request->base_url, path, NULL);
}

const char *orc_api_flag(int value)
{
    return value ? "t" : "f";
}

void orc_api_created(const orc_request_t *request, orc_response_t *response, const char *path, const char *id)
{
    apr_table_setn(response->headers, "Location", apr_pstrcat(request->pool, request->base_url, path, "/", id, NULL));
    orc_response_json(response, 201, apr_pstrcat(request->pool, "{\"id\":\"", id, "\"}", NULL));
}

void orc_api_accepted(const orc_request_t *request, orc_response_t *response, const char *operation_path,
                      const char *body)
{
    apr_int64_t seconds = apr_time_sec(request->service->config->poll_min);

    apr_table_setn(response->headers, "Location", orc_api_url(request, operation_path));
    apr_table_setn(response->headers, "Retry-After", apr_ltoa(request->pool, seconds > 0 ? (long)seconds : 1));
    response->status = 202;
    if (body)
        orc_response_json(response, 202, body);
}

void orc_api_done(orc_response_t *response)
{
    response->status = 204;
}

orc_error_t *orc_api_object(const orc_request_t *request, orc_response_t *response, orc_sql_t statement, int count,
                            const char *const *values, const char *what)
{
    const char *text;
    orc_rows_t rows;

    ORC_TRY(orc_db_read(request->service->db, &rows, statement, count, values, request->pool));
    if (rows.count == 0)
        return orc_api_gone(request);
    if (!orc_rows_true(&rows, 0, 2))
        return orc_api_not_found(request, what);
    text = orc_rows_text(&rows, 0, 0);
    if (!text)
        return orc_api_forbidden(request, what);
    orc_api_set_tag(response, orc_rows_text(&rows, 0, 1), request->pool);
    ORC_TRY(orc_api_unseal(&text, text, request));
    orc_response_json(response, 200, text);
    return NULL;
}
