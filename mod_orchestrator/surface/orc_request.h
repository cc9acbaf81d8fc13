/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_REQUEST_H
#define ORC_REQUEST_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

#include "orc_error.h"
#include "orc_identity.h"
#include "orc_json.h"
#include "orc_rules_visit.h"
#include "orc_service.h"
#include "orc_stream.h"
#include "orc_surface_process.h"

/* A request and its response as plain values: httpd/ makes the one and sends the other, everything between is pure of
 * httpd, so that handlers run in unit tests and fuzzers too. */

/** One decoded query parameter; the same name may come more than once. */
typedef struct orc_parameter_t {
    const char *name, *value;
} orc_parameter_t;

typedef struct orc_request_t {
    apr_pool_t *pool;
    const orc_service_t *service;
    orc_surface_process_t *process; /* of the surface that is asked */
    const char *method;             /* "GET"; HEAD comes as GET */
    const char *base_url;           /* absolute URL of the surface, "https://host/api/v1" */
    const char *other_url; /* that of the surface which it names as the `other`, where that is bound; NULL: nowhere, or
                              this is a GET or OPTIONS, which asks for nothing to be done */
    const char *path;      /* below the surface, decoded, "" or from its first slash, without trailing slash */
    const char *query;     /* raw, without the question mark, or NULL: links keep it */
    const apr_array_header_t *parameters; /* of orc_parameter_t, in the order given */
    const char *content_type;             /* media type without its parameters, lower case, or NULL */
    const char *body;                     /* never NULL */
    apr_size_t body_length;
    const char *body_obstacle; /* why a route that takes a body can't read this one, a sentence for a 415; or NULL */
    orc_error_t *unreadable;   /* of path, query or body: the answer, once it is known who asks; or NULL */
    orc_identity_t *identity;  /* NULL when nobody is authenticated */
    const char *request_id;
    const char *idempotency_key, *if_match, *if_none_match; /* header values, or NULL */

    /* filled in by the dispatcher */
    orc_rules_visit_t *visit; /* of a person; NULL: nobody is waited for */
    const struct orc_route_t *route;
    const char *ids[4]; /* the path's parameters in their order: UUIDs in lower case, "me" already replaced; or texts */
    json_t *json;       /* the checked body, or NULL */
} orc_request_t;

typedef struct orc_response_t {
    int status;               /* 200 */
    apr_table_t *headers;     /* Location, ETag, Retry-After, Allow, ... */
    const char *content_type; /* NULL: no body */
    const char *body;
    apr_size_t length;
    orc_stream_t *stream; /* gives the body in place of these two; or NULL */
} orc_response_t;

/** What a route is served by. */
typedef orc_error_t *orc_handler_t(const orc_request_t *request, orc_response_t *response);

/** An empty 200 in the pool. */
orc_response_t *orc_response_make(apr_pool_t *pool);

/** Takes the body away; status and headers stay. */
void orc_response_empty(orc_response_t *response);

/** Makes it an empty 200 again. */
void orc_response_clear(orc_response_t *response);

/** Sets a JSON body. `text` is not copied. */
void orc_response_json(orc_response_t *response, int status, const char *text);

/** Sets a body that is made while it is sent, behind a 200. */
void orc_response_stream(orc_response_t *response, const char *content_type, orc_stream_t *stream);

/** Makes a response of an error: problem+json (RFC 9457) with `instance`, `errors`, and the headers that belong to it.
 */
void orc_response_problem(orc_response_t *response, const orc_error_t *error, const char *request_id, apr_pool_t *pool);

/** What a status is called, "Not Found". */
const char *orc_response_title(int status);

/** Sets the Retry-After of an error that has one. */
void orc_response_set_pause(orc_response_t *response, const orc_error_t *error, apr_pool_t *pool);

/** First value of a query parameter, or NULL. */
const char *orc_request_parameter(const orc_request_t *request, const char *name);

#endif
