/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_SURFACE_VALUES_H
#define ORC_SURFACE_VALUES_H

#include "orc_surface_route.h"

/**
 * Checks the text of a query parameter and gives what the database compares with: ids in lower case, "me" replaced,
 * choices by what is stored, times in UTC.
 * @param error      in and out; a bad value is added under `name`
 * @param max_length in characters, 0: none
 * @return in the request's pool, or NULL when it is bad
 */
const char *orc_surface_value(orc_error_t **error, const orc_request_t *request, const char *name, orc_kind_t kind,
                              const orc_choice_t *choices, int max_length, const char *text);

/** Names a parameter that the route doesn't know. */
void orc_surface_unknown_parameter(orc_error_t **error, const orc_request_t *request, const char *name);

#endif
