/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_engine_step.h"

#include <apr_strings.h>
#include <stdarg.h>
#include <string.h>

#define PERSON_INTERVAL apr_time_from_sec(600)

enum { POLL_GROWTH_PERCENT = 150, JITTER_PERCENT = 20, LONG_FACTOR = 5 };

/* ---- kinds ---- */

int orc_kind_phase(const orc_kind_t *kind, const char *word)
{
    int phase;

    for (phase = 0; kind->phases[phase]; phase++) {
        if (strcmp(kind->phases[phase], word) == 0)
            return phase;
    }
    return -1;
}

const orc_transition_t *orc_kind_transition(const orc_kind_t *kind, int phase, int event)
{
    const orc_transition_t *one;

    for (one = kind->transitions; one->action; one++) {
        if (one->phase == phase && one->event == event)
            return one;
    }
    return NULL;
}

/* ---- what comes next ---- */

orc_step_t orc_step_call(const orc_call_t *call)
{
    orc_step_t step = {.kind = ORC_STEP_CALL, .call = *call};

    return step;
}

orc_step_t orc_step_read(orc_read_t read)
{
    orc_step_t step = {.kind = ORC_STEP_READ, .read = read};

    return step;
}

orc_step_t orc_step_order(orc_order_t order)
{
    orc_step_t step = {.kind = ORC_STEP_ORDER, .order = order};

    return step;
}

orc_step_t orc_step_event(int event)
{
    orc_step_t step = {.kind = ORC_STEP_EVENT, .event = event};

    return step;
}

orc_step_t orc_step_later(apr_interval_time_t due)
{
    orc_step_t step = {.kind = ORC_STEP_LATER, .due = due < 0 ? 0 : due};

    return step;
}

orc_step_t orc_step_ended(const char *state)
{
    orc_step_t step = {.kind = ORC_STEP_ENDED, .text = state};

    return step;
}

orc_step_t orc_step_forgotten(void)
{
    orc_step_t step = {.kind = ORC_STEP_FORGOTTEN};

    return step;
}

orc_step_t orc_step_damaged(const char *what)
{
    orc_step_t step = {.kind = ORC_STEP_DAMAGED, .text = what};

    return step;
}

/* Spread, so that a thousand that began together don't come together for ever. */
static apr_interval_time_t jittered(apr_interval_time_t interval)
{
    unsigned char byte;

    apr_generate_random_bytes(&byte, 1);
    return interval - interval * JITTER_PERCENT / 100 * byte / 255;
}

orc_step_t orc_step_poll(orc_task_t *task)
{
    orc_pace_t *pace = task->memory;
    const orc_config_t *config = task->config;
    apr_interval_time_t interval = pace->interval ? pace->interval * POLL_GROWTH_PERCENT / 100 : config->poll_min;
    orc_step_t step;

    interval = interval < config->poll_min ? config->poll_min : interval;
    interval = interval > config->poll_max ? config->poll_max : interval;
    pace->interval = interval;
    step = orc_step_later(jittered(interval));
    step.rhythm = interval == config->poll_max ? interval : 0;
    return step;
}

/* A claim takes up to a fifth off a rhythm, a tenth as a rule. */
orc_step_t orc_step_idle(apr_interval_time_t interval)
{
    orc_step_t step;

    step = orc_step_later(jittered(interval));
    step.rhythm = interval / 9 * 10;
    return step;
}

orc_step_t orc_step_wait_for_person(orc_task_t *task)
{
    apr_interval_time_t rest = task->work->deadline ? task->work->deadline - task->now : PERSON_INTERVAL;
    orc_step_t step = orc_step_later(rest < PERSON_INTERVAL ? rest : PERSON_INTERVAL);

    orc_task_describe(task, "Waits for a fresh token of the owner.");
    step.waits = 1;
    return step;
}

/* What it does from now on: the last entry, or a new one that is like it. */
static json_t *present(json_t *changes, int is_new)
{
    json_t *times = json_object_get(changes, "times"), *last;

    if (!times)
        json_object_set_new(changes, "times", times = json_array());
    last = json_array_size(times) ? json_array_get(times, json_array_size(times) - 1) : NULL;
    if (last && !is_new)
        return last;
    json_array_append_new(times, last ? json_copy(last) : json_object());
    return json_array_get(times, json_array_size(times) - 1);
}

static void enter(orc_task_t *task, const char *phase)
{
    json_t *entry;

    json_object_set_new(orc_task_changes(task), "phase", json_string(phase));
    if (!task->work->state)
        return;
    entry = present(task->changes, 1);
    json_object_set_new(entry, "phase", json_string(phase));
    json_object_del(entry, "name");
}

void orc_task_does(orc_task_t *task, const char *name)
{
    json_t *entry;

    if (!task->changes)
        return;
    entry = present(task->changes, 0);
    if (json_object_get(entry, "name"))
        entry = present(task->changes, 1);
    json_object_set_new(entry, "name", json_string(name));
}

void orc_task_does_as(orc_task_t *task, int step)
{
    json_object_set_new(present(orc_task_changes(task), 0), "step", json_integer(step));
}

orc_step_t orc_step_resolve(orc_task_t *task, orc_step_t step)
{
    while (step.kind == ORC_STEP_EVENT) {
        const orc_transition_t *found = orc_kind_transition(task->kind, task->phase, step.event);

        if (!found)
            return orc_step_damaged(apr_psprintf(task->pool, "\"%s\" is not expected in the phase %s",
                                                 task->kind->events[step.event], task->kind->phases[task->phase]));
        if (found->next != task->phase) {
            task->phase = found->next;
            enter(task, task->kind->phases[task->phase]);
        }
        step = found->action(task);
    }
    return step;
}

/* ---- what it works with ---- */

orc_call_t orc_call_about(const orc_address_t *at, orc_call_kind_t kind, const char *infra, orc_answer_t *answer)
{
    orc_call_t call = {.kind = kind, .at = *at, .infra = infra, .answer = answer};

    return call;
}

apr_interval_time_t orc_engine_long_timeout(const orc_config_t *config)
{
    return config->im_timeout * LONG_FACTOR;
}

apr_interval_time_t orc_task_since(const orc_task_t *task, apr_int64_t time)
{
    return task->now - time;
}

int orc_task_is_late(const orc_task_t *task)
{
    return task->work->deadline && task->now >= task->work->deadline;
}

json_t *orc_task_changes(orc_task_t *task)
{
    if (!task->changes)
        task->changes = orc_json_own(json_object(), task->pool);
    return task->changes;
}

json_t *orc_task_change_list(orc_task_t *task, const char *key)
{
    json_t *changes = orc_task_changes(task), *list = json_object_get(changes, key);

    if (!list) {
        list = json_array();
        json_object_set_new(changes, key, list);
    }
    return list;
}

void orc_task_describe(orc_task_t *task, const char *format, ...)
{
    const char *text;
    va_list arguments;

    va_start(arguments, format);
    text = apr_pvsprintf(task->pool, format, arguments);
    va_end(arguments);
    if (strcmp(text, task->work->description) == 0)
        return;
    task->work->description = text;
    json_object_set_new(orc_task_changes(task), "description", json_string(text));
}

void orc_task_poll_soon(orc_task_t *task)
{
    ((orc_pace_t *)task->memory)->interval = 0;
}

/* ---- what IM's answers mean ---- */

int orc_engine_is_unmade(const orc_im_result_t *result)
{
    return result->kind != ORC_IM_OK && result->kind != ORC_IM_UNKNOWN_RESULT && result->kind != ORC_IM_BAD_ANSWER;
}

const char *orc_engine_sickness(const orc_im_result_t *result)
{
    switch (result->kind) {
    case ORC_IM_IDENTITY_OUTAGE:
        return result->status ? "Waits for the Infrastructure Manager, which can't reach the token issuer."
                              : "Waits for the token issuer, which does not answer as it should.";
    case ORC_IM_READ_ONLY:
        return "Waits for the Infrastructure Manager, which takes no changes at the moment.";
    case ORC_IM_BAD_ANSWER:
    case ORC_IM_UNAVAILABLE:
    case ORC_IM_UNKNOWN_RESULT:
        return "Waits for the Infrastructure Manager, which does not answer as it should.";
    default:
        return NULL;
    }
}

apr_interval_time_t orc_task_back_off(const orc_task_t *task, apr_int64_t times)
{
    const orc_config_t *config = task->config;
    apr_interval_time_t wait = config->poll_min, closed = task->closed;
    unsigned char byte;
    apr_int64_t i;

    for (i = 1; i < times && wait < config->poll_max; i++)
        wait *= 2;
    wait = wait > config->poll_max ? config->poll_max : wait;
    apr_generate_random_bytes(&byte, 1);
    wait = wait / 2 + wait / 2 * byte / 255;
    closed = closed > config->poll_max * 2 ? config->poll_max * 2 : closed;
    return closed > wait ? closed + wait / 4 : wait;
}

int orc_task_is_sick(orc_step_t *step, orc_task_t *task, const orc_im_result_t *result)
{
    const char *awaited = orc_engine_sickness(result);
    orc_pace_t *pace = task->memory;

    if (result->kind == ORC_IM_TOKEN_REJECTED) {
        *step = orc_step_wait_for_person(task);
        return 1;
    }
    if (!awaited)
        return 0;
    orc_task_describe(task, "%s", awaited);
    *step = orc_step_later(orc_task_back_off(task, ++pace->sick));
    step->is_sick = 1;
    return 1;
}
