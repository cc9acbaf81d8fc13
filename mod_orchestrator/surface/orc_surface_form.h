/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_SURFACE_FORM_H
#define ORC_SURFACE_FORM_H

#include "orc_surface_schema.h"

/**
 * A form (application/x-www-form-urlencoded) as the JSON object that says the same, so that both are checked and
 * handled alike: what the schema calls an array gathers all members of that name, "true" and "false" are booleans where
 * one is wanted, everything else is a text. A form without members is an empty object.
 * @return 400 "form" for a NUL byte, a broken escape, what is no UTF-8, a name that comes twice and is no array's, and
 *         for too many members
 */
orc_error_t *orc_surface_form_read(json_t **out, const orc_surface_schema_t *schema, const char *text,
                                   apr_size_t length, apr_pool_t *pool);

#endif
