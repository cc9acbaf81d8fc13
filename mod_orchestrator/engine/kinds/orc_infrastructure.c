/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_infrastructure.h"

#include <apr_strings.h>
#include <string.h>

#include "../orc_engine_infrastructure.h"
#include "../orc_engine_search.h"
#include "orc_log.h"
#include "orc_words.h"

/*
 * IM makes this hard: it loses deletions, brings infrastructures back after a 404, says nothing when the cloud refuses
 * an asynchronous deletion, carries out creations whose client has gone, and without its database knows nothing and
 * says so as if that were the truth (engine/README.md, "Decisions").
 */

enum {
    SENDS_BEFORE_SYNC = 3, /* asynchronous deletions without effect */
    MAX_REFUSALS = 3,      /* then it is stuck */
    MAX_SENDS = 15,        /* that IM took without carrying them out: then it is stuck, too */
    MAX_TRIES = 5,         /* at an ill IM, that others are told of */
    DOUBTS = 2,            /* looks at an IM that knows nothing at all, before it is believed */
};

#define UNLISTED "the Infrastructure Manager does not know it, nor others that are wanted"

enum { ASKED, UNWANTED, DELETING, GONE, STUCK, END };
static const char *const phases[] = {"asked", "unwanted", "deleting", "gone", "stuck", "ended", NULL};

enum {
    UNKNOWN = ORC_EVENT_TURN + 1, /* nobody knows its id yet */
    FOUND,                        /* IM has it */
    TAKEN,                        /* IM took its deletion */
    STILL,                        /* but it is there, and nothing moves */
    REFUSED,                      /* IM does not delete it, or tells nothing of what may be it */
    VANISHED,                     /* IM does not know it any more */
    BACK,                         /* IM knows it again */
    OVER,                         /* it is gone for good, or never was */
};
static const char *const events[] = {"turn",    "unknown",  "found", "taken", "still",
                                     "refused", "vanished", "back",  "over",  NULL};

typedef struct memory_t {
    orc_pace_t pace;
    apr_int64_t sent, sends, refusals; /* deletions */
    int is_accepted;                   /* IM took one: its 404 means something */
    apr_int64_t doubts;                /* looks at an IM that knew nothing */
    apr_int64_t looks, next;           /* further ones, when the next one counts */
    int is_told;                       /* that it may be left */

    orc_infrastructure_t *row; /* as the claim brought it, and as this step changes it */
} memory_t;

static const orc_field_t fields[] = {
    ORC_PACE_FIELDS(memory_t),
    ORC_FIELD(memory_t, sent, NUMBER, 0),
    ORC_FIELD(memory_t, sends, NUMBER, 0),
    ORC_FIELD(memory_t, refusals, NUMBER, 0),
    ORC_FIELD_AS(memory_t, "accepted", is_accepted, FLAG, 0),
    ORC_FIELD(memory_t, doubts, NUMBER, 0),
    ORC_FIELD(memory_t, looks, NUMBER, 0),
    ORC_FIELD(memory_t, next, NUMBER, 0),
    ORC_FIELD_AS(memory_t, "told", is_told, FLAG, 0),
    ORC_FIELD_END,
};
static const orc_fields_t memory_fields = {sizeof(memory_t), fields};

/* ---- the row ---- */

static orc_infrastructure_t *row_of(const orc_task_t *task)
{
    return ((const memory_t *)task->memory)->row;
}

static json_t *report(orc_task_t *task)
{
    json_t *changes = orc_task_changes(task), *object = json_object_get(changes, "infrastructure");

    if (!object) {
        object = json_object();
        json_object_set_new(changes, "infrastructure", object);
    }
    return object;
}

static void stand(orc_task_t *task, const char *standing)
{
    orc_infrastructure_t *row = row_of(task);

    if (orc_infrastructure_is(row, standing))
        return;
    row->standing = standing;
    json_object_set_new(report(task), "standing", json_string(standing));
}

/* Why it is not gone. NULL: nothing is in the way. */
static void note(orc_task_t *task, const char *text)
{
    orc_infrastructure_t *row = row_of(task);

    if (text == row->note || (text && row->note && strcmp(text, row->note) == 0))
        return;
    row->note = text ? apr_pstrdup(task->pool, text) : NULL;
    json_object_set_new(report(task), "note", text ? json_string(text) : json_null());
}

static void count_tries(orc_task_t *task, apr_int64_t tries)
{
    orc_infrastructure_t *row = row_of(task);

    if (tries > MAX_TRIES || tries == row->tries)
        return;
    row->tries = tries;
    json_object_set_new(report(task), "tries", json_integer(tries));
}

/* IM, or why it can't be asked, has a say in it: from now on it takes too long one day. False: it begins anew. */
static void set_tried(orc_task_t *task, int is_tried)
{
    orc_infrastructure_t *row = row_of(task);

    if (is_tried == (row->tried != 0))
        return;
    row->tried = is_tried ? task->now : 0;
    json_object_set_new(report(task), "tried", json_boolean(is_tried));
}

static void tell(orc_task_t *task, const char *otherwise)
{
    memory_t *memory = task->memory;

    if (!memory->is_told)
        (void)orc_infrastructure_tell(task, row_of(task), (int)row_of(task)->step, otherwise);
    memory->is_told = 1;
    (void)report(task);
}

/* ---- what comes next ---- */

static orc_step_t call(orc_task_t *task, orc_call_kind_t kind, orc_answer_t *answer)
{
    const orc_infrastructure_t *row = row_of(task);
    orc_call_t asked = orc_call_about(&row->at, kind, row->infra, answer);

    asked.is_forced = row->forced;
    return orc_step_call(&asked);
}

/* IM answered: nothing is in the way any more. */
static orc_step_t later(orc_task_t *task, apr_interval_time_t due)
{
    count_tries(task, 0);
    note(task, NULL);
    return orc_step_later(due);
}

static orc_step_t is_ill(orc_task_t *task, const char *why)
{
    orc_pace_t *pace = task->memory;
    orc_step_t step = orc_step_later(orc_task_back_off(task, ++pace->sick));

    note(task, why);
    count_tries(task, pace->sick);
    step.is_sick = 1;
    return step;
}

/* Until another try without the person, whose token wakes it: IM may have been wrong. That what is gone stays gone is
 * no matter of minutes, and whoever never comes back would be tried for ever. */
static apr_interval_time_t without_token(const orc_task_t *task)
{
    const orc_config_t *config = task->config;

    return config->looks[task->phase == GONE ? config->look_count - 1 : config->look_count > 1];
}

/* True when IM tells nothing because it is ill, or takes no token of the person. That a call was held back after others
 * had failed says less than why they did. */
static int is_put_off(orc_step_t *step, orc_task_t *task, const orc_im_result_t *result)
{
    const orc_infrastructure_t *row = row_of(task);
    int says_something = result->error && (result->status || result->error->system || !row->note);

    if (result->kind == ORC_IM_TOKEN_REJECTED) {
        note(task, result->error->detail);
        *step = orc_step_later(without_token(task));
        step->waits = 1;
        return 1;
    }
    if (!orc_engine_sickness(result))
        return 0;
    *step = is_ill(task, says_something ? result->error->detail : row->note);
    return 1;
}

/* Time until the next of the further looks, each the next of the configured times behind the one before, whoever is in
 * a hurry; -1: there is none any more. */
static apr_interval_time_t until_next_look(orc_task_t *task)
{
    memory_t *memory = task->memory;
    const orc_config_t *config = task->config;

    if (memory->next <= task->now) {
        if (memory->looks >= config->look_count)
            return -1;
        memory->next = task->now + config->looks[memory->looks++];
    }
    return memory->next - task->now;
}

/* ---- an IM that does not know it ---- */

/* It may have lost its database: the first looks are not believed. */
static int is_doubted(orc_step_t *step, orc_task_t *task, const char *why)
{
    memory_t *memory = task->memory;

    if (++memory->doubts > DOUBTS)
        return 0;
    note(task, why);
    *step = orc_step_later(task->config->looks[memory->doubts <= task->config->look_count ? memory->doubts - 1 : 0]);
    return 1;
}

static orc_step_t doubt(orc_task_t *task, const char *why)
{
    orc_step_t step;

    return task->phase != GONE && is_doubted(&step, task, why) ? step : orc_step_event(VANISHED);
}

/* It lists nothing. When there are others that somebody wants, it has lost its database. */
static orc_step_t on_living(orc_task_t *task, const orc_found_t *found)
{
    if (found->count)
        return is_ill(task, "the Infrastructure Manager knows no infrastructure of the owner at all");
    return doubt(task, "the Infrastructure Manager does not know it, nor any other of the owner");
}

/* It lists something: without its database, what it has in its memory. */
static orc_step_t on_unlisted(orc_task_t *task, const orc_found_t *found)
{
    return found->count ? doubt(task, UNLISTED) : orc_step_event(VANISHED);
}

static orc_step_t on_list(orc_task_t *task, const orc_im_result_t *result)
{
    const orc_infrastructure_t *row = row_of(task);
    orc_read_t read = {.kind = ORC_READ_LIVING, .endpoint = row->at.endpoint};
    orc_step_t step;

    if (is_put_off(&step, task, result))
        return step;
    if (result->kind != ORC_IM_OK)
        return is_ill(task, result->error->detail);
    if (orc_words_contain(result->ids, row->infra))
        return task->phase == GONE ? orc_step_event(BACK) : later(task, task->config->delete_repeat);
    read.ids = orc_words_copy(result->ids, task->pool);
    read.then = read.ids->nelts ? on_unlisted : on_living;
    return orc_step_read(read);
}

/* ---- deleting ---- */

static orc_step_t is_refused(orc_task_t *task, const orc_im_result_t *result)
{
    memory_t *memory = task->memory;

    note(task, result->error->detail);
    return ++memory->refusals >= MAX_REFUSALS ? orc_step_event(REFUSED) : orc_step_later(task->config->delete_repeat);
}

static orc_step_t is_taken(orc_task_t *task)
{
    memory_t *memory = task->memory;

    memory->sent = task->now;
    memory->is_accepted = 1;
    memory->doubts = 0;
    if (++memory->sends <= MAX_SENDS)
        return orc_step_event(TAKEN);
    note(task, "The Infrastructure Manager takes its deletion and does not carry it out.");
    return orc_step_event(REFUSED);
}

static orc_step_t on_deleted(orc_task_t *task, const orc_im_result_t *result)
{
    const memory_t *memory = task->memory;
    const orc_config_t *config = task->config;
    orc_step_t step;

    set_tried(task, 1);
    switch (result->kind) {
    case ORC_IM_OK:
        return is_taken(task);
    case ORC_IM_NOT_FOUND:
        return memory->is_accepted ? orc_step_event(VANISHED) : call(task, ORC_CALL_LIST, on_list);
    case ORC_IM_BUSY: /* it is still making machines */
        return later(task, config->poll_max < config->delete_repeat ? config->poll_max : config->delete_repeat);
    default:
        return is_put_off(&step, task, result) ? step : is_refused(task, result);
    }
}

static orc_step_t ask(orc_task_t *task)
{
    const memory_t *memory = task->memory;

    stand(task, "unwanted");
    return call(task, memory->sends >= SENDS_BEFORE_SYNC ? ORC_CALL_DELETE_AND_WAIT : ORC_CALL_DELETE, on_deleted);
}

static orc_step_t await(orc_task_t *task)
{
    stand(task, "deleting");
    return later(task, task->config->poll_min);
}

static orc_step_t on_state(orc_task_t *task, const orc_im_result_t *result)
{
    const memory_t *memory = task->memory;
    orc_step_t step;

    set_tried(task, 1);
    if (result->kind == ORC_IM_NOT_FOUND)
        return orc_step_event(VANISHED);
    if (result->kind != ORC_IM_OK)
        return is_put_off(&step, task, result) ? step : is_refused(task, result);
    /* It fell back to its old state, or the deletion got lost. */
    if (result->state != ORC_IM_STATE_DELETING && orc_task_since(task, memory->sent) > task->config->delete_repeat)
        return orc_step_event(STILL);
    return later(task, task->config->poll_min);
}

static orc_step_t watch(orc_task_t *task)
{
    return call(task, ORC_CALL_STATE, on_state);
}

/* ---- what IM does not delete ---- */

static orc_step_t despair(orc_task_t *task)
{
    const orc_config_t *config = task->config;

    stand(task, "stuck");
    tell(task, "the Infrastructure Manager does not delete it");
    return orc_step_later(config->looks[config->look_count - 1]);
}

static orc_step_t try_again(orc_task_t *task)
{
    memory_t *memory = task->memory;

    memory->sends = memory->refusals = 0;
    return ask(task);
}

/* ---- what is gone ---- */

static orc_step_t rest(orc_task_t *task)
{
    apr_interval_time_t wait = until_next_look(task);

    stand(task, "gone");
    return wait < 0 ? orc_step_event(OVER) : later(task, wait);
}

static orc_step_t begin_rest(orc_task_t *task)
{
    memory_t *memory = task->memory;

    memory->looks = memory->next = memory->sends = memory->refusals = 0;
    return rest(task);
}

static orc_step_t on_another_look(orc_task_t *task, const orc_im_result_t *result)
{
    orc_step_t step;

    if (result->kind == ORC_IM_NOT_FOUND)
        return call(task, ORC_CALL_LIST, on_list);
    /* Also when IM refuses to tell: only of what is there. */
    return is_put_off(&step, task, result) ? step : orc_step_event(BACK);
}

static orc_step_t look_again(orc_task_t *task)
{
    return call(task, ORC_CALL_STATE, on_another_look);
}

static orc_step_t is_back(orc_task_t *task)
{
    orc_log(ORC_LOG_INFO, "deployment %s: infrastructure %s came back after its deletion", task->work->deployment_id,
            row_of(task)->infra);
    set_tried(task, 0);
    return ask(task);
}

static orc_step_t forget(orc_task_t *task)
{
    return orc_step_ended("over");
}

/* ---- a creation that was not answered ---- */

static orc_step_t on_search(orc_task_t *task, orc_search_outcome_t outcome, const char *infra)
{
    orc_infrastructure_t *row = row_of(task);
    apr_interval_time_t wait;
    orc_step_t step;

    set_tried(task, 1);
    if (outcome == ORC_SEARCH_FOUND) {
        row->infra = infra;
        json_object_set_new(report(task), "infra", json_string(infra));
        return orc_step_event(FOUND);
    }
    if (task->now <= row->until)
        return orc_step_poll(task);
    if (outcome == ORC_SEARCH_UNLISTED && is_doubted(&step, task, UNLISTED))
        return step;
    if (outcome != ORC_SEARCH_OPEN)
        stand(task, "gone");
    else
        note(task, "the Infrastructure Manager has one that it tells nothing of, which may be it");
    wait = until_next_look(task);
    if (wait >= 0)
        return orc_step_later(wait);
    /* Nobody looks for what is forgotten: as long as it may be there, it is not. */
    if (outcome == ORC_SEARCH_OPEN)
        return orc_step_event(REFUSED);
    tell(task, "it was not found");
    return orc_step_event(OVER);
}

static orc_step_t on_failed_search(orc_task_t *task, const orc_im_result_t *result)
{
    orc_step_t step;

    set_tried(task, 1);
    return is_put_off(&step, task, result) ? step : orc_step_later(task->config->poll_max);
}

static orc_step_t look_for(orc_task_t *task)
{
    const orc_infrastructure_t *row = row_of(task);

    return orc_task_search(task, &row->at, row->id, on_search, on_failed_search);
}

static orc_step_t is_found(orc_task_t *task)
{
    memory_t *memory = task->memory;

    memory->looks = memory->next = 0;
    return ask(task);
}

/* ---- the kind ---- */

static const orc_transition_t transitions[] = {
    {ASKED, ORC_EVENT_TURN, ASKED, look_for},
    {ASKED, FOUND, UNWANTED, is_found},
    {ASKED, REFUSED, STUCK, despair},
    {ASKED, OVER, END, forget},

    {UNWANTED, ORC_EVENT_TURN, UNWANTED, ask},
    {UNWANTED, UNKNOWN, ASKED, look_for},
    {UNWANTED, TAKEN, DELETING, await},
    {UNWANTED, VANISHED, GONE, begin_rest},
    {UNWANTED, REFUSED, STUCK, despair},

    {DELETING, ORC_EVENT_TURN, DELETING, watch},
    {DELETING, STILL, UNWANTED, ask},
    {DELETING, VANISHED, GONE, begin_rest},
    {DELETING, REFUSED, STUCK, despair},

    {GONE, ORC_EVENT_TURN, GONE, look_again},
    {GONE, VANISHED, GONE, rest},
    {GONE, BACK, UNWANTED, is_back},
    {GONE, OVER, END, forget},

    {STUCK, ORC_EVENT_TURN, UNWANTED, try_again},
    {STUCK, UNKNOWN, ASKED, look_for},
    {0, 0, 0, NULL},
};

static orc_step_t turn(orc_task_t *task)
{
    const apr_array_header_t *rows = orc_infrastructures_of(task);
    orc_infrastructure_t *row;

    if (!rows->nelts)
        return orc_step_damaged("its row can't be read");
    row = ((memory_t *)task->memory)->row = APR_ARRAY_IDX(rows, 0, orc_infrastructure_t *);
    if (task->phase != GONE && orc_infrastructure_is_overdue(task, row))
        tell(task, "its deletion did not end in time");
    if (task->phase == ASKED && row->infra)
        return orc_step_event(FOUND);
    return orc_step_event((task->phase == UNWANTED || task->phase == STUCK) && !row->infra ? UNKNOWN : ORC_EVENT_TURN);
}

/* All that matters is in its own row: it begins anew. */
static void give_up(orc_task_t *task, const char *what)
{
    json_object_set_new(orc_task_changes(task), "phase", json_string(phases[UNWANTED]));
}

const orc_kind_t orc_kind_infrastructure = {
    .word = "infrastructure",
    .phases = phases,
    .events = events,
    .transitions = transitions,
    .turn = turn,
    .memory = &memory_fields,
    .deleting = ORC_IN(UNWANTED) | ORC_IN(STUCK),
    .give_up = give_up,
};
