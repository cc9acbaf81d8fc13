/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_create.h"

#include <string.h>

#include "orc_enums.h"

static const char *const phases[] = {"queued",     "placing",  "submitting", "provisioning",
                                     "collecting", "cleaning", "ended",      NULL};
static const char *const events[] = {ORC_COMMON_EVENTS, "placed", "no provider", "made",    "refused", "configured",
                                     "unfinished",      "failed", "complete",    "cleaned", "settled", NULL};

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
    ORC_FIELD(orc_attempt_t, told, FLAG, 0),
    ORC_FIELD(orc_attempt_t, failed, FLAG, 0),
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
    ORC_FIELD_OF(orc_create_t, target, OBJECT, 0, &orc_entry_fields),
    ORC_FIELD_OF(orc_create_t, leftovers, LIST, 0, &orc_entry_fields),
    ORC_FIELD(orc_create_t, complete, NUMBER, 0),
    ORC_FIELD(orc_create_t, verdict, FLAG, 0),
    ORC_FIELD(orc_create_t, end, TEXT, 0),
    ORC_FIELD_END,
};
static const orc_fields_t memory_fields = {sizeof(orc_create_t), memory_fields_list};

/* ---- its ends ---- */

static orc_step_t succeed(orc_task_t *task)
{
    const orc_attempt_t *attempt = ((orc_create_t *)task->memory)->attempt;

    orc_create_end_step(task, "succeeded", "");
    orc_create_record(task, 1);
    orc_story_log(orc_task_changes(task), "info", "finished", (int)attempt->number, "%s succeeded.", attempt->name);
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

/* What it made is the deletion's to remove. */
static orc_step_t cancel(orc_task_t *task)
{
    const orc_attempt_t *attempt = ((orc_create_t *)task->memory)->attempt;

    if (attempt) {
        json_t *step = orc_create_end_step(task, "canceled", "");

        /* Reserved, but certainly never made. */
        if (!attempt->infra && !attempt->asked)
            json_object_set_new(step, "removed", json_true());
    }
    orc_story_log(orc_task_changes(task), "info", "finished", 0, "Canceled.");
    orc_task_describe(task, "Canceled.");
    return orc_step_ended("canceled");
}

/* ---- the kind ---- */

#define ROW(phase, event, next, action)                                                                                \
    {                                                                                                                  \
        ORC_CREATE_##phase, event, ORC_CREATE_##next, action                                                           \
    }

static const orc_transition_t transitions[] = {
    ROW(QUEUED, ORC_EVENT_TURN, PLACING, orc_create_place),
    ROW(QUEUED, ORC_EVENT_DEADLINE, CLEANING, orc_create_settle),
    ROW(QUEUED, ORC_EVENT_CANCELED, ENDED, cancel),

    ROW(PLACING, ORC_EVENT_TURN, PLACING, orc_create_place),
    ROW(PLACING, ORC_EVENT_DEADLINE, CLEANING, orc_create_settle),
    ROW(PLACING, ORC_EVENT_CANCELED, ENDED, cancel),
    ROW(PLACING, ORC_CREATE_PLACED, SUBMITTING, orc_create_submit),
    ROW(PLACING, ORC_CREATE_NO_PROVIDER, CLEANING, orc_create_settle),

    ROW(SUBMITTING, ORC_EVENT_TURN, SUBMITTING, orc_create_submit),
    ROW(SUBMITTING, ORC_EVENT_DEADLINE, CLEANING, orc_create_clean),
    ROW(SUBMITTING, ORC_EVENT_CANCELED, ENDED, cancel),
    ROW(SUBMITTING, ORC_CREATE_MADE, PROVISIONING, orc_create_wait),
    ROW(SUBMITTING, ORC_CREATE_REFUSED, PLACING, orc_create_place),
    ROW(SUBMITTING, ORC_CREATE_FAILED, CLEANING, orc_create_clean),

    ROW(PROVISIONING, ORC_EVENT_TURN, PROVISIONING, orc_create_watch),
    ROW(PROVISIONING, ORC_EVENT_DEADLINE, CLEANING, orc_create_clean),
    ROW(PROVISIONING, ORC_EVENT_CANCELED, ENDED, cancel),
    ROW(PROVISIONING, ORC_CREATE_UNFINISHED, PROVISIONING, orc_create_wait),
    ROW(PROVISIONING, ORC_CREATE_CONFIGURED, COLLECTING, orc_create_collect),
    ROW(PROVISIONING, ORC_CREATE_FAILED, CLEANING, orc_create_clean),

    ROW(COLLECTING, ORC_EVENT_TURN, COLLECTING, orc_create_watch),
    ROW(COLLECTING, ORC_EVENT_DEADLINE, CLEANING, orc_create_clean),
    ROW(COLLECTING, ORC_EVENT_CANCELED, ENDED, cancel),
    ROW(COLLECTING, ORC_CREATE_UNFINISHED, PROVISIONING, orc_create_wait),
    ROW(COLLECTING, ORC_CREATE_CONFIGURED, COLLECTING, orc_create_collect),
    ROW(COLLECTING, ORC_CREATE_FAILED, CLEANING, orc_create_clean),
    ROW(COLLECTING, ORC_CREATE_COMPLETE, COLLECTING, orc_create_settle),
    ROW(COLLECTING, ORC_CREATE_SETTLED, ENDED, succeed),

    ROW(CLEANING, ORC_EVENT_TURN, CLEANING, orc_create_clean),
    ROW(CLEANING, ORC_EVENT_DEADLINE, CLEANING, orc_create_clean),
    ROW(CLEANING, ORC_EVENT_CANCELED, ENDED, cancel),
    ROW(CLEANING, ORC_CREATE_CLEANED, PLACING, orc_create_place),
    ROW(CLEANING, ORC_CREATE_NO_PROVIDER, CLEANING, orc_create_settle),
    ROW(CLEANING, ORC_CREATE_SETTLED, ENDED, fail),
    {0, 0, 0, NULL},
};

static orc_step_t turn(orc_task_t *task)
{
    const orc_create_t *memory = task->memory;
    orc_step_t step;

    if (!orc_create_open_inputs(&step, task))
        return step;
    if (strcmp(task->work->state, "canceling") == 0)
        return orc_step_event(ORC_EVENT_CANCELED);
    if (orc_task_is_late(task) && !orc_create_is_settling(task))
        return orc_step_event(ORC_EVENT_DEADLINE);
    if (memory->leftovers && task->phase != ORC_CREATE_CLEANING && orc_removal_due(task, memory->leftovers) <= 0)
        return orc_create_remove_leftovers(task);
    return orc_step_event(ORC_EVENT_TURN);
}

const orc_kind_t orc_kind_create = {
    .word = "CREATE",
    .phases = phases,
    .events = events,
    .transitions = transitions,
    .turn = turn,
    .memory = &memory_fields,
    .damaged = orc_removal_tell_damaged,
};
