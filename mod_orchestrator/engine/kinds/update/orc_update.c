/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_update.h"

#include <apr_strings.h>
#include <string.h>

#include "../../orc_engine_document.h"
#include "../../orc_engine_judge.h"
#include "../../orc_engine_machine.h"

enum {
    DOUBTS = 3,  /* looks at a doubtful answer before it is believed */
    MISSES = 20, /* 404s before an infrastructure is lost: an IM without its database knows nothing */
};

static const char *const phases[] = {"queued", "submitting", "provisioning", "collecting", "restoring", "ended", NULL};
static const char *const events[] = {ORC_OPERATION_EVENTS, "taken",    "nothing",  "failed", "configured",
                                     "unfinished",         "complete", "restored", NULL};

/* ---- its memory ---- */

static const orc_field_t memory_fields_list[] = {
    ORC_PACE_FIELDS(orc_update_t),
    ORC_FIELD(orc_update_t, since, NUMBER, 0),
    ORC_FIELD_AS(orc_update_t, "touched", is_touched, FLAG, 0),
    ORC_FIELD(orc_update_t, asked, FLAG, 0),
    ORC_FIELD(orc_update_t, until, NUMBER, 0),
    ORC_FIELD(orc_update_t, sends, NUMBER, 0),
    ORC_FIELD_AS(orc_update_t, "merged", is_merged, FLAG, 0),
    ORC_FIELD_AS(orc_update_t, "undoing", is_undoing, FLAG, 0),
    ORC_FIELD(orc_update_t, restorations, NUMBER, 0),
    ORC_FIELD(orc_update_t, reason, TEXT, ORC_IN(ORC_UPDATE_RESTORING)),
    ORC_FIELD(orc_update_t, failing, TEXT, 0),
    ORC_FIELD(orc_update_t, outputs, JSON, 0),
    ORC_FIELD(orc_update_t, machines, NUMBER, 0),
    ORC_FIELD_AS(orc_update_t, "public", is_public, FLAG, 0),
    ORC_FIELD(orc_update_t, stopped, JSON, 0),
    ORC_FIELD(orc_update_t, before, JSON, 0),
    ORC_FIELD(orc_update_t, doubts, NUMBER, 0),
    ORC_FIELD(orc_update_t, misses, NUMBER, 0),
    ORC_FIELD(orc_update_t, shortages, NUMBER, 0),
    ORC_FIELD(orc_update_t, configured_since, NUMBER, 0),
    ORC_FIELD_END,
};
static const orc_fields_t memory_fields = {sizeof(orc_update_t), memory_fields_list};

/* ---- what its actions stand on ---- */

int orc_update_is_of_owners(const orc_task_t *task)
{
    return task->kind != &orc_kind_update;
}

const json_t *orc_update_inputs(const orc_task_t *task)
{
    return task->work->wanted ? task->work->wanted : task->work->inputs;
}

const char *orc_update_content(const orc_task_t *task)
{
    return task->work->wanted_content ? task->work->wanted_content : task->work->content;
}

int orc_update_is_late(const orc_task_t *task)
{
    const orc_update_t *memory = task->memory;

    return orc_task_is_late(task) ||
           (memory->since &&
            orc_task_since(task, memory->since) >= apr_time_from_sec(60) * task->work->per_provider_timeout_mins);
}

orc_step_t orc_update_call(orc_task_t *task, orc_call_kind_t kind, orc_answer_t *answer)
{
    const orc_call_t call = orc_call_about(&((orc_update_t *)task->memory)->at, kind, task->work->im_infra_id, answer);

    return orc_step_call(&call);
}

static void touch(orc_task_t *task)
{
    ((orc_update_t *)task->memory)->is_touched = 1;
}

orc_step_t orc_update_remove(orc_task_t *task, const apr_array_header_t *vms, orc_answer_t *answer)
{
    orc_call_t call =
        orc_call_about(&((orc_update_t *)task->memory)->at, ORC_CALL_REMOVE, task->work->im_infra_id, answer);

    call.vm = apr_array_pstrcat(task->pool, vms, ',');
    call.before = touch;
    return orc_step_call(&call);
}

apr_array_header_t *orc_update_vms(const orc_task_t *task, const orc_im_result_t *result)
{
    apr_array_header_t *vms = apr_array_make(task->pool, 4, sizeof(const char *));
    int i;

    for (i = 0; i < result->vm_states->nelts; i++)
        APR_ARRAY_PUSH(vms, const char *) =
            apr_pstrdup(task->pool, APR_ARRAY_IDX(result->vm_states, i, orc_im_vm_state_t).vm);
    return vms;
}

static int has(const json_t *list, const char *vm)
{
    size_t i;

    for (i = 0; i < json_array_size(list); i++) {
        if (strcmp(json_string_value(json_array_get(list, i)), vm) == 0)
            return 1;
    }
    return 0;
}

int orc_update_was_stopped(const orc_task_t *task, const char *vm)
{
    return has(((orc_update_t *)task->memory)->stopped, vm);
}

int orc_update_is_new(const orc_task_t *task, const char *vm)
{
    const orc_update_t *memory = task->memory;

    return memory->before && !has(memory->before, vm);
}

/* ---- its steps, as people see them ---- */

static orc_story_step_t own_step(const orc_task_t *task)
{
    const orc_work_t *work = task->work;
    const orc_story_step_t step = {1,
                                   "resources_updating",
                                   orc_update_is_of_owners(task) ? "Change the owners" : "Update the infrastructure",
                                   work->target_provider,
                                   work->target_region,
                                   work->im_infra_id};

    return step;
}

static orc_step_t begin(orc_task_t *task)
{
    const orc_story_step_t own = own_step(task);
    json_t *changes = orc_task_changes(task), *step = orc_story_step(changes, 1, own.stage, own.name);

    ((orc_update_t *)task->memory)->since = task->now;
    orc_json_put(step, "provider", own.provider);
    orc_json_put(step, "region", own.region);
    orc_json_put(step, "infra", own.infra);
    orc_json_put(changes, "platform", own.provider);
    orc_story_log(changes, "info", own.stage, 1,
                  orc_update_is_of_owners(task) ? "The owners' keys are brought to the machines."
                                                : "The update begins.");
    orc_task_describe(task, "The infrastructure is being updated.");
    return orc_update_submit(task);
}

static orc_step_t look_later(orc_task_t *task)
{
    return orc_step_poll(task);
}

/* ---- what goes wrong ---- */

orc_step_t orc_update_fail(orc_task_t *task, const char *reason)
{
    orc_update_t *memory = task->memory;

    memory->reason = orc_story_bare(reason, task->pool);
    memory->failing = NULL;
    orc_story_log(orc_task_changes(task), "error", "resources_updating", 1, "%s",
                  orc_story_because(task->pool, reason, "The update fails"));
    orc_task_describe(task, "The update failed; what it changed is being undone.");
    orc_task_poll_soon(task);
    return orc_step_event(ORC_UPDATE_FAILED);
}

static orc_step_t on_failure_log(orc_task_t *task, const orc_im_result_t *result)
{
    const char *reason = ((orc_update_t *)task->memory)->failing, *more = NULL;

    if (result->kind == ORC_IM_OK)
        more = orc_engine_reason_in(result->text, task->pool);
    orc_machine_log(task, result);
    return orc_update_fail(task, more ? apr_psprintf(task->pool, "%s: %s", reason, more) : reason);
}

orc_step_t orc_update_fail_with_log(orc_task_t *task, const char *reason)
{
    ((orc_update_t *)task->memory)->failing = orc_story_bare(reason, task->pool);
    return orc_update_call(task, ORC_CALL_CONTMSG, on_failure_log);
}

orc_step_t orc_update_on_trouble(orc_task_t *task, const orc_im_result_t *result)
{
    orc_update_t *memory = task->memory;
    orc_step_t step;

    if (orc_task_is_sick(&step, task, result))
        return step;
    if (result->kind == ORC_IM_NOT_FOUND && ++memory->misses >= MISSES)
        return orc_update_fail(task, "the Infrastructure Manager does not know the infrastructure any more");
    if (result->kind != ORC_IM_NOT_FOUND && result->kind != ORC_IM_BUSY && ++memory->doubts > DOUBTS)
        return orc_update_fail(task, result->error->detail);
    orc_task_describe(task, "%s", orc_story_because(task->pool, result->error->detail, "That may heal"));
    return orc_step_poll(task);
}

/* ---- its ends ---- */

static void end_step(orc_task_t *task, const char *status, const char *message)
{
    const orc_story_step_t own = own_step(task);

    orc_story_end_step(orc_task_changes(task), &own, status, message);
}

/* What was asked for is what the deployment has from now on. A change of owners leaves its status what it was. */
static orc_step_t succeed(orc_task_t *task)
{
    const orc_work_t *work = task->work;
    json_t *changes = orc_task_changes(task);

    if (work->wanted) {
        json_object_set_new(changes, "has_inputs", json_true());
        if (work->wanted_sealed)
            json_object_set_new(
                changes, "inputs_sealed",
                json_string(orc_secret_seal(task->config->secret_keys, ORC_SEALED_INPUTS, work->deployment_id,
                                            orc_json_text(work->wanted, task->pool), task->pool)));
    }
    if (orc_update_is_of_owners(task) && !orc_operation_is_canceled(task))
        json_object_set_new(changes, "former", json_true());
    end_step(task, orc_operation_step_end(task, "succeeded"), "");
    orc_story_log(changes, "info", "finished", 1,
                  orc_update_is_of_owners(task) ? "The change of owners is done." : "The update is complete.");
    orc_task_describe(task, orc_update_is_of_owners(task) ? "The owners are changed." : "The update is complete.");
    orc_operation_watch(task);
    return orc_operation_end(task, "succeeded");
}

static orc_step_t fail(orc_task_t *task)
{
    const char *reason = orc_story_because(task->pool, ((orc_update_t *)task->memory)->reason,
                                           orc_update_is_of_owners(task) ? "The owners' keys could not be changed"
                                                                         : "The update failed");
    json_t *changes = orc_task_changes(task);

    end_step(task, orc_operation_step_end(task, "failed"), reason);
    json_object_set_new(changes, "reason", json_string(reason));
    json_object_set_new(changes, "errors", json_pack("[{s:s, s:s}]", "error", "update.failed", "description", reason));
    orc_story_log(changes, "error", "finished", 1, "%s", reason);
    orc_task_describe(task, "The update failed.");
    return orc_operation_end(task, "failed");
}

static orc_step_t run_out(orc_task_t *task)
{
    (void)orc_update_fail(task, apr_psprintf(task->pool, "it took longer than the %d minutes of one provider",
                                             task->work->per_provider_timeout_mins));
    return orc_update_restore(task);
}

/* What was to come does not, and what was to go is not known to be gone. */
static orc_step_t on_canceled(orc_task_t *task, const orc_found_t *found)
{
    ((orc_update_t *)task->memory)->resources = found->resources;
    orc_update_give_back(task);
    return orc_operation_cancel(task);
}

/* Of one that IM was not asked for, which leaves the former status; or of any, when all of it is to be deleted. */
static orc_step_t cancel(orc_task_t *task)
{
    const orc_update_t *memory = task->memory;

    if (memory->since)
        end_step(task, "canceled", "");
    if (!memory->is_touched)
        json_object_set_new(orc_task_changes(task), "former", json_true());
    return orc_step_read((orc_read_t){.kind = ORC_READ_RESOURCES, .then = on_canceled});
}

/* The infrastructure lives on, and so do its resources. */
static void give_up(orc_task_t *task, const char *what)
{
    orc_operation_give_up(task, what);
    json_object_del(task->changes, "all_resources");
}

/* ---- the kinds ---- */

#define ROW(phase, event, next, action)                                                                                \
    {                                                                                                                  \
        ORC_UPDATE_##phase, event, ORC_UPDATE_##next, action                                                           \
    }

static const orc_transition_t transitions[] = {
    ROW(QUEUED, ORC_OPERATION_TURN, SUBMITTING, begin),
    ROW(QUEUED, ORC_OPERATION_DEADLINE, RESTORING, run_out),
    ROW(QUEUED, ORC_OPERATION_CANCELED, ENDED, cancel),

    ROW(SUBMITTING, ORC_OPERATION_TURN, SUBMITTING, orc_update_submit),
    ROW(SUBMITTING, ORC_OPERATION_DEADLINE, RESTORING, run_out),
    ROW(SUBMITTING, ORC_OPERATION_CANCELED, ENDED, cancel),
    ROW(SUBMITTING, ORC_UPDATE_TAKEN, PROVISIONING, look_later),
    ROW(SUBMITTING, ORC_UPDATE_NOTHING, ENDED, succeed),
    ROW(SUBMITTING, ORC_UPDATE_FAILED, RESTORING, orc_update_restore),

    ROW(PROVISIONING, ORC_OPERATION_TURN, PROVISIONING, orc_update_watch),
    ROW(PROVISIONING, ORC_OPERATION_DEADLINE, RESTORING, run_out),
    ROW(PROVISIONING, ORC_OPERATION_CANCELED, ENDED, cancel),
    ROW(PROVISIONING, ORC_UPDATE_UNFINISHED, PROVISIONING, look_later),
    ROW(PROVISIONING, ORC_UPDATE_CONFIGURED, COLLECTING, orc_update_collect),
    ROW(PROVISIONING, ORC_UPDATE_FAILED, RESTORING, orc_update_restore),

    ROW(COLLECTING, ORC_OPERATION_TURN, COLLECTING, orc_update_watch),
    ROW(COLLECTING, ORC_OPERATION_DEADLINE, RESTORING, run_out),
    ROW(COLLECTING, ORC_OPERATION_CANCELED, ENDED, cancel),
    ROW(COLLECTING, ORC_UPDATE_UNFINISHED, PROVISIONING, look_later),
    ROW(COLLECTING, ORC_UPDATE_CONFIGURED, COLLECTING, orc_update_collect),
    ROW(COLLECTING, ORC_UPDATE_FAILED, RESTORING, orc_update_restore),
    ROW(COLLECTING, ORC_UPDATE_COMPLETE, ENDED, succeed),

    ROW(RESTORING, ORC_OPERATION_TURN, RESTORING, orc_update_restore),
    ROW(RESTORING, ORC_OPERATION_DEADLINE, RESTORING, orc_update_restore),
    ROW(RESTORING, ORC_OPERATION_CANCELED, ENDED, cancel),
    ROW(RESTORING, ORC_UPDATE_RESTORED, ENDED, fail),
    {0, 0, 0, NULL},
};

/* The row of the infrastructure knows where it was made, and by which tag it is found. */
static void find_infrastructure(orc_task_t *task)
{
    const orc_work_t *work = task->work;
    const apr_array_header_t *all = orc_infrastructures_of(task);
    orc_update_t *memory = task->memory;
    int i;

    memory->at = (orc_address_t){work->im_endpoint ? work->im_endpoint : task->config->im_url, work->target_provider,
                                 work->target_region, NULL};
    for (i = 0; i < all->nelts; i++) {
        const orc_infrastructure_t *one = APR_ARRAY_IDX(all, i, const orc_infrastructure_t *);

        if (!one->infra || !work->im_infra_id || strcmp(one->infra, work->im_infra_id) != 0)
            continue;
        memory->at = one->at;
        memory->tag = one->id;
        memory->is_unwanted = one->is_unwanted;
    }
}

/* While somebody's token is awaited, its time stands still. */
static void stop_clock(orc_task_t *task)
{
    orc_update_t *memory = task->memory;

    if (memory->pace.waiting && memory->since)
        memory->since += task->now - memory->pace.waiting;
    memory->pace.waiting = 0;
}

static orc_step_t turn(orc_task_t *task)
{
    orc_work_t *work = task->work;
    orc_step_t step;

    stop_clock(task);
    find_infrastructure(task);
    if (orc_operation_is_canceled(task) && (work->is_deleted || !((orc_update_t *)task->memory)->is_touched))
        return orc_step_event(ORC_OPERATION_CANCELED);
    if (!orc_task_open_inputs(&step, task) ||
        !orc_task_open(&step, task, &work->wanted, ORC_SEALED_WANTED, work->id, work->wanted_sealed))
        return step;
    return orc_step_event(orc_update_is_late(task) ? ORC_OPERATION_DEADLINE : ORC_OPERATION_TURN);
}

#define KIND(name)                                                                                                     \
    {                                                                                                                  \
        .word = name, .phases = phases, .events = events, .transitions = transitions, .turn = turn,                    \
        .memory = &memory_fields,                                                                                      \
        .with_template = ORC_IN(ORC_UPDATE_QUEUED) | ORC_IN(ORC_UPDATE_SUBMITTING) | ORC_IN(ORC_UPDATE_RESTORING),     \
        .watching = ~0u, .give_up = give_up,                                                                           \
    }

const orc_kind_t orc_kind_update = KIND("UPDATE");
const orc_kind_t orc_kind_add_owner = KIND("ADD_OWNER");
const orc_kind_t orc_kind_remove_owner = KIND("REMOVE_OWNER");
