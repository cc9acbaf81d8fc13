/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_LEGACY_LIST_H
#define ORC_LEGACY_LIST_H

#include "orc_store_walk.h"
#include "orc_surface_list.h"

/*
 * Lists: one page with everything, made while it is sent, because one of the clients ends at a second one; or the page
 * that `page` (from 0) and `size` (10) ask for. `sort` is createdAt,desc or createdAt,asc.
 */

/** {"content", "links", "page"} of a page. */
const char *orc_legacy_page(const orc_request_t *request, const orc_surface_page_t *page);

/**
 * Answers with a list.
 * @param what  noun for problems when it may not be read, "deployment"
 * @param where what is filtered by; its first parameter is the one behind those of the base
 * @return 422 on `sort`, or on `size` when the page has more than 16 MiB; 403, 404; 429 when the caller has too many
 * costly requests at work
 */
orc_error_t *orc_legacy_list(const orc_request_t *request, orc_response_t *response, const orc_store_list_t *rows,
                             const char *what, const orc_store_where_t *where);

/** The parameter's first value; NULL when it is not given or empty. */
const char *orc_legacy_parameter(const orc_request_t *request, const char *name);

#endif
