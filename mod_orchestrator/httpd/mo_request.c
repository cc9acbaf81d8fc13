/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_request.h"

#include <apr_strings.h>
#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>

#include "mo_auth.h"
#include "mo_body.h"
#include "mo_child.h"
#include "mo_link.h"
#include "mo_query.h"
#include "mo_stream.h"
#include "orc_query.h"
#include "orc_utf8.h"

APLOG_USE_MODULE(orchestrator);

/* ---- in ---- */

static orc_error_t *check_path(const mo_request_t *request, apr_pool_t *pool)
{
    if (!orc_utf8_is_valid(request->path))
        return orc_error(pool, 400, "path", "The path is not UTF-8.");
    return NULL;
}

/* What speaks against reading the body as UTF-8, once the input filters have taken their encodings off; or NULL. */
static const char *body_obstacle(const request_rec *r)
{
    const char *encoding = apr_table_get(r->headers_in, "Content-Encoding");
    const char *charset = mo_query_charset(apr_table_get(r->headers_in, "Content-Type"), r->pool);

    if (encoding && ap_cstr_casecmp(encoding, "identity") != 0)
        return "A body in another Content-Encoding than identity is not accepted.";
    if (charset && strcmp(charset, "utf-8") != 0 && strcmp(charset, "utf8") != 0 && strcmp(charset, "us-ascii") != 0)
        return "A body in another charset than UTF-8 is not accepted.";
    return NULL;
}

/* Where the other surface that tells of what this one does is bound; NULL: nowhere, or it has nothing to tell. */
static const char *other_url(request_rec *r, const orc_surface_t *surface)
{
    const orc_surface_t *other = r->method_number != M_GET ? mo_places_surface(surface->other) : NULL;
    const mo_base_t *base = other ? mo_recognise_beside(r, other) : NULL;

    return base ? mo_link_base_url(r, base) : NULL;
}

static void fill(orc_request_t *request, request_rec *r, const mo_request_t *ours, const mo_child_t *child)
{
    request->pool = r->pool;
    request->service = &child->service;
    request->process = mo_child_process(child, ours->base->surface);
    request->method = mo_request_method(r);
    request->base_url = mo_link_base_url(r, ours->base);
    request->path = ours->path;
    request->query = r->args;
    request->content_type = mo_query_media_type(apr_table_get(r->headers_in, "Content-Type"), r->pool);
    request->body = "";
    request->request_id = ours->id;
    request->idempotency_key = apr_table_get(r->headers_in, "Idempotency-Key");
    request->if_match = apr_table_get(r->headers_in, "If-Match");
    request->if_none_match = apr_table_get(r->headers_in, "If-None-Match");
}

/* Reads what the request brings along; returns OK, or what the handler has to return. */
static int read_in(orc_request_t *request, int is_open, request_rec *r, const mo_request_t *ours)
{
    const mo_config_t *config = mo_config_of(r->server);
    apr_array_header_t *parameters = NULL;
    orc_error_t *error = NULL;
    int result;

    /* Open routes take none, and strangers are not to fill memory with them. */
    result = mo_body_read(&request->body, &request->body_length, config->values->max_body, !is_open, &error, r);
    if (result != OK && result != DONE)
        return result;
    if (!error)
        error = check_path(ours, r->pool);
    if (!error)
        error = orc_query_parse(&parameters, r->args, r->pool);
    request->unreadable = error;
    request->body_obstacle = body_obstacle(r);
    request->parameters = parameters;
    return OK;
}

/* ---- out ---- */

static int copy_header(void *r, const char *name, const char *value)
{
    apr_table_setn(((request_rec *)r)->headers_out, name, value);
    return 1;
}

int mo_request_send(request_rec *r, orc_response_t *response)
{
    /* A page that an ErrorDocument asks us for is still an error. */
    r->status = r->prev && r->prev->status >= 400 ? r->prev->status : response->status;
    r->status_line = NULL;
    if (r->status == HTTP_TOO_MANY_REQUESTS)
        r->connection->keepalive = AP_CONN_CLOSE; /* in another child this person may have less at work */
    r->content_encoding = NULL;
    r->content_languages = NULL;
    apr_table_do(copy_header, r, response->headers, NULL);
    /* An object is sent whole: half of a JSON text is of no use, and the contract knows neither 206 nor 416. */
    apr_table_unset(r->headers_in, "Range");
    if (!response->content_type || response->status == HTTP_NO_CONTENT || response->status == HTTP_NOT_MODIFIED)
        return OK;
    ap_set_content_type(r, response->content_type);
    if (response->stream)
        return mo_stream_send(r, response->stream);
    ap_set_content_length(r, response->length);
    if (response->length > 0)
        ap_rwrite(response->body, (int)response->length, r);
    return OK;
}

static int send_error(request_rec *r, const orc_error_t *error)
{
    const mo_request_t *ours = mo_request_of(r);
    orc_response_t *response = orc_response_make(r->pool);

    ours->base->surface->problem(response, error, ours->id, r->pool);
    if (error->status == 401)
        mo_auth_challenge(r, NULL);
    return mo_request_send(r, response);
}

void mo_request_log_error(request_rec *r, const orc_error_t *error)
{
    ap_log_rerror(APLOG_MARK, error->status == 503 ? APLOG_WARNING : APLOG_ERR, 0, r,
                  ORCLOGNO(1010) "request %s: %s %s: %d %s", mo_request_id(r), r->method, r->uri, error->status,
                  orc_error_line(error, r->pool));
}

void mo_request_log_unbound(request_rec *r)
{
    ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                  ORCLOGNO(1011) "%s: nothing answers: the handler %s is bound, but not by the SetHandler of a "
                                 "<Location> that names it in plain text",
                  r->uri, r->handler);
}

static int answer(request_rec *r, orc_request_t *request)
{
    const mo_config_t *config = mo_config_of(r->server);
    orc_response_t *response = orc_response_make(r->pool);
    const orc_error_t *error = orc_surface_answer(request, response);
    int result, follows = response->stream && response->stream->is_follower;

    if (error)
        mo_request_log_error(r, error);
    else if (follows)
        error = mo_stream_take_place(r, request->visit, config->shared, config->child->slot);
    if (error && response->stream)
        orc_surface_refuse(request, response, error);
    if (response->status == 401 && !apr_table_get(response->headers, "WWW-Authenticate"))
        mo_auth_challenge(r, NULL);
    /* Who follows takes their time, and has limits of their own. */
    if (follows)
        orc_rules_visit_end(request->visit);
    result = mo_request_send(r, response);
    if (!follows)
        orc_rules_visit_end(request->visit);
    return result;
}

int mo_request_handle(request_rec *r)
{
    const mo_config_t *config = mo_config_of(r->server);
    const orc_surface_t *surface;
    const mo_request_t *ours;
    orc_error_t *error = NULL;
    orc_request_t *request;
    int is_open, result;

    surface = mo_places_surface(r->handler);
    if (!surface)
        return DECLINED;
    ours = mo_request_of(r);
    if (!ours || ours->base->surface != surface) {
        mo_request_log_unbound(r);
        return HTTP_NOT_FOUND;
    }
    if (!config->child) /* could not be prepared, and its log says why */
        return HTTP_SERVICE_UNAVAILABLE;
    request = apr_pcalloc(r->pool, sizeof *request);
    fill(request, r, ours, config->child);
    is_open = orc_surface_is_open(ours->base->surface, request->method, request->path);
    if (!is_open)
        error = mo_auth_identity(&request->identity, r);
    /* Before the body: it may be long in coming, and holds a worker until it is here. */
    if (!error && request->identity)
        error = orc_rules_visit_begin(&request->visit, request->service->rules, request->identity, r->pool);
    if (error)
        return send_error(r, error);
    result = read_in(request, is_open, r, ours);
    if (result == OK) {
        request->other_url = is_open ? NULL : other_url(r, surface);
        return answer(r, request);
    }
    orc_rules_visit_end(request->visit);
    return result;
}
