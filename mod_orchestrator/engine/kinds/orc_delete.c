/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_delete.h"

#include <apr_strings.h>
#include <string.h>

#include "../orc_engine_operation.h"
#include "orc_enums.h"

/* Whatever the deployment's operations ever made at IM is unwanted from the first step on, and has a life of its own
 * (orc_infrastructure.c). A deletion looks at how that goes, and ends when nothing is left that could still go. */

enum { FORCED_TRIES = 5 /* an ill IM is asked so often before the row goes by force */ };

enum { QUEUED, DELETING, CONFIRMING, END };
static const char *const phases[] = {"queued", "deleting", "confirming", "ended", NULL};

enum {
    TAKEN = ORC_OPERATION_OWN, /* IM has taken over what is not gone yet */
    BACK,                      /* but has to be asked again */
    GONE,                      /* each is gone, or as far as it will go */
    STUCK,                     /* one of them can't be deleted */
};
static const char *const events[] = {ORC_OPERATION_EVENTS, "taken", "back", "gone", "stuck", NULL};

typedef struct memory_t {
    orc_pace_t pace;
    orc_story_t story;
    apr_int64_t since; /* its first look */
} memory_t;

static const orc_field_t fields[] = {ORC_PACE_FIELDS(memory_t), ORC_STORY_FIELDS(memory_t),
                                     ORC_FIELD(memory_t, since, NUMBER, 0), ORC_FIELD_END};
static const orc_fields_t memory_fields = {sizeof(memory_t), fields};

static int option(const orc_task_t *task, const char *name)
{
    return json_is_true(json_object_get(task->work->options, name));
}

/* ---- its beginning ---- */

/* A deployment that was restored by halves may know of one that nothing else knows of. */
static int adopt_current(orc_task_t *task, const apr_array_header_t *all)
{
    const orc_work_t *work = task->work;
    const orc_address_t at = {work->im_endpoint ? work->im_endpoint : task->config->im_url, work->target_provider,
                              work->target_region, NULL};
    int i;

    if (!work->im_infra_id)
        return 0;
    for (i = 0; i < all->nelts; i++) {
        const char *infra = APR_ARRAY_IDX(all, i, const orc_infrastructure_t *)->infra;

        if (infra && strcmp(infra, work->im_infra_id) == 0)
            return 0;
    }
    orc_infrastructure_found(task, &at, work->im_infra_id, work->deployment_id);
    return 1;
}

static orc_step_t begin(orc_task_t *task)
{
    const apr_array_header_t *all = orc_infrastructures_of(task);
    json_t *changes = orc_task_changes(task);
    int any = adopt_current(task, all) || all->nelts;

    json_object_set_new(changes, "unwanted", json_true());
    json_object_set_new(changes, "forced", json_boolean(option(task, "unsecure")));
    json_object_set_new(changes, "all_resources", json_integer(ORC_RESOURCE_DELETING));
    orc_story_step(changes, 1, "infrastructure_deletion", "Delete the infrastructure");
    orc_story_log(changes, "info", "infrastructure_deletion", 1,
                  any ? "The deletion begins." : "There is no infrastructure to delete.");
    orc_task_describe(task, "The infrastructure is being deleted.");
    return any ? orc_step_poll(task) : orc_step_event(GONE);
}

/* ---- how it goes ---- */

typedef struct count_t {
    int all, gone, stuck, forgone, taken, waiting, ill, resting; /* the last: ill or waiting */
} count_t;

/* By force it goes on without what IM can't be made to delete; but each is asked for in its own right. */
static int is_forgone(const orc_task_t *task, const orc_infrastructure_t *one)
{
    return option(task, "force") &&
           (one->tries >= FORCED_TRIES || one->waits || orc_infrastructure_is_overdue(task, one));
}

static count_t count(const orc_task_t *task)
{
    const apr_array_header_t *all = orc_infrastructures_of(task);
    count_t counted = {.all = all->nelts};
    int i;

    for (i = 0; i < all->nelts; i++) {
        const orc_infrastructure_t *one = APR_ARRAY_IDX(all, i, const orc_infrastructure_t *);
        int is_done = orc_infrastructure_is(one, "gone") || orc_infrastructure_is(one, "stuck");

        counted.gone += orc_infrastructure_is(one, "gone");
        counted.stuck += orc_infrastructure_is(one, "stuck");
        counted.forgone += !is_done && is_forgone(task, one);
        counted.taken += orc_infrastructure_is(one, "deleting");
        counted.waiting += !is_done && one->waits;
        counted.ill += !is_done && one->tries > 0;
        counted.resting += !is_done && (one->tries > 0 || one->waits);
    }
    return counted;
}

/* Where all that is open is at an ill IM, or waits for the person there, it takes nobody's place; nor does it once it
 * has waited for so long that IM would be asked again: IM may let it wait for a day, be it that its calls hang, that it
 * is still making machines, or that it says that it deletes them. Not from the first look on: that no group has more of
 * them than its share is what keeps the deletions of others from standing behind all of them. */
static orc_step_t look_again(orc_task_t *task, int open, const count_t *counted)
{
    memory_t *memory = task->memory;
    orc_step_t step = orc_step_poll(task);

    if (!memory->since)
        memory->since = task->now;
    step.is_sick = open == counted->resting || orc_task_since(task, memory->since) > task->config->delete_repeat;
    return step;
}

static orc_step_t look(orc_task_t *task)
{
    const count_t counted = count(task);
    int open = counted.all - counted.gone - counted.stuck;

    if (open == counted.forgone)
        return orc_step_event(counted.stuck && !option(task, "force") && !option(task, "unsecure") ? STUCK : GONE);
    if (open == counted.waiting)
        return orc_step_wait_for_person(task);
    orc_task_describe(task, counted.ill ? "Waits for the Infrastructure Manager, which does not answer as it should."
                                        : "The infrastructure is being deleted.");
    if (task->phase == DELETING && open == counted.taken)
        return orc_step_event(TAKEN);
    if (task->phase == CONFIRMING && open > counted.taken)
        return orc_step_event(BACK);
    return look_again(task, open, &counted);
}

/* ---- its ends ---- */

static const orc_story_step_t own_step = {1, "infrastructure_deletion", "Delete the infrastructure", NULL, NULL, NULL};

/* How many are not gone. */
static int tell_left(orc_task_t *task)
{
    memory_t *memory = task->memory;
    const apr_array_header_t *all = orc_infrastructures_of(task);
    const char *otherwise =
        apr_psprintf(task->pool, "its deletion came no further than this: %s", task->work->description);
    int i, left = 0;

    for (i = 0; i < all->nelts; i++) {
        const orc_infrastructure_t *one = APR_ARRAY_IDX(all, i, const orc_infrastructure_t *);
        int is_gone = orc_infrastructure_is(one, "gone");
        const char *sentence = is_gone && one->infra ? NULL : orc_infrastructure_tell(task, one, 1, otherwise);

        if (!is_gone)
            orc_story_remember_left(&memory->story, sentence, task->pool);
        left += !is_gone;
    }
    return left;
}

static int was_any(const orc_task_t *task)
{
    const apr_array_header_t *all = orc_infrastructures_of(task);
    int i;

    for (i = 0; i < all->nelts; i++) {
        if (APR_ARRAY_IDX(all, i, const orc_infrastructure_t *)->infra)
            return 1;
    }
    return 0;
}

/* What can be said of it: by IM's force nobody learns what the provider did. */
static const char *outcome(orc_task_t *task, int left)
{
    if (left)
        return "The deletion ended, but not everything could be deleted.";
    if (!was_any(task))
        return "There was no infrastructure to delete.";
    return option(task, "unsecure")
               ? "The infrastructure was deleted at IM by force; whether its machines are gone is not known."
               : "The infrastructure is deleted.";
}

static orc_step_t succeed(orc_task_t *task)
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
    const apr_array_header_t *all = orc_infrastructures_of(task);
    int i;

    for (i = 0; i < all->nelts; i++) {
        const orc_infrastructure_t *one = APR_ARRAY_IDX(all, i, const orc_infrastructure_t *);

        if (orc_infrastructure_is(one, "stuck") && one->note)
            return orc_story_because(task->pool, orc_infrastructure_reason(task, one, ""), "%s can not be deleted",
                                     orc_story_name(one->infra, one->id, task->pool));
    }
    return apr_psprintf(task->pool, "The infrastructure could not be deleted in time. The last it did: %s",
                        task->work->description);
}

static orc_step_t fail(orc_task_t *task)
{
    memory_t *memory = task->memory;
    json_t *changes = orc_task_changes(task);
    const char *reason = why(task);

    tell_left(task);
    orc_story_end_step(changes, &own_step, "failed", reason);
    json_object_set_new(changes, "reason", json_string(reason));
    json_object_set(changes, "errors", orc_story_errors(&memory->story, "deletion.failed", reason, task->pool));
    json_object_set_new(changes, "all_resources", json_integer(ORC_RESOURCE_ERROR));
    orc_story_log(changes, "error", "finished", 1, "The deletion failed. %s", reason);
    orc_task_describe(task, "The deletion failed.");
    return orc_step_ended("failed");
}

/* It never had its turn: what there is becomes unwanted all the same. */
static orc_step_t fail_at_once(orc_task_t *task)
{
    json_object_set_new(orc_task_changes(task), "unwanted", json_true());
    (void)adopt_current(task, orc_infrastructures_of(task));
    return fail(task);
}

/* ---- the kind ---- */

static const orc_transition_t transitions[] = {
    {QUEUED, ORC_OPERATION_TURN, DELETING, begin},
    {QUEUED, ORC_OPERATION_DEADLINE, END, fail_at_once},
    {QUEUED, ORC_OPERATION_CANCELED, END, orc_operation_cancel},

    {DELETING, ORC_OPERATION_TURN, DELETING, look},
    {DELETING, ORC_OPERATION_DEADLINE, END, fail},
    {DELETING, ORC_OPERATION_CANCELED, END, orc_operation_cancel},
    {DELETING, TAKEN, CONFIRMING, orc_step_poll},
    {DELETING, GONE, END, succeed},
    {DELETING, STUCK, END, fail},

    {CONFIRMING, ORC_OPERATION_TURN, CONFIRMING, look},
    {CONFIRMING, ORC_OPERATION_DEADLINE, END, fail},
    {CONFIRMING, ORC_OPERATION_CANCELED, END, orc_operation_cancel},
    {CONFIRMING, BACK, DELETING, orc_step_poll},
    {CONFIRMING, GONE, END, succeed},
    {CONFIRMING, STUCK, END, fail},
    {0, 0, 0, NULL},
};

static orc_step_t turn(orc_task_t *task)
{
    if (orc_operation_is_canceled(task))
        return orc_step_event(ORC_OPERATION_CANCELED);
    return orc_step_event(orc_task_is_late(task) && !option(task, "force") ? ORC_OPERATION_DEADLINE
                                                                           : ORC_OPERATION_TURN);
}

const orc_kind_t orc_kind_delete = {
    .word = "DELETE",
    .phases = phases,
    .events = events,
    .transitions = transitions,
    .turn = turn,
    .memory = &memory_fields,
    .watching = ~0u,
    .give_up = orc_operation_give_up,
};
