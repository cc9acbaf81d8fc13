/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_ENGINE_OPERATION_H
#define ORC_ENGINE_OPERATION_H

#include "orc_engine_infrastructure.h"

/* What all kinds have in common that a person asked for. */

/** Their events begin with these; a kind's own with ORC_OPERATION_OWN. */
enum {
    ORC_OPERATION_TURN = ORC_EVENT_TURN,
    ORC_OPERATION_DEADLINE, /* it is due, and the time of the whole is over */
    ORC_OPERATION_CANCELED, /* somebody asked for its end */
    ORC_OPERATION_OWN,
};

#define ORC_OPERATION_EVENTS "turn", "deadline", "canceled"

/** True when somebody asked for its end. */
int orc_operation_is_canceled(const orc_task_t *task);

/** The end of one that was canceled, for the reason that is stored with it; what the step tells of errors stays. */
orc_step_t orc_operation_cancel(orc_task_t *task);

/** The end in a state, succeeded or failed; of one that IM had taken when somebody asked for its end: canceled. */
orc_step_t orc_operation_end(orc_task_t *task, const char *state);

/** The same of a step that people see: its status. */
const char *orc_operation_step_end(const orc_task_t *task, const char *status);

/** From its end on, the deployment is looked at now and then, spread over the time between two looks. */
void orc_operation_watch(orc_task_t *task);

/** orc_kind_t.give_up: it has failed. What it made goes when the deployment is deleted. */
void orc_operation_give_up(orc_task_t *task, const char *what);

/** The same of one that makes nothing: `sentence` says for people what is wrong. */
void orc_operation_damage(orc_task_t *task, const char *sentence);

#endif
