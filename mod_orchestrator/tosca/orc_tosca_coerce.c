/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_tosca_internal.h"

#include <apr_strings.h>
#include <string.h>

/* Given values (JSON) made what their declaration says, in depth. */

typedef struct coercion_t {
    const orc_tosca_template_t *tosca;
    apr_pool_t *pool;
    int is_lenient; /* texts may spell values of another type */
} coercion_t;

static json_t *value_as(const coercion_t *coercion, const orc_tosca_schema_t *schema, const json_t *value);

/* A string that holds the JSON text of a list or a map. */
static json_t *json_text_as(const coercion_t *coercion, const orc_tosca_schema_t *schema, const json_t *value)
{
    const char *text = json_string_value(value);
    json_t *parsed;

    if (orc_json_parse(&parsed, text, strlen(text), coercion->pool) || json_is_string(parsed))
        return json_incref((json_t *)value);
    return value_as(coercion, schema, parsed);
}

/* A string that spells a value of its kind by JSON's or YAML's rules; anything else stays what it is. */
static json_t *string_as(const coercion_t *coercion, const orc_tosca_schema_t *schema, const json_t *value)
{
    const char *text = json_string_value(value);
    json_int_t integer;
    double real;
    int boolean;

    if (schema->kind == ORC_TOSCA_LIST || schema->kind == ORC_TOSCA_MAP || schema->kind == ORC_TOSCA_DATA ||
        schema->kind == ORC_TOSCA_RANGE)
        return json_text_as(coercion, schema, value);
    if ((schema->kind == ORC_TOSCA_INTEGER || schema->kind == ORC_TOSCA_FLOAT) && !orc_yaml_integer(&integer, text))
        return json_integer(integer);
    if (schema->kind == ORC_TOSCA_FLOAT && !orc_yaml_float(&real, text))
        return json_real(real);
    if (schema->kind == ORC_TOSCA_BOOLEAN && !orc_yaml_boolean(&boolean, text))
        return json_boolean(boolean);
    return json_incref((json_t *)value);
}

static json_t *digits_of(const json_t *value)
{
    char digits[32];

    apr_snprintf(digits, sizeof(digits), "%" APR_INT64_T_FMT, (apr_int64_t)json_integer_value(value));
    return json_string(digits);
}

/* A number with a point, or a boolean, as JSON writes it. */
static json_t *text_of(const coercion_t *coercion, const json_t *value)
{
    return json_is_real(value) || json_is_boolean(value) ? json_string(orc_json_text(value, coercion->pool))
                                                         : json_incref((json_t *)value);
}

/* JSON has one kind of number, TOSCA two; a version may be a single number. */
static json_t *integer_as(const coercion_t *coercion, const orc_tosca_schema_t *schema, const json_t *value)
{
    if (schema->kind == ORC_TOSCA_FLOAT)
        return json_real((double)json_integer_value(value));
    if (schema->kind == ORC_TOSCA_VERSION || (coercion->is_lenient && schema->kind == ORC_TOSCA_STRING))
        return digits_of(value);
    return json_incref((json_t *)value);
}

static json_t *container_as(const coercion_t *coercion, const orc_tosca_schema_t *schema, const json_t *value)
{
    json_t *out = json_is_array(value) ? json_array() : json_object(), *child;
    orc_tosca_schema_t member;
    const char *key;
    size_t i;

    orc_tosca_schema_of_member(&member, coercion->tosca, schema, NULL);
    json_array_foreach((json_t *)value, i, child) json_array_append_new(out, value_as(coercion, &member, child));
    json_object_foreach((json_t *)value, key, child)
    {
        if (schema->kind == ORC_TOSCA_DATA)
            orc_tosca_schema_of_member(&member, coercion->tosca, schema, key);
        json_object_set_new(out, key, value_as(coercion, &member, child));
    }
    return out;
}

static json_t *value_as(const coercion_t *coercion, const orc_tosca_schema_t *schema, const json_t *value)
{
    json_t *typed;

    if (json_is_array(value) || json_is_object(value))
        return container_as(coercion, schema, value);
    if (json_is_string(value) && coercion->is_lenient) {
        typed = string_as(coercion, schema, value);
        if (!json_is_integer(typed))
            return typed;
        value = orc_json_own(typed, coercion->pool);
    }
    if (json_is_integer(value))
        return integer_as(coercion, schema, value);
    return coercion->is_lenient && schema->kind == ORC_TOSCA_STRING ? text_of(coercion, value)
                                                                    : json_incref((json_t *)value);
}

static json_t *coerce(const orc_tosca_template_t *tosca, const orc_yaml_node_t *declared, const json_t *value,
                      int is_lenient, apr_pool_t *pool)
{
    const coercion_t coercion = {tosca, pool, is_lenient};
    orc_tosca_schema_t schema;

    orc_tosca_schema(&schema, tosca, declared);
    return value_as(&coercion, &schema, value);
}

json_t *orc_tosca_normal(const orc_tosca_template_t *tosca, const orc_yaml_node_t *declared, const json_t *value,
                         apr_pool_t *pool)
{
    return coerce(tosca, declared, value, 0, pool);
}

int orc_tosca_is_of_kind(const orc_tosca_template_t *tosca, const orc_yaml_node_t *declared, orc_tosca_kind_t kind)
{
    orc_tosca_schema_t schema;

    orc_tosca_schema(&schema, tosca, declared);
    return schema.kind == kind;
}

json_t *orc_tosca_coerce(const orc_tosca_template_t *tosca, const orc_yaml_node_t *declared, const json_t *value,
                         apr_pool_t *pool)
{
    return coerce(tosca, declared, value, 1, pool);
}
