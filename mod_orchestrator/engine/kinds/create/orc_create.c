/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_create.h"

#include "../../orc_engine_document.h"
#include "orc_enums.h"

static const char *const phases[] = {"queued", "placing", "submitting", "provisioning", "collecting", "ended", NULL};
static const char *const events[] = {ORC_OPERATION_EVENTS, "placed",     "no provider", "made",     "refused",
                                     "configured",         "unfinished", "failed",      "complete", NULL};

/* ---- its memory ---- */

static const orc_field_t address_fields_list[] = {
    ORC_FIELD(orc_address_t, endpoint, TEXT, ORC_FIELD_ALWAYS),
    ORC_FIELD(orc_address_t, provider, TEXT, ORC_FIELD_ALWAYS),
    ORC_FIELD(orc_address_t, region, TEXT, 0),
    ORC_FIELD(orc_address_t, project, TEXT, 0),
    ORC_FIELD_END,
};
static const orc_fields_t address_fields = {sizeof(orc_address_t), address_fields_list};

#define WITH_INFRASTRUCTURE (ORC_IN(ORC_CREATE_PROVISIONING) | ORC_IN(ORC_CREATE_COLLECTING))
#define WITH_ATTEMPT        (ORC_IN(ORC_CREATE_SUBMITTING) | WITH_INFRASTRUCTURE)

static const orc_field_t attempt_fields_list[] = {
    ORC_FIELD_AS(orc_attempt_t, "endpoint", at.endpoint, TEXT, ORC_FIELD_ALWAYS),
    ORC_FIELD_AS(orc_attempt_t, "provider", at.provider, TEXT, ORC_FIELD_ALWAYS),
    ORC_FIELD_AS(orc_attempt_t, "region", at.region, TEXT, 0),
    ORC_FIELD_AS(orc_attempt_t, "project", at.project, TEXT, 0),
    ORC_FIELD(orc_attempt_t, number, NUMBER, ORC_FIELD_ALWAYS),
    ORC_FIELD(orc_attempt_t, name, TEXT, ORC_FIELD_ALWAYS),
    ORC_FIELD(orc_attempt_t, tag, TEXT, WITH_INFRASTRUCTURE),
    ORC_FIELD(orc_attempt_t, infra, TEXT, WITH_INFRASTRUCTURE),
    ORC_FIELD(orc_attempt_t, asked, FLAG, 0),
    ORC_FIELD(orc_attempt_t, since, NUMBER, 0),
    ORC_FIELD(orc_attempt_t, until, NUMBER, 0),
    ORC_FIELD(orc_attempt_t, told, FLAG, 0),
    ORC_FIELD_END,
};
static const orc_fields_t attempt_fields = {sizeof(orc_attempt_t), attempt_fields_list};

static const orc_field_t memory_fields_list[] = {
    ORC_PACE_FIELDS(orc_create_t),
    ORC_STORY_FIELDS(orc_create_t),
    ORC_FIELD_OF(orc_create_t, candidates, LIST, WITH_ATTEMPT, &address_fields),
    ORC_FIELD(orc_create_t, at, NUMBER, WITH_ATTEMPT),
    ORC_FIELD(orc_create_t, tries, NUMBER, 0),
    ORC_FIELD(orc_create_t, since, NUMBER, WITH_ATTEMPT),
    ORC_FIELD(orc_create_t, done_there, FLAG, 0),
    ORC_FIELD(orc_create_t, outputs, JSON, 0),
    ORC_FIELD(orc_create_t, machines, NUMBER, 0),
    ORC_FIELD_AS(orc_create_t, "public", is_public, FLAG, 0),
    ORC_FIELD(orc_create_t, steps, NUMBER, 0),
    ORC_FIELD_OF(orc_create_t, attempt, OBJECT, WITH_ATTEMPT, &attempt_fields),
    ORC_FIELD(orc_create_t, unanswered, NUMBER, 0),
    ORC_FIELD(orc_create_t, doubts, NUMBER, 0),
    ORC_FIELD(orc_create_t, misses, NUMBER, 0),
    ORC_FIELD(orc_create_t, shortages, NUMBER, 0),
    ORC_FIELD(orc_create_t, configured_since, NUMBER, 0),
    ORC_FIELD(orc_create_t, shown, NUMBER, 0),
    ORC_FIELD(orc_create_t, failing, TEXT, 0),
    ORC_FIELD(orc_create_t, end, TEXT, 0),
    ORC_FIELD_END,
};
static const orc_fields_t memory_fields = {sizeof(orc_create_t), memory_fields_list};

const char *orc_create_adopted(const orc_attempt_t *attempt, json_t *outputs, int machines, int is_public,
                               apr_time_t now, apr_pool_t *pool)
{
    orc_attempt_t own = *attempt;
    orc_create_t memory = {.at = 1, .tries = 1, .since = now, .done_there = 1, .steps = 1, .attempt = &own};

    own.number = 1;
    own.since = now;
    memory.outputs = outputs;
    memory.machines = machines;
    memory.is_public = is_public;
    memory.candidates = apr_array_make(pool, 1, sizeof(orc_address_t *));
    APR_ARRAY_PUSH(memory.candidates, orc_address_t *) = &own.at;
    return orc_json_text(orc_json_own(orc_fields_write(&memory, &memory_fields), pool), pool);
}

/* ---- its ends ---- */

static orc_step_t succeed(orc_task_t *task)
{
    const orc_attempt_t *attempt = ((orc_create_t *)task->memory)->attempt;

    orc_create_end_step(task, "succeeded", "");
    orc_create_record(task, 1);
    orc_story_log(orc_task_changes(task), "info", "finished", (int)attempt->number, "%s succeeded.", attempt->name);
    orc_operation_watch(task);
    orc_task_describe(task, "The deployment is complete.");
    return orc_step_ended("succeeded");
}

static orc_step_t fail(orc_task_t *task)
{
    const orc_create_t *memory = task->memory;
    json_t *changes = orc_task_changes(task);
    const char *end = memory->end, *reason;

    if (!end && orc_task_is_late(task))
        end = "The time of the whole deployment is over.";
    reason = orc_story_sum(&memory->story, end, task->pool);
    json_object_set_new(changes, "reason", json_string(reason));
    json_object_set(changes, "errors", orc_story_errors(&memory->story, "deployment.failed", end, task->pool));
    json_object_set_new(changes, "all_resources", json_integer(ORC_RESOURCE_ERROR));
    orc_story_log(changes, "error", "finished", 0, "The deployment failed. %s", reason);
    orc_task_describe(task, "The deployment failed.");
    return orc_step_ended("failed");
}

static orc_step_t run_out(orc_task_t *task)
{
    const orc_attempt_t *attempt = ((orc_create_t *)task->memory)->attempt;

    if (attempt)
        orc_create_fail_attempt(task, !attempt->infra && !attempt->asked, "the time of the whole deployment is over");
    return fail(task);
}

static orc_step_t cancel(orc_task_t *task)
{
    if (((orc_create_t *)task->memory)->attempt)
        orc_create_cancel_attempt(task);
    orc_create_show_resources(task, ORC_RESOURCE_ERROR);
    return orc_operation_cancel(task);
}

/* What the deployment keeps has to be found first, when IM's answer got lost. */
static int is_to_be_found(const orc_task_t *task)
{
    const orc_attempt_t *attempt = ((orc_create_t *)task->memory)->attempt;

    return task->phase == ORC_CREATE_SUBMITTING && attempt->asked && orc_create_keeps(task);
}

/* ---- the kind ---- */

#define ROW(phase, event, next, action)                                                                                \
    {                                                                                                                  \
        ORC_CREATE_##phase, event, ORC_CREATE_##next, action                                                           \
    }

static const orc_transition_t transitions[] = {
    ROW(QUEUED, ORC_OPERATION_TURN, PLACING, orc_create_place),
    ROW(QUEUED, ORC_OPERATION_DEADLINE, ENDED, run_out),
    ROW(QUEUED, ORC_OPERATION_CANCELED, ENDED, cancel),

    ROW(PLACING, ORC_OPERATION_TURN, PLACING, orc_create_place),
    ROW(PLACING, ORC_OPERATION_DEADLINE, ENDED, run_out),
    ROW(PLACING, ORC_OPERATION_CANCELED, ENDED, cancel),
    ROW(PLACING, ORC_CREATE_PLACED, SUBMITTING, orc_create_submit),
    ROW(PLACING, ORC_CREATE_NO_PROVIDER, ENDED, fail),

    ROW(SUBMITTING, ORC_OPERATION_TURN, SUBMITTING, orc_create_submit),
    ROW(SUBMITTING, ORC_OPERATION_DEADLINE, ENDED, run_out),
    ROW(SUBMITTING, ORC_OPERATION_CANCELED, ENDED, cancel),
    ROW(SUBMITTING, ORC_CREATE_MADE, PROVISIONING, orc_create_wait),
    ROW(SUBMITTING, ORC_CREATE_REFUSED, PLACING, orc_create_place),
    ROW(SUBMITTING, ORC_CREATE_FAILED, PLACING, orc_create_place),

    ROW(PROVISIONING, ORC_OPERATION_TURN, PROVISIONING, orc_create_watch),
    ROW(PROVISIONING, ORC_OPERATION_DEADLINE, ENDED, run_out),
    ROW(PROVISIONING, ORC_OPERATION_CANCELED, ENDED, cancel),
    ROW(PROVISIONING, ORC_CREATE_UNFINISHED, PROVISIONING, orc_create_wait),
    ROW(PROVISIONING, ORC_CREATE_CONFIGURED, COLLECTING, orc_create_collect),
    ROW(PROVISIONING, ORC_CREATE_FAILED, PLACING, orc_create_place),

    ROW(COLLECTING, ORC_OPERATION_TURN, COLLECTING, orc_create_watch),
    ROW(COLLECTING, ORC_OPERATION_DEADLINE, ENDED, run_out),
    ROW(COLLECTING, ORC_OPERATION_CANCELED, ENDED, cancel),
    ROW(COLLECTING, ORC_CREATE_UNFINISHED, PROVISIONING, orc_create_wait),
    ROW(COLLECTING, ORC_CREATE_CONFIGURED, COLLECTING, orc_create_collect),
    ROW(COLLECTING, ORC_CREATE_FAILED, PLACING, orc_create_place),
    ROW(COLLECTING, ORC_CREATE_COMPLETE, ENDED, succeed),
    {0, 0, 0, NULL},
};

/* While somebody's token is awaited, the time of a provider stands still. */
static void stop_clock(orc_task_t *task)
{
    orc_create_t *memory = task->memory;

    if (memory->pace.waiting && memory->since)
        memory->since += task->now - memory->pace.waiting;
    memory->pace.waiting = 0;
}

static orc_step_t turn(orc_task_t *task)
{
    orc_step_t step;

    stop_clock(task);
    if (orc_operation_is_canceled(task))
        return orc_step_event(is_to_be_found(task) ? ORC_OPERATION_TURN : ORC_OPERATION_CANCELED);
    if (!orc_task_open_inputs(&step, task))
        return step;
    return orc_step_event(orc_task_is_late(task) ? ORC_OPERATION_DEADLINE : ORC_OPERATION_TURN);
}

const orc_kind_t orc_kind_create = {
    .word = "CREATE",
    .phases = phases,
    .events = events,
    .transitions = transitions,
    .turn = turn,
    .memory = &memory_fields,
    .with_template = ORC_IN(ORC_CREATE_QUEUED) | ORC_IN(ORC_CREATE_PLACING) | ORC_IN(ORC_CREATE_SUBMITTING),
    .give_up = orc_operation_give_up,
};
