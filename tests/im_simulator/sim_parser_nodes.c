/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "sim_parser.h"

#include "sim_function.h"
#include "sim_python.h"
#include "sim_topology.h"
#include "sim_types.h"
#include "sim_value.h"

#include <apr_strings.h>
#include <string.h>

static const sim_node_t integer_type = {.kind = SIM_STRING, .text = "integer"};
static const sim_node_t size_type = {.kind = SIM_STRING, .text = "scalar-unit.size"};

/* The section of templates when it is a map; what is none crashes when its entries are looked up by name. */
static const sim_node_t *templates(sim_problems_t *problems, const sim_node_t *document, const char *name)
{
    const sim_node_t *section = sim_node_path(document, "topology_template", name, NULL);

    if (!sim_python_is_true(section) || section->kind == SIM_MAP) {
        return sim_python_is_true(section) ? section : NULL;
    }
    if (section->kind == SIM_LIST) {
        sim_crash(problems, "list indices must be integers or slices, not str");
    }
    else if (section->kind == SIM_STRING) {
        sim_crash(problems, "string indices must be integers, not 'str'");
    }
    else {
        sim_crash(problems, "'%s' object is not iterable", sim_python_type(section));
    }
    return NULL;
}

/* ---- relationship templates ---- */

void sim_parse_relationships(sim_problems_t *problems, const sim_node_t *document)
{
    const sim_node_t *all = templates(problems, document, "relationship_templates");

    for (int i = 0; all && i < all->count; i++) {
        const sim_node_t *one = all->values[i], *type = sim_node_get(one, "type");
        if (one->kind != SIM_MAP) {
            sim_crash_without(problems, one, "get");
        }
        else if (!type) {
            sim_crash(problems, "'type'");
        }
        else if (!sim_node_string(type) || !sim_type_is_known(document, SIM_RELATIONSHIP_TYPE, type->text)) {
            sim_crash_without(problems, NULL, "keys");
        }
    }
}

/* ---- capabilities of a compute node ---- */

static const char *less_or_equal(const sim_node_t *left, const sim_node_t *right, int *is_true, apr_pool_t *pool)
{
    if (sim_python_is_number(left) && sim_python_is_number(right)) {
        *is_true = sim_python_number(left) <= sim_python_number(right);
        return NULL;
    }
    if (sim_node_string(left) && sim_node_string(right)) {
        *is_true = strcmp(left->text, right->text) <= 0;
        return NULL;
    }
    return apr_psprintf(pool, "'<=' not supported between instances of '%s' and '%s'", sim_python_type(left),
                        sim_python_type(right));
}

/* min_instances <= default_instances <= max_instances, compared as they stand in the template. */
static void check_default_instances(sim_problems_t *problems, const char *name, const sim_node_t *properties)
{
    const sim_node_t *instances = sim_node_get(properties, "default_instances");
    int is_true = 1;
    const char *problem = less_or_equal(sim_node_get(properties, "min_instances"), instances, &is_true, problems->pool);

    if (!problem && is_true) {
        problem = less_or_equal(instances, sim_node_get(properties, "max_instances"), &is_true, problems->pool);
    }
    if (problem) {
        sim_crash(problems, "%s", problem);
    }
    else if (!is_true) {
        sim_collect(problems,
                    "ValidationError: \"properties\" of template \"%s\": \"default_instances\" value is not between "
                    "\"min_instances\" and \"max_instances\".",
                    name);
    }
}

static void check_literal(sim_problems_t *problems, const sim_node_t *properties, const char *name,
                          const sim_node_t *type)
{
    const sim_node_t *value = sim_node_get(properties, name);
    if (value && !sim_function_is(value)) {
        sim_value_check(problems, type, value);
    }
}

/* At least 1, which is asked of a text too. */
static void check_cpus(sim_problems_t *problems, const sim_node_t *host)
{
    const sim_node_t *cpus = sim_node_get(host, "num_cpus");

    check_literal(problems, host, "num_cpus", &integer_type);
    if (!cpus || cpus->kind == SIM_NULL || sim_function_is(cpus) || sim_value_is_integer(cpus)) {
        return;
    }
    sim_crash(problems, "'>=' not supported between instances of '%s' and 'int'", sim_python_type(cpus));
}

/* A capability has to be a map with properties, which a map or nothing is. */
static void check_shape(sim_problems_t *problems, const sim_node_t *capability)
{
    const sim_node_t *properties = sim_node_get(capability, "properties");

    if (capability->kind == SIM_STRING) {
        sim_crash(problems, "string indices must be integers, not 'str'");
    }
    else if (capability->kind == SIM_LIST) {
        sim_crash(problems, "list indices must be integers or slices, not str");
    }
    else if (capability->kind != SIM_MAP) {
        sim_crash(problems, "argument of type '%s' is not iterable", sim_python_type(capability));
    }
    else if (!properties) {
        sim_crash(problems, "'properties'");
    }
    else if (sim_python_is_true(properties) && (properties->kind == SIM_LIST || properties->kind == SIM_STRING)) {
        sim_crash(problems, "dictionary update sequence element #0 has length 1; 2 is required");
    }
    else if (sim_python_is_true(properties) && properties->kind != SIM_MAP) {
        sim_crash(problems, "'%s' object is not iterable", sim_python_type(properties));
    }
}

static void check_compute(sim_problems_t *problems, const char *name, const sim_node_t *capabilities)
{
    static const char *const counts[] = {"count", "min_instances", "max_instances", "default_instances"};
    static const char *const known[] = {"host", "os", "scalable", "endpoint", "binding"};
    const sim_node_t *scalable = sim_node_path(capabilities, "scalable", "properties", NULL);
    const sim_node_t *host = sim_node_path(capabilities, "host", "properties", NULL);

    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
        if (sim_node_get(capabilities, known[i])) {
            check_shape(problems, sim_node_get(capabilities, known[i]));
        }
    }
    for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
        check_literal(problems, scalable, counts[i], &integer_type);
    }
    if (sim_node_get(scalable, "default_instances")) {
        check_default_instances(problems, name, scalable);
    }
    check_cpus(problems, host);
    check_literal(problems, host, "mem_size", &size_type);
    check_literal(problems, host, "disk_size", &size_type);
}

/* ---- node templates ---- */

static void check_requirement_keys(sim_problems_t *problems, const char *name, const sim_node_t *node)
{
    static const char *const keys[] = {"node", "capability", "relationship", "occurrences", "node_filter", NULL};
    const sim_node_t *requirements = sim_node_get(node, "requirements");
    const char *what = apr_psprintf(problems->pool, "\"requirements\" of template \"%s\"", name);

    if (!sim_python_is_true(requirements)) {
        return;
    }
    if (requirements->kind == SIM_STRING || requirements->kind == SIM_MAP) {
        sim_crash(problems, "'str' object has no attribute 'keys'");
        return;
    }
    if (requirements->kind != SIM_LIST) {
        sim_crash(problems, "'%s' object is not iterable", sim_python_type(requirements));
        return;
    }
    for (int i = 0; i < requirements->count; i++) {
        const sim_node_t *entry = requirements->values[i];
        if (entry->kind != SIM_MAP) {
            sim_crash_without(problems, entry, "items");
        }
        for (int at = 0; entry->kind == SIM_MAP && at < entry->count; at++) {
            if (entry->values[at]->kind == SIM_MAP) {
                sim_parse_keys(problems, entry->values[at], keys, 0, what);
            }
        }
    }
}

/* The operations of an interface; both ways to write them. */
static const sim_node_t *operations_of(const sim_node_t *interface)
{
    const sim_node_t *operations = sim_node_get(interface, "operations");
    return operations ? operations : interface;
}

static void check_interfaces(sim_problems_t *problems, const sim_node_t *node)
{
    const sim_node_t *interfaces = sim_node_get(node, "interfaces");

    if (sim_python_is_true(interfaces) && interfaces->kind != SIM_MAP) {
        sim_crash_without(problems, interfaces, "items");
    }
    for (int i = 0; sim_node_is(interfaces, SIM_MAP) && i < interfaces->count; i++) {
        const sim_node_t *operations = operations_of(interfaces->values[i]);
        if (operations->kind == SIM_NULL) {
            sim_crash(problems, "argument of type 'NoneType' is not iterable");
        }
        else if (operations->kind != SIM_MAP) {
            sim_crash_without(problems, operations, "items");
        }
        for (int at = 0; operations->kind == SIM_MAP && at < operations->count; at++) {
            const sim_node_t *inputs = sim_node_get(operations->values[at], "inputs");
            if (sim_python_is_true(inputs) && inputs->kind != SIM_MAP) {
                sim_crash_without(problems, inputs, "items");
            }
        }
    }
}

static void check_parts(sim_problems_t *problems, const sim_node_t *document, const char *name, const sim_node_t *node)
{
    static const char *const maps[] = {"capabilities", "properties"};

    for (size_t i = 0; i < sizeof(maps) / sizeof(*maps); i++) {
        const sim_node_t *part = sim_node_get(node, maps[i]);
        if (sim_python_is_true(part) && part->kind != SIM_MAP) {
            sim_crash_without(problems, part, "items");
        }
    }
    if (sim_type_is_compute(document, sim_node_get(node, "type")->text)) {
        check_compute(problems, name, sim_node_get(node, "capabilities"));
    }
    check_requirement_keys(problems, name, node);
    check_interfaces(problems, node);
}

static void check_node(sim_problems_t *problems, const sim_node_t *document, const char *name, const sim_node_t *node)
{
    static const char *const keys[] = {
        "derived_from", "properties", "requirements", "interfaces",  "capabilities", "type", "description",
        "directives",   "attributes", "artifacts",    "node_filter", "copy",         NULL};
    const sim_node_t *type = sim_node_get(node, "type");

    if (node->kind != SIM_MAP) {
        sim_crash_without(problems, node, "get");
        return;
    }
    if (!type) {
        sim_collect(problems, "MissingRequiredFieldError: Template \"%s\" is missing required field \"type\".", name);
    }
    else if (type->kind != SIM_NULL && type->kind != SIM_STRING) {
        sim_crash_without(problems, type, "startswith");
    }
    else if (type->kind == SIM_STRING && !sim_type_is_known(document, SIM_NODE_TYPE, type->text)) {
        sim_collect(problems, "InvalidTypeError: Type \"%s\" is not a valid type.", type->text);
    }
    sim_parse_keys(problems, node, keys, 1, apr_psprintf(problems->pool, "Node template \"%s\"", name));
    if (sim_node_template_is_valid(document, node)) {
        check_parts(problems, document, name, node);
    }
}

void sim_parse_nodes(sim_problems_t *problems, const sim_node_t *document)
{
    const sim_node_t *nodes = templates(problems, document, "node_templates");

    for (int i = 0; nodes && i < nodes->count; i++) {
        check_node(problems, document, sim_python_str(nodes->keys[i], problems->pool), nodes->values[i]);
    }
}

/* ---- what nodes require ---- */

/* Whether the requirement leads to a node template. */
static int check_target(sim_problems_t *problems, const sim_node_t *document, const char *name,
                        const sim_node_t *requirement)
{
    const sim_node_t *target = requirement->kind == SIM_MAP ? sim_node_get(requirement, "node") : requirement;
    const sim_node_t *relationship = sim_node_get(requirement, "relationship");
    const char *text = sim_python_str(target, problems->pool);

    if (!sim_python_is_true(target)) {
        return 0;
    }
    if (target->kind == SIM_LIST || target->kind == SIM_MAP) {
        sim_crash(problems, "unhashable type: '%s'", sim_python_type(target));
        return 0;
    }
    if (!strncmp(text, "tosca.", 6) || sim_node_path(document, "node_types", text, NULL)) {
        sim_collect(problems,
                    "NotImplementedError: Lookup by TOSCA types is not supported. Requirement node \"%s\" for \"%s\" "
                    "can not be full-filled.",
                    text, name);
        return 0;
    }
    if (!sim_node_path(document, "topology_template", "node_templates", text, NULL)) {
        sim_collect(problems, "KeyError: %s",
                    sim_python_repr_text(
                        apr_psprintf(problems->pool, "Node template \"%s\" was not found in \"%s\".", text, name),
                        problems->pool));
        return 0;
    }
    if (sim_node_is(relationship, SIM_MAP) && relationship->count && !sim_node_get(relationship, "type")) {
        sim_collect(problems,
                    "MissingRequiredFieldError: \"relationship\" used in template \"%s\" is missing required field "
                    "\"type\".",
                    text);
        return 0;
    }
    return 1;
}

int sim_parse_requirements_of(sim_problems_t *problems, const sim_node_t *document, const char *name)
{
    const sim_node_t *requirements = sim_node_get(sim_node_template(document, name), "requirements");
    int found = 0;

    for (int i = 0; sim_node_is(requirements, SIM_LIST) && i < requirements->count; i++) {
        const sim_node_t *entry = requirements->values[i];
        for (int at = 0; entry->kind == SIM_MAP && at < entry->count; at++) {
            found += check_target(problems, document, name, entry->values[at]);
        }
    }
    return found;
}

void sim_parse_requirements(sim_problems_t *problems, const sim_node_t *document)
{
    const sim_node_t *nodes = sim_node_path(document, "topology_template", "node_templates", NULL);

    for (int i = 0; sim_node_is(nodes, SIM_MAP) && i < nodes->count; i++) {
        if (nodes->keys[i]->kind == SIM_STRING) {
            sim_parse_requirements_of(problems, document, nodes->keys[i]->text);
        }
    }
}

/* ---- the calls in nodes ---- */

static void check_calls(sim_problems_t *problems, const sim_node_t *document, const sim_node_t *map, const char *name)
{
    for (int i = 0; sim_node_is(map, SIM_MAP) && i < map->count; i++) {
        sim_function_check(problems, document, map->values[i], name);
    }
}

static void check_calls_of_interfaces(sim_problems_t *problems, const sim_node_t *document,
                                      const sim_node_t *interfaces, const char *name)
{
    for (int i = 0; sim_node_is(interfaces, SIM_MAP) && i < interfaces->count; i++) {
        const sim_node_t *operations = operations_of(interfaces->values[i]);
        for (int at = 0; operations->kind == SIM_MAP && at < operations->count; at++) {
            check_calls(problems, document, sim_node_get(operations->values[at], "inputs"), name);
        }
    }
}

/* Only inputs are asked for: SOURCE and TARGET are words of a relationship. */
static void check_inputs_of(sim_problems_t *problems, const sim_node_t *document, const sim_node_t *map)
{
    for (int i = 0; sim_node_is(map, SIM_MAP) && i < map->count; i++) {
        if (sim_node_get(map->values[i], "get_input")) {
            sim_function_check(problems, document, map->values[i], "");
        }
    }
}

static void check_calls_of_requirements(sim_problems_t *problems, const sim_node_t *document, const sim_node_t *list)
{
    for (int i = 0; sim_node_is(list, SIM_LIST) && i < list->count; i++) {
        const sim_node_t *entry = list->values[i], *relationship = NULL, *interfaces;
        for (int at = 0; entry->kind == SIM_MAP && at < entry->count && !relationship; at++) {
            relationship = sim_node_get(entry->values[at], "relationship");
        }
        check_inputs_of(problems, document, sim_node_get(relationship, "properties"));
        interfaces = sim_node_get(relationship, "interfaces");
        for (int at = 0; sim_node_is(interfaces, SIM_MAP) && at < interfaces->count; at++) {
            const sim_node_t *operations = operations_of(interfaces->values[at]);
            for (int n = 0; operations->kind == SIM_MAP && n < operations->count; n++) {
                check_inputs_of(problems, document, sim_node_get(operations->values[n], "inputs"));
            }
        }
    }
}

void sim_parse_calls(sim_problems_t *problems, const sim_node_t *document)
{
    const sim_node_t *nodes = sim_node_path(document, "topology_template", "node_templates", NULL);

    for (int i = 0; sim_node_is(nodes, SIM_MAP) && i < nodes->count; i++) {
        const sim_node_t *node = nodes->values[i], *capabilities = sim_node_get(node, "capabilities");
        const char *name = sim_python_str(nodes->keys[i], problems->pool);
        if (!sim_node_template_is_valid(document, node)) {
            continue;
        }
        check_calls(problems, document, sim_node_get(node, "properties"), name);
        check_calls_of_interfaces(problems, document, sim_node_get(node, "interfaces"), name);
        check_calls_of_requirements(problems, document, sim_node_get(node, "requirements"));
        for (int at = 0; sim_node_is(capabilities, SIM_MAP) && at < capabilities->count; at++) {
            check_calls(problems, document, sim_node_get(capabilities->values[at], "properties"), name);
        }
    }
}
