/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_strings.h>
#include <string.h>

#include "orc_engine_internal.h"
#include "orc_engine_story.h"

/*
 * DELETE: whatever the deployment's operations ever made at IM, or may have made, goes. Its memory, `progress`: targets
 * (orc_engine_removal.c).
 */

enum { FORCED_TRIES = 5 /* an ill IM is asked so often before the row goes by force */ };

static int option(const orc_task_t *task, const char *name)
{
    return json_is_true(json_object_get(task->work->options, name));
}

static json_t *target_of(const char *operation, const json_t *remain)
{
    static const char *const copied[] = {"number",   "endpoint", "infra",   "tag",
                                         "provider", "region",   "project", "since"};
    json_t *target = json_object();
    size_t i;

    json_object_set_new(target, "operation", json_string(operation));
    for (i = 0; i < sizeof copied / sizeof *copied; i++) {
        json_t *value = json_object_get(remain, copied[i]);

        if (value && !json_is_null(value))
            json_object_set(target, copied[i], value);
    }
    return target;
}

static json_t *find_targets(const orc_task_t *task)
{
    const orc_work_t *work = task->work;
    json_t *targets = json_array();
    int has_current = work->im_infra_id == NULL;
    size_t i;

    for (i = 0; i < json_array_size(work->remains); i++) {
        const json_t *remain = json_array_get(work->remains, i);
        const char *infra = orc_json_string(remain, "infra");

        if (infra && work->im_infra_id && strcmp(infra, work->im_infra_id) == 0)
            has_current = 1;
        if (orc_json_string(remain, "endpoint"))
            json_array_append_new(targets, target_of(orc_json_string(remain, "operation"), remain));
    }
    if (!has_current)
        json_array_append_new(targets, json_pack("{s:s, s:s, s:s?, s:s?}", "endpoint",
                                                 work->im_endpoint ? work->im_endpoint : task->engine->config->im_url,
                                                 "infra", work->im_infra_id, "provider", work->target_provider,
                                                 "region", work->target_region));
    return targets;
}

static void open_deletion(orc_task_t *task)
{
    json_t *targets = find_targets(task);

    json_object_set_new(task->progress, "targets", targets);
    json_object_set_new(orc_task_changes(task), "all_resources", json_integer(ORC_RESOURCE_DELETING));
    orc_story_step(orc_task_changes(task), 1, "infrastructure_deletion", "Delete the infrastructure");
    orc_story_log(orc_task_changes(task), "info", "infrastructure_deletion", 1,
                  json_array_size(targets) ? "The deletion begins." : "There is no infrastructure to delete.");
    orc_task_describe(task, "The infrastructure is being deleted.");
}

/* What is gone need not be looked at by a later deletion, and is not the deployment's infrastructure any more. */
static void note_removed(orc_task_t *task, json_t *target)
{
    const char *infra = orc_json_string(target, "infra"), *current = task->work->im_infra_id;

    if (infra && current && strcmp(infra, current) == 0)
        json_object_set_new(orc_task_changes(task), "deployment",
                            json_pack("{s:n, s:n}", "im_infra_id", "im_endpoint"));
    if (json_object_get(target, "noted") || !json_object_get(target, "number"))
        return;
    json_object_set_new(target, "noted", json_true());
    json_array_append_new(orc_task_change_list(task, "removed"),
                          json_pack("{s:O, s:O}", "operation", json_object_get(target, "operation"), "number",
                                    json_object_get(target, "number")));
}

/* By force it goes on without what IM can't be made to delete; but each is asked for in its own right. */
static int is_forgone(const orc_task_t *task, const json_t *target)
{
    return option(task, "force") && !orc_removal_is_confirmed(target) && !orc_removal_is_stuck(target) &&
           (orc_removal_sick(target) >= FORCED_TRIES || orc_removal_is_overdue(task, target));
}

static void after_delete(orc_task_t *task)
{
    json_t *targets = json_object_get(task->progress, "targets"), *target;
    size_t i, gone = 0, confirmed = 0, stuck = 0, forgone = 0, count = json_array_size(targets);

    json_array_foreach(targets, i, target)
    {
        gone += (size_t)orc_removal_is_gone(target);
        confirmed += (size_t)orc_removal_is_confirmed(target);
        stuck += (size_t)orc_removal_is_stuck(target);
        forgone += (size_t)is_forgone(task, target);
        if (orc_removal_is_confirmed(target))
            note_removed(task, target);
    }
    if (confirmed + stuck + forgone == count)
        orc_task_event(task, stuck && !option(task, "force") && !option(task, "unsecure") ? ORC_EVENT_STUCK
                                                                                          : ORC_EVENT_CONFIRMED);
    else if (gone == count && task->phase == ORC_PHASE_DELETING)
        orc_task_event(task, ORC_EVENT_GONE);
    else if (gone + stuck < count && task->phase == ORC_PHASE_CONFIRMING)
        orc_task_event(task, ORC_EVENT_BACK);
    else
        orc_task_end(task, orc_removal_due(task, targets));
}

void orc_delete_act_delete(orc_task_t *task)
{
    if (!json_object_get(task->progress, "targets"))
        open_deletion(task);
    if (option(task, "force") &&
        (json_object_get(task->progress, "no_token") || orc_json_integer(task->progress, "sick", 0) >= FORCED_TRIES)) {
        orc_task_event(task, ORC_EVENT_CONFIRMED);
        return;
    }
    orc_task_remove(task, json_object_get(task->progress, "targets"), option(task, "unsecure"), after_delete);
}

static json_t *own_step(void)
{
    return json_pack("{s:i, s:s, s:s}", "number", 1, "stage", "infrastructure_deletion", "name",
                     "Delete the infrastructure");
}

static json_t *targets_of(orc_task_t *task)
{
    if (!json_object_get(task->progress, "targets"))
        json_object_set_new(task->progress, "targets", find_targets(task));
    return json_object_get(task->progress, "targets");
}

/* How many are not gone. */
static size_t tell_left(orc_task_t *task)
{
    const char *otherwise =
        apr_psprintf(task->pool, "its deletion came no further than this: %s", task->work->description);
    const json_t *targets = targets_of(task), *target;
    size_t i, left = 0;

    json_array_foreach(targets, i, target)
    {
        if (orc_removal_is_left(target))
            orc_removal_tell(task, target, 1, otherwise);
        left += (size_t)!orc_removal_is_confirmed(target);
    }
    return left;
}

static int was_any(const json_t *targets)
{
    const json_t *target;
    size_t i;

    json_array_foreach(targets, i, target)
    {
        if (orc_json_string(target, "infra"))
            return 1;
    }
    return 0;
}

/* What can be said of it: by IM's force nobody learns what the provider did. */
static const char *outcome(orc_task_t *task, size_t left)
{
    if (left)
        return "The deletion ended, but not everything could be deleted.";
    if (!was_any(targets_of(task)))
        return "There was no infrastructure to delete.";
    return option(task, "unsecure")
               ? "The infrastructure was deleted at IM by force; whether its machines are gone is not known."
               : "The infrastructure is deleted.";
}

void orc_delete_act_succeed(orc_task_t *task)
{
    json_t *changes = orc_task_changes(task), *step;
    size_t left = tell_left(task);
    const char *end;

    if (option(task, "force")) {
        task->is_forgotten = 1;
        orc_task_end(task, 0);
        return;
    }
    step = own_step();
    end = outcome(task, left);
    orc_story_end_step(changes, step, "succeeded", left ? end : "");
    json_decref(step);
    json_object_set_new(changes, "all_resources", json_integer(ORC_RESOURCE_DELETED));
    json_object_set(changes, "errors", orc_story_errors(task->progress, NULL, NULL, task->pool));
    orc_story_log(changes, left ? "warning" : "info", "finished", 1, "%s", end);
    orc_task_describe(task, left ? "The deployment is deleted, but something may be left at the Infrastructure Manager."
                                 : "The deployment is deleted.");
    orc_task_finish(task, "succeeded");
}

static const char *why(orc_task_t *task)
{
    const json_t *targets = targets_of(task), *target;
    size_t i;

    json_array_foreach(targets, i, target)
    {
        const char *infra = orc_json_string(target, "infra");

        if (infra && !orc_removal_is_confirmed(target) && orc_json_string(target, "reason"))
            return orc_story_because(task->pool, orc_removal_reason(task, target, ""),
                                     "Infrastructure %s can not be deleted", infra);
    }
    return apr_psprintf(task->pool, "The infrastructure could not be deleted in time. The last it did: %s",
                        task->work->description);
}

void orc_delete_act_fail(orc_task_t *task)
{
    json_t *changes = orc_task_changes(task), *step = own_step();
    const char *reason = why(task);

    tell_left(task);
    orc_story_end_step(changes, step, "failed", reason);
    json_decref(step);
    json_object_set_new(changes, "reason", json_string(reason));
    json_object_set(changes, "errors", orc_story_errors(task->progress, "deletion.failed", reason, task->pool));
    json_object_set_new(changes, "all_resources", json_integer(ORC_RESOURCE_ERROR));
    orc_story_log(changes, "error", "finished", 1, "The deletion failed. %s", reason);
    orc_task_describe(task, "The deletion failed.");
    orc_task_finish(task, "failed");
}

void orc_delete_turn(orc_task_t *task)
{
    if (strcmp(task->work->state, "canceling") == 0)
        orc_task_event(task, ORC_EVENT_CANCELED);
    else if (task->work->deadline && orc_task_now(task) >= task->work->deadline && !option(task, "force"))
        orc_task_event(task, ORC_EVENT_DEADLINE);
    else
        orc_task_event(task, ORC_EVENT_TURN);
}
