/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_create.h"

/* Cleaning: what failed attempts left at IM. */

enum { SETTLING = 40 /* times delete_repeat, that a complete deployment waits for the end of failed attempts */ };

orc_entry_t *orc_create_entry(const orc_task_t *task)
{
    const orc_attempt_t *attempt = ((orc_create_t *)task->memory)->attempt;
    orc_entry_t *entry = apr_pcalloc(task->pool, sizeof *entry);

    entry->at = attempt->at;
    entry->name = attempt->name;
    entry->number = attempt->number;
    entry->infra = attempt->infra;
    entry->tag = attempt->tag;
    entry->since = attempt->since;
    return entry;
}

void orc_create_leave(orc_task_t *task, orc_entry_t *entry)
{
    orc_create_t *memory = task->memory;

    if (!memory->leftovers)
        memory->leftovers = apr_array_make(task->pool, 2, sizeof(orc_entry_t *));
    APR_ARRAY_PUSH(memory->leftovers, orc_entry_t *) = entry;
}

int orc_create_is_settling(const orc_task_t *task)
{
    const orc_create_t *memory = task->memory;

    return task->phase == ORC_CREATE_COLLECTING && memory->complete &&
           orc_task_since(task, memory->complete) < task->config->delete_repeat * SETTLING;
}

/* Why something is not deleted that IM said nothing of. */
static const char *unexplained(const orc_task_t *task)
{
    return task->work->waits_for_token ? "no token of the owner could be had" : "its deletion did not end in time";
}

/* ---- leftovers ---- */

/* Those of a list that stay. */
static apr_array_header_t *kept(orc_task_t *task, int (*stays)(orc_task_t *task, const orc_entry_t *entry))
{
    orc_create_t *memory = task->memory;
    apr_array_header_t *list = apr_array_make(task->pool, 2, sizeof(orc_entry_t *));
    int i;

    for (i = 0; memory->leftovers && i < memory->leftovers->nelts; i++) {
        orc_entry_t *entry = APR_ARRAY_IDX(memory->leftovers, i, orc_entry_t *);

        if (stays(task, entry))
            APR_ARRAY_PUSH(list, orc_entry_t *) = entry;
    }
    return list->nelts ? list : NULL;
}

/* What is gone for good is noted, and forgotten. A tag without an infrastructure is looked for once more when the
 * deployment is deleted. */
static int is_there(orc_task_t *task, const orc_entry_t *entry)
{
    if (!orc_removal_is_confirmed(entry))
        return 1;
    if (entry->infra)
        json_array_append_new(orc_task_change_list(task, "removed"),
                              json_pack("{s:s, s:I}", "operation", task->work->id, "number", entry->number));
    return 0;
}

static int is_worth_waiting(orc_task_t *task, const orc_entry_t *entry)
{
    if (!orc_removal_is_overdue(task, entry) && !orc_removal_is_stuck(entry))
        return 1;
    orc_removal_tell(task, &((orc_create_t *)task->memory)->story, entry, (int)entry->number, unexplained(task));
    return 0;
}

static void prune_leftovers(orc_task_t *task)
{
    orc_create_t *memory = task->memory;

    memory->leftovers = kept(task, is_there);
}

static orc_step_t after_leftovers(orc_task_t *task)
{
    prune_leftovers(task);
    return orc_step_later(0);
}

orc_step_t orc_create_remove_leftovers(orc_task_t *task)
{
    return orc_task_remove(task, ((orc_create_t *)task->memory)->leftovers, 0, 0, after_leftovers);
}

/* ---- the last attempt ---- */

/* It is done with; what is to be looked at again goes to the leftovers. */
static orc_step_t close_attempt(orc_task_t *task)
{
    orc_create_t *memory = task->memory;

    orc_create_leave(task, memory->target);
    memory->attempt = NULL;
    memory->target = NULL;
    prune_leftovers(task);
    json_object_set_new(orc_task_changes(task), "deployment", json_pack("{s:n, s:n}", "im_infra_id", "im_endpoint"));
    orc_task_poll_soon(task);
    return orc_step_event(ORC_CREATE_CLEANED);
}

static orc_step_t after_clean(orc_task_t *task)
{
    orc_create_t *memory = task->memory;
    const orc_entry_t *target = memory->target;
    json_t *changes = orc_task_changes(task);
    apr_array_header_t *one;

    if (orc_removal_is_gone(target)) {
        if (target->infra)
            orc_story_log(changes, "info", "infrastructure_deletion", (int)target->number,
                          "%s: what it made is gone, says the Infrastructure Manager.", target->name);
        return close_attempt(task);
    }
    if (orc_removal_is_stuck(target) || orc_removal_is_overdue(task, target)) {
        orc_story_log(changes, "warning", "infrastructure_deletion", (int)target->number, "%s",
                      orc_story_because(task->pool, orc_removal_reason(task, target, unexplained(task)),
                                        "%s: infrastructure %s is not deleted yet", target->name,
                                        target->infra ? target->infra : "that it may have made"));
        return close_attempt(task);
    }
    one = apr_array_make(task->pool, 1, sizeof(orc_entry_t *));
    APR_ARRAY_PUSH(one, const orc_entry_t *) = target;
    return orc_removal_later(task, one);
}

static int keeps_attempt(const orc_task_t *task)
{
    const orc_create_t *memory = task->memory;

    return !memory->target && task->work->keep_last_attempt && !orc_create_has_more(task) && memory->attempt->infra;
}

static orc_step_t remove_attempt(orc_task_t *task)
{
    orc_create_t *memory = task->memory;
    apr_array_header_t *one = apr_array_make(task->pool, 1, sizeof(orc_entry_t *));

    if (!memory->target)
        memory->target = orc_create_entry(task);
    APR_ARRAY_PUSH(one, orc_entry_t *) = memory->target;
    return orc_task_remove(task, one, 0, 1, after_clean);
}

orc_step_t orc_create_clean(orc_task_t *task)
{
    orc_create_t *memory = task->memory;
    const orc_attempt_t *attempt = memory->attempt;

    if (memory->verdict)
        return orc_create_settle(task);
    if (attempt && !attempt->failed)
        orc_create_fail_attempt(task, !attempt->infra && !attempt->asked, "the time of the whole deployment is over");
    if (!memory->attempt)
        return orc_step_event(ORC_CREATE_CLEANED);
    if (!keeps_attempt(task))
        return remove_attempt(task);
    orc_story_log(orc_task_changes(task), "info", "infrastructure_deletion", (int)attempt->number,
                  "%s is kept, as the deployment asks for.", attempt->name);
    return orc_step_event(ORC_CREATE_NO_PROVIDER);
}

/* ---- the end waits until nothing is left ---- */

static void give_up_impatiently(orc_task_t *task)
{
    orc_create_t *memory = task->memory;
    int before = memory->leftovers ? memory->leftovers->nelts : 0;

    memory->leftovers = kept(task, is_worth_waiting);
    if ((memory->leftovers ? memory->leftovers->nelts : 0) < before)
        orc_story_log(orc_task_changes(task), "info", "infrastructure_deletion", 0,
                      "What is left of failed attempts goes with the deployment.");
}

static orc_step_t after_settle(orc_task_t *task)
{
    orc_create_t *memory = task->memory;
    orc_step_t step;

    prune_leftovers(task);
    give_up_impatiently(task);
    if (!memory->leftovers)
        return orc_step_event(ORC_CREATE_SETTLED);
    /* What was collected is shown when all is done, and collected again then. */
    if (task->phase == ORC_CREATE_COLLECTING) {
        if (!memory->complete)
            memory->complete = task->now;
        json_object_del(task->changes, "deployment");
        json_object_del(task->changes, "resources");
    }
    step = orc_removal_later(task, memory->leftovers);
    if (!step.waits)
        orc_task_describe(task, "Waits until nothing is left of the failed attempts.");
    return step;
}

orc_step_t orc_create_settle(orc_task_t *task)
{
    orc_create_t *memory = task->memory;
    int i;

    if (task->phase == ORC_CREATE_CLEANING)
        memory->verdict = 1;
    if (!memory->leftovers)
        return after_settle(task);
    for (i = 0; i < memory->leftovers->nelts; i++) {
        orc_entry_t *entry = APR_ARRAY_IDX(memory->leftovers, i, orc_entry_t *);

        if (!entry->begun)
            entry->begun = task->now;
        entry->hold = 0;
    }
    return orc_task_remove(task, memory->leftovers, 0, 1, after_settle);
}
