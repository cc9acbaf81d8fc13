/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_strings.h>
#include <string.h>

#include "../../orc_engine_document.h"
#include "orc_enums.h"
#include "orc_update.h"
#include "orc_words.h"

/*
 * Restoring: an update that failed leaves what was there before. Machines that it made are removed, IM gets the
 * document with the former template and inputs, and the resources say what is true. Machines that were removed stay so:
 * then IM keeps the document that it has, which would else make others in their place.
 */

enum { RESTORATIONS = 10 /* times in a row that IM is too ill for it */ };

static orc_update_t *memory_of(const orc_task_t *task)
{
    return task->memory;
}

static int is_there(const orc_update_t *memory, const orc_store_resource_t *resource)
{
    return !resource->vm || !memory->vms || orc_words_contain(memory->vms, resource->vm);
}

/* ---- the end ---- */

/* True when a machine that was to go went. */
static int is_any_removed(const orc_update_t *memory)
{
    int i;

    for (i = 0; i < memory->resources->nelts; i++) {
        const orc_store_resource_t *resource = &APR_ARRAY_IDX(memory->resources, i, orc_store_resource_t);

        if (resource->status == ORC_RESOURCE_DELETING && !is_there(memory, resource))
            return 1;
    }
    return 0;
}

/* What was to come did not, or, when IM was not asked for it and never will be, it was nothing. */
static int status_of_what_was_to_come(const orc_task_t *task)
{
    return orc_operation_is_canceled(task) && !memory_of(task)->is_touched ? ORC_RESOURCE_DELETED : ORC_RESOURCE_ERROR;
}

/* What is hosted went with its machine. */
void orc_update_give_back(orc_task_t *task)
{
    const orc_update_t *memory = memory_of(task);
    json_t *list = orc_task_change_list(task, "resources");
    int i, is_removed = is_any_removed(memory);

    for (i = 0; i < memory->resources->nelts; i++) {
        const orc_store_resource_t *resource = &APR_ARRAY_IDX(memory->resources, i, orc_store_resource_t);
        int status = resource->status == ORC_RESOURCE_CREATING   ? status_of_what_was_to_come(task)
                     : resource->status != ORC_RESOURCE_DELETING ? resource->status
                     : (resource->is_compute ? is_there(memory, resource) : !is_removed) ? ORC_RESOURCE_STARTED
                                                                                         : ORC_RESOURCE_DELETED;

        if (status != resource->status)
            json_array_append_new(list, json_pack("{s:i, s:i}", "position", resource->position, "status", status));
    }
}

static orc_step_t end(orc_task_t *task)
{
    orc_update_give_back(task);
    return orc_step_event(ORC_UPDATE_RESTORED);
}

static orc_step_t end_with_something_left(orc_task_t *task, const char *why)
{
    orc_story_log(
        orc_task_changes(task), "warning", "resources_updating", 1, "%s",
        orc_story_because(task->pool, why, "What the update changed at the Infrastructure Manager may be left so"));
    return end(task);
}

static orc_step_t on_trouble(orc_task_t *task, const orc_im_result_t *result)
{
    /* An IM without its database knows nothing, and says so. */
    int is_open =
        orc_engine_sickness(result) || result->kind == ORC_IM_TOKEN_REJECTED || result->kind == ORC_IM_NOT_FOUND;
    orc_step_t step;

    if (!is_open || orc_update_is_late(task) || ++memory_of(task)->restorations >= RESTORATIONS)
        return end_with_something_left(task, result->error->detail);
    return orc_task_is_sick(&step, task, result) ? step : orc_step_poll(task);
}

/* ---- the document ---- */

static void reserve(orc_task_t *task)
{
    orc_update_t *memory = memory_of(task);

    memory->is_undoing = 1;
    memory->until = task->now + orc_engine_long_timeout(task->config) + task->config->poll_min;
}

static void take_back(orc_task_t *task)
{
    memory_of(task)->is_undoing = 0;
}

/* Carried out after the next update, it would take machines of that: who was not answered waits as long as anybody can
 * answer. */
static orc_step_t on_merged(orc_task_t *task, const orc_im_result_t *result)
{
    if (result->kind == ORC_IM_OK)
        return end(task);
    if (result->kind == ORC_IM_UNKNOWN_RESULT || result->kind == ORC_IM_BAD_ANSWER) {
        memory_of(task)->restorations++;
        return orc_step_later(task->config->poll_min);
    }
    take_back(task);
    return on_trouble(task, result);
}

static int is_given_up(const orc_task_t *task)
{
    const orc_update_t *memory = task->memory;

    return memory->is_undoing && (orc_update_is_late(task) || memory->restorations >= RESTORATIONS);
}

static orc_step_t on_document(orc_task_t *task, const orc_im_result_t *result)
{
    const orc_update_t *memory = memory_of(task);
    orc_call_t call = orc_call_about(&memory->at, ORC_CALL_UPDATE, task->work->im_infra_id, on_merged);
    orc_merging_t merging = {NULL, apr_pstrcat(task->pool, task->work->id, " undone", NULL)};
    const char *mark = NULL;
    orc_error_t *error;

    if (result->kind == ORC_IM_OK) {
        merging.into = apr_pstrmemdup(task->pool, result->text, result->length);
        mark = orc_tosca_find_tag(merging.into, result->length, ORC_ENGINE_MARK, task->pool);
    }
    else if (result->kind != ORC_IM_REFUSED)
        return on_trouble(task, result);
    if (mark && strcmp(mark, merging.mark) == 0)
        return end(task);
    if (is_given_up(task))
        return end_with_something_left(task, "the Infrastructure Manager never answered, and did not do it");
    if (!task->work->content)
        return end_with_something_left(task, "the template is not there any more");
    error =
        orc_task_render(&call.tosca, task, &memory->at, task->work->content, task->work->inputs, memory->tag, &merging);
    if (error)
        return end_with_something_left(task, error->detail);
    call.before = reserve;
    call.undo = take_back;
    return orc_step_call(&call);
}

/* The owners are what they are from the moment when they were changed. */
static orc_step_t put_document_back(orc_task_t *task)
{
    const orc_update_t *memory = memory_of(task);

    if ((!memory->asked && !memory->is_merged) || is_any_removed(memory) || orc_update_is_of_owners(task))
        return end(task);
    return orc_update_call(task, ORC_CALL_TOSCA, on_document);
}

/* ---- machines ---- */

static orc_step_t on_removed(orc_task_t *task, const orc_im_result_t *result)
{
    return result->kind == ORC_IM_OK ? put_document_back(task) : on_trouble(task, result);
}

/* Its state tells of machines that failed, too, which its list leaves out: one that stays would make it failed for
 * ever. None at all is no answer. */
static orc_step_t on_state(orc_task_t *task, const orc_im_result_t *result)
{
    orc_update_t *memory = memory_of(task);
    apr_array_header_t *vms, *fresh = apr_array_make(task->pool, 2, sizeof(const char *));
    int i;

    if (result->kind != ORC_IM_OK)
        return on_trouble(task, result);
    vms = orc_update_vms(task, result);
    for (i = 0; i < vms->nelts; i++) {
        const char *vm = APR_ARRAY_IDX(vms, i, const char *);

        if (orc_update_is_new(task, vm))
            APR_ARRAY_PUSH(fresh, const char *) = vm;
    }
    memory->vms = vms->nelts ? vms : NULL;
    return fresh->nelts ? orc_update_remove(task, fresh, on_removed) : put_document_back(task);
}

static orc_step_t on_resources(orc_task_t *task, const orc_found_t *found)
{
    orc_update_t *memory = memory_of(task);

    memory->resources = found->resources;
    if (!memory->is_touched || !task->work->im_infra_id)
        return end(task);
    return orc_update_call(task, ORC_CALL_STATE, on_state);
}

/* What was not answered IM may still carry out: then it would make what was removed before. A claim of this phase
 * brings the template; that of a phase before it did not. */
orc_step_t orc_update_restore(orc_task_t *task)
{
    const orc_update_t *memory = memory_of(task);

    if (((memory->asked && !memory->is_merged) || memory->is_undoing) && task->now <= memory->until)
        return orc_step_later(task->config->poll_min);
    if (!task->work->content && orc_kind_phase(task->kind, task->work->phase) != ORC_UPDATE_RESTORING)
        return orc_step_later(0);
    return orc_step_read((orc_read_t){.kind = ORC_READ_RESOURCES, .then = on_resources});
}
