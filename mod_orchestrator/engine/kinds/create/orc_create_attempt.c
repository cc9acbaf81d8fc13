/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_create.h"

#include <apr_strings.h>

#include "orc_enums.h"

/* Attempts: how many there may be, how one begins, is told of, and fails. */

int orc_create_is_late_here(const orc_task_t *task)
{
    const orc_create_t *memory = task->memory;

    return orc_task_since(task, memory->since) >= apr_time_from_sec(60) * task->work->per_provider_timeout_mins;
}

int orc_create_has_more_here(const orc_task_t *task)
{
    const orc_create_t *memory = task->memory;

    return memory->since && !memory->done_there && memory->tries < task->work->per_provider_max_retries &&
           !orc_create_is_late_here(task);
}

int orc_create_has_more(const orc_task_t *task)
{
    const orc_create_t *memory = task->memory;
    int candidates = memory->candidates ? memory->candidates->nelts : 0;

    return !orc_task_is_late(task) && (orc_create_has_more_here(task) || memory->at < candidates);
}

/* ---- how it begins ---- */

void orc_create_open_attempt(orc_task_t *task)
{
    orc_create_t *memory = task->memory;
    orc_attempt_t *attempt = apr_pcalloc(task->pool, sizeof *attempt);

    attempt->at = *APR_ARRAY_IDX(memory->candidates, (int)memory->at - 1, const orc_address_t *);
    attempt->number = ++memory->steps;
    attempt->name = apr_psprintf(task->pool, "Attempt %d at %s", (int)memory->story.count + 1, attempt->at.provider);
    memory->attempt = attempt;
}

void orc_create_open_step(orc_task_t *task)
{
    const orc_attempt_t *attempt = ((orc_create_t *)task->memory)->attempt;
    json_t *step =
        orc_story_step(orc_task_changes(task), (int)attempt->number, "infrastructure_creation", attempt->name);

    orc_task_does_as(task, (int)attempt->number);
    orc_json_put(step, "provider", attempt->at.provider);
    orc_json_put(step, "region", attempt->at.region);
    orc_json_put(step, "infra", attempt->infra);
}

void orc_create_show_resources(orc_task_t *task, int status)
{
    orc_create_t *memory = task->memory;

    if (memory->shown == status + 1)
        return;
    memory->shown = status + 1;
    json_object_set_new(orc_task_changes(task), "all_resources", json_integer(status));
}

orc_step_t orc_create_call(orc_task_t *task, orc_call_kind_t kind, const char *vm, orc_answer_t *answer)
{
    const orc_attempt_t *attempt = ((orc_create_t *)task->memory)->attempt;
    orc_call_t call = orc_call_about(&attempt->at, kind, attempt->infra, answer);

    call.vm = vm;
    return orc_step_call(&call);
}

/* ---- how it ends ---- */

json_t *orc_create_end_step(orc_task_t *task, const char *status, const char *message)
{
    const orc_attempt_t *attempt = ((orc_create_t *)task->memory)->attempt;
    const orc_story_step_t step = {
        attempt->number,      "infrastructure_creation", attempt->name,
        attempt->at.provider, attempt->at.region,        attempt->infra,
    };

    return orc_story_end_step(orc_task_changes(task), &step, status, message);
}

void orc_create_record(orc_task_t *task, int success)
{
    const orc_attempt_t *attempt = ((orc_create_t *)task->memory)->attempt;
    const orc_provider_t *provider = orc_providers_find(task->service->providers, attempt->at.provider);

    if (provider)
        json_object_set_new(orc_task_changes(task), "record",
                            json_pack("{s:s, s:b, s:f}", "name", provider->name, "success", success, "seconds",
                                      (double)orc_task_since(task, attempt->since) / APR_USEC_PER_SEC));
}

void orc_create_forget_doubts(orc_create_t *memory)
{
    memory->doubts = memory->misses = memory->shortages = 0;
}

int orc_create_keeps(const orc_task_t *task)
{
    return task->work->keep_last_attempt && !task->work->is_deleted;
}

static int is_kept(const orc_task_t *task)
{
    const orc_create_t *memory = task->memory;
    int is_last = orc_operation_is_canceled(task) || !orc_create_has_more(task);

    return orc_create_keeps(task) && memory->attempt->infra && is_last;
}

/* What becomes of what it made. */
static void leave(orc_task_t *task, int nothing_left)
{
    const orc_attempt_t *attempt = ((orc_create_t *)task->memory)->attempt;

    if (nothing_left) {
        if (attempt->tag)
            orc_infrastructure_never(task, attempt->tag);
        return;
    }
    if (is_kept(task)) {
        orc_story_log(orc_task_changes(task), "info", "infrastructure_deletion", (int)attempt->number,
                      "%s is kept, as the deployment asks for.", attempt->name);
        return;
    }
    orc_infrastructure_unwanted(task, attempt->tag);
    json_object_set_new(orc_task_changes(task), "deployment", json_pack("{s:n, s:n}", "im_infra_id", "im_endpoint"));
}

void orc_create_fail_attempt(orc_task_t *task, int nothing_left, const char *reason)
{
    orc_create_t *memory = task->memory;
    const orc_attempt_t *attempt = memory->attempt;

    orc_story_attempt(&memory->story, attempt->at.provider, reason, task->pool);
    orc_create_end_step(task, "failed", reason);
    orc_story_log(orc_task_changes(task), "error", "infrastructure_creation", (int)attempt->number, "%s",
                  orc_story_because(task->pool, reason, "%s failed", attempt->name));
    if (!nothing_left)
        orc_create_record(task, 0);
    leave(task, nothing_left);
    memory->attempt = NULL;
    orc_create_show_resources(task, ORC_RESOURCE_ERROR);
    orc_task_describe(task, "%s", orc_story_because(task->pool, reason, "An attempt failed"));
    orc_task_poll_soon(task);
    orc_create_forget_doubts(memory);
}

void orc_create_cancel_attempt(orc_task_t *task)
{
    orc_create_t *memory = task->memory;

    orc_create_end_step(task, "canceled", "");
    leave(task, !memory->attempt->infra && !memory->attempt->asked);
    memory->attempt = NULL;
}
