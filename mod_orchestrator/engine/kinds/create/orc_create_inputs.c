/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_create.h"

/*
 * The inputs as they were given. They are stored without their secrets and, when there are some, once more as a whole,
 * sealed. Without the key that sealed them an operation waits for the administrator as long as it may; what no key
 * opens is damaged.
 */

int orc_create_open_inputs(orc_step_t *step, orc_task_t *task)
{
    orc_work_t *work = task->work;
    orc_secret_keys_t *keys = task->config->secret_keys;
    orc_error_t *error;
    char *text;

    if (!work->content || !work->inputs_sealed)
        return 1;
    error = orc_secret_open(&text, keys, ORC_SEALED_INPUTS, work->deployment_id, work->inputs_sealed, task->pool);
    if (!error) {
        work->inputs = orc_json_own_text(text, task->pool);
        return 1;
    }
    orc_secret_complain(keys, ORC_SEALED_INPUTS, work->deployment_id, error, task->pool);
    if (error->retriable && task->now < work->deadline) {
        orc_task_describe(task, "Waits for the administrator: the key that its inputs are sealed with is missing.");
        *step = orc_step_poll(task);
    }
    else {
        *step = orc_step_damaged("its inputs can't be opened");
    }
    return 0;
}
