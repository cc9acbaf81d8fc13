/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_strings.h>

#include "../../orc_engine_judge.h"
#include "orc_update.h"

/* Provisioning: what IM says of the infrastructure's state, and what that means. */

enum {
    DOUBTS = 3,    /* looks at a doubtful state before it is believed */
    SHORTAGES = 5, /* looks at fewer machines than expected, all configured, before IM is believed */
};

static orc_step_t go_on_waiting(orc_task_t *task, const char *what, const char *doing)
{
    ((orc_update_t *)task->memory)->configured_since = 0;
    orc_task_describe(task, "%s.", what);
    if (doing)
        orc_task_does(task, doing);
    return orc_step_event(ORC_UPDATE_UNFINISHED);
}

static orc_step_t on_verdict(orc_task_t *task, orc_verdict_t verdict, const char *reason)
{
    orc_update_t *memory = task->memory;

    memory->misses = 0;
    if (verdict != ORC_VERDICT_DOUBTFUL)
        memory->doubts = 0;
    switch (verdict) {
    case ORC_VERDICT_FAILED:
        return orc_update_fail_with_log(task, reason);
    case ORC_VERDICT_BUSY:
        return go_on_waiting(task, "Machines are being made", "VM_PROVISIONING");
    case ORC_VERDICT_WORKING:
        return go_on_waiting(task, "The machines are being configured", "CONTEXTUALIZATION");
    case ORC_VERDICT_CONFIGURED:
        if (!memory->configured_since)
            memory->configured_since = task->now;
        return orc_step_event(ORC_UPDATE_CONFIGURED);
    case ORC_VERDICT_DOUBTFUL:
        break;
    }
    if (++memory->doubts > DOUBTS)
        return orc_update_fail_with_log(task, reason);
    return go_on_waiting(
        task, apr_psprintf(task->pool, "The Infrastructure Manager says that %s; that may heal", reason), NULL);
}

/* All but those that were stopped before and still are. */
static apr_array_header_t *others(const orc_task_t *task, const orc_im_result_t *result)
{
    apr_array_header_t *states = apr_array_make(task->pool, 4, sizeof(orc_im_vm_state_t));
    int i;

    for (i = 0; i < result->vm_states->nelts; i++) {
        const orc_im_vm_state_t *one = &APR_ARRAY_IDX(result->vm_states, i, orc_im_vm_state_t);
        int is_off = one->state == ORC_IM_STATE_STOPPED || one->state == ORC_IM_STATE_OFF;

        if (!is_off || !orc_update_was_stopped(task, one->vm))
            APR_ARRAY_PUSH(states, orc_im_vm_state_t) = *one;
    }
    return states;
}

static orc_step_t on_state(orc_task_t *task, const orc_im_result_t *result)
{
    orc_update_t *memory = task->memory;
    const apr_array_header_t *states;
    orc_im_state_t state;
    orc_verdict_t verdict;
    int machines, left_out;
    const char *reason;

    if (result->kind != ORC_IM_OK)
        return orc_update_on_trouble(task, result);
    states = others(task, result);
    left_out = result->vm_states->nelts - states->nelts;
    machines = (int)memory->machines - left_out;
    /* Which of the machines' states is told of all of them depends on their order. */
    state = left_out && (result->state == ORC_IM_STATE_STOPPED || result->state == ORC_IM_STATE_OFF)
                ? ORC_IM_STATE_CONFIGURED
                : result->state;
    if (state == ORC_IM_STATE_CONFIGURED && states->nelts < machines && ++memory->shortages > SHORTAGES)
        machines = 0;
    verdict = orc_engine_judge(state, states, machines, &reason, task->pool);
    return on_verdict(task, verdict, reason);
}

orc_step_t orc_update_watch(orc_task_t *task)
{
    return orc_update_call(task, ORC_CALL_STATE, on_state);
}
