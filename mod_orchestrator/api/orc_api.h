/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_API_H
#define ORC_API_H

#include "orc_surface.h"

/** The REST API, version 1. */
extern const orc_surface_t orc_api_surface;

/** Its form of a page: data, links to other pages, and where it stands. For the surface and its tests. */
const char *orc_api_page(const orc_request_t *request, const orc_surface_page_t *page);

/** Adds to a 202 the Link to the service manager's form of its operation. For the surface. */
void orc_api_tell_other(const orc_request_t *request, orc_response_t *response);

/**
 * Answers with a constant text in which the surface's URL stands.
 * @param parts what stands around the URL, ended by NULL
 * @param hash  of all parts; NULL: it is made now
 * @param url   as it stands in such a text
 */
void orc_api_constant(const orc_request_t *request, orc_response_t *response, const char *content_type,
                      const char *const *parts, const char *hash, const char *url);

#endif
