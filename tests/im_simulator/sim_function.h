/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef SIM_FUNCTION_H
#define SIM_FUNCTION_H

/* Functions of TOSCA in a document: {get_input: x}, {concat: [a, b]}, ... */

#include "sim_problems.h"

typedef enum {
    SIM_GET_INPUT,
    SIM_GET_PROPERTY,
    SIM_GET_ATTRIBUTE,
    SIM_GET_OPERATION_OUTPUT,
    SIM_CONCAT,
    SIM_TOKEN,
    SIM_NO_FUNCTION
} sim_function_t;

/* The function that a node calls. */
sim_function_t sim_function_of(const sim_node_t *node);

/* The list of a call's arguments; one argument is as good as a list of one, which is made in pool then. */
const sim_node_t *sim_function_arguments(const sim_node_t *call, apr_pool_t *pool);

/* Whether a node is a call of a function: a map with one key that names one. */
int sim_function_is(const sim_node_t *node);

/* What tosca-parser says of a call with these arguments; nothing when the node is no call. Calls in its arguments are
 * not looked at. context: the node template that it stands in, NULL for outputs. */
void sim_function_check(sim_problems_t *problems, const sim_node_t *document, const sim_node_t *node,
                        const char *context);

#endif
