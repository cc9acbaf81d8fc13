/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_strings.h>

#include "../../orc_engine_judge.h"
#include "../../orc_engine_machine.h"
#include "orc_create.h"
#include "orc_enums.h"
#include "orc_words.h"

/* Provisioning: what IM says of the infrastructure's state, and what that means. */

enum {
    DOUBTS = 3,    /* looks at a doubtful state before it is believed */
    MISSES = 2,    /* 404s of an IM that knows the others, before an infrastructure is lost */
    SHORTAGES = 5, /* looks at fewer machines than expected, all configured, before IM is believed */
};

/* IM's log says why, when it can be had. */
static orc_step_t on_failure_log(orc_task_t *task, const orc_im_result_t *result)
{
    orc_create_t *memory = task->memory;
    const char *reason = memory->failing, *more = NULL;

    if (result->kind == ORC_IM_OK)
        more = orc_engine_reason_in(result->text, task->pool);
    orc_machine_log(task, result);
    memory->failing = NULL;
    orc_create_fail_attempt(task, 0, more ? apr_psprintf(task->pool, "%s: %s", reason, more) : reason);
    return orc_step_event(ORC_CREATE_FAILED);
}

static orc_step_t fail_with_log(orc_task_t *task, const char *reason)
{
    ((orc_create_t *)task->memory)->failing = orc_story_bare(reason, task->pool);
    return orc_create_call(task, ORC_CALL_CONTMSG, NULL, on_failure_log);
}

static const char *doing(int status)
{
    return status == ORC_RESOURCE_CONFIGURING ? "CONTEXTUALIZATION" : "VM_PROVISIONING";
}

static orc_step_t go_on_waiting(orc_task_t *task, int status, const char *what)
{
    orc_create_t *memory = task->memory;

    if (orc_create_is_late_here(task)) {
        memory->done_there = 1;
        return fail_with_log(task, apr_psprintf(task->pool, "it took longer than the %d minutes of one provider",
                                                task->work->per_provider_timeout_mins));
    }
    if (status >= 0)
        orc_create_show_resources(task, status);
    orc_task_describe(task, "%s: %s.", memory->attempt->name, what);
    if (status >= 0)
        orc_task_does(task, doing(status));
    memory->configured_since = 0;
    return orc_step_event(ORC_CREATE_UNFINISHED);
}

static orc_step_t on_doubt(orc_task_t *task, const char *reason)
{
    if (++((orc_create_t *)task->memory)->doubts > DOUBTS)
        return fail_with_log(task, reason);
    return go_on_waiting(task, -1, apr_psprintf(task->pool, "%s; that may heal", orc_story_bare(reason, task->pool)));
}

static orc_step_t on_verdict(orc_task_t *task, orc_verdict_t verdict, const char *reason)
{
    orc_create_t *memory = task->memory;

    if (verdict != ORC_VERDICT_DOUBTFUL)
        memory->doubts = 0;
    memory->misses = 0;
    switch (verdict) {
    case ORC_VERDICT_FAILED:
        return fail_with_log(task, reason);
    case ORC_VERDICT_BUSY:
        return go_on_waiting(task, ORC_RESOURCE_CREATING, "machines are being made");
    case ORC_VERDICT_WORKING:
        return go_on_waiting(task, ORC_RESOURCE_CONFIGURING, "machines are being configured");
    case ORC_VERDICT_CONFIGURED:
        if (!memory->configured_since)
            memory->configured_since = task->now;
        return orc_step_event(ORC_CREATE_CONFIGURED);
    case ORC_VERDICT_DOUBTFUL:
        break;
    }
    return on_doubt(task, reason);
}

int orc_create_is_sick(orc_step_t *step, orc_task_t *task, const orc_im_result_t *result)
{
    if (!orc_engine_sickness(result) || !orc_create_is_late_here(task))
        return orc_task_is_sick(step, task, result);
    *step = go_on_waiting(task, -1, "waits"); /* no longer */
    return 1;
}

/* How many machines there have to be; IM that says "configured" for long with fewer of them is believed. */
static int machines_wanted(orc_create_t *memory, const orc_im_result_t *result)
{
    int is_short = result->state == ORC_IM_STATE_CONFIGURED && result->vm_states->nelts < memory->machines;

    return is_short && ++memory->shortages > SHORTAGES ? 0 : (int)memory->machines;
}

static orc_step_t is_missing(orc_task_t *task, int times)
{
    if (++((orc_create_t *)task->memory)->misses < times)
        return go_on_waiting(task, -1, "the Infrastructure Manager does not know it; that may heal");
    orc_create_fail_attempt(task, 0, "the Infrastructure Manager does not know the infrastructure any more");
    return orc_step_event(ORC_CREATE_FAILED);
}

/* Others that somebody wants and that IM doesn't list either. */
static orc_step_t on_unlisted(orc_task_t *task, const orc_found_t *found)
{
    return is_missing(task, found->count ? ORC_CREATE_VOIDS : MISSES);
}

static orc_step_t on_list(orc_task_t *task, const orc_im_result_t *result)
{
    const orc_attempt_t *attempt = ((orc_create_t *)task->memory)->attempt;
    orc_read_t read = {.kind = ORC_READ_LIVING, .endpoint = attempt->at.endpoint, .then = on_unlisted};
    apr_array_header_t *but;
    orc_step_t step;

    if (orc_create_is_sick(&step, task, result))
        return step;
    if (result->kind != ORC_IM_OK || orc_words_contain(result->ids, attempt->infra))
        return orc_step_later(task->config->poll_min);
    if (!result->ids->nelts)
        return is_missing(task, ORC_CREATE_VOIDS);
    read.ids = but = orc_words_copy(result->ids, task->pool);
    APR_ARRAY_PUSH(but, const char *) = attempt->infra;
    return orc_step_read(read);
}

static orc_step_t on_state(orc_task_t *task, const orc_im_result_t *result)
{
    const char *reason;
    orc_verdict_t verdict;
    orc_step_t step;

    if (result->kind == ORC_IM_OK) {
        verdict = orc_engine_judge(result->state, result->vm_states, machines_wanted(task->memory, result), &reason,
                                   task->pool);
        return on_verdict(task, verdict, reason);
    }
    if (result->kind == ORC_IM_NOT_FOUND)
        return orc_create_call(task, ORC_CALL_LIST, NULL, on_list);
    return orc_create_is_sick(&step, task, result) ? step : on_doubt(task, result->error->detail);
}

orc_step_t orc_create_watch(orc_task_t *task)
{
    return orc_create_call(task, ORC_CALL_STATE, NULL, on_state);
}

orc_step_t orc_create_wait(orc_task_t *task)
{
    return orc_step_poll(task);
}
