/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef SIM_TOSCA_H
#define SIM_TOSCA_H

/* What IM makes of a TOSCA template: the machines that it will launch, the outputs, or the words of its refusal. */

#include "sim_evaluate.h"

#include <apr_tables.h>

/* A node that becomes machines: its type is, or in this document derives from, a Compute or an application in a
 * container. */
typedef struct {
    const char *name;   /* of the node */
    const char *system; /* the name in the RADL */
    int count;          /* VMs */
    int is_public;      /* its endpoint asks for a public network */
    int is_container;
    json_int_t cpus;
    json_int_t memory; /* bytes; 0: not said */
    const char *os_type, *os_distribution, *image;
    const sim_node_t *removal_list;
} sim_compute_t;

typedef struct {
    sim_node_t *document;         /* as GET .../tosca shows it */
    sim_node_t *parsed;           /* a copy that functions are run in */
    apr_array_header_t *computes; /* of sim_compute_t */
    int configures;               /* some node has interfaces, so Ansible would run */
    const char *suffix;           /* of the names of containers' systems */
    int is_empty;                 /* a container is to be launched no times: IM's thread dies of that */
    const char *fatal;            /* what IM's thread that launches the VMs dies of, or NULL */
} sim_template_t;

/* The IM that reads a template. */
typedef struct {
    int generation; /* 1 or 2 */
    int verifies;   /* whether it refuses what tosca-parser collects */
    int is_update;  /* the template is a part, to be merged: IM 1 makes no RADL of it */
} sim_reader_t;

/* Reads a template. NULL and *problem (IM's words) when it is refused. IM 2 gives inputs of the form random(N) a value.
 * Everything lives in pool. */
sim_template_t *sim_template_read(const char **problem, const char *text, apr_size_t length, const sim_reader_t *reader,
                                  apr_pool_t *pool);

/* The template of a document that was merged with that of `before`. */
sim_template_t *sim_template_merged(const char **problem, sim_node_t *document, const sim_template_t *before,
                                    const sim_reader_t *reader, apr_pool_t *pool);

/* A template that is read back from IM's database, in pool: what functions have left behind is gone. */
void sim_template_read_back(sim_template_t *tmpl, apr_pool_t *pool);

/* The compute node of a name, or NULL. */
sim_compute_t *sim_template_compute(const sim_template_t *tmpl, const char *name);

/* The outputs as a new object; NULL and *problem (IM's words) when one of them fails. What functions leave behind in
 * the template lives in kept, all else in pool. */
json_t *sim_template_outputs(const char **problem, const sim_template_t *tmpl, const sim_vms_t *vms, int generation,
                             apr_pool_t *kept, apr_pool_t *pool);

#endif
