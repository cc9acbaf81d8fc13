/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_tosca_internal.h"

#include <apr_strings.h>
#include <string.h>

/*
 * What the default of an input stands for: what is written, by the declared type, with get_input and concat of other
 * inputs worked out. TOSCA allows functions there, and their result has to be known here: it is checked, counted on and
 * written for IM like any other value.
 */

typedef struct default_t {
    orc_tosca_inputs_t *inputs;
    const char *mistake; /* the first */
} default_t;

static json_t *value_of(default_t *reading, const orc_yaml_node_t *node, const orc_tosca_schema_t *schema);

static json_t *failed(default_t *reading, const char *mistake)
{
    if (!reading->mistake)
        reading->mistake = mistake;
    return json_null();
}

/* Nodes and bytes of a value that a function makes: inputs that name one another twice would double it each time. */
static int spend(default_t *reading, const json_t *value)
{
    const char *key;
    json_t *child;
    size_t i;

    reading->inputs->made += 1 + json_string_length(value);
    if (reading->inputs->made > ORC_TOSCA_MAX_MADE)
        return -1;
    json_array_foreach((json_t *)value, i, child) if (spend(reading, child)) return -1;
    json_object_foreach((json_t *)value, key, child) if (spend(reading, child)) return -1;
    return 0;
}

static int place_of(const orc_yaml_node_t *mapping, const char *name)
{
    int i;

    for (i = 0; mapping && i < mapping->count && strcmp(mapping->pairs[i].key->text, name);)
        i++;
    return mapping && i < mapping->count ? i : -1;
}

/* The input's value, or a part of it: {get_input: [name, key or index, ...]}. */
static json_t *get_input(default_t *reading, const orc_yaml_node_t *operand)
{
    apr_pool_t *pool = reading->inputs->check->pool;
    int steps = operand->kind == ORC_YAML_SEQUENCE ? operand->count : 1, i;
    const char *name = orc_yaml_text(operand->kind == ORC_YAML_SEQUENCE && steps ? operand->items[0] : operand);
    int place = name ? place_of(reading->inputs->check->tosca->inputs, name) : -1;
    const json_t *value;
    json_int_t index;

    if (place < 0)
        return failed(reading, "names an input that is not there");
    if (!(value = orc_tosca_input_value(reading->inputs, place)))
        return failed(reading,
                      apr_psprintf(pool, "needs itself or too many others, through the input \"%.128s\"", name));
    if (reading->inputs->is_wrong[place])
        return failed(reading, "");
    if (orc_tosca_is_made_by_im(reading->inputs->check->tosca->inputs->pairs[place].value, value))
        return failed(reading,
                      apr_psprintf(pool,
                                   "needs the input \"%.128s\", whose value the Infrastructure Manager makes up after "
                                   "that; give one of them",
                                   name));
    for (i = 1; i < steps && value; i++) {
        const char *step = orc_yaml_text(operand->items[i]);

        if (!step)
            value = NULL;
        else if (json_is_array(value))
            value = orc_yaml_integer(&index, step) || index < 0 ? NULL : json_array_get(value, (size_t)index);
        else
            value = json_object_get(value, step);
    }
    if (!value)
        return failed(reading, apr_psprintf(pool, "names a part of the input \"%.128s\" that is not there", name));
    if (spend(reading, value))
        return failed(reading, "makes more text than is allowed");
    return json_incref((json_t *)value);
}

static json_t *concat(default_t *reading, const orc_yaml_node_t *operand)
{
    static const orc_tosca_schema_t string = {.kind = ORC_TOSCA_STRING};
    apr_pool_t *pool = reading->inputs->check->pool;
    apr_array_header_t *texts = apr_array_make(pool, 8, sizeof(const char *));
    int i;

    if (operand->kind != ORC_YAML_SEQUENCE)
        return failed(reading, "has a concat without a list");
    for (i = 0; i < operand->count && !reading->mistake; i++) {
        json_t *part = orc_json_own(value_of(reading, operand->items[i], &string), pool);

        if (json_is_null(part) || json_is_array(part) || json_is_object(part))
            return failed(reading, "joins what is no text");
        if (spend(reading, part))
            return failed(reading, "makes more text than is allowed");
        APR_ARRAY_PUSH(texts, const char *) =
            json_is_string(part) ? json_string_value(part) : orc_json_text(part, pool);
    }
    return json_string(apr_array_pstrcat(pool, texts, 0));
}

static json_t *function_of(void *baton, const char *function, const orc_yaml_node_t *operand)
{
    default_t *reading = baton;

    if (!strcmp(function, "get_input"))
        return get_input(reading, operand);
    if (!strcmp(function, "concat"))
        return concat(reading, operand);
    return failed(reading,
                  apr_psprintf(reading->inputs->check->pool,
                               "is the function %s, which has no value before the deployment; give one", function));
}

static json_t *value_of(default_t *reading, const orc_yaml_node_t *node, const orc_tosca_schema_t *schema)
{
    return orc_tosca_to_json_as(reading->inputs->check->tosca, node, schema, function_of, reading);
}

json_t *orc_tosca_default(const char **mistake, orc_tosca_inputs_t *inputs, const orc_yaml_node_t *declared)
{
    const orc_tosca_check_t *check = inputs->check;
    default_t reading = {inputs, NULL};
    orc_tosca_schema_t schema;
    json_t *value;

    orc_tosca_schema(&schema, check->tosca, declared);
    value = orc_json_own(value_of(&reading, orc_yaml_get(declared, "default"), &schema), check->pool);
    *mistake = reading.mistake;
    return orc_tosca_normal(check->tosca, declared, value, check->pool);
}
