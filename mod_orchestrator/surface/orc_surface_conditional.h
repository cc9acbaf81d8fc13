/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_SURFACE_CONDITIONAL_H
#define ORC_SURFACE_CONDITIONAL_H

#include "orc_request.h"

/**
 * True when a list of entity tags (the value of If-Match or If-None-Match, RFC 9110 section 13.1) names this one. "*"
 * names every tag, and "TAG-gzip" (mod_deflate) and "TAG-br" (mod_brotli) name TAG.
 * @param header  the field's value
 * @param tag     opaque text without quotes
 * @param is_weak compare weakly (If-None-Match): W/ is ignored. Strongly: a weak tag names nothing
 */
int orc_surface_tag_matches(const char *header, const char *tag, int is_weak);

/** True when the response has an ETag, and the client says by If-None-Match that it has that version. */
int orc_surface_is_known(const orc_request_t *request, const orc_response_t *response);

#endif
