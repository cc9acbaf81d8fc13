/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_strings.h>
#include <string.h>

#include "../../orc_engine_document.h"
#include "orc_enums.h"
#include "orc_update.h"
#include "orc_words.h"

/*
 * Submitting: machines that are to go are removed by their ids, because IM would take the oldest ones; then IM gets the
 * document, makes what is missing by its own count, and merges it last of all. So one that was not answered is sent
 * again when its mark is not in IM's document by the time that nobody can answer any more: what IM has made of it
 * counts then.
 */

enum {
    SENDS = 5,     /* that IM never answered nor carried out */
    SHORTAGES = 3, /* looks at an IM that has none of the machines, before it is believed */
};

static orc_update_t *memory_of(const orc_task_t *task)
{
    return task->memory;
}

static orc_step_t is_taken(orc_task_t *task, const char *how)
{
    orc_update_t *memory = memory_of(task);

    memory->is_merged = 1;
    memory->doubts = memory->misses = memory->shortages = 0;
    orc_story_log(orc_task_changes(task), "info", "resources_updating", 1, "The Infrastructure Manager %s.", how);
    orc_task_describe(task, "The machines are being configured.");
    orc_task_poll_soon(task);
    return orc_step_event(ORC_UPDATE_TAKEN);
}

/* ---- sending ---- */

static void reserve(orc_task_t *task)
{
    orc_update_t *memory = memory_of(task);

    memory->asked = memory->is_touched = 1;
    memory->sends++;
    memory->until = task->now + orc_engine_long_timeout(task->config) + task->config->poll_min;
    orc_task_describe(task, "The infrastructure is being updated.");
}

/* IM certainly did not take it. */
static void take_back(orc_task_t *task)
{
    orc_update_t *memory = memory_of(task);

    memory->asked = 0;
    memory->sends--;
}

static orc_step_t on_updated(orc_task_t *task, const orc_im_result_t *result)
{
    switch (result->kind) {
    case ORC_IM_OK:
        return is_taken(task, result->ids->nelts ? apr_psprintf(task->pool, "makes %d machines", result->ids->nelts)
                                                 : "takes the update");
    case ORC_IM_UNKNOWN_RESULT:
    case ORC_IM_BAD_ANSWER:
        /* It may have done it: next time its document tells. */
        orc_task_describe(task, "The answer got lost; looks for what was done.");
        return orc_step_later(task->config->poll_min);
    case ORC_IM_BAD_TEMPLATE:
    case ORC_IM_REFUSED:
        take_back(task);
        return orc_update_fail(task, result->error->detail);
    default:
        take_back(task);
        return orc_update_on_trouble(task, result);
    }
}

static orc_step_t send_update(orc_task_t *task, const char *into)
{
    const orc_update_t *memory = memory_of(task);
    orc_call_t call = orc_call_about(&memory->at, ORC_CALL_UPDATE, task->work->im_infra_id, on_updated);
    const orc_merging_t merging = {into, task->work->id};
    orc_error_t *error = orc_task_render(&call.tosca, task, &memory->at, orc_update_content(task),
                                         orc_update_inputs(task), memory->tag, &merging);

    if (error)
        return orc_update_fail(task, error->detail);
    call.before = reserve;
    call.undo = take_back;
    return orc_step_call(&call);
}

/* ---- what IM has ---- */

/* It was asked for, and has not done it; what nobody will answer any more is asked for again. */
static orc_step_t ask_again(orc_task_t *task, const char *into)
{
    orc_update_t *memory = memory_of(task);

    if (task->now <= memory->until)
        return orc_step_later(task->config->poll_min);
    if (memory->sends >= SENDS)
        return orc_update_fail(task, "the Infrastructure Manager never answered, and did not do it");
    orc_story_log(orc_task_changes(task), "warning", "resources_updating", 1,
                  "The Infrastructure Manager never answered, and did not do it; it is asked again.");
    memory->asked = 0;
    return send_update(task, into);
}

/* It is canceled, so it isn't asked for again. What IM has not done by the time that nobody can answer any more, it
 * will not do. */
static orc_step_t settle(orc_task_t *task)
{
    const orc_update_t *memory = memory_of(task);

    if (memory->asked && task->now <= memory->until)
        return orc_step_later(task->config->poll_min);
    return orc_update_fail(task, "it was canceled before the Infrastructure Manager did all of it");
}

static orc_step_t on_document(orc_task_t *task, const orc_im_result_t *result)
{
    const char *into = NULL, *mark = NULL;

    if (result->kind == ORC_IM_OK) {
        into = apr_pstrmemdup(task->pool, result->text, result->length);
        mark = orc_tosca_find_tag(into, result->length, ORC_ENGINE_MARK, task->pool);
    }
    else if (result->kind != ORC_IM_REFUSED) {
        return orc_update_on_trouble(task, result);
    }
    if (mark && strcmp(mark, task->work->id) == 0)
        return is_taken(task, "has done it");
    if (orc_operation_is_canceled(task))
        return settle(task);
    return memory_of(task)->asked ? ask_again(task, into) : send_update(task, into);
}

static orc_step_t on_removed(orc_task_t *task, const orc_im_result_t *result)
{
    if (result->kind == ORC_IM_NOT_FOUND)
        return orc_step_later(task->config->poll_min); /* one of them is gone, or all: its list tells */
    if (result->kind == ORC_IM_REFUSED)
        return orc_update_fail(task, result->error->detail);
    if (result->kind != ORC_IM_OK)
        return orc_update_on_trouble(task, result);
    orc_story_log(orc_task_changes(task), "info", "resources_updating", 1, "Machines are removed.");
    return orc_update_call(task, ORC_CALL_TOSCA, on_document);
}

/* Those that resources which are to go have. */
static apr_array_header_t *doomed(const orc_task_t *task)
{
    const orc_update_t *memory = memory_of(task);
    apr_array_header_t *vms = apr_array_make(task->pool, 2, sizeof(const char *));
    int i;

    for (i = 0; i < memory->resources->nelts; i++) {
        const orc_store_resource_t *resource = &APR_ARRAY_IDX(memory->resources, i, orc_store_resource_t);

        if (resource->status == ORC_RESOURCE_DELETING && resource->vm && orc_words_contain(memory->vms, resource->vm))
            APR_ARRAY_PUSH(vms, const char *) = resource->vm;
    }
    return vms;
}

static int is_known(const orc_update_t *memory, const char *vm)
{
    int i;

    for (i = 0; i < memory->resources->nelts; i++) {
        const orc_store_resource_t *resource = &APR_ARRAY_IDX(memory->resources, i, orc_store_resource_t);

        if (resource->vm && strcmp(resource->vm, vm) == 0 && resource->status != ORC_RESOURCE_DELETED)
            return 1;
    }
    return 0;
}

/* What an update left that was given up in the middle: of more machines than there are resources IM would remove the
 * oldest ones. The last ones go that are no resource's. */
static void add_strays(apr_array_header_t *vms, const orc_task_t *task)
{
    const orc_update_t *memory = memory_of(task);
    int extra = memory->vms->nelts - vms->nelts - (int)memory->machines, i;

    for (i = memory->vms->nelts - 1; i >= 0 && extra > 0; i--) {
        const char *vm = APR_ARRAY_IDX(memory->vms, i, const char *);

        if (is_known(memory, vm))
            continue;
        APR_ARRAY_PUSH(vms, const char *) = vm;
        extra--;
    }
}

/* What a resource has was there as well, though IM may not show it at the moment. */
static void remember_machines(orc_task_t *task)
{
    orc_update_t *memory = memory_of(task);
    int i;

    memory->before = orc_json_own(json_array(), task->pool);
    for (i = 0; i < memory->vms->nelts; i++)
        json_array_append_new(memory->before, json_string(APR_ARRAY_IDX(memory->vms, i, const char *)));
    for (i = 0; i < memory->resources->nelts; i++) {
        const orc_store_resource_t *resource = &APR_ARRAY_IDX(memory->resources, i, orc_store_resource_t);

        if (resource->vm && !orc_words_contain(memory->vms, resource->vm))
            json_array_append_new(memory->before, json_string(resource->vm));
    }
}

static int is_any_expected(const orc_update_t *memory)
{
    int i;

    for (i = 0; i < memory->resources->nelts; i++) {
        const orc_store_resource_t *resource = &APR_ARRAY_IDX(memory->resources, i, orc_store_resource_t);

        if (resource->vm && resource->status != ORC_RESOURCE_DELETED && resource->status != ORC_RESOURCE_ERROR)
            return 1;
    }
    return 0;
}

/* Those that failed are among its states, and IM counts them: of too many it would take the oldest. Its list leaves
 * them out. */
static orc_step_t on_machines(orc_task_t *task, const orc_im_result_t *result)
{
    orc_update_t *memory = memory_of(task);
    apr_array_header_t *vms;

    if (result->kind != ORC_IM_OK)
        return orc_update_on_trouble(task, result);
    if (!result->vm_states->nelts && is_any_expected(memory) && ++memory->shortages <= SHORTAGES)
        return orc_step_poll(task);
    memory->vms = orc_update_vms(task, result);
    memory->misses = 0;
    if (!memory_of(task)->is_touched)
        remember_machines(task);
    vms = doomed(task);
    add_strays(vms, task);
    return vms->nelts ? orc_update_remove(task, vms, on_removed) : orc_update_call(task, ORC_CALL_TOSCA, on_document);
}

/* ---- what is to be ---- */

/* How many machines there will be, and which of them are stopped and stay so. */
static void count_machines(orc_task_t *task)
{
    orc_update_t *memory = memory_of(task);
    int i;

    memory->machines = 0;
    memory->stopped = orc_json_own(json_array(), task->pool);
    for (i = 0; i < memory->resources->nelts; i++) {
        const orc_store_resource_t *resource = &APR_ARRAY_IDX(memory->resources, i, orc_store_resource_t);

        if (!resource->is_compute || resource->status == ORC_RESOURCE_DELETED ||
            resource->status == ORC_RESOURCE_DELETING)
            continue;
        memory->machines++;
        if (resource->status == ORC_RESOURCE_STOPPED && resource->vm)
            json_array_append_new(memory->stopped, json_string(resource->vm));
    }
}

static orc_step_t on_resources(orc_task_t *task, const orc_found_t *found)
{
    memory_of(task)->resources = found->resources;
    count_machines(task);
    return orc_update_call(task, ORC_CALL_STATE, on_machines);
}

/* What the template declares with these inputs. */
static orc_error_t *work_out(orc_task_t *task, const orc_tosca_template_t *tosca)
{
    orc_update_t *memory = memory_of(task);
    apr_array_header_t *nodes, *names = orc_tosca_output_names(tosca, task->pool);
    orc_tosca_demand_t demand;
    json_t *complete;
    int i;

    ORC_TRY(orc_tosca_inputs(&complete, tosca, orc_update_inputs(task), "", task->pool));
    ORC_TRY(orc_tosca_topology(&nodes, &demand, tosca, complete, task->pool));
    memory->is_public = demand.wants_public;
    memory->outputs = orc_json_own(json_array(), task->pool);
    for (i = 0; i < names->nelts; i++)
        json_array_append_new(memory->outputs, json_string(APR_ARRAY_IDX(names, i, const char *)));
    return NULL;
}

orc_step_t orc_update_submit(orc_task_t *task)
{
    int is_of_owners = orc_update_is_of_owners(task);
    orc_tosca_template_t *tosca;
    orc_error_t *error;

    if (!task->work->im_infra_id || memory_of(task)->is_unwanted)
        return is_of_owners ? orc_step_event(ORC_UPDATE_NOTHING)
                            : orc_update_fail(task, "there is no infrastructure any more");
    error = orc_task_template(&tosca, task, orc_update_content(task));
    if (!error && is_of_owners && !orc_tosca_lists_owners(tosca, task->config->users_input))
        return orc_step_event(ORC_UPDATE_NOTHING);
    if (!error)
        error = work_out(task, tosca);
    if (error)
        return orc_update_fail(task, error->detail);
    if (orc_operation_is_canceled(task))
        return orc_update_call(task, ORC_CALL_TOSCA, on_document);
    return orc_step_read((orc_read_t){.kind = ORC_READ_RESOURCES, .then = on_resources});
}
