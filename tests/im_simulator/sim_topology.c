/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "sim_topology.h"

#include "sim_types.h"

#include <string.h>

#define MAX_LEVELS 32

sim_node_t *sim_input_named(const sim_node_t *document, const sim_node_t *name)
{
    sim_node_t *inputs = sim_node_path(document, "topology_template", "inputs", NULL);
    int i = sim_node_is(inputs, SIM_MAP) && name->text ? sim_node_find(inputs, name->text, name->kind) : -1;
    return i < 0 ? NULL : inputs->values[i];
}

int sim_node_template_is_valid(const sim_node_t *document, const sim_node_t *node)
{
    const char *type = sim_node_string(sim_node_get(node, "type"));
    return type && sim_type_is_known(document, SIM_NODE_TYPE, type);
}

const sim_node_t *sim_node_template(const sim_node_t *document, const char *name)
{
    const sim_node_t *node = sim_node_path(document, "topology_template", "node_templates", name, NULL);
    return sim_node_template_is_valid(document, node) ? node : NULL;
}

const char *sim_requirement_target(const sim_node_t *requirement)
{
    const char *name = sim_node_string(requirement);
    return name ? name : sim_node_string(sim_node_get(requirement, "node"));
}

const char *sim_node_requirement(const sim_node_t *node, const char *requirement)
{
    const sim_node_t *requirements = sim_node_get(node, "requirements"), *found;

    for (int i = 0; sim_node_is(requirements, SIM_LIST) && i < requirements->count; i++) {
        if ((found = sim_node_get(requirements->values[i], requirement))) {
            return sim_requirement_target(found);
        }
    }
    return NULL;
}

const char *sim_node_host(const sim_node_t *document, const char *name)
{
    for (int level = 0; name && level < MAX_LEVELS; level++) {
        const sim_node_t *node = sim_node_template(document, name);
        const char *type = sim_node_string(sim_node_get(node, "type"));
        if (type && sim_type_is_compute(document, type)) {
            return name;
        }
        name = sim_node_requirement(node, "host");
    }
    return NULL;
}
