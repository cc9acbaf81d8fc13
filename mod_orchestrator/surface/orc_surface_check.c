/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_surface_check.h"

#include <apr_strings.h>
#include <string.h>

#include "orc_id.h"
#include "orc_rows.h"
#include "orc_surface.h"
#include "orc_surface_form.h"
#include "orc_surface_idempotency.h"
#include "orc_surface_plan.h"
#include "orc_surface_values.h"

enum { MAX_MANY = 100 /* values of a parameter that may be given several times */ };

/* A path's parameter that has another name is a text, which the handler understands. */
static int is_id(const char *name)
{
    const char *end = strrchr(name, '_');

    return end && strcmp(end, "_id") == 0;
}

/* Path ids become lower case; "me" is the caller where a person stands. */
static void check_ids(orc_error_t **error, orc_request_t *request)
{
    const char *at = request->route->path, *name;
    int i;

    for (i = 0; (at = strchr(at, '{')); i++, at++) {
        char *id = apr_palloc(request->pool, ORC_ID_LENGTH + 1);

        name = apr_pstrmemdup(request->pool, at + 1, strcspn(at + 1, "}"));
        if (!is_id(name))
            continue;
        if (strcmp(name, "user_id") == 0 && strcmp(request->ids[i], "me") == 0)
            request->ids[i] = request->identity->user_id;
        else if (orc_id_parse(request->ids[i], id))
            request->ids[i] = id;
        else
            orc_error_add_parameter(error, request->pool, name, "must be a UUID");
    }
}

static const orc_query_t *find_query(const orc_route_t *route, const char *name)
{
    const orc_query_t *query;

    for (query = route->query; query->name; query++) {
        if (strcmp(query->name, name) == 0)
            return query;
    }
    return NULL;
}

static int times_before(const orc_request_t *request, int index)
{
    const orc_parameter_t *list = (const orc_parameter_t *)(const void *)request->parameters->elts;
    int i, times = 0;

    for (i = 0; i < index; i++)
        times += strcmp(list[i].name, list[index].name) == 0;
    return times;
}

const apr_array_header_t *orc_surface_listed(orc_error_t **error, const orc_request_t *request, const char *name)
{
    apr_array_header_t *stored = apr_array_make(request->pool, 4, sizeof(const char *));
    const orc_query_t *query = find_query(request->route, name);
    const char *given = orc_request_parameter(request, name);
    char *rest = apr_pstrdup(request->pool, given ? given : ""), *state, *text;
    const char *value;

    for (text = apr_strtok(rest, ", ", &state); text; text = apr_strtok(NULL, ", ", &state)) {
        value = orc_surface_value(error, request, name, query->kind, query->choices, query->max_length, text);
        if (value)
            APR_ARRAY_PUSH(stored, const char *) = value;
    }
    return stored;
}

static void check_value(orc_error_t **error, const orc_request_t *request, const orc_query_t *query, const char *value)
{
    const char *stored =
        orc_surface_value(error, request, query->name, query->kind, query->choices, query->max_length, value);

    if (stored && (query->least || query->most) &&
        (orc_value_integer(stored) < query->least || orc_value_integer(stored) > query->most))
        orc_error_add_parameter(error, request->pool, query->name,
                                "must be from %" APR_INT64_T_FMT " to %" APR_INT64_T_FMT, query->least, query->most);
}

static void check_needed(orc_error_t **error, const orc_request_t *request)
{
    const orc_query_t *query;

    for (query = request->route->query; query->name; query++) {
        if (query->is_needed && !orc_request_parameter(request, query->name))
            orc_error_add_parameter(error, request->pool, query->name, "is needed");
    }
}

/* A lenient surface passes over what says nothing. */
static int is_overlooked(const orc_request_t *request, const orc_parameter_t *parameter)
{
    return request->process->surface->is_lenient &&
           (!*parameter->value || !find_query(request->route, parameter->name));
}

static void check_query(orc_error_t **error, const orc_request_t *request)
{
    const orc_route_t *route = request->route;
    int i;

    for (i = 0; request->parameters && i < request->parameters->nelts; i++) {
        const orc_parameter_t *parameter = &APR_ARRAY_IDX(request->parameters, i, orc_parameter_t);
        const orc_query_t *query = find_query(route, parameter->name);

        if (is_overlooked(request, parameter))
            continue;
        if (query && times_before(request, i) >= (query->is_many ? MAX_MANY : 1))
            orc_error_add_parameter(error, request->pool, query->name,
                                    query->is_many ? "may be given 100 times at most" : "may be given only once");
        else if (query && query->is_listed)
            (void)orc_surface_listed(error, request, query->name);
        else if (query)
            check_value(error, request, query, parameter->value);
        else if (!route->columns || !orc_surface_plan_knows(route->columns, parameter->name, request->pool))
            orc_surface_unknown_parameter(error, request, parameter->name);
    }
    check_needed(error, request);
    if (route->columns)
        orc_surface_plan_check(error, request);
    if (request->idempotency_key && (route->flags & ORC_ROUTE_CREATES) &&
        !orc_surface_idempotency_is_key(request->idempotency_key))
        orc_error_add_parameter(error, request->pool, "Idempotency-Key", "must be 1 to 255 printable ASCII characters");
}

static int is_other_type(const orc_request_t *request)
{
    const char *const *type;

    for (type = request->route->other_types; *type; type++) {
        if (strcmp(*type, request->content_type) == 0)
            return 1;
    }
    return 0;
}

static orc_error_t *refuse_type(const orc_request_t *request)
{
    const char *types = "application/json";
    const char *const *type;

    for (type = request->route->other_types; *type; type++)
        types = apr_pstrcat(request->pool, types, type[1] ? ", " : " or ", *type, NULL);
    return orc_error(request->pool, 415, "content_type", "The Content-Type must be %s.", types);
}

static int is_blank(const orc_request_t *request)
{
    apr_size_t i;

    for (i = 0; i < request->body_length; i++) {
        if (!strchr(" \t\r\n", request->body[i]) || request->body[i] == '\0')
            return 0;
    }
    return 1;
}

static const char form[] = "application/x-www-form-urlencoded";

/* Reads the body as JSON, or a form as the JSON that says the same; *json stays NULL when there is none, or one that
 * the handler reads itself. */
static orc_error_t *read_body(json_t **json, const orc_request_t *request, const orc_surface_schema_t *schema)
{
    const char *type = request->content_type;
    int is_other = type && is_other_type(request);

    *json = NULL;
    if (request->body_length > 0 && request->body_obstacle)
        return orc_error(request->pool, 415, "body.encoding", "%s", request->body_obstacle);
    if (request->body_length > 0 && !is_other && (!type || strcmp(type, "application/json") != 0))
        return refuse_type(request);
    if (is_other ? request->body_length == 0 : is_blank(request))
        return request->route->flags & ORC_ROUTE_NEEDS
                   ? orc_error(request->pool, 400, "body.empty", "A body is needed.")
                   : NULL;
    if (is_other)
        return strcmp(type, form) == 0
                   ? orc_surface_form_read(json, schema, request->body, request->body_length, request->pool)
                   : NULL;
    return orc_json_parse(json, request->body, request->body_length, request->pool);
}

/* Reads the body and checks it: what breaks the schema is added to the error. */
static orc_error_t *check_body(orc_error_t **error, orc_request_t *request)
{
    const orc_surface_schemas_t *schemas;
    const orc_surface_schema_t *schema;

    ORC_TRY(orc_surface_process_schemas(&schemas, request->process));
    schema = orc_surface_schemas_find(schemas, request->route->schema);
    ORC_TRY(read_body(&request->json, request, schema));
    if (request->json)
        orc_surface_schema_check(error, schema, request->json, "", request->pool);
    return NULL;
}

orc_error_t *orc_surface_check(orc_request_t *request)
{
    const orc_route_t *route = request->route;
    orc_error_t *error = NULL;

    check_ids(&error, request);
    check_query(&error, request);
    if (route->flags & ORC_ROUTE_BODY)
        ORC_TRY(check_body(&error, request));
    if (error && route->check)
        route->check(&error, request);
    return error;
}
