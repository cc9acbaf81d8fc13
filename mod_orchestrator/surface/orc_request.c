/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_request.h"

#include <apr_strings.h>
#include <string.h>

enum { SOON = 2 }; /* seconds after which a 503 is worth another try when nobody knows better */

orc_response_t *orc_response_make(apr_pool_t *pool)
{
    orc_response_t *response = apr_pcalloc(pool, sizeof *response);

    response->status = 200;
    response->headers = apr_table_make(pool, 4);
    return response;
}

void orc_response_empty(orc_response_t *response)
{
    response->content_type = NULL;
    response->body = NULL;
    response->length = 0;
    response->stream = NULL;
}

void orc_response_clear(orc_response_t *response)
{
    apr_table_clear(response->headers);
    response->status = 200;
    orc_response_empty(response);
}

void orc_response_json(orc_response_t *response, int status, const char *text)
{
    response->status = status;
    response->content_type = "application/json";
    response->body = text;
    response->length = strlen(text);
}

void orc_response_stream(orc_response_t *response, const char *content_type, orc_stream_t *stream)
{
    response->status = 200;
    response->content_type = content_type;
    response->stream = stream;
}

/* The reason phrases of RFC 9110 for the statuses that this product answers with. */
const char *orc_response_title(int status)
{
    static const struct {
        int status;
        const char *title;
    } titles[] = {
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {422, "Unprocessable Content"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
    };
    size_t i;

    for (i = 0; i < sizeof titles / sizeof *titles; i++) {
        if (titles[i].status == status)
            return titles[i].title;
    }
    return status < 500 ? "Client Error" : "Server Error";
}

static json_t *field_list(const apr_array_header_t *fields)
{
    json_t *list = json_array();
    int i;

    for (i = 0; i < fields->nelts; i++) {
        const orc_error_field_t *field = &APR_ARRAY_IDX(fields, i, orc_error_field_t);

        json_array_append_new(list, json_pack("{s:s*, s:s*, s:s}", "pointer", field->pointer, "parameter",
                                              field->parameter, "detail", field->detail));
    }
    return list;
}

void orc_response_problem(orc_response_t *response, const orc_error_t *error, const char *request_id, apr_pool_t *pool)
{
    json_t *problem = json_pack(
        "{s:s, s:s, s:i, s:s, s:s*}", "type", apr_pstrcat(pool, "urn:orchestrator:error:", error->code, NULL), "title",
        orc_response_title(error->status), "status", error->status, "detail", error->detail, "instance", request_id);

    if (error->fields)
        json_object_set_new(problem, "errors", field_list(error->fields));
    orc_json_own(problem, pool);
    orc_response_json(response, error->status, orc_json_text(problem, pool));
    response->content_type = "application/problem+json";
    orc_response_set_pause(response, error, pool);
}

void orc_response_set_pause(orc_response_t *response, const orc_error_t *error, apr_pool_t *pool)
{
    if (error->retry_after > 0 || error->status == 503)
        apr_table_setn(response->headers, "Retry-After",
                       apr_itoa(pool, error->retry_after > 0 ? error->retry_after : SOON));
}

const char *orc_request_parameter(const orc_request_t *request, const char *name)
{
    int i;

    for (i = 0; request->parameters && i < request->parameters->nelts; i++) {
        const orc_parameter_t *parameter = &APR_ARRAY_IDX(request->parameters, i, orc_parameter_t);

        if (strcmp(parameter->name, name) == 0)
            return parameter->value;
    }
    return NULL;
}
