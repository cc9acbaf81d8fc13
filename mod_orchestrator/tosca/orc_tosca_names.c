/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_tosca_internal.h"

#include <string.h>

/* Names of nodes, groups and inputs are texts also where they are referred to: an input may be called NO, and a plain
 * NO is a boolean to IM's reader. */

static const orc_yaml_node_t *text_of(const orc_yaml_node_t *name, apr_pool_t *pool)
{
    const char *text = orc_yaml_text(name);

    return text && orc_yaml_type(name) != ORC_YAML_STRING ? orc_yaml_new_string(text, pool) : name;
}

/* The first so many of a list. */
static const orc_yaml_node_t *texts_of(const orc_yaml_node_t *list, int names, apr_pool_t *pool)
{
    orc_yaml_node_t *copy;
    int i;

    if (list->kind == ORC_YAML_SCALAR)
        return text_of(list, pool);
    if (list->kind != ORC_YAML_SEQUENCE)
        return list;
    copy = orc_yaml_copy_sequence(list, 0, pool);
    for (i = 0; i < copy->count && i < names; i++)
        copy->items[i] = text_of(copy->items[i], pool);
    return copy;
}

/* How many operands of a function are names. */
static int names_of_function(const orc_yaml_node_t *node)
{
    const char *function = orc_tosca_function(node);

    if (!function)
        return 0;
    return !strcmp(function, "get_input")                                            ? 1
           : !strcmp(function, "get_property") || !strcmp(function, "get_attribute") ? 2
                                                                                     : 0;
}

const orc_yaml_node_t *orc_tosca_names_in_functions(const orc_yaml_node_t *node, apr_pool_t *pool)
{
    orc_yaml_node_t *copy;
    int i, names = names_of_function(node);

    if (node->kind == ORC_YAML_SCALAR)
        return node;
    if (node->kind == ORC_YAML_SEQUENCE) {
        copy = orc_yaml_copy_sequence(node, 0, pool);
        for (i = 0; i < copy->count; i++)
            copy->items[i] = orc_tosca_names_in_functions(copy->items[i], pool);
        return copy;
    }
    copy = orc_yaml_copy_mapping(node, 0, pool);
    for (i = 0; i < copy->count; i++)
        copy->pairs[i].value = names ? texts_of(copy->pairs[i].value, names, pool)
                                     : orc_tosca_names_in_functions(copy->pairs[i].value, pool);
    return copy;
}

/* A requirement is a mapping with one key; its value names a node, or is a mapping that may. */
static const orc_yaml_node_t *requirement_of(const orc_yaml_node_t *requirement, apr_pool_t *pool)
{
    orc_yaml_node_t *copy, *value;
    const orc_yaml_node_t *node;

    if (requirement->kind != ORC_YAML_MAPPING || requirement->count != 1)
        return requirement;
    copy = orc_yaml_copy_mapping(requirement, 0, pool);
    node = orc_yaml_get(copy->pairs[0].value, "node");
    if (copy->pairs[0].value->kind == ORC_YAML_SCALAR) {
        copy->pairs[0].value = text_of(copy->pairs[0].value, pool);
    }
    else if (node && node->kind == ORC_YAML_SCALAR) {
        value = orc_yaml_copy_mapping(copy->pairs[0].value, 0, pool);
        orc_yaml_set(value, "node", text_of(node, pool), pool);
        copy->pairs[0].value = value;
    }
    return copy;
}

void orc_tosca_names_in_template(orc_yaml_node_t *copy, apr_pool_t *pool)
{
    static const char *const lists[] = {"members", "targets", NULL};
    const orc_yaml_node_t *requirements = orc_yaml_get(copy, "requirements"), *list;
    orc_yaml_node_t *rewritten;
    int i;

    for (i = 0; lists[i]; i++)
        if ((list = orc_yaml_get(copy, lists[i])))
            orc_yaml_set(copy, lists[i], texts_of(list, list->count, pool), pool);
    if (!requirements || requirements->kind != ORC_YAML_SEQUENCE)
        return;
    rewritten = orc_yaml_copy_sequence(requirements, 0, pool);
    for (i = 0; i < rewritten->count; i++)
        rewritten->items[i] = requirement_of(rewritten->items[i], pool);
    orc_yaml_set(copy, "requirements", rewritten, pool);
}
