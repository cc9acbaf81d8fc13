/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_SURFACE_SCHEMA_H
#define ORC_SURFACE_SCHEMA_H

#include <apr_pools.h>

#include "orc_error.h"
#include "orc_json.h"

/*
 * The part of JSON Schema 2020-12 that routes/ uses: type (one or several), enum, const, properties, required,
 * additionalProperties (false, or a schema), minProperties, maxProperties, minimum, maximum, minLength, maxLength,
 * pattern (as a POSIX extended expression; needs a maxLength), items, minItems, maxItems, format (uuid, uri,
 * date-time) and $ref to "#/components/schemas/NAME". Words that only describe (title, description, default,
 * examples, ...) are ignored, every other one is refused when the schemas are compiled, so that no rule is believed to
 * hold that nobody checks.
 */

/** Compiled schemas by their names; immutable, shared by threads. */
typedef struct orc_surface_schemas_t orc_surface_schemas_t;

/** One compiled schema. */
typedef struct orc_surface_schema_t orc_surface_schema_t;

/**
 * Compiles {"NAME": schema, ...}.
 * @param text JSON, ended by a NUL
 * @return 500 "schema" naming the first schema and word that this file does not know
 */
orc_error_t *orc_surface_schemas_make(orc_surface_schemas_t **schemas, const char *text, apr_pool_t *pool);

/** The schema of that name, or NULL. */
const orc_surface_schema_t *orc_surface_schemas_find(const orc_surface_schemas_t *schemas, const char *name);

/**
 * Checks a value and names every part that breaks its schema, 100 at most. A number out of every range (see
 * orc_json_is_out_of_range) is named wherever it stands, also where the schema says nothing. A real without a fraction
 * where an integer is wanted becomes that integer, so that handlers see one form.
 * @param error   in and out, as in orc_error_add_pointer
 * @param pointer JSON pointer of the value in the body, "" for the whole
 */
void orc_surface_schema_check(orc_error_t **error, const orc_surface_schema_t *schema, json_t *value,
                              const char *pointer, apr_pool_t *pool);

/** Whether a member of that name may be of that type, so called in JSON Schema, as far as its object's schema says. */
int orc_surface_schema_takes(const orc_surface_schema_t *schema, const char *member, const char *type);

/** True for an absolute URI: a scheme, a colon, and only characters that RFC 3986 allows. */
int orc_surface_schema_is_uri(const char *text);

#endif
