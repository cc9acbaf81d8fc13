/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_watch.h"

#include <apr_strings.h>
#include <string.h>

#include "../orc_engine_infrastructure.h"
#include "../orc_engine_machine.h"
#include "orc_enums.h"
#include "orc_log.h"
#include "orc_words.h"

/*
 * A complete deployment is looked at now and then: a machine that was stopped, lost or has failed shows up in its
 * resource, and, when nothing is left, in the deployment; and back. What IM says is compared with the rows as they were
 * claimed: what a person's operation changes meanwhile is left alone, and looked at the next time. A look that finds
 * nothing new writes nothing. Each describes one of the machines, or the outputs, in turn: addresses may change.
 */

#define SLACK apr_time_from_sec(10) /* claims of what is idle are no closer than a second */

enum {
    LATE = 3,      /* intervals: what nobody looked at for longer is spread again */
    SHORTAGES = 2, /* looks in a row without a machine, before it counts as lost */
    MISSES = 3,    /* at an IM that doesn't know the infrastructure, and has the person's others */
    VOIDS = 20,    /* the same of one that doesn't list others either: it may have lost its database */
};

enum { QUEUED, END };
static const char *const phases[] = {"queued", "ended", NULL};
static const char *const events[] = {"turn", NULL};

typedef struct memory_t {
    orc_pace_t pace;
    apr_int64_t misses, shortages; /* in a row */
    json_t *seen;                  /* what was described last: machine, or "outputs" -> hash */
    json_t *felled;                /* positions of what is no machine and went with the whole; NULL: not known */

    /* within a step */
    apr_array_header_t *machines; /* of orc_machine_t * */
    apr_array_header_t *wanted;   /* of const char *: machines that are to be described */
    int next, are_outputs_wanted, is_lost;
    const char *reason; /* why nothing is left */
} memory_t;

static const orc_field_t fields[] = {
    ORC_PACE_FIELDS(memory_t),
    ORC_FIELD(memory_t, misses, NUMBER, 0),
    ORC_FIELD(memory_t, shortages, NUMBER, 0),
    ORC_FIELD(memory_t, seen, JSON, 0),
    ORC_FIELD(memory_t, felled, JSON, 0),
    ORC_FIELD_END,
};
static const orc_fields_t memory_fields = {sizeof(memory_t), fields};

static orc_step_t again(const orc_task_t *task)
{
    return orc_step_idle(task->config->watch_interval);
}

static orc_step_t ask(orc_task_t *task, orc_call_kind_t kind, const char *vm, orc_answer_t *answer)
{
    const orc_address_t at = orc_machine_address(task);
    orc_call_t call = orc_call_about(&at, kind, task->work->im_infra_id, answer);

    call.vm = vm;
    return orc_step_call(&call);
}

/* Who is away is asked for their token by nobody because of this. */
static int is_put_off(orc_step_t *step, orc_task_t *task, const orc_im_result_t *result)
{
    memory_t *memory = task->memory;
    apr_interval_time_t back_off;

    *step = again(task);
    if (result->kind == ORC_IM_OK || result->kind == ORC_IM_NOT_FOUND)
        return 0;
    if (!orc_engine_sickness(result))
        return 1;
    back_off = orc_task_back_off(task, ++memory->pace.sick);
    step->rhythm = 0;
    step->due = step->due > back_off ? step->due : back_off;
    step->is_sick = 1;
    return 1;
}

/* ---- what changed ---- */

static json_t *entry_of(orc_task_t *task, const orc_machine_t *one)
{
    json_t *list = orc_task_change_list(task, "seen"), *entry;
    size_t i;

    json_array_foreach(list, i, entry)
    {
        if (orc_json_integer(entry, "position", -1) == one->position)
            return entry;
    }
    entry = json_pack("{s:I, s:I}", "position", (json_int_t)one->position, "version", (json_int_t)one->version);
    json_array_append_new(list, entry);
    return entry;
}

static void show(orc_task_t *task, const orc_machine_t *one, int status)
{
    if (status != one->status)
        json_object_set_new(entry_of(task, one), "status", json_integer(status));
}

static json_t *whole_of(orc_task_t *task)
{
    json_t *changes = orc_task_changes(task), *whole = json_object_get(changes, "whole");

    if (!whole) {
        whole = json_pack("{s:i}", "was", task->work->status);
        json_object_set_new(changes, "whole", whole);
    }
    return whole;
}

static void tell(orc_task_t *task, const char *level, const char *sentence)
{
    orc_log(ORC_LOG_INFO, "deployment %s: %s", task->work->deployment_id, sentence);
    orc_story_log(orc_task_changes(task), level, "finished", 0, "%s", sentence);
}

static void tell_machine(orc_task_t *task, const orc_machine_t *one, const char *how, int is_well)
{
    tell(task, is_well ? "info" : "warning", apr_psprintf(task->pool, "Machine %s (%s) %s.", one->vm, one->node, how));
}

static void show_whole(orc_task_t *task, int is_lost, const char *reason)
{
    int was_lost = task->work->status == ORC_DEPLOYMENT_UNKNOWN;

    if (is_lost && !was_lost) {
        ((memory_t *)task->memory)->felled = orc_json_own(json_array(), task->pool);
        json_object_set_new(whole_of(task), "lost", json_string(reason));
        tell(task, "error", reason);
    }
    else if (!is_lost && was_lost) {
        json_object_set_new(whole_of(task), "back", json_true());
        tell(task, "info", "The infrastructure is there again.");
    }
}

/* ---- descriptions ---- */

static const char *hash_of(const json_t *value, apr_pool_t *pool)
{
    const unsigned char *at = (const unsigned char *)orc_json_text(value, pool);
    apr_uint64_t hash = APR_UINT64_C(14695981039346656037); /* FNV-1a */

    for (; *at; at++)
        hash = (hash ^ *at) * APR_UINT64_C(1099511628211);
    return apr_psprintf(pool, "%016" APR_UINT64_T_HEX_FMT, hash);
}

/* True when it is another than last time; it is remembered. */
static int is_news(orc_task_t *task, const char *name, const json_t *value)
{
    memory_t *memory = task->memory;
    const char *hash = hash_of(value, task->pool), *known = orc_json_string(memory->seen, name);

    if (known && strcmp(known, hash) == 0)
        return 0;
    memory->seen = orc_json_own(memory->seen ? json_copy(memory->seen) : json_object(), task->pool);
    json_object_set_new(memory->seen, name, json_string(hash));
    return 1;
}

static orc_step_t on_outputs(orc_task_t *task, const orc_im_result_t *result)
{
    json_t *outputs;

    if (result->kind != ORC_IM_OK)
        return again(task);
    outputs = json_object();
    orc_machine_outputs(task, outputs, result->json);
    if (is_news(task, "outputs", json_object_get(outputs, "outputs")))
        json_object_update(whole_of(task), outputs);
    json_decref(outputs);
    return again(task);
}

static orc_step_t describe_next(orc_task_t *task);

static orc_step_t on_machine(orc_task_t *task, const orc_im_result_t *result)
{
    memory_t *memory = task->memory;
    const char *vm = APR_ARRAY_IDX(memory->wanted, memory->next++, const char *);
    json_t *described;
    int i;

    for (i = 0; i < memory->machines->nelts && result->kind == ORC_IM_OK; i++) {
        const orc_machine_t *one = APR_ARRAY_IDX(memory->machines, i, const orc_machine_t *);

        if (!one->vm || strcmp(one->vm, vm) != 0)
            continue;
        described = json_object();
        orc_machine_describe(task, described, one->id, result->json);
        if (is_news(task, vm, json_object_get(described, "metadata"))) {
            json_object_update(entry_of(task, one), described);
            memory->are_outputs_wanted = 1;
        }
        json_decref(described);
    }
    return describe_next(task);
}

/* What is told of the states stands, whatever becomes of descriptions. */
static orc_step_t describe_next(orc_task_t *task)
{
    const memory_t *memory = task->memory;

    if (memory->next < memory->wanted->nelts)
        return ask(task, ORC_CALL_VM, APR_ARRAY_IDX(memory->wanted, memory->next, const char *), on_machine);
    return memory->are_outputs_wanted ? ask(task, ORC_CALL_OUTPUTS, NULL, on_outputs) : again(task);
}

static void want(memory_t *memory, const char *vm)
{
    if (!orc_words_contain(memory->wanted, vm))
        APR_ARRAY_PUSH(memory->wanted, const char *) = vm;
}

/* One of the machines that can be described, or the outputs, by the clock. */
static void want_in_turn(orc_task_t *task, const apr_array_header_t *alive)
{
    memory_t *memory = task->memory;
    int number = (int)(task->now / (task->config->watch_interval + 1) % (alive->nelts + 1));

    if (number == alive->nelts)
        memory->are_outputs_wanted = 1;
    else
        want(memory, APR_ARRAY_IDX(alive, number, const char *));
}

/* ---- states ---- */

/* What IM's word for a machine means; -1: nothing. */
static int status_of(const orc_im_vm_state_t *state)
{
    switch (state->state) {
    case ORC_IM_STATE_RUNNING:
    case ORC_IM_STATE_CONFIGURED:
    case ORC_IM_STATE_UNCONFIGURED:
        return ORC_RESOURCE_STARTED;
    case ORC_IM_STATE_STOPPED:
        return ORC_RESOURCE_STOPPED;
    case ORC_IM_STATE_OFF:
    case ORC_IM_STATE_FAILED:
        return ORC_RESOURCE_ERROR;
    default:
        return -1;
    }
}

/* A configured resource runs, too. */
static int is_shown(const orc_machine_t *one, int status)
{
    return status < 0 || status == one->status ||
           (status == ORC_RESOURCE_STARTED && one->status == ORC_RESOURCE_CONFIGURED);
}

/* The status that it is to have. */
static int look_at(orc_task_t *task, const orc_machine_t *one, const orc_im_vm_state_t *state, int is_believed)
{
    memory_t *memory = task->memory;
    int status = state ? status_of(state) : is_believed ? ORC_RESOURCE_ERROR : -1;

    if (is_shown(one, status))
        return (int)one->status;
    show(task, one, status);
    tell_machine(task, one,
                 state ? apr_psprintf(task->pool, "is %s", orc_im_state_word(state->state))
                       : "is not known to the Infrastructure Manager any more",
                 status == ORC_RESOURCE_STARTED);
    if (state && status != ORC_RESOURCE_ERROR)
        want(memory, one->vm);
    return status;
}

static int is_machine(const orc_machine_t *one)
{
    return one->is_compute && one->vm && one->status != ORC_RESOURCE_DELETED;
}

static int is_any_missing(const memory_t *memory, const apr_array_header_t *states)
{
    int i;

    for (i = 0; i < memory->machines->nelts; i++) {
        const orc_machine_t *one = APR_ARRAY_IDX(memory->machines, i, const orc_machine_t *);

        if (is_machine(one) && one->status != ORC_RESOURCE_ERROR && !orc_machine_state(states, one->vm))
            return 1;
    }
    return 0;
}

/* ---- what is no machine goes and comes back with the whole ---- */

static void fell_others(orc_task_t *task)
{
    memory_t *memory = task->memory;
    int i;

    memory->felled = orc_json_own(memory->felled ? json_copy(memory->felled) : json_array(), task->pool);
    for (i = 0; i < memory->machines->nelts; i++) {
        const orc_machine_t *one = APR_ARRAY_IDX(memory->machines, i, const orc_machine_t *);

        if (is_machine(one) || one->status != ORC_RESOURCE_STARTED)
            continue;
        show(task, one, ORC_RESOURCE_ERROR);
        json_array_append_new(memory->felled, json_integer(one->position));
    }
}

static int is_felled(const memory_t *memory, const orc_machine_t *one)
{
    size_t i;

    if (!memory->felled)
        return !one->is_compute;
    for (i = 0; i < json_array_size(memory->felled); i++) {
        if (json_integer_value(json_array_get(memory->felled, i)) == one->position)
            return 1;
    }
    return 0;
}

/* Not what was in error before, such as what an update that failed did not make. */
static void raise_others(orc_task_t *task)
{
    memory_t *memory = task->memory;
    int i;

    for (i = 0; i < memory->machines->nelts; i++) {
        const orc_machine_t *one = APR_ARRAY_IDX(memory->machines, i, const orc_machine_t *);

        if (!is_machine(one) && one->status == ORC_RESOURCE_ERROR && is_felled(memory, one))
            show(task, one, ORC_RESOURCE_STARTED);
    }
    memory->felled = NULL;
}

static orc_step_t compare(orc_task_t *task, const apr_array_header_t *states)
{
    memory_t *memory = task->memory;
    apr_array_header_t *alive = apr_array_make(task->pool, 4, sizeof(const char *));
    int i, is_believed, machines = 0, lost = 0;

    memory->misses = 0;
    memory->shortages = is_any_missing(memory, states) ? memory->shortages + 1 : 0;
    is_believed = memory->shortages >= SHORTAGES;
    for (i = 0; i < memory->machines->nelts; i++) {
        const orc_machine_t *one = APR_ARRAY_IDX(memory->machines, i, const orc_machine_t *);
        const orc_im_vm_state_t *state = is_machine(one) ? orc_machine_state(states, one->vm) : NULL;

        if (!is_machine(one))
            continue;
        machines++;
        lost += look_at(task, one, state, is_believed) == ORC_RESOURCE_ERROR;
        if (state)
            APR_ARRAY_PUSH(alive, const char *) = one->vm;
    }
    if (task->work->status == ORC_DEPLOYMENT_UNKNOWN && !(machines && lost == machines))
        raise_others(task);
    show_whole(task, machines && lost == machines, "None of its machines is there any more.");
    want_in_turn(task, alive);
    return describe_next(task);
}

/* ---- an infrastructure that IM doesn't know ---- */

static orc_step_t is_missing(orc_task_t *task, int times)
{
    memory_t *memory = task->memory;
    int i;

    if (++memory->misses < times)
        return again(task);
    memory->misses = times;
    for (i = 0; i < memory->machines->nelts; i++) {
        const orc_machine_t *one = APR_ARRAY_IDX(memory->machines, i, const orc_machine_t *);

        if (is_machine(one))
            show(task, one, ORC_RESOURCE_ERROR);
    }
    show_whole(task, 1, "The Infrastructure Manager does not know the infrastructure any more.");
    fell_others(task);
    return again(task);
}

/* Others that somebody wants and that IM doesn't list either. */
static orc_step_t on_unlisted(orc_task_t *task, const orc_found_t *found)
{
    return is_missing(task, found->count ? VOIDS : MISSES);
}

static orc_step_t on_list(orc_task_t *task, const orc_im_result_t *result)
{
    orc_read_t read = {.kind = ORC_READ_LIVING, .endpoint = task->work->im_endpoint, .then = on_unlisted};
    apr_array_header_t *but;
    orc_step_t step;

    if (is_put_off(&step, task, result) || result->kind != ORC_IM_OK ||
        orc_words_contain(result->ids, task->work->im_infra_id))
        return step;
    if (!result->ids->nelts)
        return is_missing(task, VOIDS);
    read.ids = but = orc_words_copy(result->ids, task->pool);
    APR_ARRAY_PUSH(but, const char *) = task->work->im_infra_id;
    return orc_step_read(read);
}

/* ---- the kind ---- */

static orc_step_t on_state(orc_task_t *task, const orc_im_result_t *result)
{
    orc_step_t step;

    if (is_put_off(&step, task, result))
        return step;
    return result->kind == ORC_IM_OK ? compare(task, result->vm_states) : ask(task, ORC_CALL_LIST, NULL, on_list);
}

static int is_of(int status, const int *list)
{
    while (*list >= 0 && *list != status)
        list++;
    return *list >= 0;
}

static orc_step_t look(orc_task_t *task)
{
    static const int at_work[] = {ORC_DEPLOYMENT_CREATE_IN_PROGRESS, ORC_DEPLOYMENT_UPDATE_IN_PROGRESS,
                                  ORC_DEPLOYMENT_DELETE_IN_PROGRESS, -1};
    static const int watched[] = {ORC_DEPLOYMENT_CREATE_COMPLETE, ORC_DEPLOYMENT_UPDATE_COMPLETE,
                                  ORC_DEPLOYMENT_UPDATE_FAILED, ORC_DEPLOYMENT_UNKNOWN, -1};
    const orc_work_t *work = task->work;
    memory_t *memory = task->memory;
    apr_interval_time_t late = task->now - work->was_due;

    if (is_of(work->status, at_work) || !work->resources)
        return again(task);
    if (!is_of(work->status, watched) || !work->im_infra_id || !work->im_endpoint)
        return orc_step_ended("over");
    if (late > LATE * task->config->watch_interval + SLACK)
        return orc_step_later(late % task->config->watch_interval);
    memory->machines = orc_machines_of(task);
    memory->wanted = apr_array_make(task->pool, 4, sizeof(const char *));
    return ask(task, ORC_CALL_STATE, NULL, on_state);
}

static orc_step_t turn(orc_task_t *task)
{
    return orc_step_event(ORC_EVENT_TURN);
}

static void give_up(orc_task_t *task, const char *what)
{
    json_object_set_new(orc_task_changes(task), "phase", json_string(phases[QUEUED]));
}

static const orc_transition_t transitions[] = {
    {QUEUED, ORC_EVENT_TURN, QUEUED, look},
    {0, 0, 0, NULL},
};

const orc_kind_t orc_kind_watch = {
    .word = "watch",
    .phases = phases,
    .events = events,
    .transitions = transitions,
    .turn = turn,
    .memory = &memory_fields,
    .with_resources = ~0u,
    .is_idle = 1,
    .give_up = give_up,
};
