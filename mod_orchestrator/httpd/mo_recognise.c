/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_recognise.h"

#include <apr_strings.h>
#include <http_core.h>
#include <http_request.h>

#include "mo_auth.h"
#include "mo_child.h"
#include "mo_query.h"
#include "orc_id.h"

APLOG_USE_MODULE(orchestrator);

#define ID_HEADER        "X-Request-ID"
#define ID_NOTE          "ORCHESTRATOR_REQUEST_ID"
#define REDIRECT_HANDLER "redirect-handler" /* mod_rewrite's; what it redirects to is a request of its own */
#define UNDECODED_NOTE   "ORCHESTRATOR_UNDECODED"

mo_request_t *mo_request_of(const request_rec *r)
{
    return ap_get_module_config(r->request_config, &orchestrator_module);
}

const char *mo_request_method(const request_rec *r)
{
    return r->header_only && r->method_number == M_GET ? "GET" : r->method;
}

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

/* ---- recognising ---- */

static apr_status_t left(void *slot)
{
    mo_sub(((mo_slot_t *)slot)->in_flight, 1);
    return APR_SUCCESS;
}

static int was_ours(const request_rec *r)
{
    for (; r; r = r->prev) {
        if (mo_request_of(r))
            return 1;
    }
    return 0;
}

static mo_request_t *make(request_rec *r, const mo_config_t *config)
{
    mo_request_t *request = apr_pcalloc(r->pool, sizeof *request);

    request->id = mo_request_id(r);
    if (config->child && !r->main && !was_ours(r->prev)) {
        mo_add(config->child->slot->in_flight, 1);
        apr_pool_cleanup_register(r->pool, config->child->slot, left, apr_pool_cleanup_null);
    }
    return request;
}

/* httpd finds a <Location> whether or not slashes are doubled, also when MergeSlashes is off. */
static const char *path_below(const request_rec *r, const mo_base_t *base)
{
    char *uri = apr_pstrdup(r->pool, r->uri), *path;
    apr_size_t length;

    ap_no2slash(uri);
    path = strlen(uri) < base->length ? apr_pstrdup(r->pool, "") : uri + base->length;
    length = strlen(path);
    if (length > 0 && path[length - 1] == '/')
        path[length - 1] = '\0';
    return path;
}

/* Set before anything else may answer, so that what other modules refuse has it too. What a proxy brings has its own.
 */
static void set_caching(request_rec *r, const mo_request_t *request)
{
    if (r->proxyreq)
        apr_table_unset(r->err_headers_out, "Cache-Control");
    else
        apr_table_setn(r->err_headers_out, "Cache-Control",
                       orc_surface_caching(request->base->surface, mo_request_method(r), request->path, r->pool));
}

static void forget(request_rec *r)
{
    ap_set_module_config(r->request_config, &orchestrator_module, NULL);
    apr_table_unset(r->err_headers_out, "Cache-Control");
}

int mo_recognise(request_rec *r)
{
    const mo_config_t *config = mo_config_of(r->server);
    const mo_base_t *base = mo_places_of(config, r);
    mo_request_t *request = mo_request_of(r);

    if (!base) {
        if (request)
            forget(r);
        return DECLINED;
    }
    if (!request) {
        request = make(r, config);
        ap_set_module_config(r->request_config, &orchestrator_module, request);
    }
    request->base = base;
    request->uri = r->uri;
    request->path = path_below(r, base);
    set_caching(r, request);
    return DECLINED;
}

/* ---- our paths are no files ---- */

int mo_recognise_undecodable(request_rec *r)
{
    const mo_config_t *config = mo_config_of(r->server);
    const core_dir_config *core = ap_get_core_module_config(r->per_dir_config);
    char *path;
    int status;

    if (!r->parsed_uri.path || !mo_places_at(config, r->server, r->parsed_uri.path))
        return DECLINED;
    path = apr_pstrdup(r->pool, r->parsed_uri.path);
    status = core->allow_encoded_slashes ? ap_unescape_url_keep2f(path, core->decode_encoded_slashes)
                                         : ap_unescape_url(path);
    if (status != HTTP_NOT_FOUND)
        return DECLINED;
    apr_table_setn(r->notes, UNDECODED_NOTE, "");
    return DONE;
}

/* True for a subrequest by which a request of ours looks who would answer. */
static int is_look(const request_rec *r)
{
    const mo_request_t *asking = r->main ? mo_request_of(r->main) : NULL;

    return asking && asking->is_looking;
}

int mo_recognise_finally(request_rec *r)
{
    const mo_request_t *request;

    mo_recognise(r);
    request = mo_request_of(r);
    if (request && request->base->surface->is_lenient)
        mo_auth_mend(r);
    if (is_look(r))
        return DONE;
    if (!apr_table_get(r->notes, UNDECODED_NOTE) || (mo_request_of(r) && !r->proxyreq))
        return DECLINED;
    return HTTP_NOT_FOUND;
}

/* The place that the URI leads to as it is now, which a rewrite may have changed since the sections were merged. */
static const mo_base_t *look_ahead(const mo_config_t *config, request_rec *r)
{
    ap_conf_vector_t *merged = r->per_dir_config;
    const mo_base_t *base;

    if (!mo_places_at(config, r->server, r->uri))
        return NULL;
    r->per_dir_config = r->server->lookup_defaults;
    base = ap_location_walk(r) == OK && ap_if_walk(r) == OK ? mo_places_of(config, r) : NULL;
    r->per_dir_config = merged;
    return base;
}

int mo_recognise_no_file(request_rec *r)
{
    const mo_config_t *config = mo_config_of(r->server);
    const mo_request_t *request = mo_request_of(r);
    int is_known = request && strcmp(request->uri, r->uri) == 0;

    if (r->proxyreq || (!is_known && !look_ahead(config, r)))
        return DECLINED;
    r->filename = apr_pstrdup(r->pool, r->uri); /* rewrites of the section read it */
    r->finfo.filetype = APR_UNKFILE;            /* nobody is to look for one instead (FallbackResource) */
    return OK;
}

int mo_recognise_no_type(request_rec *r)
{
    return mo_request_of(r) && !r->proxyreq ? OK : DECLINED;
}

int mo_recognise_handler(request_rec *r)
{
    const mo_request_t *request = mo_request_of(r);

    if (request && !r->proxyreq && (!r->handler || strcmp(r->handler, REDIRECT_HANDLER) != 0))
        r->handler = request->base->surface->handler;
    return DECLINED;
}

/* ---- other places ---- */

/* What stands before the place (ProxyPass, RewriteRule, Redirect), and what its sections say, is known without asking
 * who sends the request, whom httpd's log would name otherwise. */
static int answers(request_rec *r, const mo_base_t *base)
{
    request_rec *look = ap_sub_req_method_uri("GET", apr_pstrcat(r->pool, base->url, "/-", NULL), r, NULL);
    int is_met = look->status == DONE && !look->proxyreq && mo_places_of(mo_config_of(r->server), look) == base;

    if (is_met) {
        int status;

        look->user = r->user; /* of whom a section's own RewriteCond may speak */
        status = ap_run_fixups(look);
        is_met = (status == OK || status == DECLINED) && !look->proxyreq && look->handler &&
                 strcmp(look->handler, base->surface->handler) == 0;
    }
    ap_destroy_sub_req(look);
    return is_met;
}

/* What a virtual host has of the main server, it may itself give to somebody else. */
const mo_base_t *mo_recognise_beside(request_rec *r, const orc_surface_t *surface)
{
    const mo_config_t *config = mo_config_of(r->server);
    mo_request_t *request = mo_request_of(r);
    const mo_base_t *found = NULL;
    int i;

    request->is_looking = 1;
    for (i = 0; !found && i < config->bases->nelts; i++) {
        const mo_base_t *base = &APR_ARRAY_IDX(config->bases, i, mo_base_t);

        if (base->surface == surface && (base->server == r->server || !base->server->is_virtual) && answers(r, base))
            found = base;
    }
    request->is_looking = 0;
    return found;
}

/* ---- counting ---- */

int mo_recognise_count(request_rec *r)
{
    const mo_config_t *config = mo_config_of(r->server);
    const request_rec *last = r;
    int hundreds;

    while (last->next)
        last = last->next;
    if (!was_ours(last) || !config->shared)
        return DECLINED;
    hundreds = last->status / 100;
    if (hundreds >= 1 && hundreds <= 5)
        mo_add(config->shared->responses[hundreds], 1);
    return DECLINED;
}
