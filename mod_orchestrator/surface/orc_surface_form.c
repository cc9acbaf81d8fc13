/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_surface_form.h"

#include <apr_strings.h>
#include <string.h>

#include "orc_query.h"

static json_t *value_of(const orc_surface_schema_t *schema, const orc_parameter_t *member)
{
    if (orc_surface_schema_takes(schema, member->name, "boolean") &&
        (strcmp(member->value, "true") == 0 || strcmp(member->value, "false") == 0))
        return json_boolean(member->value[0] == 't');
    return json_string(member->value);
}

static orc_error_t *add(json_t *object, const orc_surface_schema_t *schema, const orc_parameter_t *member,
                        apr_pool_t *pool)
{
    json_t *former = json_object_get(object, member->name);

    if (!orc_surface_schema_takes(schema, member->name, "array")) {
        if (former)
            return orc_error(pool, 400, "form", "The form has \"%s\" twice.", member->name);
        json_object_set_new(object, member->name, value_of(schema, member));
        return NULL;
    }
    if (!former) {
        former = json_array();
        json_object_set_new(object, member->name, former);
    }
    json_array_append_new(former, json_string(member->value));
    return NULL;
}

orc_error_t *orc_surface_form_read(json_t **out, const orc_surface_schema_t *schema, const char *text,
                                   apr_size_t length, apr_pool_t *pool)
{
    apr_array_header_t *members;
    int i;

    ORC_TRY(orc_query_parse_form(&members, text, length, pool));
    *out = orc_json_own(json_object(), pool);
    for (i = 0; i < members->nelts; i++)
        ORC_TRY(add(*out, schema, &APR_ARRAY_IDX(members, i, orc_parameter_t), pool));
    return NULL;
}
