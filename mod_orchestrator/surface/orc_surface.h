/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_SURFACE_H
#define ORC_SURFACE_H

#include "orc_request.h"
#include "orc_surface_route.h"

/** A page of a list, before it has a form. */
typedef struct orc_surface_page_t {
    const char *objects; /* JSON array of the page's objects */
    int number, size;    /* from 1; objects on a page */
    apr_int64_t total;   /* objects in the list */
    const char *kept;    /* the request's other parameters, encoded, each behind "&" */
    apr_int64_t offset;  /* objects before the page */
} orc_surface_page_t;

/**
 * What clients of one kind see of the service, as a value: an administrator binds it to a <Location> by its handler's
 * name. Constant.
 */
struct orc_surface_t {
    const char *handler;       /* what SetHandler names, "orchestrator" */
    const orc_route_t *routes; /* ended by a NULL id */
    const char *schemas;       /* of request bodies, JSON text */
    /** Makes a response of an error. `members` of what was wished for have become pointers or parameters. */
    void (*problem)(orc_response_t *response, const orc_error_t *error, const char *request_id, apr_pool_t *pool);
    /** The JSON text of a page. */
    const char *(*page)(const orc_request_t *request, const orc_surface_page_t *page);
    /** Old clients' carelessness is overlooked: parameters that nobody knows, or that are empty, are not there, and the
     * space behind "Bearer" may be missing. */
    int is_lenient;
    /** The handler of another surface, which tells of the same things in its own form; or NULL: there is none. */
    const char *other;
    /** Adds to a 202 where the other one, which is bound, tells of what was asked for. NULL, as `other` is. */
    void (*tell_other)(const orc_request_t *request, orc_response_t *response);
};

/**
 * Answers a request to a surface (request->process), whatever it is: finds the route, checks who and what, calls the
 * handler, and makes a problem of an error. Always leaves a complete response. The visit (request->visit) goes on until
 * it is sent, because that costs, too: the caller ends it.
 * @return the error behind a 5xx answer, for httpd/ to log once under the request id; NULL otherwise
 */
const orc_error_t *orc_surface_answer(orc_request_t *request, orc_response_t *response);

/** Makes the response of an error that came after an answer, in the surface's form. */
void orc_surface_refuse(const orc_request_t *request, orc_response_t *response, const orc_error_t *error);

/** True when a request needs no token: the surface's open routes, and every OPTIONS. `path` is as in orc_request_t. */
int orc_surface_is_open(const orc_surface_t *surface, const char *method, const char *path);

/**
 * The Cache-Control of every answer to a request, whoever makes it: nobody keeps one that may hold a secret, and every
 * other one is asked for anew before it is used again. `path` is as in orc_request_t; the pool is for scratch.
 */
const char *orc_surface_caching(const orc_surface_t *surface, const char *method, const char *path, apr_pool_t *pool);

#endif
