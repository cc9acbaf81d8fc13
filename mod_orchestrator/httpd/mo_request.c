/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_request.h"

#include <apr_strings.h>
#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>

#include "mo_auth.h"
#include "mo_body.h"
#include "mo_child.h"
#include "mo_query.h"
#include "orc_api.h"
#include "orc_id.h"
#include "orc_utf8.h"

APLOG_USE_MODULE(orchestrator);

#define ID_HEADER "X-Request-ID"
#define ID_NOTE   "ORCHESTRATOR_REQUEST_ID"

mo_request_t *mo_request_of(const request_rec *r)
{
    return ap_get_module_config(r->request_config, &orchestrator_module);
}

/* ---- recognising ---- */

const char *mo_request_id(request_rec *r)
{
    const request_rec *first = r;
    const char *id;

    while (first->prev || first->main)
        first = first->prev ? first->prev : first->main;
    id = apr_table_get(first->notes, ID_NOTE);
    if (!id) {
        id = apr_table_get(first->headers_in, ID_HEADER);
        if (!id || !mo_query_is_request_id(id))
            id = orc_id_new(first->pool);
        apr_table_setn(first->notes, ID_NOTE, id);
    }
    apr_table_setn(r->notes, ID_NOTE, id);
    apr_table_setn(r->subprocess_env, ID_NOTE, id);
    if (!apr_table_get(r->headers_out, ID_HEADER))
        apr_table_setn(r->err_headers_out, ID_HEADER, id);
    r->log_id = id;
    return id;
}

static apr_status_t left(void *slot)
{
    mo_sub(((mo_slot_t *)slot)->in_flight, 1);
    return APR_SUCCESS;
}

static const char *path_below(const request_rec *r, const mo_base_t *base)
{
    const char *path = r->uri + base->length;
    apr_size_t length = strlen(path);

    if (length > 0 && path[length - 1] == '/')
        length--;
    return apr_pstrmemdup(r->pool, path, length);
}

/* Set before anything else may answer, so that what other modules refuse has it too. */
static void set_caching(request_rec *r, const mo_request_t *request)
{
    const char *method = r->header_only && r->method_number == M_GET ? "GET" : r->method;

    apr_table_setn(r->err_headers_out, "Cache-Control",
                   orc_surface_caching(&orc_api_surface, method, request->path, r->pool));
}

int mo_request_recognise(request_rec *r)
{
    const core_dir_config *section = ap_get_core_module_config(r->per_dir_config);
    mo_config_t *config = mo_config_of(r->server);
    mo_request_t *request;
    const mo_base_t *base;

    base = mo_config_base(config, section->expr_handler);
    if (!base || mo_request_of(r) || strlen(r->uri) < base->length)
        return DECLINED;
    request = apr_pcalloc(r->pool, sizeof *request);
    request->base = base;
    request->path = path_below(r, base);
    request->id = mo_request_id(r);
    set_caching(r, request);
    ap_set_module_config(r->request_config, &orchestrator_module, request);
    if (config->child && ap_is_initial_req(r)) {
        mo_add(config->child->slot->in_flight, 1);
        apr_pool_cleanup_register(r->pool, config->child->slot, left, apr_pool_cleanup_null);
    }
    return DECLINED;
}

int mo_request_is_no_file(request_rec *r)
{
    if (!mo_request_of(r))
        return DECLINED;
    if (!r->filename)
        r->filename = apr_pstrdup(r->pool, r->uri);
    return OK;
}

int mo_request_count(request_rec *r)
{
    mo_config_t *config = mo_config_of(r->server);
    const request_rec *first = r;
    int hundreds;

    while (first->prev)
        first = first->prev;
    if (!mo_request_of(first) || !config->shared)
        return DECLINED;
    hundreds = r->status / 100;
    if (hundreds >= 1 && hundreds <= 5)
        mo_add(config->shared->responses[hundreds], 1);
    return DECLINED;
}

/* ---- the URL that links begin with ---- */

static int is_listed(const apr_array_header_t *names, const char *host, int with_wildcards)
{
    int i;

    for (i = 0; names && i < names->nelts; i++) {
        const char *name = APR_ARRAY_IDX(names, i, const char *);

        if (name && (with_wildcards ? ap_strcasecmp_match(host, name) == 0 : ap_cstr_casecmp(host, name) == 0))
            return 1;
    }
    return 0;
}

/* True when the client's Host is a name or alias of its server. */
static int is_own_name(const request_rec *r)
{
    const server_rec *server = r->server;

    return r->hostname && ((server->server_hostname && ap_cstr_casecmp(r->hostname, server->server_hostname) == 0) ||
                           is_listed(server->names, r->hostname, 0) || is_listed(server->wild_names, r->hostname, 1));
}

static int is_from_trusted_proxy(const request_rec *r, const mo_config_t *config)
{
    int i;

    /* mod_remoteip has put the client's address in place of a proxy's that it trusts. */
    if (apr_table_get(r->notes, "remoteip-proxy-ip-list"))
        return 1;
    for (i = 0; i < config->trusted_proxies->nelts; i++) {
        if (apr_ipsubnet_test(APR_ARRAY_IDX(config->trusted_proxies, i, apr_ipsubnet_t *), r->connection->client_addr))
            return 1;
    }
    return 0;
}

/* Last element of a forwarded header, or NULL. The trusted proxy appended that one; those before it, anybody wrote. */
static const char *forwarded(const request_rec *r, const char *name)
{
    const char *value = apr_table_get(r->headers_in, name), *comma;
    apr_size_t length;

    if (!value)
        return NULL;
    if ((comma = strrchr(value, ',')))
        value = comma + 1;
    value += strspn(value, " \t");
    length = strlen(value);
    while (length > 0 && (value[length - 1] == ' ' || value[length - 1] == '\t'))
        length--;
    return length > 0 ? apr_pstrmemdup(r->pool, value, length) : NULL;
}

static const char *own_authority(request_rec *r, const char *scheme)
{
    const core_dir_config *core = ap_get_core_module_config(r->per_dir_config);
    const char *host = apr_table_get(r->headers_in, "Host");
    apr_port_t port;

    if (core->use_canonical_name != USE_CANONICAL_NAME_ON && core->use_canonical_name != USE_CANONICAL_NAME_DNS &&
        is_own_name(r) && host && mo_query_is_host(host))
        return host;
    port = r->server->port ? r->server->port : r->connection->local_addr->port;
    host = r->server->server_hostname ? r->server->server_hostname : r->connection->local_ip;
    if (strchr(host, ':'))
        host = apr_pstrcat(r->pool, "[", host, "]", NULL);
    if (port == (strcmp(scheme, "https") == 0 ? 443 : 80))
        return host;
    return apr_psprintf(r->pool, "%s:%d", host, (int)port);
}

const char *mo_request_base_url(request_rec *r, const mo_base_t *base)
{
    const mo_config_t *config = mo_config_of(r->server);
    const char *scheme = ap_http_scheme(r), *host = NULL, *value;

    if (config->has_public_url)
        return config->values->public_url;
    if (is_from_trusted_proxy(r, config)) {
        value = forwarded(r, "X-Forwarded-Proto");
        if (value && (strcmp(value, "https") == 0 || strcmp(value, "http") == 0))
            scheme = value;
        value = forwarded(r, "X-Forwarded-Host");
        if (value && mo_query_is_host(value))
            host = value;
    }
    if (!host)
        host = own_authority(r, scheme);
    return apr_pstrcat(r->pool, scheme, "://", host, base->path, NULL);
}

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

static void fill(orc_request_t *request, request_rec *r, const mo_request_t *ours, const mo_child_t *child)
{
    request->pool = r->pool;
    request->service = &child->service;
    request->process = child->api;
    request->method = r->header_only && r->method_number == M_GET ? "GET" : r->method;
    request->base_url = mo_request_base_url(r, ours->base);
    request->path = ours->path;
    request->query = r->args;
    request->content_type = mo_query_media_type(apr_table_get(r->headers_in, "Content-Type"), r->pool);
    request->body = "";
    request->request_id = ours->id;
    request->idempotency_key = apr_table_get(r->headers_in, "Idempotency-Key");
    request->if_match = apr_table_get(r->headers_in, "If-Match");
    request->if_none_match = apr_table_get(r->headers_in, "If-None-Match");
}

/* Reads what the request brings along; OK, DONE with *error set, or what the handler has to return. */
static int read_in(orc_request_t *request, request_rec *r, const mo_request_t *ours, orc_error_t **error)
{
    const mo_config_t *config = mo_config_of(r->server);
    apr_array_header_t *parameters;
    int result;

    result = mo_body_read(&request->body, &request->body_length, config->values->max_body, error, r);
    if (result != OK)
        return result;
    *error = check_path(ours, r->pool);
    if (!*error)
        *error = mo_query_parse(&parameters, r->args, r->pool);
    if (*error)
        return DONE;
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
    r->status = response->status;
    r->status_line = NULL;
    r->content_encoding = NULL;
    r->content_languages = NULL;
    apr_table_do(copy_header, r, response->headers, NULL);
    /* An object is sent whole: half of a JSON text is of no use, and the contract knows neither 206 nor 416. */
    apr_table_unset(r->headers_in, "Range");
    if (!response->content_type || response->status == HTTP_NO_CONTENT || response->status == HTTP_NOT_MODIFIED)
        return OK;
    ap_set_content_type(r, response->content_type);
    ap_set_content_length(r, response->length);
    if (response->length > 0)
        ap_rwrite(response->body, (int)response->length, r);
    return OK;
}

static int send_error(request_rec *r, const orc_error_t *error)
{
    orc_response_t *response = orc_response_make(r->pool);

    orc_response_problem(response, error, mo_request_of(r)->id, r->pool);
    if (error->status == 401)
        mo_auth_challenge(r, NULL);
    return mo_request_send(r, response);
}

void mo_request_log_error(request_rec *r, const orc_error_t *error)
{
    ap_log_rerror(APLOG_MARK, error->status == 503 ? APLOG_WARNING : APLOG_ERR, 0, r,
                  ORCLOGNO(1010) "request %s: %s %s: %d %s", mo_request_of(r)->id, r->method, r->uri, error->status,
                  orc_error_line(error, r->pool));
}

static int answer(request_rec *r, orc_request_t *request)
{
    orc_response_t *response = orc_response_make(r->pool);
    const orc_error_t *error = orc_surface_answer(request, response);

    if (error)
        mo_request_log_error(r, error);
    if (response->status == 401 && !apr_table_get(response->headers, "WWW-Authenticate"))
        mo_auth_challenge(r, NULL);
    return mo_request_send(r, response);
}

int mo_request_handle(request_rec *r)
{
    const mo_config_t *config = mo_config_of(r->server);
    const mo_request_t *ours;
    orc_error_t *error = NULL;
    orc_request_t *request;
    int result;

    if (!r->handler || strcmp(r->handler, MO_HANDLER) != 0)
        return DECLINED;
    ours = mo_request_of(r);
    if (!ours || !config->child) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      ORCLOGNO(1011) "%s: the handler " MO_HANDLER
                                     " is not bound by a <Location>, or this child could not "
                                     "be prepared",
                      r->uri);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    request = apr_pcalloc(r->pool, sizeof *request);
    fill(request, r, ours, config->child);
    if (!orc_surface_is_open(request->process->surface, request->method, request->path))
        error = mo_auth_identity(&request->identity, r);
    if (error)
        return send_error(r, error);
    result = read_in(request, r, ours, &error);
    if (result == DONE)
        return send_error(r, error);
    return result == OK ? answer(r, request) : result;
}
