/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef SIM_TYPES_H
#define SIM_TYPES_H

/* What the simulator knows of types: the names of TOSCA's own and what a document says itself. Types of imports are
 * taken unseen, and so are names of libraries ("tosca.nodes.indigo.Compute") in a document without imports. */

#include "sim_node.h"

typedef enum { SIM_NODE_TYPE, SIM_RELATIONSHIP_TYPE, SIM_GROUP_TYPE, SIM_POLICY_TYPE } sim_type_t;

int sim_type_is_known(const sim_node_t *document, sim_type_t sort, const char *type);

/* Whether a node type's name says so, or that of a type that it derives from in this document: a machine, an
 * application in a container (which IM makes a machine of as well). */
int sim_type_is_compute(const sim_node_t *document, const char *type);
int sim_type_is_container(const sim_node_t *document, const char *type);

/* Whether nodes of a compute's type have a count that is 1 unless they say otherwise, as INDIGO's have and TOSCA's own
 * has not. */
int sim_type_has_count(const sim_node_t *document, const char *type);

/* The type of a compute's attribute ("list", "string"); NULL when that can not be known; "" when the type has no such
 * attribute. */
const char *sim_type_of_attribute(const sim_node_t *document, const char *type, const char *attribute);

#endif
