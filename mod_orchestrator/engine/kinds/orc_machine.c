/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_machine.h"

#include <apr_strings.h>
#include <string.h>

#include "../orc_engine_machine.h"
#include "../orc_engine_operation.h"
#include "orc_enums.h"

/*
 * One machine: IM is asked, followed until the machine is as it should be, and asked for what it has of it then, since
 * addresses may change. Whether a start or a stop was carried out whose answer got lost, the machine's state tells; of
 * a reboot nothing tells, and it is not asked for twice.
 */

enum {
    MISSES = 2, /* looks at an infrastructure without the machine, before that is believed */
    FACTOR = 2, /* so many times a call's time, a start or stop without an answer may still be carried out */
};

enum { QUEUED, SUBMITTING, CONFIRMING, COLLECTING, END };
static const char *const phases[] = {"queued", "submitting", "confirming", "collecting", "ended", NULL};

enum {
    TAKEN = ORC_OPERATION_OWN, /* IM has done, or will do, what it was asked for */
    REACHED,                   /* the machine is as it should be */
    FAILED,
    COMPLETE, /* and what IM has of it is known */
};
static const char *const events[] = {ORC_OPERATION_EVENTS, "taken", "reached", "failed", "complete", NULL};

typedef struct memory_t {
    orc_pace_t pace;
    int asked;           /* IM may have done it */
    apr_int64_t until;   /* and may until then, whatever this host's timeout is */
    apr_int64_t reached; /* when the machine was seen to be as it should */
    apr_int64_t misses;  /* looks in a row without the machine */

    /* within a step */
    const char *failing;
    int shown;          /* status of a resource that failed, and 1; 0: ERROR */
    const json_t *radl; /* IM's description of the machine */
} memory_t;

static const orc_field_t fields[] = {
    ORC_PACE_FIELDS(memory_t),
    ORC_FIELD(memory_t, asked, FLAG, 0),
    ORC_FIELD(memory_t, until, NUMBER, 0),
    ORC_FIELD(memory_t, reached, NUMBER, 0),
    ORC_FIELD(memory_t, misses, NUMBER, 0),
    ORC_FIELD_END,
};
static const orc_fields_t memory_fields = {sizeof(memory_t), fields};

/* What is the same of all three but for words. */
typedef struct action_t {
    const orc_kind_t *kind;
    const char *word, *name, *doing, *done; /* IM's; of the step; "is being ...", "is ..." */
    int status;                             /* of the resource, in the end */
} action_t;

static const action_t actions[] = {
    {&orc_kind_start, "start", "Start", "started", "started", ORC_RESOURCE_STARTED},
    {&orc_kind_stop, "stop", "Stop", "stopped", "stopped", ORC_RESOURCE_STOPPED},
    {&orc_kind_reboot, "reboot", "Reboot", "rebooted", "rebooted", ORC_RESOURCE_STARTED},
};

static const action_t *action_of(const orc_task_t *task)
{
    int i = 0;

    while (actions[i].kind != task->kind)
        i++;
    return &actions[i];
}

static const orc_machine_t *machine_of(const orc_task_t *task)
{
    const apr_array_header_t *list = orc_machines_of(task);
    const orc_machine_t *one = list->nelts ? APR_ARRAY_IDX(list, 0, const orc_machine_t *) : NULL;

    return one && one->vm ? one : NULL;
}

static const char *name_of(const orc_task_t *task)
{
    const orc_machine_t *one = machine_of(task);

    return one ? apr_psprintf(task->pool, "Machine %s (%s)", one->vm, one->node) : "The machine";
}

static orc_step_t ask(orc_task_t *task, orc_call_kind_t kind, orc_answer_t *answer)
{
    const orc_address_t at = orc_machine_address(task);
    orc_call_t call = orc_call_about(&at, kind, task->work->im_infra_id, answer);

    call.vm = machine_of(task)->vm;
    return orc_step_call(&call);
}

/* ---- its ends ---- */

static orc_story_step_t own_step(const orc_task_t *task)
{
    const orc_story_step_t step = {1,
                                   "resources_updating",
                                   action_of(task)->name,
                                   task->work->target_provider,
                                   task->work->target_region,
                                   task->work->im_infra_id};

    return step;
}

static orc_step_t fail(orc_task_t *task)
{
    const memory_t *memory = task->memory;
    const orc_story_step_t step = own_step(task);
    json_t *changes = orc_task_changes(task);
    const char *reason =
        orc_story_because(task->pool, memory->failing, "%s was not %s", name_of(task), action_of(task)->done);

    orc_story_end_step(changes, &step, orc_operation_step_end(task, "failed"), reason);
    json_object_set_new(changes, "reason", json_string(reason));
    json_object_set_new(changes, "errors", json_pack("[{s:s, s:s}]", "error", "machine.failed", "description", reason));
    json_object_set_new(changes, "all_resources", json_integer(memory->shown ? memory->shown - 1 : ORC_RESOURCE_ERROR));
    orc_story_log(changes, "error", "finished", 1, "%s", reason);
    orc_task_describe(task, "%s", reason);
    return orc_operation_end(task, "failed");
}

static orc_step_t fail_because(orc_task_t *task, const char *reason)
{
    ((memory_t *)task->memory)->failing = orc_story_bare(reason, task->pool);
    return orc_step_event(FAILED);
}

static orc_step_t run_out(orc_task_t *task)
{
    ((memory_t *)task->memory)->failing =
        apr_psprintf(task->pool, "its time is over; the last: %s", orc_story_bare(task->work->description, task->pool));
    return fail(task);
}

/* Of one that IM was not asked for, which leaves the machine as it was; or of any, when all of it is to be deleted. */
static orc_step_t cancel(orc_task_t *task)
{
    const memory_t *memory = task->memory;
    const json_t *former = json_object_get(task->work->options, "former");

    if (!memory->asked && json_is_integer(former))
        json_object_set(orc_task_changes(task), "all_resources", (json_t *)former);
    return orc_operation_cancel(task);
}

/* ---- asking ---- */

static void note_asking(orc_task_t *task)
{
    memory_t *memory = task->memory;

    memory->asked = 1;
    memory->until = task->now + task->config->im_timeout * FACTOR;
    json_object_set_new(orc_task_changes(task), "platform", json_string(task->work->target_provider));
    orc_task_describe(task, "%s is being %s.", name_of(task), action_of(task)->doing);
}

static void take_back(orc_task_t *task)
{
    ((memory_t *)task->memory)->asked = 0;
}

static orc_step_t on_acted(orc_task_t *task, const orc_im_result_t *result)
{
    orc_step_t step;

    switch (result->kind) {
    case ORC_IM_OK:
        orc_task_poll_soon(task);
        return orc_step_event(TAKEN);
    case ORC_IM_UNKNOWN_RESULT:
    case ORC_IM_BAD_ANSWER:
        orc_task_describe(task, "%s is being %s; the answer got lost.", name_of(task), action_of(task)->doing);
        return orc_step_later(task->config->poll_min);
    default:
        take_back(task);
    }
    if (orc_task_is_sick(&step, task, result))
        return step;
    /* What is not there, the next look at the state tells. */
    if (result->kind == ORC_IM_NOT_FOUND || result->kind == ORC_IM_BUSY)
        return orc_step_poll(task);
    return fail_because(task, result->error->detail);
}

static orc_step_t act(orc_task_t *task)
{
    orc_step_t step = ask(task, ORC_CALL_ACT, on_acted);

    step.call.action = action_of(task)->word;
    step.call.before = note_asking;
    step.call.undo = take_back;
    return step;
}

/* ---- looking ---- */

static int is_active(orc_im_state_t state)
{
    return state == ORC_IM_STATE_RUNNING || state == ORC_IM_STATE_CONFIGURED || state == ORC_IM_STATE_UNCONFIGURED;
}

static int is_reached(const orc_task_t *task, orc_im_state_t state)
{
    return task->kind == &orc_kind_stop ? state == ORC_IM_STATE_STOPPED : is_active(state);
}

/* It is not asked for again; the resource shows what the machine is. */
static orc_step_t leave_it(orc_task_t *task, orc_im_state_t state, const char *reason)
{
    memory_t *memory = task->memory;

    if (is_active(state))
        memory->shown = ORC_RESOURCE_STARTED + 1;
    else if (state == ORC_IM_STATE_STOPPED)
        memory->shown = ORC_RESOURCE_STOPPED + 1;
    return fail_because(task, reason);
}

static orc_step_t before_it_is_taken(orc_task_t *task, orc_im_state_t state)
{
    const memory_t *memory = task->memory;

    if (task->kind == &orc_kind_reboot)
        return memory->asked
                   ? leave_it(task, state, "the answer got lost, and nothing tells whether it was carried out")
                   : act(task);
    if (is_reached(task, state))
        return orc_step_event(REACHED);
    if (memory->asked && task->now < memory->until)
        return orc_step_poll(task);
    if (orc_operation_is_canceled(task))
        return leave_it(task, state, "it was canceled before the Infrastructure Manager did it");
    return act(task);
}

static orc_step_t when_it_is_taken(orc_task_t *task, orc_im_state_t state)
{
    if (is_reached(task, state))
        return orc_step_event(REACHED);
    if (state == ORC_IM_STATE_FAILED)
        return fail_because(task, "the Infrastructure Manager says that it is failed");
    orc_task_describe(task, "%s is being %s; it is %s.", name_of(task), action_of(task)->doing,
                      orc_im_state_word(state));
    return orc_step_poll(task);
}

static orc_step_t on_state(orc_task_t *task, const orc_im_result_t *result)
{
    memory_t *memory = task->memory;
    const orc_im_vm_state_t *state;
    orc_step_t step;

    if (orc_task_is_sick(&step, task, result))
        return step;
    if (result->kind == ORC_IM_FORBIDDEN_OWNER)
        return fail_because(task, result->error->detail);
    if (result->kind != ORC_IM_OK) {
        orc_task_describe(task, "Waits for the Infrastructure Manager: %s.",
                          orc_story_bare(result->error->detail, task->pool));
        return orc_step_poll(task);
    }
    state = orc_machine_state(result->vm_states, machine_of(task)->vm);
    if (!state && ++memory->misses >= MISSES)
        return fail_because(task, "the Infrastructure Manager does not have the machine any more");
    if (!state)
        return orc_step_poll(task);
    memory->misses = 0;
    return task->phase == CONFIRMING ? when_it_is_taken(task, state->state) : before_it_is_taken(task, state->state);
}

static orc_step_t look(orc_task_t *task)
{
    return ask(task, ORC_CALL_STATE, on_state);
}

static orc_step_t begin(orc_task_t *task)
{
    json_t *step = orc_story_step(orc_task_changes(task), 1, "resources_updating", action_of(task)->name);

    orc_json_put(step, "provider", task->work->target_provider);
    orc_json_put(step, "region", task->work->target_region);
    orc_json_put(step, "infra", task->work->im_infra_id);
    orc_story_log(orc_task_changes(task), "info", "resources_updating", 1, "%s is to be %s.", name_of(task),
                  action_of(task)->done);
    return look(task);
}

/* ---- what IM has of it then ---- */

static orc_step_t on_outputs(orc_task_t *task, const orc_im_result_t *result)
{
    json_t *deployment;
    orc_step_t step;

    if (orc_task_is_sick(&step, task, result))
        return step;
    /* One function that fails takes all outputs along; the machine is as it should be all the same. */
    if (result->kind == ORC_IM_OK) {
        deployment = json_object();
        orc_machine_outputs(task, deployment, result->json);
        json_object_set_new(orc_task_changes(task), "deployment", deployment);
    }
    return orc_step_event(COMPLETE);
}

static int may_get_an_address(const orc_task_t *task)
{
    const memory_t *memory = task->memory;

    return task->kind != &orc_kind_stop && !orc_machine_has_addresses(memory->radl) &&
           orc_task_since(task, memory->reached) < task->config->public_address_recheck;
}

static orc_step_t on_machine(orc_task_t *task, const orc_im_result_t *result)
{
    memory_t *memory = task->memory;
    orc_step_t step;

    if (orc_task_is_sick(&step, task, result))
        return step;
    if (result->kind == ORC_IM_NOT_FOUND || result->kind == ORC_IM_BUSY)
        return orc_step_poll(task);
    if (result->kind != ORC_IM_OK)
        return ask(task, ORC_CALL_OUTPUTS, on_outputs);
    memory->radl = orc_json_own(json_deep_copy(result->json), task->pool);
    if (!may_get_an_address(task))
        return ask(task, ORC_CALL_OUTPUTS, on_outputs);
    orc_task_describe(task, "%s is %s; an address may come.", name_of(task), action_of(task)->done);
    return orc_step_poll(task);
}

static orc_step_t collect(orc_task_t *task)
{
    memory_t *memory = task->memory;

    if (!memory->reached)
        memory->reached = task->now;
    return ask(task, ORC_CALL_VM, on_machine);
}

static orc_step_t succeed(orc_task_t *task)
{
    const memory_t *memory = task->memory;
    const orc_machine_t *one = machine_of(task);
    const orc_story_step_t step = own_step(task);
    json_t *changes = orc_task_changes(task);
    json_t *entry = json_pack("{s:I, s:i}", "position", (json_int_t)one->position, "status", action_of(task)->status);

    if (memory->radl)
        orc_machine_describe(task, entry, one->id, memory->radl);
    json_array_append_new(orc_task_change_list(task, "resources"), entry);
    orc_story_end_step(changes, &step, orc_operation_step_end(task, "succeeded"), "");
    orc_story_log(changes, "info", "finished", 1, "%s is %s.", name_of(task), action_of(task)->done);
    orc_task_describe(task, "%s is %s.", name_of(task), action_of(task)->done);
    return orc_operation_end(task, "succeeded");
}

/* ---- the kinds ---- */

static const orc_transition_t transitions[] = {
    {QUEUED, ORC_OPERATION_TURN, SUBMITTING, begin},
    {QUEUED, ORC_OPERATION_DEADLINE, END, run_out},
    {QUEUED, ORC_OPERATION_CANCELED, END, cancel},

    {SUBMITTING, ORC_OPERATION_TURN, SUBMITTING, look},
    {SUBMITTING, ORC_OPERATION_DEADLINE, END, run_out},
    {SUBMITTING, ORC_OPERATION_CANCELED, END, cancel},
    {SUBMITTING, TAKEN, CONFIRMING, orc_step_poll},
    {SUBMITTING, REACHED, COLLECTING, collect},
    {SUBMITTING, FAILED, END, fail},

    {CONFIRMING, ORC_OPERATION_TURN, CONFIRMING, look},
    {CONFIRMING, ORC_OPERATION_DEADLINE, END, run_out},
    {CONFIRMING, ORC_OPERATION_CANCELED, END, cancel},
    {CONFIRMING, REACHED, COLLECTING, collect},
    {CONFIRMING, FAILED, END, fail},

    {COLLECTING, ORC_OPERATION_TURN, COLLECTING, collect},
    {COLLECTING, ORC_OPERATION_DEADLINE, END, run_out},
    {COLLECTING, ORC_OPERATION_CANCELED, END, cancel},
    {COLLECTING, COMPLETE, END, succeed},
    {0, 0, 0, NULL},
};

static orc_step_t turn(orc_task_t *task)
{
    if (!machine_of(task))
        return orc_step_damaged("its machine is not known");
    if (orc_operation_is_canceled(task) && (task->work->is_deleted || !((memory_t *)task->memory)->asked))
        return orc_step_event(ORC_OPERATION_CANCELED);
    return orc_step_event(orc_task_is_late(task) ? ORC_OPERATION_DEADLINE : ORC_OPERATION_TURN);
}

static void give_up(orc_task_t *task, const char *what)
{
    orc_operation_damage(task, "The record of the operation is damaged, so it can't go on.");
}

#define KIND(type)                                                                                                     \
    {                                                                                                                  \
        .word = type, .phases = phases, .events = events, .transitions = transitions, .turn = turn,                    \
        .memory = &memory_fields, .with_resources = ~0u, .give_up = give_up,                                           \
    }

const orc_kind_t orc_kind_start = KIND("START");
const orc_kind_t orc_kind_stop = KIND("STOP");
const orc_kind_t orc_kind_reboot = KIND("REBOOT");
