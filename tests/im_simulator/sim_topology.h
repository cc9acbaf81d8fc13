/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef SIM_TOPOLOGY_H
#define SIM_TOPOLOGY_H

/* The inputs and node templates of a document: by name, what they require, who hosts them. */

#include "sim_node.h"

/* The declaration of the input that a node names, or NULL. */
sim_node_t *sim_input_named(const sim_node_t *document, const sim_node_t *name);

/* Whether a node template is one that tosca-parser goes on with: a map of a known type. */
int sim_node_template_is_valid(const sim_node_t *document, const sim_node_t *node);

/* The valid node template of that name, or NULL. */
const sim_node_t *sim_node_template(const sim_node_t *document, const char *name);

/* The name of the node that a requirement ("node", or {node: name}) asks for, or NULL. */
const char *sim_requirement_target(const sim_node_t *requirement);

/* The target of a node's first requirement of that name, or NULL. */
const char *sim_node_requirement(const sim_node_t *node, const char *requirement);

/* The compute node that hosts a node, the node itself included: its name, or NULL. */
const char *sim_node_host(const sim_node_t *document, const char *name);

#endif
