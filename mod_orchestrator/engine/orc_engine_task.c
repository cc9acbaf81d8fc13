/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_strings.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "orc_engine_internal.h"
#include "orc_engine_story.h"
#include "orc_log.h"

/* A task: one step of an operation, from the claim to what is stored of it. */

enum { POLL_GROWTH_PERCENT = 150, JITTER_PERCENT = 20 };

#define DAMAGED "The record of the operation is damaged, so it can't go on. Delete the deployment."

static int is_deletion(const orc_task_t *task)
{
    return strcmp(task->work->type, "DELETE") == 0;
}

/* What every action counts on; NULL: it is there. */
static const char *damage_of(const orc_task_t *task)
{
    static const char *const needed[] = {"name", "provider", "endpoint"};
    const json_t *attempt = json_object_get(task->progress, "attempt");
    int needs_attempt = task->phase >= ORC_PHASE_SUBMITTING && task->phase <= ORC_PHASE_COLLECTING;
    size_t i;

    if (!json_is_object(task->progress))
        return "its progress is no object";
    for (i = 0; (attempt || needs_attempt) && i < sizeof needed / sizeof *needed; i++) {
        if (!orc_json_string(attempt, needed[i]))
            return apr_psprintf(task->pool, "its attempt has no %s", needed[i]);
    }
    return NULL;
}

void orc_task_start(orc_engine_t *engine, orc_work_t *work, apr_time_t claimed, apr_pool_t *pool)
{
    orc_task_t *task = apr_pcalloc(pool, sizeof *task), *former;
    const char *damage;

    task->engine = engine;
    task->pool = pool;
    task->work = work;
    task->progress = work->progress;
    task->phase = orc_engine_phase(work->phase);
    task->claimed = claimed;
    task->lease_until = claimed + engine->config->lease;
    former = apr_hash_get(engine->tasks, work->id, APR_HASH_KEY_STRING);
    if (former)
        orc_task_drop(former);
    apr_hash_set(engine->tasks, work->id, APR_HASH_KEY_STRING, task);
    engine->task_count++;
    damage = damage_of(task);
    if (damage)
        orc_task_give_up(task, damage);
    else if (!orc_task_open_inputs(task))
        return;
    else if (is_deletion(task))
        orc_delete_turn(task);
    else
        orc_create_turn(task);
}

apr_time_t orc_task_now(const orc_task_t *task)
{
    return task->work->clock + (orc_engine_monotonic() - task->claimed);
}

apr_interval_time_t orc_task_since(const orc_task_t *task, const json_t *object, const char *key)
{
    return orc_task_now(task) - orc_json_integer(object, key, 0);
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

/* ---- events ---- */

static void act_wait(orc_task_t *task)
{
    if (is_deletion(task)) {
        orc_task_end(task, orc_removal_due(task, json_object_get(task->progress, "targets")));
        return;
    }
    orc_task_poll(task);
}

static void act_cancel(orc_task_t *task)
{
    const json_t *attempt = json_object_get(task->progress, "attempt");

    if (attempt) {
        json_t *step = orc_story_end_step(orc_task_changes(task), attempt, "canceled", "");

        /* Reserved, but certainly never made. */
        if (!orc_json_string(attempt, "infra") && !json_is_true(json_object_get(attempt, "asked")))
            json_object_set_new(step, "removed", json_true());
    }
    orc_story_log(orc_task_changes(task), "info", "finished", 0, "Canceled.");
    orc_task_describe(task, "Canceled.");
    orc_task_finish(task, "canceled");
}

static orc_task_step_t *action_of(const orc_task_t *task, orc_action_t action)
{
    int deletes = is_deletion(task);

    switch (action) {
    case ORC_ACTION_PLACE:
        return orc_create_act_place;
    case ORC_ACTION_SUBMIT:
        return orc_create_act_submit;
    case ORC_ACTION_WATCH:
        return orc_create_act_watch;
    case ORC_ACTION_WAIT:
        return act_wait;
    case ORC_ACTION_COLLECT:
        return orc_create_act_collect;
    case ORC_ACTION_CLEAN:
        return orc_create_act_clean;
    case ORC_ACTION_SETTLE:
        return orc_create_act_settle;
    case ORC_ACTION_DELETE:
        return orc_delete_act_delete;
    case ORC_ACTION_SUCCEED:
        return deletes ? orc_delete_act_succeed : orc_create_act_succeed;
    case ORC_ACTION_FAIL:
        return deletes ? orc_delete_act_fail : orc_create_act_fail;
    case ORC_ACTION_CANCEL:
        return act_cancel;
    case ORC_ACTION_NONE:
        break;
    }
    return NULL;
}

void orc_task_event(orc_task_t *task, orc_event_t event)
{
    orc_transition_t transition = orc_engine_transition(is_deletion(task), task->phase, event);
    orc_task_step_t *action = action_of(task, transition.action);

    if (!action) {
        orc_task_give_up(task, apr_psprintf(task->pool, "event %d is not expected in this phase", (int)event));
        return;
    }
    if (transition.next != task->phase) {
        task->phase = transition.next;
        json_object_set_new(orc_task_changes(task), "phase", json_string(orc_engine_phase_word(task->phase)));
    }
    action(task);
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

/* ---- the end of a step ---- */

void orc_task_end(orc_task_t *task, apr_interval_time_t due)
{
    if (task->is_finished)
        return;
    task->is_finished = 1;
    task->due = due < 0 ? 0 : due;
    APR_ARRAY_PUSH(task->engine->finished, orc_task_t *) = task;
}

/* Spread, so that a thousand that began together don't come together for ever. */
static apr_interval_time_t jittered(apr_interval_time_t interval)
{
    unsigned char byte;

    apr_generate_random_bytes(&byte, 1);
    return interval - interval * JITTER_PERCENT / 100 * byte / 255;
}

void orc_task_poll(orc_task_t *task)
{
    const orc_config_t *config = task->engine->config;
    apr_interval_time_t interval = orc_json_integer(task->progress, "interval", 0);

    interval = interval ? interval * POLL_GROWTH_PERCENT / 100 : config->poll_min;
    interval = interval < config->poll_min ? config->poll_min : interval;
    interval = interval > config->poll_max ? config->poll_max : interval;
    json_object_set_new(task->progress, "interval", json_integer(interval));
    orc_task_end(task, jittered(interval));
}

void orc_task_poll_soon(orc_task_t *task)
{
    json_object_del(task->progress, "interval");
}

void orc_task_finish(orc_task_t *task, const char *state)
{
    json_object_set_new(orc_task_changes(task), "ended", json_string(state));
    json_object_set_new(orc_task_changes(task), "phase", json_string("ended"));
    orc_task_end(task, 0);
}

void orc_task_give_up(orc_task_t *task, const char *what)
{
    json_t *changes;

    orc_removal_tell_damaged(task);
    /* Whatever the step brought may be what the database does not take. */
    task->changes = NULL;
    task->progress = orc_json_own(json_object(), task->pool);
    changes = orc_task_changes(task);
    orc_log(ORC_LOG_ERROR, "operation %s: its record is damaged, it has failed (%s, phase %s: %s)", task->work->id,
            task->work->type, orc_engine_phase_word(task->phase), what);
    json_object_set_new(changes, "reason", json_string(DAMAGED));
    json_object_set_new(changes, "errors",
                        json_pack("[{s:s, s:s}]", "error", "operation.damaged", "description", DAMAGED));
    json_object_set_new(changes, "all_resources", json_integer(ORC_RESOURCE_ERROR));
    orc_story_log(changes, "error", "finished", 0, "%s", DAMAGED);
    orc_task_describe(task, "%s", DAMAGED);
    orc_task_finish(task, "failed");
}

int orc_task_note(orc_task_t *task)
{
    orc_engine_t *engine = task->engine;
    orc_store_save_t save = {0};
    apr_time_t now = orc_engine_monotonic();
    orc_error_t *error;
    apr_pool_t *pool;
    orc_db_t *db;

    save.id = task->work->id;
    save.lease_number = task->work->lease_number;
    save.owner = engine->owner;
    save.due = engine->config->lease;
    save.progress = task->progress;
    save.changes = orc_task_changes(task);
    apr_pool_create(&pool, task->pool);
    error = orc_db_open(&db, engine->source, pool);
    if (!error)
        error = orc_store_save(db, &save, pool);
    if (error) {
        orc_log(ORC_LOG_INFO, "operation %s: a step is put off: %s", task->work->id, orc_error_line(error, pool));
        apr_pool_destroy(pool);
        orc_task_drop(task);
        return 0;
    }
    orc_db_close(db);
    apr_pool_destroy(pool);
    task->changes = NULL;
    if (!save.is_kept) {
        orc_task_drop(task);
        return 0;
    }
    task->lease_until = now + engine->config->lease;
    return 1;
}

/* A creation that was sent goes on, so that what IM made can be noted; everything else is given up. */
void orc_task_drop(orc_task_t *task)
{
    orc_engine_t *engine = task->engine;

    if (apr_hash_get(engine->tasks, task->work->id, APR_HASH_KEY_STRING) == task)
        apr_hash_set(engine->tasks, task->work->id, APR_HASH_KEY_STRING, NULL);
    task->is_lost = 1;
    if (task->token_fetching)
        return;
    if (task->http_call && task->call.kind == ORC_CALL_CREATE)
        return;
    orc_task_leave_endpoint(task);
    if (!task->is_finished) {
        task->is_finished = 1;
        APR_ARRAY_PUSH(engine->finished, orc_task_t *) = task;
    }
}
