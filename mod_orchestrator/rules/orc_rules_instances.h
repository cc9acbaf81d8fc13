/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_RULES_INSTANCES_H
#define ORC_RULES_INSTANCES_H

#include "orc_store_work.h"
#include "orc_tosca.h"

/* Which resources come and go when the counts of a template's nodes change. Pure. */

/** One resource requires another one: ids. */
typedef struct orc_rules_relation_t {
    const char *resource, *required_by;
} orc_rules_relation_t;

/** What there is, and what there is to be. */
typedef struct orc_rules_instances_t {
    const orc_tosca_template_t *tosca;
    const apr_array_header_t *nodes;     /* the topology to be, of orc_tosca_node_t */
    const apr_array_header_t *rows;      /* of orc_store_resource_t, by position */
    const apr_array_header_t *relations; /* of orc_rules_relation_t, among the rows */
    const json_t *given;                 /* the inputs of this change, with its lists of what is to go */
    const json_t *removals;              /* such lists by node, of old clients; or NULL */
    const apr_array_header_t *foreign;   /* ids among those that are other deployments', of const char *; or NULL */
    int is_again;                        /* it was tried before: what a list names may be gone, which is no mistake */
    int is_lenient;                      /* the lists of inputs are old clients', too */
} orc_rules_instances_t;

/** What comes of it. */
typedef struct orc_rules_turnover_t {
    json_t *added;               /* array of {id, position, name, type, is_compute} */
    json_t *relations;           /* of these: array of {resource, required_by} */
    apr_array_header_t *removed; /* ids, of const char * */
} orc_rules_turnover_t;

/**
 * Machines that go are those that the input of their node's removal_list names, by the resource's id or the machine's
 * (im_vm_idx); for what the list leaves open, and without one, those with the highest im_vm_idx. What is hosted goes
 * with its host. Resources that are DELETED, or that an update could not add, don't count. One whose node has another
 * type now goes, and another one comes.
 *
 * What an old client's list names goes whatever the count says: others come in its place when it doesn't fall. What is
 * not known, or gone, is passed over there; resources of another node, and other deployments', are mistakes.
 * @return 422 naming the entries of a list (members, "template_inputs/gone/0") that name no such machine, name one
 * again, or are more than the count falls by; and "template_text" when a list by node names resources of another node
 * or deployment
 */
orc_error_t *orc_rules_instances_change(orc_rules_turnover_t *turnover, const orc_rules_instances_t *instances,
                                        apr_pool_t *pool);

#endif
