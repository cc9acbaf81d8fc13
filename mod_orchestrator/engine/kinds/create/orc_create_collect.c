/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_strings.h>

#include "../../orc_engine_collect.h"
#include "../../orc_engine_judge.h"
#include "../../orc_engine_machine.h"
#include "orc_create.h"
#include "orc_enums.h"

/*
 * Collecting: what a configured infrastructure brought, outputs, machines, IM's log. It counts as complete when every
 * declared output has a value and, when a public address was asked for, a machine shows one. What is missing is waited
 * for until public_address_recheck after IM first said "configured"; what IM says then, is believed.
 */

enum { SHORTAGES = 10 /* looks at fewer machines than there are to be, before IM is believed */ };

/* ---- the end ---- */

static orc_step_t on_resources(orc_task_t *task, const orc_found_t *found)
{
    const orc_collected_t *collected = ((orc_create_t *)task->memory)->collected;
    orc_vm_t **machines = orc_collected_assign(collected, found->resources, task->pool);
    int i;

    for (i = 0; i < found->resources->nelts; i++)
        orc_collected_show(task, &APR_ARRAY_IDX(found->resources, i, orc_store_resource_t), ORC_RESOURCE_STARTED,
                           machines[i]);
    orc_collected_show_outputs(task, collected->outputs);
    return orc_step_event(ORC_CREATE_COMPLETE);
}

static orc_step_t on_log(orc_task_t *task, const orc_im_result_t *result)
{
    /* Without it the deployment is complete all the same. */
    orc_machine_log(task, result);
    return orc_step_read((orc_read_t){.kind = ORC_READ_RESOURCES, .then = on_resources});
}

/* An IM that has lost its database lists a machine, and knows nothing of it: it is asked again, before it is believed.
 */
static int lacks_machines(orc_create_t *memory, const orc_collected_t *collected)
{
    return collected->machines->nelts < memory->machines && ++memory->shortages <= SHORTAGES;
}

static orc_step_t on_collected(orc_task_t *task, const orc_collected_t *collected)
{
    orc_create_t *memory = task->memory;
    apr_array_header_t *missing = orc_engine_missing_outputs(collected->outputs, memory->outputs, task->pool);
    int lacks_address = memory->is_public && !collected->has_public;
    const char *what = missing->nelts
                           ? apr_pstrcat(task->pool, "the outputs ", apr_array_pstrcat(task->pool, missing, ','), NULL)
                           : "a public address";

    memory->collected = collected;
    if (lacks_machines(memory, collected)) {
        orc_task_describe(task, "%s: the Infrastructure Manager tells nothing of some machines; that may heal.",
                          memory->attempt->name);
        return orc_step_poll(task);
    }
    if (!missing->nelts && !lacks_address)
        return orc_create_call(task, ORC_CALL_CONTMSG, NULL, on_log);
    if (orc_task_since(task, memory->configured_since) < task->config->public_address_recheck) {
        orc_task_describe(task, "%s: is configured, but lacks %s; that may come.", memory->attempt->name, what);
        return orc_step_poll(task);
    }
    orc_story_log(orc_task_changes(task), "warning", "resources_configuration", (int)memory->attempt->number,
                  "The Infrastructure Manager says it is configured, but does not give %s.", what);
    return orc_create_call(task, ORC_CALL_CONTMSG, NULL, on_log);
}

static orc_step_t on_failed(orc_task_t *task, const orc_im_result_t *result)
{
    orc_step_t step;

    return orc_create_is_sick(&step, task, result) ? step : orc_step_poll(task);
}

orc_step_t orc_create_collect(orc_task_t *task)
{
    const orc_attempt_t *attempt = ((orc_create_t *)task->memory)->attempt;

    return orc_task_collect(task, &attempt->at, attempt->infra, on_collected, on_failed);
}
