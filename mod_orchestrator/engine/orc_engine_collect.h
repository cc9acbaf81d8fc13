/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_ENGINE_COLLECT_H
#define ORC_ENGINE_COLLECT_H

#include "orc_engine_step.h"

/* What IM tells of an infrastructure that is there: its outputs, and each of its machines. */

typedef struct orc_vm_t {
    const char *id, *node; /* IM's; of the template, or NULL */
    json_t *radl;          /* IM's description, which may hold secrets */
    int is_taken;          /* by a resource */
} orc_vm_t;

typedef struct orc_collected_t {
    json_t *outputs;              /* as IM gave them; empty when it refuses them */
    apr_array_header_t *machines; /* of orc_vm_t, by id */
    int has_public;               /* one of them shows an address that the world can reach */
} orc_collected_t;

/** Goes on with what was collected, all in the task's pool. */
typedef orc_step_t orc_collected_done_t(orc_task_t *task, const orc_collected_t *collected);

/**
 * Asks IM for all of it. A machine of which IM tells nothing is left out.
 * @param failed goes on with an answer that kept it from that: IM is ill, takes no token, or lists no machines
 */
orc_step_t orc_task_collect(orc_task_t *task, const orc_address_t *at, const char *infra, orc_collected_done_t *done,
                            orc_answer_t *failed);

/** Which machine is which resource's, in their order, NULL: none. A machine stays whose it was; then those of a node's
 * name go to its resources, in order, and what is left over likewise. `resources`: of orc_store_resource_t. */
orc_vm_t **orc_collected_assign(const orc_collected_t *collected, const apr_array_header_t *resources,
                                apr_pool_t *pool);

/** A resource with its status and what its machine is (or NULL: none), among the changes of the task. */
void orc_collected_show(orc_task_t *task, const orc_store_resource_t *resource, int status, const orc_vm_t *machine);

/** The outputs as the deployment's, among the changes of the task. */
void orc_collected_show_outputs(orc_task_t *task, json_t *outputs);

#endif
