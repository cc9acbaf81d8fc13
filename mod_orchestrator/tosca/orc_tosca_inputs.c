/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_tosca_internal.h"

#include <apr_strings.h>

/* Given inputs against those that the template declares. */

static int is_required(const orc_yaml_node_t *declared)
{
    const char *text = orc_yaml_text(orc_yaml_get(declared, "required"));
    int required = 1;

    if (text)
        orc_yaml_boolean(&required, text);
    return required;
}

static void check_given(orc_tosca_check_t *check, const orc_yaml_node_t *declared, const json_t *value,
                        const orc_json_path_t *at)
{
    if (!json_is_null(value))
        orc_tosca_check_value(check, declared, value, at);
    else if (is_required(declared))
        orc_tosca_mistake(check, at, "is null, and the input is required");
}

/*
 * The default, which must be of the input's type. Its constraints are not looked at: real templates have defaults
 * beside their valid_values (a form then shows the first of these), and their authors mean them.
 */
static json_t *take_default(orc_tosca_check_t *check, const orc_yaml_node_t *declared, const orc_yaml_node_t *value,
                            const orc_json_path_t *at)
{
    json_t *json = orc_tosca_to_json(check->tosca, value, declared);
    orc_tosca_check_t own = {.tosca = check->tosca, .pool = check->pool, .steps = check->steps, .only_types = 1};

    orc_tosca_check_value(&own, declared, json, at);
    check->steps = own.steps;
    if (own.error)
        orc_tosca_mistake(check, at, "is not given, and the default in the template (%s) is not of its type: %s",
                          orc_tosca_position(value, check->pool),
                          APR_ARRAY_IDX(own.error->fields, 0, orc_error_field_t).detail);
    return json;
}

/* A new reference to the input's value; null when it has none. */
static json_t *complete_one(orc_tosca_check_t *check, const orc_yaml_node_t *declared, json_t *given,
                            const orc_json_path_t *at)
{
    const orc_yaml_node_t *value = orc_yaml_get(declared, "default");

    if (given) {
        check_given(check, declared, given, at);
        return json_incref(given);
    }
    if (!orc_yaml_is_null(value))
        return take_default(check, declared, value, at);
    if (is_required(declared))
        orc_tosca_mistake(check, at, "is missing");
    return json_null();
}

static void refuse_unknown(orc_tosca_check_t *check, const json_t *given, const orc_json_path_t *at)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)given, name, value) if (!orc_yaml_get(check->tosca->inputs, name))
        orc_tosca_mistake(check, &(orc_json_path_t){at, name, 0}, "is no input of the template");
}

static orc_error_t *with_code(orc_error_t *error)
{
    if (error) {
        error->code = "inputs";
        error->detail = "The inputs do not fit the template.";
    }
    return error;
}

static orc_error_t *complete_inputs(json_t *complete, const orc_tosca_template_t *tosca, const json_t *given,
                                    const char *pointer, apr_pool_t *pool)
{
    orc_tosca_check_t check = {.tosca = tosca, .pool = pool};
    const orc_json_path_t at = {NULL, pointer, 0};
    int i;

    if (!json_is_object(given)) {
        orc_tosca_mistake(&check, &at, "must be an object: input name to value");
        return with_code(check.error);
    }
    refuse_unknown(&check, given, &at);
    for (i = 0; tosca->inputs && i < tosca->inputs->count; i++) {
        const orc_yaml_pair_t *input = &tosca->inputs->pairs[i];
        const char *name = input->key->text;

        json_object_set_new(
            complete, name,
            complete_one(&check, input->value, json_object_get(given, name), &(orc_json_path_t){&at, name, 0}));
    }
    return with_code(check.error);
}

orc_error_t *orc_tosca_inputs(json_t **complete, const orc_tosca_template_t *tosca, const json_t *given,
                              const char *pointer, apr_pool_t *pool)
{
    *complete = orc_json_own(json_object(), pool);
    return complete_inputs(*complete, tosca, given, pointer, pool);
}

orc_error_t *orc_tosca_inputs_coerce(json_t **coerced, const orc_tosca_template_t *tosca, const json_t *given,
                                     const char *pointer, apr_pool_t *pool)
{
    json_t *complete, *value;
    const char *name;

    *coerced = orc_json_own(json_object(), pool);
    json_object_foreach((json_t *)given, name, value)
    {
        const orc_yaml_node_t *declared = orc_yaml_get(tosca->inputs, name);

        json_object_set_new(*coerced, name,
                            declared ? orc_tosca_coerce(tosca, declared, value, pool) : json_incref(value));
    }
    return orc_tosca_inputs(&complete, tosca, json_is_object(given) ? *coerced : given, pointer, pool);
}
