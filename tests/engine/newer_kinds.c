/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * The table of kinds as a later version of the module may have it, in the place of kinds/orc_kinds.c: a DELETE that is
 * reviewed before it begins, and a kind more. Both wait for `delete_repeat`, so a test says for how long.
 */

#define orc_kind_delete orc_kind_former_delete
#include "../../mod_orchestrator/engine/kinds/orc_delete.c"
#undef orc_kind_delete

#include "../../mod_orchestrator/engine/kinds/create/orc_create.h"
#include "../../mod_orchestrator/engine/kinds/orc_infrastructure.h"
#include "../../mod_orchestrator/engine/kinds/orc_kinds.h"
#include "../../mod_orchestrator/engine/kinds/orc_sweep.h"

/* ---- a phase more ---- */

enum { REVIEWING = END, REVIEWED_END };
static const char *const reviewed_phases[] = {"queued", "deleting", "confirming", "reviewing", "ended", NULL};

static orc_step_t review(orc_task_t *task)
{
    orc_task_describe(task, "The deletion is reviewed.");
    return orc_step_later(task->config->delete_repeat);
}

static const orc_transition_t reviewed_transitions[] = {
    {QUEUED, ORC_OPERATION_TURN, REVIEWING, review},
    {QUEUED, ORC_OPERATION_DEADLINE, REVIEWED_END, fail_at_once},
    {QUEUED, ORC_OPERATION_CANCELED, REVIEWED_END, orc_operation_cancel},

    {REVIEWING, ORC_OPERATION_TURN, DELETING, begin},
    {REVIEWING, ORC_OPERATION_DEADLINE, REVIEWED_END, fail_at_once},
    {REVIEWING, ORC_OPERATION_CANCELED, REVIEWED_END, orc_operation_cancel},

    {DELETING, ORC_OPERATION_TURN, DELETING, look},
    {DELETING, ORC_OPERATION_DEADLINE, REVIEWED_END, fail},
    {DELETING, ORC_OPERATION_CANCELED, REVIEWED_END, orc_operation_cancel},
    {DELETING, TAKEN, CONFIRMING, orc_step_poll},
    {DELETING, GONE, REVIEWED_END, succeed},
    {DELETING, STUCK, REVIEWED_END, fail},

    {CONFIRMING, ORC_OPERATION_TURN, CONFIRMING, look},
    {CONFIRMING, ORC_OPERATION_DEADLINE, REVIEWED_END, fail},
    {CONFIRMING, ORC_OPERATION_CANCELED, REVIEWED_END, orc_operation_cancel},
    {CONFIRMING, BACK, DELETING, orc_step_poll},
    {CONFIRMING, GONE, REVIEWED_END, succeed},
    {CONFIRMING, STUCK, REVIEWED_END, fail},
    {0, 0, 0, NULL},
};

static const orc_kind_t reviewed_delete = {
    .word = "DELETE",
    .phases = reviewed_phases,
    .events = events,
    .transitions = reviewed_transitions,
    .turn = turn,
    .memory = &memory_fields,
    .watching = ~0u & ~ORC_IN(REVIEWING),
    .give_up = orc_operation_give_up,
};

/* ---- a kind more ---- */

enum { CENSUS_QUEUED, COUNTING, CENSUS_END };
static const char *const census_phases[] = {"queued", "counting", "ended", NULL};
static const char *const census_events[] = {"turn", NULL};

static const orc_field_t census_fields[] = {ORC_PACE_FIELDS(memory_t), ORC_FIELD_END};
static const orc_fields_t census_memory = {sizeof(memory_t), census_fields};

static orc_step_t begin_census(orc_task_t *task)
{
    return orc_step_later(task->config->delete_repeat);
}

static orc_step_t end_census(orc_task_t *task)
{
    return orc_step_ended("over");
}

static const orc_transition_t census_transitions[] = {
    {CENSUS_QUEUED, ORC_EVENT_TURN, COUNTING, begin_census},
    {COUNTING, ORC_EVENT_TURN, CENSUS_END, end_census},
    {0, 0, 0, NULL},
};

static orc_step_t census_turn(orc_task_t *task)
{
    return orc_step_event(ORC_EVENT_TURN);
}

static void give_census_up(orc_task_t *task, const char *what)
{
    json_object_set_new(orc_task_changes(task), "phase", json_string(census_phases[CENSUS_QUEUED]));
}

static const orc_kind_t census = {
    .word = "census",
    .phases = census_phases,
    .events = census_events,
    .transitions = census_transitions,
    .turn = census_turn,
    .memory = &census_memory,
    .give_up = give_census_up,
};

const orc_kind_t *const orc_kinds[] = {&orc_kind_create, &reviewed_delete, &orc_kind_infrastructure,
                                       &orc_kind_sweep,  &census,          NULL};
