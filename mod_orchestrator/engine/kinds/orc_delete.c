/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_delete.h"

#include <apr_strings.h>
#include <string.h>

#include "../orc_engine_removal.h"
#include "orc_enums.h"

enum { FORCED_TRIES = 5 /* an ill IM is asked so often before the row goes by force */ };

enum { QUEUED, DELETING, CONFIRMING, END };
static const char *const phases[] = {"queued", "deleting", "confirming", "ended", NULL};

enum {
    GONE = ORC_EVENT_OWN, /* every infrastructure answered 404 once */
    BACK,                 /* one of them came back */
    CONFIRMED,            /* every one is gone for good */
    STUCK,                /* one of them can't be deleted */
};
static const char *const events[] = {ORC_COMMON_EVENTS, "gone", "back", "confirmed", "stuck", NULL};

typedef struct memory_t {
    orc_pace_t pace;
    orc_story_t story;
    int is_open;                 /* the targets are known */
    apr_array_header_t *targets; /* of orc_entry_t * */
} memory_t;

static const orc_field_t fields[] = {
    ORC_PACE_FIELDS(memory_t),
    ORC_STORY_FIELDS(memory_t),
    ORC_FIELD_AS(memory_t, "open", is_open, FLAG, ORC_IN(DELETING) | ORC_IN(CONFIRMING)),
    ORC_FIELD_OF(memory_t, targets, LIST, 0, &orc_entry_fields),
    ORC_FIELD_END,
};
static const orc_fields_t memory_fields = {sizeof(memory_t), fields};

static int option(const orc_task_t *task, const char *name)
{
    return json_is_true(json_object_get(task->work->options, name));
}

/* ---- what there is to delete ---- */

static orc_entry_t *current(const orc_task_t *task)
{
    const orc_work_t *work = task->work;
    orc_entry_t *entry = apr_pcalloc(task->pool, sizeof *entry);

    entry->at.endpoint = work->im_endpoint ? work->im_endpoint : task->config->im_url;
    entry->at.provider = work->target_provider;
    entry->at.region = work->target_region;
    entry->infra = work->im_infra_id;
    return entry;
}

static apr_array_header_t *find_targets(const orc_task_t *task)
{
    const orc_work_t *work = task->work;
    apr_array_header_t *targets = apr_array_make(task->pool, 4, sizeof(orc_entry_t *));
    int has_current = work->im_infra_id == NULL;
    size_t i;

    for (i = 0; i < json_array_size(work->remains); i++) {
        orc_entry_t *entry = apr_pcalloc(task->pool, sizeof *entry);

        if (orc_fields_read(entry, &orc_entry_fields, json_array_get(work->remains, i), ORC_FIELD_ALWAYS, task->pool))
            continue; /* nothing was ever asked of an IM */
        if (entry->infra && work->im_infra_id && strcmp(entry->infra, work->im_infra_id) == 0)
            has_current = 1;
        APR_ARRAY_PUSH(targets, orc_entry_t *) = entry;
    }
    if (!has_current)
        APR_ARRAY_PUSH(targets, orc_entry_t *) = current(task);
    return targets;
}

static void know_targets(orc_task_t *task)
{
    memory_t *memory = task->memory;

    if (memory->is_open)
        return;
    memory->is_open = 1;
    memory->targets = find_targets(task);
}

static void open_deletion(orc_task_t *task)
{
    memory_t *memory = task->memory;

    know_targets(task);
    json_object_set_new(orc_task_changes(task), "all_resources", json_integer(ORC_RESOURCE_DELETING));
    orc_story_step(orc_task_changes(task), 1, "infrastructure_deletion", "Delete the infrastructure");
    orc_story_log(orc_task_changes(task), "info", "infrastructure_deletion", 1,
                  memory->targets->nelts ? "The deletion begins." : "There is no infrastructure to delete.");
    orc_task_describe(task, "The infrastructure is being deleted.");
}

/* ---- deleting ---- */

/* What is gone need not be looked at by a later deletion, and is not the deployment's infrastructure any more. */
static void note_removed(orc_task_t *task, orc_entry_t *target)
{
    const char *now = task->work->im_infra_id;

    if (target->infra && now && strcmp(target->infra, now) == 0)
        json_object_set_new(orc_task_changes(task), "deployment",
                            json_pack("{s:n, s:n}", "im_infra_id", "im_endpoint"));
    if (target->noted || !target->number)
        return;
    target->noted = 1;
    json_array_append_new(orc_task_change_list(task, "removed"),
                          json_pack("{s:s, s:I}", "operation", target->operation, "number", target->number));
}

/* By force it goes on without what IM can't be made to delete; but each is asked for in its own right. */
static int is_forgone(const orc_task_t *task, const orc_entry_t *target)
{
    return option(task, "force") && !orc_removal_is_confirmed(target) && !orc_removal_is_stuck(target) &&
           (target->sick >= FORCED_TRIES || target->rejected || orc_removal_is_overdue(task, target));
}

static orc_step_t after_delete(orc_task_t *task)
{
    memory_t *memory = task->memory;
    int i, gone = 0, confirmed = 0, stuck = 0, forgone = 0, count = memory->targets ? memory->targets->nelts : 0;

    for (i = 0; i < count; i++) {
        orc_entry_t *target = APR_ARRAY_IDX(memory->targets, i, orc_entry_t *);

        gone += orc_removal_is_gone(target);
        confirmed += orc_removal_is_confirmed(target);
        stuck += orc_removal_is_stuck(target);
        forgone += is_forgone(task, target);
        if (orc_removal_is_confirmed(target))
            note_removed(task, target);
    }
    if (confirmed + stuck + forgone == count)
        return orc_step_event(stuck && !option(task, "force") && !option(task, "unsecure") ? STUCK : CONFIRMED);
    if (gone == count && task->phase == DELETING)
        return orc_step_event(GONE);
    if (gone + stuck < count && task->phase == CONFIRMING)
        return orc_step_event(BACK);
    return orc_removal_later(task, memory->targets);
}

static orc_step_t act_delete(orc_task_t *task)
{
    memory_t *memory = task->memory;

    if (!memory->is_open)
        open_deletion(task);
    return memory->targets ? orc_task_remove(task, memory->targets, option(task, "unsecure"), 1, after_delete)
                           : after_delete(task);
}

static orc_step_t act_wait(orc_task_t *task)
{
    return orc_removal_later(task, ((memory_t *)task->memory)->targets);
}

/* ---- the end ---- */

static const orc_story_step_t own_step = {1, "infrastructure_deletion", "Delete the infrastructure", NULL, NULL, NULL};

/* How many are not gone. */
static int tell_left(orc_task_t *task)
{
    memory_t *memory = task->memory;
    const char *otherwise =
        apr_psprintf(task->pool, "its deletion came no further than this: %s", task->work->description);
    int i, left = 0;

    know_targets(task);
    for (i = 0; memory->targets && i < memory->targets->nelts; i++) {
        const orc_entry_t *target = APR_ARRAY_IDX(memory->targets, i, const orc_entry_t *);

        if (orc_removal_is_left(target))
            orc_removal_tell(task, &memory->story, target, 1, otherwise);
        left += !orc_removal_is_confirmed(target);
    }
    return left;
}

static int was_any(const apr_array_header_t *targets)
{
    int i;

    for (i = 0; targets && i < targets->nelts; i++) {
        if (APR_ARRAY_IDX(targets, i, const orc_entry_t *)->infra)
            return 1;
    }
    return 0;
}

/* What can be said of it: by IM's force nobody learns what the provider did. */
static const char *outcome(orc_task_t *task, int left)
{
    if (left)
        return "The deletion ended, but not everything could be deleted.";
    if (!was_any(((memory_t *)task->memory)->targets))
        return "There was no infrastructure to delete.";
    return option(task, "unsecure")
               ? "The infrastructure was deleted at IM by force; whether its machines are gone is not known."
               : "The infrastructure is deleted.";
}

static orc_step_t act_succeed(orc_task_t *task)
{
    memory_t *memory = task->memory;
    json_t *changes = orc_task_changes(task);
    int left = tell_left(task);
    const char *end;

    if (option(task, "force"))
        return orc_step_forgotten();
    end = outcome(task, left);
    orc_story_end_step(changes, &own_step, "succeeded", left ? end : "");
    json_object_set_new(changes, "all_resources", json_integer(ORC_RESOURCE_DELETED));
    json_object_set(changes, "errors", orc_story_errors(&memory->story, NULL, NULL, task->pool));
    orc_story_log(changes, left ? "warning" : "info", "finished", 1, "%s", end);
    orc_task_describe(task, left ? "The deployment is deleted, but something may be left at the Infrastructure Manager."
                                 : "The deployment is deleted.");
    return orc_step_ended("succeeded");
}

static const char *why(orc_task_t *task)
{
    const memory_t *memory = task->memory;
    int i;

    for (i = 0; memory->targets && i < memory->targets->nelts; i++) {
        const orc_entry_t *target = APR_ARRAY_IDX(memory->targets, i, const orc_entry_t *);

        if (target->infra && !orc_removal_is_confirmed(target) && target->reason)
            return orc_story_because(task->pool, orc_removal_reason(task, target, ""),
                                     "Infrastructure %s can not be deleted", target->infra);
    }
    return apr_psprintf(task->pool, "The infrastructure could not be deleted in time. The last it did: %s",
                        task->work->description);
}

static orc_step_t act_fail(orc_task_t *task)
{
    memory_t *memory = task->memory;
    json_t *changes = orc_task_changes(task);
    const char *reason;

    know_targets(task);
    reason = why(task);
    tell_left(task);
    orc_story_end_step(changes, &own_step, "failed", reason);
    json_object_set_new(changes, "reason", json_string(reason));
    json_object_set(changes, "errors", orc_story_errors(&memory->story, "deletion.failed", reason, task->pool));
    json_object_set_new(changes, "all_resources", json_integer(ORC_RESOURCE_ERROR));
    orc_story_log(changes, "error", "finished", 1, "The deletion failed. %s", reason);
    orc_task_describe(task, "The deletion failed.");
    return orc_step_ended("failed");
}

static orc_step_t act_cancel(orc_task_t *task)
{
    orc_story_log(orc_task_changes(task), "info", "finished", 0, "Canceled.");
    orc_task_describe(task, "Canceled.");
    return orc_step_ended("canceled");
}

/* ---- the kind ---- */

static const orc_transition_t transitions[] = {
    {QUEUED, ORC_EVENT_TURN, DELETING, act_delete},
    {QUEUED, ORC_EVENT_DEADLINE, END, act_fail},
    {QUEUED, ORC_EVENT_CANCELED, END, act_cancel},

    {DELETING, ORC_EVENT_TURN, DELETING, act_delete},
    {DELETING, ORC_EVENT_DEADLINE, END, act_fail},
    {DELETING, ORC_EVENT_CANCELED, END, act_cancel},
    {DELETING, GONE, CONFIRMING, act_wait},
    {DELETING, CONFIRMED, END, act_succeed},
    {DELETING, STUCK, END, act_fail},

    {CONFIRMING, ORC_EVENT_TURN, CONFIRMING, act_delete},
    {CONFIRMING, ORC_EVENT_DEADLINE, END, act_fail},
    {CONFIRMING, ORC_EVENT_CANCELED, END, act_cancel},
    {CONFIRMING, BACK, DELETING, act_wait},
    {CONFIRMING, CONFIRMED, END, act_succeed},
    {CONFIRMING, STUCK, END, act_fail},
    {0, 0, 0, NULL},
};

static orc_step_t turn(orc_task_t *task)
{
    if (strcmp(task->work->state, "canceling") == 0)
        return orc_step_event(ORC_EVENT_CANCELED);
    return orc_step_event(orc_task_is_late(task) && !option(task, "force") ? ORC_EVENT_DEADLINE : ORC_EVENT_TURN);
}

const orc_kind_t orc_kind_delete = {
    .word = "DELETE",
    .phases = phases,
    .events = events,
    .transitions = transitions,
    .turn = turn,
    .memory = &memory_fields,
    .damaged = orc_removal_tell_damaged,
};
