/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_strings.h>
#include <string.h>

#include "orc_engine_internal.h"
#include "orc_engine_story.h"
#include "orc_log.h"
#include "orc_words.h"

/*
 * Deleting at IM, which IM 2.0 makes hard: it loses deletions, brings infrastructures back after a 404, and says
 * nothing when the cloud refuses an asynchronous deletion (README.md, "Decisions"). So a deletion is sent again
 * when nothing moves, sent synchronously when that doesn't help (only then IM tells why), and an infrastructure is gone
 * when it answers 404, and later 404 again, and is absent from the list.
 */

enum {
    SENDS_BEFORE_SYNC = 3, /* asynchronous ones without effect */
    MAX_REFUSALS = 3,      /* of synchronous ones: then it is stuck */
    MAX_SENDS = 15,        /* that IM took without doing it: then it is stuck */
    PATIENCE = 20,         /* times delete_repeat: then it is overdue */
};

#define NEVER_FOUND "its creation was never answered, and it was not found"

typedef struct removal_t {
    json_t *entries;
    size_t at;
    int is_forced;
    orc_task_step_t *after;
} removal_t;

static void go_on(orc_task_t *task);

static int is_at(const json_t *entry, const char *stage)
{
    const char *now = orc_json_string(entry, "stage");

    return now && strcmp(now, stage) == 0;
}

int orc_removal_is_gone(const json_t *entry)
{
    return is_at(entry, "recheck") || is_at(entry, "gone");
}

int orc_removal_is_confirmed(const json_t *entry)
{
    return is_at(entry, "gone");
}

int orc_removal_is_stuck(const json_t *entry)
{
    return is_at(entry, "stuck");
}

json_int_t orc_removal_sick(const json_t *entry)
{
    return orc_json_integer(entry, "sick", 0);
}

int orc_removal_is_overdue(const orc_task_t *task, const json_t *entry)
{
    return orc_json_integer(entry, "begun", 0) &&
           orc_task_since(task, entry, "begun") > task->engine->config->delete_repeat * PATIENCE;
}

static int is_done(const json_t *entry)
{
    return is_at(entry, "gone") || is_at(entry, "stuck") || json_object_get(entry, "hold");
}

apr_interval_time_t orc_removal_due(const orc_task_t *task, const json_t *entries)
{
    apr_time_t first = 0, now = orc_task_now(task);
    const json_t *entry;
    size_t i;
    int any = 0;

    json_array_foreach(entries, i, entry)
    {
        apr_time_t due = orc_json_integer(entry, "due", 0);

        if (is_done(entry))
            continue;
        first = !any || due < first ? due : first;
        any = 1;
    }
    if (!any)
        return task->engine->config->poll_max;
    return first > now ? first - now : 0;
}

/* ---- what is left ---- */

const char *orc_removal_reason(const orc_task_t *task, const json_t *entry, const char *otherwise)
{
    const char *provider = orc_json_string(entry, "provider"), *reason = orc_json_string(entry, "reason");

    if (orc_removal_is_confirmed(entry))
        reason = NEVER_FOUND;
    else if (!orc_removal_is_stuck(entry) && orc_json_string(entry, "ill"))
        reason = orc_json_string(entry, "ill");
    reason = orc_story_bare(reason ? reason : otherwise, task->pool);
    if (provider && !orc_providers_find(task->engine->service->providers, provider))
        reason = apr_psprintf(task->pool, "%s; its provider %s is not configured any more, so IM has no credentials",
                              reason, provider);
    return reason;
}

int orc_removal_is_left(const json_t *entry)
{
    return !orc_removal_is_confirmed(entry) || !orc_json_string(entry, "infra");
}

/* Logged before the step is stored: a line too many, of a step whose lease is lost, is better than one that is missing
 * when nothing else knows of the infrastructure. */
static const char *warn(const orc_task_t *task, const json_t *entry, const char *reason)
{
    const char *sentence = orc_story_left(entry, reason, task->pool);

    orc_log(ORC_LOG_WARNING, "deployment %s: %s", task->work->deployment_id, sentence);
    return sentence;
}

void orc_removal_tell(orc_task_t *task, const json_t *entry, int step, const char *otherwise)
{
    const char *sentence = warn(task, entry, orc_removal_reason(task, entry, otherwise));

    orc_story_log(orc_task_changes(task), "warning", "infrastructure_deletion", step, "%s", sentence);
    if (!orc_removal_is_confirmed(entry))
        orc_story_remember_left(task->progress, sentence);
}

void orc_removal_tell_late(orc_task_t *task, const json_t *attempt, const char *infra)
{
    json_t *entry = orc_json_own(json_copy((json_t *)attempt), task->pool);

    json_object_set_new(entry, "infra", json_string(infra));
    (void)warn(task, entry, "its creation was answered when nothing knew of it any more");
}

/* By its name, each once. */
static void gather(json_t *found, json_t *entry)
{
    const char *name = orc_json_string(entry, "infra");

    name = name ? name : orc_json_string(entry, "tag");
    if (name && orc_removal_is_left(entry) && !json_object_get(found, name))
        json_object_set(found, name, entry);
}

void orc_removal_tell_damaged(orc_task_t *task)
{
    const json_t *progress = task->progress;
    const json_t *targets = json_object_get(progress, "targets");
    const json_t *lists[] = {targets ? targets : task->work->remains, json_object_get(progress, "leftovers")};
    json_t *found = orc_json_own(json_object(), task->pool), *attempt = json_object_get(progress, "attempt"), *entry;
    const char *name;
    size_t i, j;

    for (i = 0; i < sizeof lists / sizeof *lists; i++) {
        json_array_foreach(lists[i], j, entry)
        {
            gather(found, entry);
        }
    }
    if (orc_json_string(attempt, "infra") || json_is_true(json_object_get(attempt, "asked")))
        gather(found, attempt);
    if (task->work->im_infra_id)
        gather(found, orc_json_own(json_pack("{s:s, s:s?, s:s?}", "infra", task->work->im_infra_id, "endpoint",
                                             task->work->im_endpoint, "provider", task->work->target_provider),
                                   task->pool));
    json_object_foreach(found, name, entry)
    {
        (void)warn(task, entry, "the record of its operation is damaged");
    }
}

/* ---- one entry ---- */

static json_t *entry_of(const orc_task_t *task)
{
    const removal_t *removal = task->removal;

    return json_array_get(removal->entries, removal->at);
}

static void later(orc_task_t *task, const char *stage, apr_interval_time_t pause)
{
    json_t *entry = entry_of(task);

    json_object_del(entry, "sick");
    json_object_del(entry, "ill");
    json_object_set_new(entry, "stage", json_string(stage));
    json_object_set_new(entry, "due", json_integer(orc_task_now(task) + pause));
    ((removal_t *)task->removal)->at++;
    go_on(task);
}

/* The removal of former attempts' infrastructures goes on beside the operation's own work, and isn't talked about. */
static int is_in_the_open(const orc_task_t *task)
{
    return task->phase == ORC_PHASE_CLEANING || task->phase == ORC_PHASE_DELETING ||
           task->phase == ORC_PHASE_CONFIRMING;
}

/* That a call was held back after others had failed says less than why they did. */
static void note_illness(json_t *entry, const orc_im_result_t *result)
{
    if (result->status || result->error->system || !json_object_get(entry, "ill"))
        json_object_set_new(entry, "ill", json_string(result->error->detail));
}

/* True when IM is ill: the entry waits, those behind it, which may be at another IM, don't. */
static int is_put_off(orc_task_t *task, const orc_im_result_t *result)
{
    json_t *entry = entry_of(task);
    const char *awaited = orc_engine_sickness(result);
    json_int_t times = orc_removal_sick(entry) + 1;

    if (awaited || result->kind == ORC_IM_TOKEN_REJECTED)
        note_illness(entry, result);
    if (result->kind == ORC_IM_TOKEN_REJECTED) {
        orc_task_wait_for_person(task);
        return 1;
    }
    if (!awaited)
        return 0;
    if (is_in_the_open(task))
        orc_task_describe(task, "%s", awaited);
    json_object_set_new(entry, "sick", json_integer(times));
    json_object_set_new(entry, "due", json_integer(orc_task_now(task) + orc_task_back_off(task, times)));
    ((removal_t *)task->removal)->at++;
    go_on(task);
    return 1;
}

static void is_gone_once(orc_task_t *task)
{
    json_object_del(entry_of(task), "sent");
    later(task, "recheck", task->engine->config->delete_recheck);
}

static void note_reason(orc_task_t *task, const orc_im_result_t *result)
{
    json_object_set_new(entry_of(task), "reason", json_string(result->error->detail));
}

static void call_entry(orc_task_t *task, orc_call_kind_t kind, orc_task_answer_t *answer)
{
    orc_call_t call = orc_task_call_about(entry_of(task), kind, answer);

    call.is_forced = ((removal_t *)task->removal)->is_forced;
    orc_task_call(task, &call);
}

static int count_up(json_t *entry, const char *key)
{
    int count = (int)orc_json_integer(entry, key, 0) + 1;

    json_object_set_new(entry, key, json_integer(count));
    return count;
}

/* ---- answers ---- */

static void on_deleted(orc_task_t *task, const orc_im_result_t *result)
{
    const orc_config_t *config = task->engine->config;
    json_t *entry = entry_of(task);

    switch (result->kind) {
    case ORC_IM_OK:
        json_object_set_new(entry, "sent", json_integer(orc_task_now(task)));
        if (task->phase == ORC_PHASE_DELETING)
            orc_task_describe(task, "The infrastructure is being deleted."); /* whatever it waited for */
        if (count_up(entry, "sends") <= MAX_SENDS) {
            later(task, "wait", config->poll_min);
            return;
        }
        json_object_set_new(entry, "reason",
                            json_string("The Infrastructure Manager takes its deletion and does not carry it out."));
        later(task, "stuck", 0);
        return;
    case ORC_IM_NOT_FOUND:
        is_gone_once(task);
        return;
    case ORC_IM_BUSY:
        if (is_in_the_open(task))
            orc_task_describe(task, "Waits until the Infrastructure Manager can delete: it is still making machines.");
        later(task, "delete", config->poll_max < config->delete_repeat ? config->poll_max : config->delete_repeat);
        return;
    default:
        break;
    }
    if (is_put_off(task, result))
        return;
    note_reason(task, result);
    later(task, count_up(entry, "refusals") >= MAX_REFUSALS ? "stuck" : "delete", config->delete_repeat);
}

static void on_state(orc_task_t *task, const orc_im_result_t *result)
{
    const orc_config_t *config = task->engine->config;
    json_t *entry = entry_of(task);

    if (result->kind == ORC_IM_NOT_FOUND) {
        is_gone_once(task);
        return;
    }
    if (result->kind != ORC_IM_OK) {
        if (is_put_off(task, result))
            return;
        note_reason(task, result);
        later(task, count_up(entry, "refusals") >= MAX_REFUSALS ? "stuck" : "delete", config->delete_repeat);
        return;
    }
    /* Nothing moves: it fell back to its old state, or the deletion got lost. */
    if (result->state == ORC_IM_STATE_DELETING)
        later(task, "wait", config->poll_min);
    else if (orc_task_since(task, entry, "sent") > config->delete_repeat)
        later(task, "delete", 0);
    else
        later(task, "wait", config->poll_min);
}

static void is_back(orc_task_t *task)
{
    orc_log(ORC_LOG_INFO, "operation %s: infrastructure %s came back after its deletion", task->work->id,
            orc_json_string(entry_of(task), "infra"));
    json_object_del(entry_of(task), "sends");
    later(task, "delete", 0);
}

static void on_list(orc_task_t *task, const orc_im_result_t *result)
{
    if (result->kind == ORC_IM_OK) {
        if (orc_words_contain(result->ids, orc_json_string(entry_of(task), "infra")))
            is_back(task);
        else
            later(task, "gone", 0);
        return;
    }
    if (!is_put_off(task, result))
        later(task, "gone", 0);
}

static void on_second_look(orc_task_t *task, const orc_im_result_t *result)
{
    if (result->kind == ORC_IM_NOT_FOUND)
        call_entry(task, ORC_CALL_LIST, on_list);
    else if (!is_put_off(task, result))
        is_back(task); /* also when IM refuses to tell: only of what is there */
}

static void on_search(orc_task_t *task, const char *infra)
{
    const orc_config_t *config = task->engine->config;
    json_t *entry = entry_of(task);

    if (infra) {
        json_object_set_new(entry, "infra", json_string(infra));
        later(task, "delete", 0);
    }
    else if (orc_task_since(task, entry, "since") > config->im_create_timeout) {
        later(task, "gone", 0);
    }
    else {
        later(task, "look", config->poll_min);
    }
}

static void on_failed_search(orc_task_t *task, const orc_im_result_t *result)
{
    if (!is_put_off(task, result))
        later(task, "look", task->engine->config->poll_max);
}

/* ---- going through ---- */

static void take_on(orc_task_t *task)
{
    json_t *entry = entry_of(task);

    if (!json_object_get(entry, "begun"))
        json_object_set_new(entry, "begun", json_integer(orc_task_now(task)));
    if (!orc_json_string(entry, "infra"))
        orc_task_search(task, entry, on_search, on_failed_search);
    else if (is_at(entry, "wait"))
        call_entry(task, ORC_CALL_STATE, on_state);
    else if (is_at(entry, "recheck"))
        call_entry(task, ORC_CALL_STATE, on_second_look);
    else if (orc_json_integer(entry, "sends", 0) >= SENDS_BEFORE_SYNC)
        call_entry(task, ORC_CALL_DELETE_AND_WAIT, on_deleted);
    else
        call_entry(task, ORC_CALL_DELETE, on_deleted);
}

static void go_on(orc_task_t *task)
{
    removal_t *removal = task->removal;
    apr_time_t now = orc_task_now(task);

    for (; removal->at < json_array_size(removal->entries); removal->at++) {
        const json_t *entry = json_array_get(removal->entries, removal->at);

        if (!is_done(entry) && orc_json_integer(entry, "due", 0) <= now) {
            take_on(task);
            return;
        }
    }
    removal->after(task);
}

void orc_task_remove(orc_task_t *task, json_t *entries, int is_forced, orc_task_step_t *after)
{
    removal_t *removal = apr_pcalloc(task->pool, sizeof *removal);

    removal->entries = entries;
    removal->is_forced = is_forced;
    removal->after = after;
    task->removal = removal;
    go_on(task);
}
