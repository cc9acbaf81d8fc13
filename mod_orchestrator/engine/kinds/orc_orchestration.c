/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_orchestration.h"

/*
 * An orchestration finds its targets when its time comes, some at a time, then asks for an operation for each whose
 * turn it is while it may have more at work, and ends when nothing waits or is at work any more. Everything that it
 * knows is in its rows and in those of its targets, and asking again changes nothing: so whatever of it gets lost is
 * done again.
 */

#define PAUSE      apr_time_from_sec(1)  /* what is at work ends, and what waits for somebody else may go on */
#define ILL_PAUSE  apr_time_from_sec(5)  /* until what could not be done is tried again */
#define LONG_PAUSE apr_time_from_sec(60) /* until a maintenance window that is far is looked at again */

enum { ROOM = 20 /* operations that are asked for at once: others have their turn then */ };

enum { QUEUED, WORKING, END };
static const char *const phases[] = {"queued", "working", "ended", NULL};

enum { FOUND = ORC_EVENT_TURN + 1 /* all targets */ };
static const char *const events[] = {"turn", "found", NULL};

typedef struct memory_t {
    orc_pace_t pace;
    apr_int64_t waiting; /* targets, when they were counted last */
} memory_t;

static const orc_field_t fields[] = {ORC_PACE_FIELDS(memory_t), ORC_FIELD(memory_t, waiting, NUMBER, 0), ORC_FIELD_END};
static const orc_fields_t memory_fields = {sizeof(memory_t), fields};

/* ---- its end ---- */

static orc_step_t on_ended(orc_task_t *task, const orc_store_progress_t *progress)
{
    if (!progress)
        return orc_step_later(ILL_PAUSE);
    /* Somebody may have asked for another try meanwhile. */
    return progress->exists && !progress->is_ended ? orc_step_later(0) : orc_step_ended("over");
}

static orc_step_t end(void)
{
    const orc_order_t order = {.kind = ORC_ORDER_END, .then = on_ended};

    return orc_step_order(order);
}

static int is_over(const orc_store_progress_t *progress)
{
    return !progress->exists || progress->is_ended;
}

/* ---- its operations ---- */

static apr_interval_time_t pause_until(const orc_store_progress_t *progress)
{
    if (progress->running || progress->next < PAUSE)
        return PAUSE;
    return progress->next < LONG_PAUSE ? progress->next : LONG_PAUSE;
}

static orc_step_t on_begun(orc_task_t *task, const orc_store_progress_t *progress)
{
    memory_t *memory = task->memory;
    int goes_on;

    if (!progress)
        return orc_step_later(ILL_PAUSE);
    if (is_over(progress))
        return orc_step_ended("over");
    if (!progress->waiting && !progress->running)
        return end();
    /* Where some could be begun, more may be. */
    goes_on = progress->waiting && progress->waiting != memory->waiting;
    memory->waiting = progress->waiting;
    return orc_step_later(goes_on ? 0 : pause_until(progress));
}

static orc_step_t begin(orc_task_t *task)
{
    const orc_order_t order = {.kind = ORC_ORDER_BEGIN, .room = ROOM, .then = on_begun};

    return orc_step_order(order);
}

/* ---- its targets ---- */

static orc_step_t on_found(orc_task_t *task, const orc_store_progress_t *progress)
{
    if (!progress)
        return orc_step_later(ILL_PAUSE);
    if (is_over(progress))
        return orc_step_ended("over");
    if (progress->is_resolved)
        return orc_step_event(FOUND);
    return progress->is_canceling ? end() : orc_step_later(0);
}

static orc_step_t find(orc_task_t *task)
{
    const orc_order_t order = {.kind = ORC_ORDER_FIND, .then = on_found};

    return orc_step_order(order);
}

/* ---- the kind ---- */

static orc_step_t turn(orc_task_t *task)
{
    return orc_step_event(ORC_EVENT_TURN);
}

/* What is remembered is worth nothing: it begins anew, where its rows say. */
static void give_up(orc_task_t *task, const char *what)
{
    json_object_set_new(orc_task_changes(task), "phase", json_string(phases[QUEUED]));
}

static const orc_transition_t transitions[] = {
    {QUEUED, ORC_EVENT_TURN, QUEUED, find},
    {QUEUED, FOUND, WORKING, begin},
    {WORKING, ORC_EVENT_TURN, WORKING, begin},
    {0, 0, 0, NULL},
};

const orc_kind_t orc_kind_orchestration = {
    .word = "orchestration",
    .phases = phases,
    .events = events,
    .transitions = transitions,
    .turn = turn,
    .memory = &memory_fields,
    .give_up = give_up,
};
