/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_strings.h>

#include "../../orc_engine_collect.h"
#include "../../orc_engine_judge.h"
#include "../../orc_engine_machine.h"
#include "orc_enums.h"
#include "orc_update.h"

/* Collecting: what the infrastructure brought, as after a creation; and each machine is some resource's, or it goes. */

enum { SHORTAGES = 10 /* looks at machines that are not there, in all, before IM is believed */ };

static orc_update_t *memory_of(const orc_task_t *task)
{
    return task->memory;
}

/* ---- the end ---- */

static int status_of(const orc_task_t *task, const orc_store_resource_t *resource, const orc_vm_t *machine)
{
    if (resource->is_compute && !machine)
        return ORC_RESOURCE_ERROR;
    return machine && orc_update_was_stopped(task, machine->id) ? ORC_RESOURCE_STOPPED : ORC_RESOURCE_STARTED;
}

static orc_step_t on_log(orc_task_t *task, const orc_im_result_t *result)
{
    const orc_update_t *memory = memory_of(task);
    int i;

    orc_machine_log(task, result);
    for (i = 0; i < memory->resources->nelts; i++) {
        const orc_store_resource_t *resource = &APR_ARRAY_IDX(memory->resources, i, orc_store_resource_t);
        const orc_vm_t *machine = memory->assigned[i];

        if (resource->status == ORC_RESOURCE_DELETING)
            orc_collected_show(task, resource, ORC_RESOURCE_DELETED, NULL);
        else if (resource->status != ORC_RESOURCE_DELETED)
            orc_collected_show(task, resource, status_of(task, resource, machine), machine);
    }
    orc_collected_show_outputs(task, memory->collected->outputs);
    return orc_step_event(ORC_UPDATE_COMPLETE);
}

static orc_step_t on_surplus(orc_task_t *task, const orc_im_result_t *result)
{
    if (orc_engine_sickness(result) || result->kind == ORC_IM_TOKEN_REJECTED)
        return orc_update_on_trouble(task, result);
    if (result->kind != ORC_IM_OK && result->kind != ORC_IM_NOT_FOUND)
        orc_story_log(orc_task_changes(task), "warning", "resources_updating", 1,
                      "Machines that nobody asked for could not be removed: %s", result->error->detail);
    return orc_update_call(task, ORC_CALL_CONTMSG, on_log);
}

/* ---- whose machines they are ---- */

/* The resources, with those that are to go as gone. */
static apr_array_header_t *living(const apr_array_header_t *resources, apr_pool_t *pool)
{
    apr_array_header_t *copy = apr_array_copy(pool, resources);
    int i;

    for (i = 0; i < copy->nelts; i++) {
        orc_store_resource_t *resource = &APR_ARRAY_IDX(copy, i, orc_store_resource_t);

        if (resource->status == ORC_RESOURCE_DELETING)
            resource->status = ORC_RESOURCE_DELETED;
    }
    return copy;
}

/* One too many was made by a document that was sent twice, or that asks for more than an update left which failed. */
static apr_array_header_t *surplus_of(const orc_task_t *task)
{
    const apr_array_header_t *machines = memory_of(task)->collected->machines;
    apr_array_header_t *vms = apr_array_make(task->pool, 1, sizeof(const char *));
    int i;

    for (i = 0; i < machines->nelts; i++) {
        const orc_vm_t *machine = &APR_ARRAY_IDX(machines, i, orc_vm_t);

        if (!machine->is_taken && orc_update_is_new(task, machine->id))
            APR_ARRAY_PUSH(vms, const char *) = machine->id;
    }
    return vms;
}

/* A resource without a machine that should have one; `is_added`: of those that come. NULL: each has one. */
static const orc_store_resource_t *bare_one(const orc_update_t *memory, int is_added)
{
    int i;

    for (i = 0; i < memory->resources->nelts; i++) {
        const orc_store_resource_t *resource = &APR_ARRAY_IDX(memory->resources, i, orc_store_resource_t);

        if (resource->is_compute && !memory->assigned[i] && resource->status != ORC_RESOURCE_DELETED &&
            resource->status != ORC_RESOURCE_DELETING && (resource->is_added || !is_added))
            return resource;
    }
    return NULL;
}

/* What IM tells nothing of is asked for again, before it is believed. */
static orc_step_t on_resources(orc_task_t *task, const orc_found_t *found)
{
    orc_update_t *memory = memory_of(task);
    const orc_store_resource_t *bare;
    apr_array_header_t *surplus;

    memory->resources = found->resources;
    memory->assigned = orc_collected_assign(memory->collected, living(found->resources, task->pool), task->pool);
    if (bare_one(memory, 0) && ++memory->shortages <= SHORTAGES)
        return orc_step_poll(task);
    bare = bare_one(memory, 1);
    if (bare)
        return orc_update_fail_with_log(
            task, apr_psprintf(task->pool, "the Infrastructure Manager made no machine for %s", bare->node));
    surplus = surplus_of(task);
    if (surplus->nelts)
        return orc_update_remove(task, surplus, on_surplus);
    return orc_update_call(task, ORC_CALL_CONTMSG, on_log);
}

/* ---- what was collected ---- */

static orc_step_t on_collected(orc_task_t *task, const orc_collected_t *collected)
{
    orc_update_t *memory = memory_of(task);
    apr_array_header_t *missing = orc_engine_missing_outputs(collected->outputs, memory->outputs, task->pool);
    int lacks_address = memory->is_public && !collected->has_public && !json_array_size(memory->stopped);

    memory->collected = collected;
    if ((missing->nelts || lacks_address) &&
        orc_task_since(task, memory->configured_since) < task->config->public_address_recheck) {
        orc_task_describe(task, "It is configured, but lacks outputs or a public address; that may come.");
        return orc_step_poll(task);
    }
    return orc_step_read((orc_read_t){.kind = ORC_READ_RESOURCES, .then = on_resources});
}

orc_step_t orc_update_collect(orc_task_t *task)
{
    return orc_task_collect(task, &memory_of(task)->at, task->work->im_infra_id, on_collected, orc_update_on_trouble);
}
