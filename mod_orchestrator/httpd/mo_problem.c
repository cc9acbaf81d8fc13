/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_problem.h"

#include <apr_strings.h>
#include <http_core.h>
#include <http_protocol.h>
#include <mod_core.h>
#include <util_filter.h>

#include "mo_auth.h"
#include "mo_request.h"
#include "mo_surfaces.h"

#define FILTER "ORCHESTRATOR_PROBLEM"

static const struct {
    int status;
    const char *code, *detail;
} problems[] = {
    {400, "request", "The request is malformed."},
    {401, "token", "The access token was refused."},
    {403, "forbidden", "Access is denied."},
    {404, "not_found", "There is nothing at this path."},
    {405, "method", "The method is not allowed here."},
    {408, "timeout", "The request did not arrive in time."},
    {411, "length", "The request needs a Content-Length."},
    {413, "body.size", "The body is too long."},
    {414, "uri.size", "The URL is too long."},
    {417, "expectation", "The expectation can not be met."},
    {431, "headers.size", "The request's headers are too long."},
    {500, "internal", "The request could not be answered."},
    {501, "method.unknown", "The method is not known."},
    {503, "unavailable", "The service is not available at the moment."},
};

static orc_error_t *describe(int status, apr_pool_t *pool)
{
    size_t i;

    for (i = 0; i < sizeof problems / sizeof *problems; i++) {
        if (problems[i].status == status)
            return orc_error(pool, status, problems[i].code, "%s", problems[i].detail);
    }
    return status < 500 ? orc_error(pool, status, "request", "The request was refused.")
                        : orc_error(pool, status, "internal", "The request could not be answered.");
}

static int begins(const char *text, const char *with)
{
    return text && strncmp(text, with, strlen(with)) == 0;
}

/* Why httpd could not read the headers; NULL when it was something else. Its note is recognised, never repeated: it may
 * hold what the client sent. */
static orc_error_t *describe_headers(const request_rec *r, apr_pool_t *pool)
{
    const char *note = apr_table_get(r->notes, "error-notes");

    if (begins(note, "Size of a request header field"))
        return orc_error(pool, HTTP_BAD_REQUEST, "headers.size",
                         "A header of the request is longer than %d bytes (LimitRequestFieldSize).",
                         r->server->limit_req_fieldsize);
    if (begins(note, "The number of request header fields"))
        return orc_error(pool, HTTP_BAD_REQUEST, "headers.size",
                         "The request has more than %d headers (LimitRequestFields).", r->server->limit_req_fields);
    return NULL;
}

/* The place that a request was for which failed before httpd has looked for a <Location>; NULL when it was none of
 * ours. One without a path that httpd could read is for the host as a whole. */
static const mo_base_t *place_by_path(const request_rec *failed)
{
    const char *path = failed->parsed_uri.path ? failed->parsed_uri.path : "/";

    return mo_places_at(mo_config_of(failed->server), failed->server, path);
}

/* The surface that was asked. Of a request that failed before httpd has looked for a <Location>, its path says it; the
 * API's form is everybody's where there is none. */
static const orc_surface_t *surface_of(const request_rec *failed)
{
    const mo_request_t *ours = mo_request_of(failed);
    const mo_base_t *base = ours ? ours->base : place_by_path(failed);

    return base ? base->surface : mo_surfaces[0];
}

static orc_response_t *make_problem(request_rec *r, int status)
{
    orc_response_t *response = orc_response_make(r->pool);
    const request_rec *failed = r->prev ? r->prev : r;
    const mo_request_t *ours = mo_request_of(failed);
    const orc_error_t *error = ours && ours->refusal && ours->refusal->status == status ? ours->refusal : NULL;

    if (!error && status == HTTP_BAD_REQUEST)
        error = describe_headers(failed, r->pool);
    if (!error)
        error = describe(status, r->pool);
    surface_of(failed)->problem(response, error, mo_request_id(r), r->pool);
    if (!ours)
        apr_table_setn(r->headers_out, "Cache-Control", "private, no-cache");
    if (status == HTTP_UNAUTHORIZED && !apr_table_get(r->err_headers_out, "WWW-Authenticate") &&
        !apr_table_get(r->headers_out, "WWW-Authenticate"))
        mo_auth_challenge(r, NULL);
    return response;
}

/* An internal redirect loses Allow; the methods are still known. */
static void restore_allow(request_rec *r)
{
    apr_array_header_t *names = apr_array_make(r->pool, 8, sizeof(const char *));
    int i;

    for (i = 0; i < METHODS; i++) {
        if (!((apr_uint64_t)r->prev->allowed & ((apr_uint64_t)1 << i)))
            continue;
        /* GET and HEAD have one number. */
        APR_ARRAY_PUSH(names, const char *) = i == M_GET ? "GET, HEAD" : ap_method_name_of(r->pool, i);
    }
    if (names->nelts > 0)
        apr_table_setn(r->headers_out, "Allow", apr_array_pstrcat(r->pool, names, ','));
}

/* Whatever an ErrorDocument names for an error of one of our places: its clients read problems. */
static int is_page_of_ours(const request_rec *r)
{
    return r->prev && r->prev->status >= 400 && mo_request_of(r->prev);
}

int mo_problem_handle(request_rec *r)
{
    int status;

    if (!is_page_of_ours(r) && (!r->handler || strcmp(r->handler, MO_HANDLER_PROBLEM) != 0))
        return DECLINED;
    status = r->prev ? r->prev->status : HTTP_NOT_FOUND;
    if (status < 400)
        status = HTTP_NOT_FOUND;
    if (r->prev && status == HTTP_METHOD_NOT_ALLOWED)
        restore_allow(r);
    return mo_request_send(r, make_problem(r, status));
}

/* ---- error pages ---- */

static int copy_header(void *r, const char *name, const char *value)
{
    apr_table_setn(((request_rec *)r)->headers_out, name, value);
    return 1;
}

/* Swallows httpd's page and sends ours at its end. */
static apr_status_t replace_page(ap_filter_t *f, apr_bucket_brigade *brigade)
{
    apr_bucket *last = APR_BRIGADE_LAST(brigade);
    request_rec *r = f->r;
    orc_response_t *response;
    apr_bucket_brigade *page;

    if (APR_BRIGADE_EMPTY(brigade))
        return APR_SUCCESS;
    while (last != APR_BRIGADE_SENTINEL(brigade) && !APR_BUCKET_IS_EOS(last))
        last = APR_BUCKET_PREV(last);
    if (last == APR_BRIGADE_SENTINEL(brigade)) {
        apr_brigade_cleanup(brigade);
        return APR_SUCCESS;
    }
    response = make_problem(r, r->status);
    r->status = response->status; /* the surface's clients may know fewer */
    apr_table_do(copy_header, r, response->headers, NULL);
    ap_set_content_type(r, response->content_type);
    ap_set_content_length(r, response->length);
    page = apr_brigade_create(r->pool, f->c->bucket_alloc);
    if (!r->header_only)
        APR_BRIGADE_INSERT_TAIL(page,
                                apr_bucket_pool_create(response->body, response->length, r->pool, f->c->bucket_alloc));
    APR_BRIGADE_INSERT_TAIL(page, apr_bucket_eos_create(f->c->bucket_alloc));
    apr_brigade_cleanup(brigade);
    ap_remove_output_filter(f);
    return ap_pass_brigade(f->next, page);
}

/* An error that comes before httpd has looked for a <Location> (no Host, %2F, a header too long) has only its path. */
static int is_for_us(const request_rec *r)
{
    return mo_request_of(r) || (r->per_dir_config == r->server->lookup_defaults && place_by_path(r));
}

int mo_problem_keep(request_rec *r)
{
    const core_dir_config *core = ap_get_core_module_config(r->per_dir_config);
    size_t i;

    if (!core->response_code_exprs || !mo_request_of(r) || r->proxyreq)
        return DECLINED;
    for (i = 0; i < sizeof problems / sizeof *problems; i++) {
        const char *page = ap_response_code_string(r, ap_index_of_response(problems[i].status));

        if (page && ap_is_url(page))
            ap_custom_response(r, problems[i].status, "");
    }
    return DECLINED;
}

void mo_problem_replace(request_rec *r)
{
    if (r->status >= 400 && is_for_us(r))
        ap_add_output_filter(FILTER, NULL, r, r->connection);
}

void mo_problem_register(void)
{
    ap_register_output_filter(FILTER, replace_page, NULL, AP_FTYPE_RESOURCE);
}
