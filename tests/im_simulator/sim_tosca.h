/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef SIM_TOSCA_H
#define SIM_TOSCA_H

/* What the simulator knows of a TOSCA template: its compute nodes, its outputs, its metadata. */

#include "sim_yaml.h"

#include <apr_tables.h>

/* A node whose type is, or in this document derives from, a Compute. */
typedef struct {
    const char *name;
    int count;     /* VMs */
    int lists;     /* its address attributes are lists (types with a count), not scalars */
    int is_public; /* its endpoint asks for the network PUBLIC */
    json_int_t cpus;
    json_int_t memory; /* bytes; 0: not said */
    const char *os_type, *os_distribution, *image;
    const sim_node_t *removal_list;
} sim_compute_t;

typedef struct {
    sim_node_t *document;
    apr_array_header_t *computes; /* of sim_compute_t */
    int configures;               /* some node has interfaces, so Ansible would run */
} sim_template_t;

/* Reads a template. NULL and *problem (IM's words) when it is refused. Inputs of
 * the form random(N) get a value. Everything lives in pool. */
sim_template_t *sim_template_read(const char **problem, const char *text, apr_size_t length, apr_pool_t *pool);

/* A template of a document that was merged. */
sim_template_t *sim_template_of(const char **problem, sim_node_t *document, apr_pool_t *pool);

/* The compute node of a name, or NULL. */
sim_compute_t *sim_template_compute(const sim_template_t *tmpl, const char *name);

/* The value of an attribute: of all VMs of the node, of one (index >= 0), as a new reference; NULL: IM does not know.
 */
typedef json_t *sim_attribute_fn(void *baton, const sim_compute_t *compute, const char *attribute, int index);

/* The outputs as a new object. */
json_t *sim_template_outputs(const sim_template_t *tmpl, sim_attribute_fn *attribute, void *baton);

#endif
