/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_broker.h"

#include <apr_strings.h>
#include <string.h>

#include "orc_broker_routes.h"
#include "orc_id.h"
#include "orc_surface_handler.h"
#include "orc_surface_plain.h"

#define CONTENT_TYPE "application/json; charset=UTF-8"

/* What a resource's id is made of. */
typedef enum id_form_t { A_DEPLOYMENT, A_GRANT, A_PROVIDER } id_form_t;

/* The types of resources, each the beginning of a route. */
static const struct {
    const char *name;
    id_form_t form;
} types[] = {
    {"platforms", A_PROVIDER},
    {"service_brokers", A_PROVIDER},
    {"service_bindings", A_GRANT},
    {"service_instances", A_DEPLOYMENT},
};

/* The resource of a path. */
typedef struct place_t {
    const char *type;
    const char *id;            /* in lower case */
    const char *deployment_id; /* whose operations are meant; NULL: a provider's */
} place_t;

/* A UUID in lower case; NULL when it is none. */
static const char *uuid(const char *text, apr_pool_t *pool)
{
    char *id = apr_palloc(pool, ORC_ID_LENGTH + 1);

    return orc_id_parse(text, id) ? id : NULL;
}

/* The grant of a deployment to a person is both, with a colon between them. */
static void read_grant(place_t *place, const char *text, apr_pool_t *pool)
{
    const char *colon = strchr(text, ':');
    const char *deployment = colon ? uuid(apr_pstrmemdup(pool, text, (apr_size_t)(colon - text)), pool) : NULL;
    const char *person = colon ? uuid(colon + 1, pool) : NULL;

    if (!deployment || !person)
        return;
    place->id = apr_pstrcat(pool, deployment, ":", person, NULL);
    place->deployment_id = deployment;
}

/* A route's path begins with one of the types. */
static id_form_t read_type(place_t *place, const orc_request_t *request)
{
    size_t i = 0;

    place->type = apr_pstrmemdup(request->pool, request->path + 1, strcspn(request->path + 1, "/"));
    while (i < sizeof types / sizeof *types - 1 && strcmp(types[i].name, place->type) != 0)
        i++;
    return types[i].form;
}

static orc_error_t *read_place(place_t *place, const orc_request_t *request)
{
    const char *id = request->ids[0];
    orc_error_t *error = NULL;
    id_form_t form;

    *place = (place_t){0};
    form = read_type(place, request);
    if (form == A_GRANT)
        read_grant(place, id, request->pool);
    else
        place->id = uuid(id, request->pool);
    if (form == A_DEPLOYMENT)
        place->deployment_id = place->id;
    if (!place->id)
        orc_error_add_parameter(&error, request->pool, "resourceID", "%s",
                                form == A_GRANT ? "must be two UUIDs with a colon between them" : "must be a UUID");
    return error;
}

orc_error_t *orc_broker_unknown(const orc_request_t *request, orc_response_t *response)
{
    orc_error_t *error = NULL;

    orc_error_add_parameter(&error, request->pool, "resourceType",
                            "must be one of platforms, service_brokers, service_bindings, service_instances");
    return error;
}

/* Whose deployment it is decides, also where it is looked for at a provider. */
static orc_error_t *judge(const orc_rows_t *row, const char *what, apr_pool_t *pool)
{
    const char *access = orc_rows_named(row, 0, "access");

    if (access && !orc_value_is_true(access))
        return orc_rules_forbidden(what, pool);
    return access && orc_rows_named(row, 0, "tag") ? NULL : orc_rules_not_found(what, pool);
}

orc_error_t *orc_broker_operation(const orc_request_t *request, orc_response_t *response)
{
    place_t place;

    ORC_TRY(read_place(&place, request));
    ORC_TRY(orc_surface_read(request, response,
                             orc_sql_broker_operation(.id = request->ids[1], .resource_type = place.type,
                                                      .resource_id = place.id, .deployment_id = place.deployment_id,
                                                      .caller = request->identity->user_id,
                                                      .is_admin = orc_value_flag(request->identity->is_admin)),
                             judge, "operation"));
    if (response->content_type)
        response->content_type = CONTENT_TYPE;
    return NULL;
}

static void problem(orc_response_t *response, const orc_error_t *error, const char *request_id, apr_pool_t *pool)
{
    orc_surface_plain_problem(response, error, "description", pool);
    response->content_type = CONTENT_TYPE;
}

const orc_surface_t orc_broker_surface = {
    .handler = "orchestrator-broker",
    .routes = orc_broker_routes,
    .schemas = orc_broker_routes_schemas,
    .problem = problem,
};
