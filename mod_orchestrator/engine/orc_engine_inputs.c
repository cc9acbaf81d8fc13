/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_engine_internal.h"

/*
 * The inputs as they were given. They are stored without their secrets and, when there are some, once more as a whole,
 * sealed. Without the key that sealed them an operation waits for the administrator as long as it may; what no key
 * opens is damaged.
 */

int orc_task_open_inputs(orc_task_t *task)
{
    const orc_work_t *work = task->work;
    orc_secret_keys_t *keys = task->engine->config->secret_keys;
    orc_error_t *error;
    char *text;

    if (!work->content || !work->inputs_sealed)
        return 1;
    error = orc_secret_open(&text, keys, ORC_SEALED_INPUTS, work->deployment_id, work->inputs_sealed, task->pool);
    if (!error) {
        task->work->inputs = orc_json_own_text(text, task->pool);
        return 1;
    }
    orc_secret_complain(keys, ORC_SEALED_INPUTS, work->deployment_id, error, task->pool);
    if (error->retriable && orc_task_now(task) < work->deadline) {
        orc_task_describe(task, "Waits for the administrator: the key that its inputs are sealed with is missing.");
        orc_task_poll(task);
    }
    else {
        orc_task_give_up(task, "its inputs can't be opened");
    }
    return 0;
}
