/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef SIM_EVALUATE_H
#define SIM_EVALUATE_H

/* Functions that are run. */

#include "sim_function.h"

/* The VMs that attributes are asked of. The attribute is of the n-th VM of the node, a new reference; what there is to
 * ask for: see sim_attribute.c. */
typedef struct {
    int (*count)(void *baton, const char *node);
    json_t *(*attribute)(void *baton, const char *node, int n, const char *attribute);
    void *baton;
} sim_vms_t;

typedef struct {
    sim_node_t *document; /* what functions are run in, and what they change */
    apr_pool_t *pool;     /* of results */
    apr_pool_t *kept;     /* of what takes the place of calls: with the life of the document */
    const sim_vms_t *vms; /* NULL while there are none: attributes are texts for Ansible then */
    const char *error;    /* the words of the exception that ended it, or NULL */
    int depth, steps;     /* 0 at the start */
} sim_evaluation_t;

/* Whether a call was made when the document was read, so that its arguments are not checked once more. */
typedef enum { SIM_CALL_FRESH, SIM_CALL_READ } sim_call_age_t;

/* The value of a node with every call below it run. As in IM, results take the place of calls that stand in lists and
 * maps, for good. Never NULL; when evaluation->error is set, the value is of no use. */
sim_node_t *sim_evaluate(sim_evaluation_t *evaluation, sim_node_t *node, const char *context, sim_call_age_t age);

/* get_attribute's result, from its arguments. */
sim_node_t *sim_attribute(sim_evaluation_t *evaluation, const sim_node_t *arguments, const char *context);

#endif
