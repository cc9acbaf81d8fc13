/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "sim_function.h"

#include "sim_python.h"
#include "sim_topology.h"
#include "sim_types.h"

#include <apr_strings.h>
#include <string.h>

sim_function_t sim_function_of(const sim_node_t *node)
{
    static const char *const names[] = {"get_input", "get_property", "get_attribute", "get_operation_output",
                                        "concat",    "token"};
    int function = 0;

    if (!sim_node_is(node, SIM_MAP) || node->count != 1 || !sim_node_is(node->keys[0], SIM_STRING)) {
        return SIM_NO_FUNCTION;
    }
    while (function < SIM_NO_FUNCTION && strcmp(names[function], node->keys[0]->text)) {
        function++;
    }
    return (sim_function_t)function;
}

int sim_function_is(const sim_node_t *node)
{
    return sim_function_of(node) != SIM_NO_FUNCTION;
}

const sim_node_t *sim_function_arguments(const sim_node_t *call, apr_pool_t *pool)
{
    sim_node_t *list;

    if (call->values[0]->kind == SIM_LIST) {
        return call->values[0];
    }
    list = sim_node_new(SIM_LIST, NULL, pool);
    sim_node_add(list, NULL, call->values[0], pool);
    return list;
}

static void check_get_input(sim_problems_t *problems, const sim_node_t *document, const sim_node_t *arguments)
{
    if (arguments->count != 1) {
        sim_collect(problems, "ValueError: Expected one argument for function \"get_input\" but received \"%s\".",
                    sim_python_str(arguments, problems->pool));
    }
    if (!arguments->count) {
        sim_crash(problems, "list index out of range");
    }
    else if (!sim_input_named(document, arguments->values[0])) {
        sim_collect(problems, "UnknownInputError: Unknown input \"%s\".",
                    sim_python_str(arguments->values[0], problems->pool));
    }
}

static void collect_key_error(sim_problems_t *problems, const char *text)
{
    sim_collect(problems, "KeyError: %s", sim_python_repr_text(text, problems->pool));
}

/* The name that the first argument gives, "SELF" and the like as they stand; NULL when that is a problem. */
static const char *named_node(sim_problems_t *problems, const sim_node_t *argument)
{
    if (argument->kind != SIM_MAP) {
        return sim_python_str(argument, problems->pool);
    }
    if (!sim_node_get(argument, "node")) {
        sim_collect(problems, "ValueError:  No node name in the relationship.");
        return NULL;
    }
    return sim_python_str(sim_node_get(argument, "node"), problems->pool);
}

/* TARGET and SOURCE are for relationships. Returns 1 when it was one of them. */
static int check_relationship_word(sim_problems_t *problems, const char *name, const char *context)
{
    int is_target = !strcmp(name, "TARGET");

    if (!is_target && strcmp(name, "SOURCE")) {
        return 0;
    }
    if (context) {
        collect_key_error(problems, apr_psprintf(problems->pool,
                                                 "\"%s\" keyword can only be used in context to \"Relationships\" %s "
                                                 "node",
                                                 name, is_target ? "target" : "source"));
    }
    else {
        sim_crash(problems, "'list' object has no attribute 'type_definition'");
    }
    return 1;
}

static void check_get_property(sim_problems_t *problems, const sim_node_t *document, const sim_node_t *arguments,
                               const char *context)
{
    const char *name;

    if (arguments->count < 2) {
        sim_collect(problems,
                    "ValueError: Expected arguments: \"node-template-name\", \"req-or-cap\" (optional), \"property "
                    "name\".");
        return;
    }
    name = named_node(problems, arguments->values[0]);
    if (!name || check_relationship_word(problems, name, context)) {
        return;
    }
    if (!strcmp(name, "SELF") || !strcmp(name, "HOST")) {
        if (!context) {
            sim_crash(problems, "'list' object has no attribute '%s'",
                      *name == 'S' ? "get_properties" : "requirements");
        }
    }
    else if (!sim_node_template(document, name) && context) {
        collect_key_error(problems, apr_psprintf(problems->pool,
                                                 "Node template \"%s\" was not found. referenced from node template %s",
                                                 name, context));
    }
    else if (!sim_node_template(document, name)) {
        sim_crash(problems, "'list' object has no attribute 'name'");
    }
}

/* The index or the keys below an attribute of which the type is known. */
static void check_below_attribute(sim_problems_t *problems, const sim_node_t *arguments, const char *type)
{
    for (int i = 2; i < arguments->count; i++) {
        const char *argument = sim_python_str(arguments->values[i], problems->pool);
        if (strcmp(type, "list")) {
            sim_collect(problems,
                        "ValueError: Illegal arguments for function \"get_attribute\". Unexpected attribute/index "
                        "value \"%s\"",
                        argument);
            return;
        }
        if (arguments->values[i]->kind != SIM_INT && arguments->values[i]->kind != SIM_BOOL) {
            sim_collect(problems,
                        "ValueError: Illegal arguments for function \"get_attribute\". \"%s\" Expected positive "
                        "integer argument",
                        argument);
        }
        type = "string";
    }
}

static void check_attribute_of(sim_problems_t *problems, const sim_node_t *document, const sim_node_t *arguments,
                               const char *name)
{
    const sim_node_t *node = sim_node_template(document, name);
    const char *attribute = sim_node_string(arguments->values[1]), *type;

    if (!attribute || !sim_type_is_compute(document, sim_node_get(node, "type")->text)) {
        return;
    }
    type = sim_type_of_attribute(document, sim_node_get(node, "type")->text, attribute);
    if (type && *type) {
        if (!strcmp(type, "list") || !strcmp(type, "string")) {
            check_below_attribute(problems, arguments, type);
        }
    }
    else if (type && arguments->count == 2 && !sim_node_path(node, "properties", attribute, NULL)) {
        collect_key_error(
            problems,
            apr_psprintf(problems->pool, "Attribute \"%s\" was not found in node template \"%s\".", attribute, name));
    }
}

static void check_get_attribute(sim_problems_t *problems, const sim_node_t *document, const sim_node_t *arguments,
                                const char *context)
{
    const char *name;

    if (arguments->count < 2) {
        sim_collect(problems, "ValueError: Illegal arguments for function \"get_attribute\". Expected arguments: "
                              "\"node-template-name\", \"req-or-cap\"(optional), \"property name\"");
        return;
    }
    name = named_node(problems, arguments->values[0]);
    if (!name || check_relationship_word(problems, name, context)) {
        return;
    }
    if (!strcmp(name, "HOST")) {
        if (!context) {
            sim_collect(problems, "ValueError: \"get_attribute: [ HOST, ... ]\" is not allowed in \"outputs\" section "
                                  "of the TOSCA template.");
        }
        return;
    }
    if (context && !strcmp(name, "SELF")) {
        name = context;
    }
    if (sim_node_template(document, name)) {
        check_attribute_of(problems, document, arguments, name);
    }
    else {
        collect_key_error(problems, apr_psprintf(problems->pool, "Node template \"%s\" was not found.", name));
    }
}

static void check_token(sim_problems_t *problems, const sim_node_t *arguments)
{
    const char *separator;

    if (arguments->count < 3) {
        sim_collect(problems, "ValueError: Invalid arguments for function \"token\". Expected at least three "
                              "arguments.");
        return;
    }
    separator = sim_node_string(arguments->values[1]);
    if (!separator || strlen(separator) != 1) {
        sim_collect(problems, "ValueError: Invalid arguments for function \"token\". Expected single char value as "
                              "second argument.");
    }
    if (arguments->values[2]->kind != SIM_INT && arguments->values[2]->kind != SIM_BOOL) {
        sim_collect(problems, "ValueError: Invalid arguments for function \"token\". Expected integer value as third "
                              "argument.");
    }
}

void sim_function_check(sim_problems_t *problems, const sim_node_t *document, const sim_node_t *node,
                        const char *context)
{
    sim_function_t function = sim_function_of(node);
    const sim_node_t *arguments = function == SIM_NO_FUNCTION ? NULL : sim_function_arguments(node, problems->pool);

    switch (function) {
    case SIM_GET_INPUT:
        check_get_input(problems, document, arguments);
        break;
    case SIM_GET_PROPERTY:
        check_get_property(problems, document, arguments, context);
        break;
    case SIM_GET_ATTRIBUTE:
        check_get_attribute(problems, document, arguments, context);
        break;
    case SIM_CONCAT:
        if (!arguments->count) {
            sim_collect(problems, "ValueError: Invalid arguments for function \"concat\". Expected at least one "
                                  "arguments.");
        }
        break;
    case SIM_TOKEN:
        check_token(problems, arguments);
        break;
    default:
        break;
    }
}
