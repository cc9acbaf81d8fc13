/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_tosca_internal.h"

#include <string.h>

/* Names of nodes, groups and inputs are texts also where they are referred to: an input may be called NO, and a plain
 * NO is a boolean to IM's reader. */

const orc_yaml_node_t *orc_tosca_name(const orc_yaml_node_t *name, apr_pool_t *pool)
{
    const char *text = orc_yaml_text(name);

    return text && orc_yaml_type(name) != ORC_YAML_STRING ? orc_yaml_new_string(text, pool) : name;
}

static const orc_yaml_node_t *names_of(const orc_yaml_node_t *list, apr_pool_t *pool)
{
    orc_yaml_node_t *copy;
    int i;

    if (list->kind != ORC_YAML_SEQUENCE)
        return orc_tosca_name(list, pool);
    copy = orc_yaml_copy_sequence(list, 0, pool);
    for (i = 0; i < copy->count; i++)
        copy->items[i] = orc_tosca_name(copy->items[i], pool);
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
        copy->pairs[0].value = orc_tosca_name(copy->pairs[0].value, pool);
    }
    else if (node && node->kind == ORC_YAML_SCALAR) {
        value = orc_yaml_copy_mapping(copy->pairs[0].value, 0, pool);
        orc_yaml_set(value, "node", orc_tosca_name(node, pool), pool);
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
            orc_yaml_set(copy, lists[i], names_of(list, pool), pool);
    if (!requirements || requirements->kind != ORC_YAML_SEQUENCE)
        return;
    rewritten = orc_yaml_copy_sequence(requirements, 0, pool);
    for (i = 0; i < rewritten->count; i++)
        rewritten->items[i] = requirement_of(rewritten->items[i], pool);
    orc_yaml_set(copy, "requirements", rewritten, pool);
}
