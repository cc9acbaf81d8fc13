/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_engine_removal.h"

#include <apr_strings.h>
#include <string.h>

#include "orc_engine_search.h"
#include "orc_log.h"
#include "orc_words.h"

enum {
    SENDS_BEFORE_SYNC = 3, /* asynchronous ones without effect */
    MAX_REFUSALS = 3,      /* of synchronous ones: then it is stuck */
    MAX_SENDS = 15,        /* that IM took without doing it: then it is stuck */
    PATIENCE = 20,         /* times delete_repeat: then it is overdue */
};

#define NEVER_FOUND "its creation was never answered, and it was not found"

static const orc_field_t fields[] = {
    ORC_FIELD_AS(orc_entry_t, "endpoint", at.endpoint, TEXT, ORC_FIELD_ALWAYS),
    ORC_FIELD_AS(orc_entry_t, "provider", at.provider, TEXT, 0),
    ORC_FIELD_AS(orc_entry_t, "region", at.region, TEXT, 0),
    ORC_FIELD_AS(orc_entry_t, "project", at.project, TEXT, 0),
    ORC_FIELD(orc_entry_t, infra, TEXT, 0),
    ORC_FIELD(orc_entry_t, tag, TEXT, 0),
    ORC_FIELD(orc_entry_t, operation, TEXT, 0),
    ORC_FIELD(orc_entry_t, name, TEXT, 0),
    ORC_FIELD(orc_entry_t, number, NUMBER, 0),
    ORC_FIELD(orc_entry_t, since, NUMBER, 0),
    ORC_FIELD(orc_entry_t, stage, TEXT, 0),
    ORC_FIELD(orc_entry_t, due, NUMBER, 0),
    ORC_FIELD(orc_entry_t, begun, NUMBER, 0),
    ORC_FIELD(orc_entry_t, sent, NUMBER, 0),
    ORC_FIELD(orc_entry_t, sends, NUMBER, 0),
    ORC_FIELD(orc_entry_t, refusals, NUMBER, 0),
    ORC_FIELD(orc_entry_t, sick, NUMBER, 0),
    ORC_FIELD(orc_entry_t, rejected, NUMBER, 0),
    ORC_FIELD(orc_entry_t, reason, TEXT, 0),
    ORC_FIELD(orc_entry_t, ill, TEXT, 0),
    ORC_FIELD(orc_entry_t, hold, FLAG, 0),
    ORC_FIELD(orc_entry_t, noted, FLAG, 0),
    ORC_FIELD_END,
};
const orc_fields_t orc_entry_fields = {sizeof(orc_entry_t), fields};

typedef struct orc_removal_t {
    apr_array_header_t *entries;
    int at, is_forced, is_in_the_open;
    orc_turn_t *after;
} orc_removal_t;

static orc_step_t next_entry(orc_task_t *task);

static int is_at(const orc_entry_t *entry, const char *stage)
{
    return entry->stage && strcmp(entry->stage, stage) == 0;
}

int orc_removal_is_gone(const orc_entry_t *entry)
{
    return is_at(entry, "recheck") || is_at(entry, "gone");
}

int orc_removal_is_confirmed(const orc_entry_t *entry)
{
    return is_at(entry, "gone");
}

int orc_removal_is_stuck(const orc_entry_t *entry)
{
    return is_at(entry, "stuck");
}

int orc_removal_is_overdue(const orc_task_t *task, const orc_entry_t *entry)
{
    return entry->begun && orc_task_since(task, entry->begun) > task->config->delete_repeat * PATIENCE;
}

int orc_removal_is_left(const orc_entry_t *entry)
{
    return !orc_removal_is_confirmed(entry) || !entry->infra;
}

static int is_done(const orc_entry_t *entry)
{
    return is_at(entry, "gone") || is_at(entry, "stuck") || entry->hold;
}

apr_interval_time_t orc_removal_due(const orc_task_t *task, const apr_array_header_t *entries)
{
    apr_time_t first = 0;
    int i, any = 0;

    for (i = 0; entries && i < entries->nelts; i++) {
        const orc_entry_t *entry = APR_ARRAY_IDX(entries, i, const orc_entry_t *);

        if (is_done(entry))
            continue;
        first = !any || entry->due < first ? entry->due : first;
        any = 1;
    }
    if (!any)
        return task->config->poll_max;
    return first > task->now ? first - task->now : 0;
}

/* All that is not done waits for a token. */
static int is_up_to_the_person(const apr_array_header_t *entries)
{
    int i, open = 0, rejected = 0;

    for (i = 0; i < entries->nelts; i++) {
        const orc_entry_t *entry = APR_ARRAY_IDX(entries, i, const orc_entry_t *);

        open += !is_done(entry);
        rejected += !is_done(entry) && entry->rejected;
    }
    return open && open == rejected;
}

orc_step_t orc_removal_later(orc_task_t *task, const apr_array_header_t *entries)
{
    return is_up_to_the_person(entries) ? orc_step_wait_for_person(task)
                                        : orc_step_later(orc_removal_due(task, entries));
}

/* ---- what is left ---- */

const char *orc_removal_reason(const orc_task_t *task, const orc_entry_t *entry, const char *otherwise)
{
    const char *reason = entry->reason;

    if (orc_removal_is_confirmed(entry))
        reason = NEVER_FOUND;
    else if (!orc_removal_is_stuck(entry) && entry->ill)
        reason = entry->ill;
    reason = orc_story_bare(reason ? reason : otherwise, task->pool);
    if (entry->at.provider && !orc_providers_find(task->service->providers, entry->at.provider))
        reason = apr_psprintf(task->pool, "%s; its provider %s is not configured any more, so IM has no credentials",
                              reason, entry->at.provider);
    return reason;
}

/* Logged before the step is stored: a line too many, of a step whose lease is lost, is better than one that is missing
 * when nothing else knows of the infrastructure. */
static const char *warn(const orc_task_t *task, const orc_entry_t *entry, const char *reason)
{
    const char *sentence = orc_story_left(&entry->at, entry->infra, entry->tag, reason, task->pool);

    orc_log(ORC_LOG_WARNING, "deployment %s: %s", task->work->deployment_id, sentence);
    return sentence;
}

void orc_removal_tell(orc_task_t *task, orc_story_t *story, const orc_entry_t *entry, int step, const char *otherwise)
{
    const char *sentence = warn(task, entry, orc_removal_reason(task, entry, otherwise));

    orc_story_log(orc_task_changes(task), "warning", "infrastructure_deletion", step, "%s", sentence);
    if (!orc_removal_is_confirmed(entry))
        orc_story_remember_left(story, sentence, task->pool);
}

/* By its name, each once. What is wrong with it does not matter here. */
static void tell_once(orc_task_t *task, json_t *told, const json_t *object)
{
    orc_entry_t *entry = apr_pcalloc(task->pool, sizeof *entry);
    const char *name;

    (void)orc_fields_read(entry, &orc_entry_fields, object, 0, task->pool);
    name = entry->infra ? entry->infra : entry->tag;
    if (!name || !orc_removal_is_left(entry) || json_object_get(told, name))
        return;
    json_object_set_new(told, name, json_true());
    (void)warn(task, entry, "the record of its operation is damaged");
}

void orc_removal_tell_damaged(orc_task_t *task)
{
    const orc_work_t *work = task->work;
    const json_t *progress = work->memory, *entry;
    const json_t *targets = json_object_get(progress, "targets"), *attempt = json_object_get(progress, "attempt");
    const json_t *lists[] = {targets ? targets : work->remains, json_object_get(progress, "leftovers")};
    json_t *told = orc_json_own(json_object(), task->pool);
    size_t i, j;

    for (i = 0; i < sizeof lists / sizeof *lists; i++) {
        json_array_foreach(lists[i], j, entry)
        {
            tell_once(task, told, entry);
        }
    }
    tell_once(task, told, json_object_get(progress, "target"));
    if (orc_json_string(attempt, "infra") || json_is_true(json_object_get(attempt, "asked")))
        tell_once(task, told, attempt);
    if (work->im_infra_id)
        tell_once(task, told,
                  orc_json_own(json_pack("{s:s, s:s?, s:s?}", "infra", work->im_infra_id, "endpoint", work->im_endpoint,
                                         "provider", work->target_provider),
                               task->pool));
}

/* ---- one entry ---- */

static orc_entry_t *entry_of(const orc_task_t *task)
{
    return APR_ARRAY_IDX(task->removal->entries, task->removal->at, orc_entry_t *);
}

static orc_step_t put_off(orc_task_t *task, apr_interval_time_t pause)
{
    entry_of(task)->due = task->now + pause;
    task->removal->at++;
    return next_entry(task);
}

/* `stage`: NULL: to be deleted, or looked for. */
static orc_step_t later(orc_task_t *task, const char *stage, apr_interval_time_t pause)
{
    orc_entry_t *entry = entry_of(task);

    entry->sick = entry->rejected = 0;
    entry->ill = NULL;
    entry->stage = stage;
    return put_off(task, pause);
}

/* The removal of former attempts' infrastructures goes on beside the operation's own work, and isn't talked about. */
static void describe(orc_task_t *task, const char *what)
{
    if (task->removal->is_in_the_open)
        orc_task_describe(task, "%s", what);
}

/* That a call was held back after others had failed says less than why they did. */
static void note_illness(orc_task_t *task, const orc_im_result_t *result)
{
    orc_entry_t *entry = entry_of(task);

    if (result->status || result->error->system || !entry->ill)
        entry->ill = apr_pstrdup(task->pool, result->error->detail);
}

/* True when IM is ill, or takes no token of the person: the entry waits, those behind it, which may be at another IM,
 * don't. */
static int is_put_off(orc_step_t *step, orc_task_t *task, const orc_im_result_t *result)
{
    orc_entry_t *entry = entry_of(task);
    const char *awaited = orc_engine_sickness(result);

    if (result->kind == ORC_IM_TOKEN_REJECTED) {
        note_illness(task, result);
        entry->rejected++;
        *step = put_off(task, task->config->poll_max);
        return 1;
    }
    if (!awaited)
        return 0;
    note_illness(task, result);
    describe(task, awaited);
    *step = put_off(task, orc_task_back_off(task, ++entry->sick));
    return 1;
}

static orc_step_t is_gone_once(orc_task_t *task)
{
    entry_of(task)->sent = 0;
    return later(task, "recheck", task->config->delete_recheck);
}

static orc_step_t call_entry(orc_task_t *task, orc_call_kind_t kind, orc_answer_t *answer)
{
    const orc_entry_t *entry = entry_of(task);
    orc_call_t call = orc_call_about(&entry->at, kind, entry->infra, answer);

    call.is_forced = task->removal->is_forced;
    return orc_step_call(&call);
}

/* ---- answers ---- */

static orc_step_t is_refused(orc_task_t *task, const orc_im_result_t *result)
{
    orc_entry_t *entry = entry_of(task);

    entry->reason = apr_pstrdup(task->pool, result->error->detail);
    return later(task, ++entry->refusals >= MAX_REFUSALS ? "stuck" : NULL, task->config->delete_repeat);
}

static orc_step_t is_taken(orc_task_t *task)
{
    orc_entry_t *entry = entry_of(task);

    entry->sent = task->now;
    describe(task, "The infrastructure is being deleted."); /* whatever it waited for */
    if (++entry->sends <= MAX_SENDS)
        return later(task, "wait", task->config->poll_min);
    entry->reason = "The Infrastructure Manager takes its deletion and does not carry it out.";
    return later(task, "stuck", 0);
}

static orc_step_t on_deleted(orc_task_t *task, const orc_im_result_t *result)
{
    const orc_config_t *config = task->config;
    orc_step_t step;

    switch (result->kind) {
    case ORC_IM_OK:
        return is_taken(task);
    case ORC_IM_NOT_FOUND:
        return is_gone_once(task);
    case ORC_IM_BUSY:
        describe(task, "Waits until the Infrastructure Manager can delete: it is still making machines.");
        return later(task, NULL, config->poll_max < config->delete_repeat ? config->poll_max : config->delete_repeat);
    default:
        return is_put_off(&step, task, result) ? step : is_refused(task, result);
    }
}

static orc_step_t on_state(orc_task_t *task, const orc_im_result_t *result)
{
    orc_step_t step;

    if (result->kind == ORC_IM_NOT_FOUND)
        return is_gone_once(task);
    if (result->kind != ORC_IM_OK)
        return is_put_off(&step, task, result) ? step : is_refused(task, result);
    /* Nothing moves: it fell back to its old state, or the deletion got lost. */
    if (result->state != ORC_IM_STATE_DELETING &&
        orc_task_since(task, entry_of(task)->sent) > task->config->delete_repeat)
        return later(task, NULL, 0);
    return later(task, "wait", task->config->poll_min);
}

static orc_step_t is_back(orc_task_t *task)
{
    orc_log(ORC_LOG_INFO, "operation %s: infrastructure %s came back after its deletion", task->work->id,
            entry_of(task)->infra);
    entry_of(task)->sends = 0;
    return later(task, NULL, 0);
}

static orc_step_t on_list(orc_task_t *task, const orc_im_result_t *result)
{
    orc_step_t step;

    if (result->kind == ORC_IM_OK && orc_words_contain(result->ids, entry_of(task)->infra))
        return is_back(task);
    return result->kind != ORC_IM_OK && is_put_off(&step, task, result) ? step : later(task, "gone", 0);
}

static orc_step_t on_second_look(orc_task_t *task, const orc_im_result_t *result)
{
    orc_step_t step;

    if (result->kind == ORC_IM_NOT_FOUND)
        return call_entry(task, ORC_CALL_LIST, on_list);
    /* Also when IM refuses to tell: only of what is there. */
    return is_put_off(&step, task, result) ? step : is_back(task);
}

static orc_step_t on_search(orc_task_t *task, const char *infra)
{
    orc_entry_t *entry = entry_of(task);

    if (infra) {
        entry->infra = infra;
        return later(task, NULL, 0);
    }
    if (orc_task_since(task, entry->since) > task->config->im_create_timeout)
        return later(task, "gone", 0);
    return later(task, NULL, task->config->poll_min);
}

static orc_step_t on_failed_search(orc_task_t *task, const orc_im_result_t *result)
{
    orc_step_t step;

    return is_put_off(&step, task, result) ? step : later(task, NULL, task->config->poll_max);
}

/* ---- going through ---- */

static orc_step_t take_on(orc_task_t *task)
{
    orc_entry_t *entry = entry_of(task);

    if (!entry->begun)
        entry->begun = task->now;
    if (!entry->infra)
        return orc_task_search(task, &entry->at, entry->operation ? entry->operation : task->work->id, entry->tag,
                               on_search, on_failed_search);
    if (is_at(entry, "wait"))
        return call_entry(task, ORC_CALL_STATE, on_state);
    if (is_at(entry, "recheck"))
        return call_entry(task, ORC_CALL_STATE, on_second_look);
    return call_entry(task, entry->sends >= SENDS_BEFORE_SYNC ? ORC_CALL_DELETE_AND_WAIT : ORC_CALL_DELETE, on_deleted);
}

static orc_step_t next_entry(orc_task_t *task)
{
    orc_removal_t *removal = task->removal;

    for (; removal->at < removal->entries->nelts; removal->at++) {
        if (!is_done(entry_of(task)) && entry_of(task)->due <= task->now)
            return take_on(task);
    }
    return removal->after(task);
}

orc_step_t orc_task_remove(orc_task_t *task, apr_array_header_t *entries, int is_forced, int is_in_the_open,
                           orc_turn_t *after)
{
    orc_removal_t *removal = task->removal = apr_pcalloc(task->pool, sizeof *removal);

    removal->entries = entries;
    removal->is_forced = is_forced;
    removal->is_in_the_open = is_in_the_open;
    removal->after = after;
    return next_entry(task);
}
