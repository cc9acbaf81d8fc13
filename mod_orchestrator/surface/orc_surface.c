/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_surface.h"

#include <apr_strings.h>
#include <string.h>

#include "orc_rules_persons.h"
#include "orc_surface_check.h"
#include "orc_surface_conditional.h"
#include "orc_surface_idempotency.h"

enum { LARGE_BODY = 64 * 1024 }; /* one that is longer costs much to read and to store */

/* ---- finding the route ---- */

static const orc_route_t *routes_of(const orc_request_t *request)
{
    return request->process->surface->routes;
}

/* Matches a path against a route's; *ids are the texts in the place of its parameters. */
static int matches(const char *pattern, const char *path, const char **ids, apr_pool_t *pool)
{
    int count = 0;

    while (*pattern && *path) {
        if (*pattern == '{') {
            size_t length = strcspn(path, "/");

            if (length == 0)
                return 0;
            ids[count++] = apr_pstrmemdup(pool, path, length);
            path += length;
            pattern += strcspn(pattern, "}") + 1;
        }
        else if (*pattern++ != *path++) {
            return 0;
        }
    }
    return *pattern == '\0' && *path == '\0';
}

static const orc_route_t *find_route(const orc_route_t *routes, const char *method, const char *path, const char **ids,
                                     apr_pool_t *pool)
{
    const orc_route_t *route;

    for (route = routes; route->id; route++) {
        if (strcmp(route->method, method) == 0 && matches(route->path, path, ids, pool))
            return route;
    }
    return NULL;
}

/* The methods of a path, for Allow; NULL when no route has the path. Of several routes with one method, only the first
 * is ever taken. */
static const char *allowed_methods(const orc_route_t *routes, const char *path, apr_pool_t *pool)
{
    const char *methods = NULL, *ids[4];
    const orc_route_t *route;

    for (route = routes; route->id; route++) {
        if (find_route(routes, route->method, path, ids, pool) != route)
            continue;
        methods = apr_pstrcat(pool, methods ? methods : "", methods ? ", " : "", route->method,
                              strcmp(route->method, "GET") == 0 ? ", HEAD" : "", NULL);
    }
    return methods ? apr_pstrcat(pool, methods, ", OPTIONS", NULL) : NULL;
}

int orc_surface_is_open(const orc_surface_t *surface, const char *method, const char *path)
{
    const orc_route_t *routes = surface->routes, *route;

    if (strcmp(method, "OPTIONS") == 0)
        return 1;
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        return 0;
    for (route = routes; route->id; route++) {
        if ((route->flags & ORC_ROUTE_OPEN) && strcmp(route->path, path) == 0)
            return 1;
    }
    return 0;
}

const char *orc_surface_caching(const orc_surface_t *surface, const char *method, const char *path, apr_pool_t *pool)
{
    const char *ids[4];
    const orc_route_t *route = find_route(surface->routes, method, path, ids, pool);

    if (route && (route->flags & ORC_ROUTE_OPEN))
        return "no-cache";
    return route && (route->flags & ORC_ROUTE_SECRET) ? "private, no-store" : "private, no-cache";
}

/* ---- the way of a request ---- */

static orc_error_t *options(const orc_request_t *request, orc_response_t *response)
{
    const char *methods = allowed_methods(routes_of(request), request->path, request->pool);

    if (!methods)
        return orc_rules_not_found("path", request->pool);
    apr_table_setn(response->headers, "Allow", methods);
    response->status = 204;
    return NULL;
}

static orc_error_t *find(orc_request_t *request, orc_response_t *response)
{
    const char *methods;

    request->route = find_route(routes_of(request), request->method, request->path, request->ids, request->pool);
    if (request->route && (request->route->flags & ORC_ROUTE_OPEN))
        return NULL;
    if (!request->identity)
        return orc_error(request->pool, 401, "unauthorized", "A valid bearer token is needed.");
    if (request->route)
        return NULL;
    methods = allowed_methods(routes_of(request), request->path, request->pool);
    if (!methods)
        return orc_rules_not_found("path", request->pool);
    apr_table_setn(response->headers, "Allow", methods);
    return orc_error(request->pool, 405, "method", "This path does not know that method.");
}

/* A kept answer belongs to a person: its row can't be written for one who is gone. */
static orc_error_t *recognise_gone(orc_error_t *error, const orc_request_t *request)
{
    return orc_error_breaks(error, "idempotency_keys_user_id_fkey") ? orc_rules_gone(request->pool) : error;
}

static orc_error_t *call(orc_request_t *request, orc_response_t *response)
{
    int found = 0, has_key = request->idempotency_key && (request->route->flags & ORC_ROUTE_CREATES);
    int is_known = has_key && *request->identity->user_id;
    orc_error_t *error, *lookup;

    if (is_known)
        ORC_TRY(orc_surface_idempotency_find(&found, request, response));
    if (found)
        return NULL;
    error = recognise_gone(request->route->handler(request, response), request);
    if (!error || error->status >= 500 || !has_key || !*request->identity->user_id)
        return error;
    /* Another request with the key may have ended meanwhile. */
    lookup = orc_surface_idempotency_find(&found, request, response);
    return lookup ? lookup : found ? NULL : error;
}

/* A caller who was deleted since they were last seen comes back as a new person. */
static orc_error_t *call_again_when_gone(orc_request_t *request, orc_response_t *response)
{
    const orc_rules_call_t caller = orc_surface_call(request);
    orc_error_t *error = call(request, response);

    if (!orc_error_is(error, ORC_REASON_CALLER_GONE))
        return error;
    orc_rules_persons_forget(&caller);
    if (!(request->route->flags & ORC_ROUTE_REGISTERS))
        ORC_TRY(orc_rules_persons_find(&caller));
    orc_response_clear(response);
    return call(request, response);
}

static void make_not_modified(const orc_request_t *request, orc_response_t *response)
{
    if (response->status != 200 || strcmp(request->method, "GET") != 0 || !orc_surface_is_known(request, response))
        return;
    response->status = 304;
    orc_response_empty(response);
}

/* Whoever has a valid token becomes a person, also with a request for what is not there. */
static int is_to_be_known(const orc_request_t *request)
{
    return request->identity && (!request->route || !(request->route->flags & (ORC_ROUTE_OPEN | ORC_ROUTE_REGISTERS)));
}

static int is_let_in(const orc_request_t *request)
{
    unsigned flags = request->route->flags;
    const orc_identity_t *who = request->identity;

    return !(flags & ORC_ROUTE_ADMIN) || who->is_admin || ((flags & ORC_ROUTE_SERVICE) && who->is_service);
}

/* What was `found` to be wrong with the request is told to whoever is known. */
static orc_error_t *serve(orc_request_t *request, orc_response_t *response, orc_error_t *found)
{
    const orc_rules_call_t caller = orc_surface_call(request);

    if (request->body_length > LARGE_BODY)
        ORC_TRY(orc_rules_visit_costs(request->visit));
    if (is_to_be_known(request))
        ORC_TRY(orc_rules_persons_find(&caller));
    ORC_TRY(found);
    ORC_TRY(orc_surface_check(request));
    if (!is_let_in(request))
        return orc_error(request->pool, 403, "forbidden.admin", "Only administrators may do this.");
    ORC_TRY(call_again_when_gone(request, response));
    if (response->status == 202 && request->other_url)
        request->process->surface->tell_other(request, response);
    make_not_modified(request, response);
    return NULL;
}

static orc_error_t *answer(orc_request_t *request, orc_response_t *response)
{
    orc_error_t *error;

    if (strcmp(request->method, "OPTIONS") == 0)
        return request->unreadable ? request->unreadable : options(request, response);
    error = find(request, response);
    if (request->unreadable && (!error || error->status != 401))
        error = request->unreadable;
    ORC_TRY(orc_rules_visit_turn(request->visit));
    error = serve(request, response, error);
    orc_rules_visit_is_answered(request->visit);
    return error;
}

/* ---- errors ---- */

/* Members of what was wished for are members of the body; where the body is the content itself, the name is a query
 * parameter. What the body's schema refuses was named already. */
static apr_array_header_t *name_members(const orc_error_t *error, const orc_request_t *request)
{
    apr_array_header_t *named;
    int i;

    if (!error->fields)
        return NULL;
    named = apr_array_make(request->pool, error->fields->nelts, sizeof(orc_error_field_t));
    for (i = 0; i < error->fields->nelts; i++) {
        orc_error_field_t field = APR_ARRAY_IDX(error->fields, i, orc_error_field_t);

        if (field.member && !request->json && strcmp(field.member, "name") == 0)
            field.parameter = field.member;
        else if (field.member)
            field.pointer = apr_pstrcat(request->pool, "/", field.member, NULL);
        if (!field.member || !field.pointer || !orc_error_has_pointer(error, field.pointer))
            APR_ARRAY_PUSH(named, orc_error_field_t) = field;
    }
    return named;
}

/* What is said of an error whose text was not made for the client. */
static const orc_error_t *presentable(const orc_error_t *error, const orc_request_t *request)
{
    orc_error_t *shown = apr_pmemdup(request->pool, error, sizeof *error);

    shown->fields = name_members(error, request);

    if (error->status == 500) {
        shown->detail = "The request could not be carried out. The server's log has the cause under the request id.";
        shown->fields = NULL;
    }
    return shown;
}

void orc_surface_refuse(const orc_request_t *request, orc_response_t *response, const orc_error_t *error)
{
    const char *allow = apr_table_get(response->headers, "Allow");

    orc_response_clear(response);
    request->process->surface->problem(response, presentable(error, request), request->request_id, request->pool);
    if (error->status == 401)
        apr_table_setn(response->headers, "WWW-Authenticate", "Bearer realm=\"orchestrator\"");
    if (error->status == 405)
        apr_table_setn(response->headers, "Allow", allow);
    if (error->location)
        apr_table_setn(response->headers, "Location", orc_surface_url(request, error->location));
}

const orc_error_t *orc_surface_answer(orc_request_t *request, orc_response_t *response)
{
    const orc_error_t *error = answer(request, response);

    if (!error)
        return NULL;
    orc_surface_refuse(request, response, error);
    return error->status >= 500 ? error : NULL;
}
