/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_engine_operation.h"

#include <string.h>

#include "orc_enums.h"
#include "orc_log.h"

#define DAMAGED "The record of the operation is damaged, so it can't go on. Delete the deployment."

int orc_operation_is_canceled(const orc_task_t *task)
{
    return strcmp(task->work->state, "canceling") == 0;
}

orc_step_t orc_operation_cancel(orc_task_t *task)
{
    const char *reason = task->work->reason ? task->work->reason : "Canceled.";
    json_t *changes = orc_task_changes(task);

    json_array_insert_new(orc_task_change_list(task, "errors"), 0,
                          json_pack("{s:s, s:s}", "error", "operation.canceled", "description", reason));
    json_object_set_new(changes, "reason", json_string(reason));
    orc_story_log(changes, "info", "finished", 0, "%s", reason);
    orc_task_describe(task, "%s", reason);
    return orc_step_ended("canceled");
}

orc_step_t orc_operation_end(orc_task_t *task, const char *state)
{
    return orc_operation_is_canceled(task) ? orc_operation_cancel(task) : orc_step_ended(state);
}

const char *orc_operation_step_end(const orc_task_t *task, const char *status)
{
    return orc_operation_is_canceled(task) ? "canceled" : status;
}

void orc_operation_watch(orc_task_t *task)
{
    json_object_set_new(orc_task_changes(task), "watch", json_integer(task->config->watch_interval));
}

/* What the deployment is known to have; whatever else its operations made has rows of its own. */
static void tell_left(orc_task_t *task)
{
    const orc_work_t *work = task->work;
    const orc_address_t at = {work->im_endpoint, work->target_provider, work->target_region, NULL};

    if (work->im_infra_id)
        orc_log(ORC_LOG_WARNING, "deployment %s: %s", work->deployment_id,
                orc_story_left(&at, work->im_infra_id, NULL, "the record of its operation is damaged", task->pool));
}

void orc_operation_damage(orc_task_t *task, const char *sentence)
{
    json_t *changes = orc_task_changes(task);

    json_object_set_new(changes, "reason", json_string(sentence));
    json_object_set_new(changes, "errors",
                        json_pack("[{s:s, s:s}]", "error", "operation.damaged", "description", sentence));
    json_object_set_new(changes, "all_resources", json_integer(ORC_RESOURCE_ERROR));
    json_object_set_new(changes, "ended", json_string("failed"));
    json_object_set_new(changes, "phase", json_string("ended"));
    json_object_set_new(changes, "waits_for_token", json_false());
    orc_story_log(changes, "error", "finished", 0, "%s", sentence);
    orc_task_describe(task, "%s", sentence);
}

void orc_operation_give_up(orc_task_t *task, const char *what)
{
    tell_left(task);
    orc_operation_damage(task, DAMAGED);
}
