/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_ENGINE_MACHINE_H
#define ORC_ENGINE_MACHINE_H

#include "orc_engine_step.h"

/* Resources and machines: read of what a claim brought, and what is stored of them; secrets are sealed. Pure. */

typedef struct orc_machine_t {
    apr_int64_t position;
    const char *id, *node, *vm; /* the resource; its TOSCA name; IM's machine, or NULL */
    int is_compute;
    apr_int64_t status, version; /* of the row */
} orc_machine_t;

/** The resources that the claim brought, of orc_machine_t *, in order. */
apr_array_header_t *orc_machines_of(const orc_task_t *task);

/** Where the deployment's infrastructure is. */
orc_address_t orc_machine_address(const orc_task_t *task);

/** The state of a machine among those that IM told, or NULL: it told nothing of it. */
const orc_im_vm_state_t *orc_machine_state(const apr_array_header_t *vm_states, const char *vm);

/** Adds a machine's description (IM's radl) to the entry of a resource among the changes. */
void orc_machine_describe(const orc_task_t *task, json_t *entry, const char *resource_id, const json_t *radl);

/** Adds the deployment's outputs to an object among the changes. */
void orc_machine_outputs(const orc_task_t *task, json_t *deployment, const json_t *outputs);

/** Adds IM's log to the changes, when it was told. */
void orc_machine_log(orc_task_t *task, const orc_im_result_t *result);

/** True when a machine's description has an address for each network that it is connected to. */
int orc_machine_has_addresses(const json_t *radl);

#endif
