/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_tosca_internal.h"

#include <apr_strings.h>
#include <string.h>

/* Given inputs against those that the template declares, and every input's value. */

/* ---- given values ---- */

/* A value is a value: one that IM would take for a function, wherever it stands, is refused. */
static void refuse_functions(orc_tosca_check_t *check, const json_t *value, const orc_json_path_t *at)
{
    const char *function = orc_tosca_function_of_json(value), *key;
    json_t *child;
    size_t i;

    if (orc_tosca_spend(check, at, 1))
        return;
    if (function)
        orc_tosca_mistake(check, at, "would be run as the function %s of TOSCA; a value is needed", function);
    json_array_foreach((json_t *)value, i, child) refuse_functions(check, child, &(orc_json_path_t){at, NULL, i});
    json_object_foreach((json_t *)value, key, child) refuse_functions(check, child, &(orc_json_path_t){at, key, 0});
}

static void check_given(orc_tosca_check_t *check, const orc_yaml_node_t *declared, const json_t *value,
                        const orc_json_path_t *at)
{
    if (json_is_null(value)) {
        if (orc_tosca_is_required(declared))
            orc_tosca_mistake(check, at, "is null, and the input is required");
        return;
    }
    if (orc_tosca_is_made_by_im(declared, value))
        orc_tosca_mistake(check, at, "would be replaced by the Infrastructure Manager; a value is needed");
    if (json_is_array(value) || json_is_object(value))
        refuse_functions(check, value, at);
    orc_tosca_check_value(check, declared, value, at);
}

/* ---- defaults ---- */

/*
 * A default must be of its type. Its constraints are not looked at: real templates have defaults beside their
 * valid_values (a form then shows the first of these), and their authors mean them.
 */
static void check_default(orc_tosca_check_t *check, const orc_yaml_node_t *declared, const json_t *value,
                          const orc_json_path_t *at)
{
    orc_tosca_check_t own = *check;

    own.error = NULL;
    own.only_types = 1;
    orc_tosca_check_value(&own, declared, value, at);
    check->steps = own.steps;
    if (own.error)
        orc_tosca_mistake(check, at, "is not given, and the default in the template (%s) is not of its type: %s",
                          orc_tosca_position(orc_yaml_get(declared, "default"), check->pool),
                          APR_ARRAY_IDX(own.error->fields, 0, orc_error_field_t).detail);
}

/* ---- all of them ---- */

/* A new reference to the value of the input at that place; null when it has none. */
static json_t *take_value(orc_tosca_inputs_t *inputs, int place, const orc_json_path_t *at)
{
    const orc_yaml_pair_t *input = &inputs->check->tosca->inputs->pairs[place];
    const json_t *given = json_object_get(inputs->given, input->key->text);
    const orc_yaml_node_t *written = orc_yaml_get(input->value, "default");
    const char *mistake = NULL;
    json_t *value;

    if (given) {
        value = orc_tosca_normal(inputs->check->tosca, input->value, given, inputs->check->pool);
        check_given(inputs->check, input->value, value, at);
        return value;
    }
    value = orc_yaml_is_null(written) ? json_null() : orc_tosca_default(&mistake, inputs, input->value);
    if (!mistake && orc_tosca_function(written) && orc_tosca_is_made_by_im(input->value, value))
        mistake = "makes a text that the Infrastructure Manager would replace; give a value";
    if (mistake && *mistake)
        orc_tosca_mistake(inputs->check, at, "is not given, and the default in the template (%s) %s",
                          orc_tosca_position(written, inputs->check->pool), mistake);
    else if (mistake)
        return value;
    else if (!json_is_null(value))
        check_default(inputs->check, input->value, value, at);
    else if (orc_tosca_is_required(input->value))
        orc_tosca_mistake(inputs->check, at, "is missing");
    return value;
}

static int mistakes(const orc_tosca_check_t *check)
{
    return check->error ? check->error->fields->nelts : 0;
}

const json_t *orc_tosca_input_value(orc_tosca_inputs_t *inputs, int place)
{
    const char *name = inputs->check->tosca->inputs->pairs[place].key->text;
    int before = mistakes(inputs->check);

    if (inputs->values[place])
        return inputs->values[place];
    if (inputs->is_open[place] || inputs->depth == ORC_TOSCA_MAX_ANCESTORS)
        return NULL;
    inputs->depth++;
    inputs->is_open[place] = 1;
    inputs->values[place] =
        orc_json_own(take_value(inputs, place, &(orc_json_path_t){inputs->at, name, 0}), inputs->check->pool);
    inputs->is_wrong[place] = mistakes(inputs->check) > before;
    inputs->is_open[place] = 0;
    inputs->depth--;
    return inputs->values[place];
}

json_t *orc_tosca_complete(orc_tosca_check_t *check, const json_t *given, const orc_json_path_t *at)
{
    int i, count = check->tosca->inputs ? check->tosca->inputs->count : 0;
    json_t *complete = orc_json_own(json_object(), check->pool);
    orc_tosca_inputs_t inputs = {.check = check, .given = given, .at = at};

    inputs.values = apr_pcalloc(check->pool, sizeof(*inputs.values) * (apr_size_t)(count + 1));
    inputs.is_open = apr_pcalloc(check->pool, (apr_size_t)count + 1);
    inputs.is_wrong = apr_pcalloc(check->pool, (apr_size_t)count + 1);
    for (i = 0; i < count; i++)
        json_object_set(complete, check->tosca->inputs->pairs[i].key->text,
                        (json_t *)orc_tosca_input_value(&inputs, i));
    return complete;
}

static void refuse_unknown(orc_tosca_check_t *check, const json_t *given, const orc_json_path_t *at)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)given, name, value) if (!orc_yaml_get(check->tosca->inputs, name))
        orc_tosca_mistake(check, &(orc_json_path_t){at, name, 0}, "is no input of the template");
}

orc_error_t *orc_tosca_inputs(json_t **complete, const orc_tosca_template_t *tosca, const json_t *given,
                              const char *pointer, apr_pool_t *pool)
{
    orc_tosca_check_t check = {.tosca = tosca, .pool = pool, .is_of_values = 1};
    const orc_json_path_t at = {NULL, pointer, 0};

    if (json_is_object(given)) {
        refuse_unknown(&check, given, &at);
        *complete = orc_tosca_complete(&check, given, &at);
    }
    else {
        *complete = orc_json_own(json_object(), pool);
        orc_tosca_mistake(&check, &at, "must be an object: input name to value");
    }
    if (check.error) {
        check.error->code = "inputs";
        check.error->reason = ORC_REASON_INPUTS;
        check.error->detail = "The inputs do not fit the template.";
    }
    return check.error;
}

/* What a form leaves empty: nothing was given. */
static int is_left_empty(const orc_tosca_template_t *tosca, const orc_yaml_node_t *declared, const json_t *value)
{
    return json_is_null(value) || (json_is_string(value) && !json_string_length(value) &&
                                   !orc_tosca_is_of_kind(tosca, declared, ORC_TOSCA_STRING));
}

json_t *orc_tosca_inputs_coerce(apr_array_header_t *notes, const orc_tosca_template_t *tosca, const json_t *given,
                                apr_pool_t *pool)
{
    json_t *coerced = orc_json_own(json_object(), pool), *value;
    const char *name;
    int extra = 0;

    json_object_foreach((json_t *)given, name, value)
    {
        const orc_yaml_node_t *declared = orc_yaml_get(tosca->inputs, name);

        if (declared && !is_left_empty(tosca, declared, value))
            json_object_set_new(coerced, name, orc_tosca_coerce(tosca, declared, value, pool));
        if (!declared && ++extra <= ORC_TOSCA_MAX_MISTAKES)
            APR_ARRAY_PUSH(notes, const char *) =
                apr_psprintf(pool, "The input \"%.64s\" is left out: the template does not declare it.", name);
    }
    return coerced;
}
