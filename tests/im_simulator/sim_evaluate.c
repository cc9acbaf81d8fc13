/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "sim_evaluate.h"

#include "sim_python.h"
#include "sim_topology.h"

#include <apr_strings.h>
#include <string.h>

#define MAX_DEPTH 200
#define MAX_STEPS 1000000 /* nodes of one evaluation: calls that call others twice grow without end */
#define STEP_TEXT 64      /* so many bytes of a concatenation count as a node */

static sim_node_t *none(const sim_evaluation_t *evaluation)
{
    return sim_node_new(SIM_NULL, "", evaluation->pool);
}

static sim_node_t *fail(sim_evaluation_t *evaluation, const char *error)
{
    evaluation->error = evaluation->error ? evaluation->error : error;
    return none(evaluation);
}

static sim_node_t *text_node(const sim_evaluation_t *evaluation, const char *text)
{
    return sim_node_new(SIM_STRING, text, evaluation->pool);
}

static sim_node_t *run_concat(sim_evaluation_t *evaluation, const sim_node_t *arguments, const char *context)
{
    const char *text = "";

    for (int i = 0; i < arguments->count && !evaluation->error; i++) {
        sim_node_t *part = arguments->values[i];
        if (sim_function_is(part)) {
            part = sim_evaluate(evaluation, part, context, SIM_CALL_FRESH);
        }
        text = apr_pstrcat(evaluation->pool, text, sim_python_str(part, evaluation->pool), NULL);
        evaluation->steps += (int)(strlen(text) / STEP_TEXT);
    }
    return text_node(evaluation, text);
}

/* The index-th part of a text, counted from the end when index is negative; NULL when there is none. */
static const char *part_of(const char *text, char separator, json_int_t index, apr_pool_t *pool)
{
    json_int_t parts = 1;

    for (const char *c = text; *c; c++) {
        parts += *c == separator;
    }
    index += index < 0 ? parts : 0;
    for (; index > 0 && (text = strchr(text, separator)); index--) {
        text++;
    }
    return index < 0 || !text ? NULL : apr_pstrmemdup(pool, text, strcspn(text, (char[]){separator, '\0'}));
}

static sim_node_t *run_token(sim_evaluation_t *evaluation, const sim_node_t *arguments, const char *context)
{
    sim_node_t *source;
    const char *text, *separator, *part;
    json_int_t index;

    if (arguments->count != 3) {
        return none(evaluation);
    }
    source = arguments->values[0];
    separator = sim_node_string(arguments->values[1]);
    index = arguments->values[2]->kind == SIM_BOOL ? sim_scalar_bool(arguments->values[2]->text)
                                                   : sim_node_integer(arguments->values[2], 0);
    text = sim_function_is(source)
               ? sim_python_str(sim_evaluate(evaluation, source, context, SIM_CALL_FRESH), evaluation->pool)
               : sim_node_string(source);
    if (!text) {
        return fail(evaluation,
                    apr_psprintf(evaluation->pool, "'%s' object has no attribute 'split'", sim_python_type(source)));
    }
    if (!separator || !*separator) {
        return fail(evaluation, separator ? "empty separator" : "must be str or None, not int");
    }
    part = part_of(text, *separator, index, evaluation->pool);
    if (!part && index < 0) {
        return fail(evaluation, "list index out of range");
    }
    return part ? text_node(evaluation, part) : none(evaluation);
}

/* A property of a node, or of one of its capabilities; *used is how many arguments that took. NULL: the template does
 * not say, so it may be what a type says. */
static sim_node_t *property_of(int *used, const sim_node_t *document, const char *name, const sim_node_t *arguments)
{
    const sim_node_t *node = sim_node_template(document, name);
    const char *first = sim_node_string(arguments->values[1]);
    const char *second = arguments->count > 2 ? sim_node_string(arguments->values[2]) : NULL;
    sim_node_t *value = first ? sim_node_path(node, "properties", first, NULL) : NULL;

    *used = 2;
    if (value || !first || !second) {
        return value;
    }
    *used = 3;
    if (sim_node_requirement(node, first)) {
        node = sim_node_template(document, sim_node_requirement(node, first));
    }
    return sim_node_path(node, "capabilities", first, "properties", second, NULL);
}

/* The name of the node that has the property: HOST is the first on the way to the host that has it. */
static const char *property_owner(const sim_node_t *document, const char *name, const sim_node_t *arguments,
                                  const char *context)
{
    int used;

    if (!strcmp(name, "SELF")) {
        return context;
    }
    if (strcmp(name, "HOST")) {
        return name;
    }
    for (int level = 0; context && level < 32; level++) {
        context = sim_node_requirement(sim_node_template(document, context), "host");
        if (context && property_of(&used, document, context, arguments)) {
            return context;
        }
    }
    return NULL;
}

static sim_node_t *run_get_property(sim_evaluation_t *evaluation, const sim_node_t *arguments, const char *context)
{
    const char *name = arguments->count < 2 ? NULL : sim_python_str(arguments->values[0], evaluation->pool);
    sim_node_t *value = NULL;
    int at = 0, is_own;

    name = name ? property_owner(evaluation->document, name, arguments, context) : NULL;
    if (name) {
        value = property_of(&at, evaluation->document, name, arguments);
    }
    is_own = at == 2 && arguments->count == 2; /* a call there was made with its node */
    for (; value && at < arguments->count; at++) {
        const sim_node_t *argument = arguments->values[at];
        json_int_t i = sim_node_integer(argument, -1);
        if (value->kind == SIM_LIST) {
            value = i >= 0 && i < value->count ? value->values[i] : NULL;
        }
        else {
            value = argument->text ? sim_node_get(value, argument->text) : NULL;
        }
    }
    return value ? sim_evaluate(evaluation, value, is_own ? name : context, is_own ? SIM_CALL_READ : SIM_CALL_FRESH)
                 : none(evaluation);
}

static sim_node_t *run(sim_evaluation_t *evaluation, const sim_node_t *call, const char *context)
{
    const sim_node_t *arguments = sim_function_arguments(call, evaluation->pool);
    sim_node_t *value;

    switch (sim_function_of(call)) {
    case SIM_GET_INPUT:
        value = arguments->count ? sim_input_named(evaluation->document, arguments->values[0]) : NULL;
        value = sim_node_get(value, "default");
        return value ? sim_evaluate(evaluation, value, context, SIM_CALL_FRESH) : none(evaluation);
    case SIM_GET_PROPERTY:
        return run_get_property(evaluation, arguments, context);
    case SIM_GET_ATTRIBUTE:
        return sim_attribute(evaluation, arguments, context);
    case SIM_CONCAT:
        return run_concat(evaluation, arguments, context);
    case SIM_TOKEN:
        return run_token(evaluation, arguments, context);
    default:
        return fail(evaluation, "maximum recursion depth exceeded in comparison");
    }
}

static void keep(const sim_evaluation_t *evaluation, sim_node_t **place, sim_node_t *result)
{
    if (!evaluation->error && *place != result) {
        *place = sim_node_copy(result, evaluation->kept);
    }
}

sim_node_t *sim_evaluate(sim_evaluation_t *evaluation, sim_node_t *node, const char *context, sim_call_age_t age)
{
    sim_problems_t problems;

    if (++evaluation->depth > MAX_DEPTH || ++evaluation->steps > MAX_STEPS) {
        fail(evaluation, "maximum recursion depth exceeded in comparison");
    }
    if (evaluation->error) {
        node = none(evaluation);
    }
    else if (sim_function_is(node)) {
        sim_problems_init(&problems, evaluation->pool);
        if (age == SIM_CALL_FRESH) {
            sim_function_check(&problems, evaluation->document, node, context);
        }
        evaluation->error = sim_problems_first(&problems);
        node = evaluation->error ? none(evaluation) : run(evaluation, node, context);
    }
    else {
        for (int i = 0; i < node->count && !evaluation->error; i++) {
            keep(evaluation, &node->values[i], sim_evaluate(evaluation, node->values[i], context, SIM_CALL_FRESH));
        }
    }
    evaluation->depth--;
    return node;
}
