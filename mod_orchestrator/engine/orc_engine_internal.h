/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_ENGINE_INTERNAL_H
#define ORC_ENGINE_INTERNAL_H

#include <apr_hash.h>
#include <signal.h>

#include "orc_engine.h"
#include "orc_engine_phases.h"
#include "orc_enums.h"
#include "orc_im.h"
#include "orc_oidc.h"
#include "orc_providers.h"
#include "orc_store_work.h"

/* Within the room: the engine, and a task, which is one step of one operation while this daemon has its lease. */

enum {
    ORC_ENGINE_MAX_TASKS = 512, /* operations in hand at once */
    ORC_ENGINE_BATCH = 64,      /* claimed, or stored, at once */
};

#define ORC_ENGINE_TAG "PAAS_ATTEMPT" /* name of the tag that an attempt's infrastructure is found by */

typedef struct orc_task_t orc_task_t;

/** What goes on with a task. */
typedef void orc_task_step_t(orc_task_t *task);

/** Takes the answer of a call; it lives until the function returns. */
typedef void orc_task_answer_t(orc_task_t *task, const orc_im_result_t *result);

typedef enum {
    ORC_CALL_CREATE,
    ORC_CALL_STATE,
    ORC_CALL_OUTPUTS,
    ORC_CALL_CONTMSG,
    ORC_CALL_TOSCA,
    ORC_CALL_VMS,
    ORC_CALL_VM,
    ORC_CALL_LIST,
    ORC_CALL_DELETE,
    ORC_CALL_DELETE_AND_WAIT,
} orc_call_kind_t;

/** A call to IM in the name of the deployment's creator. */
typedef struct orc_call_t {
    orc_call_kind_t kind;
    const char *endpoint;
    const char *provider, *region, *project; /* whose credential line goes with it, or NULL; project: NULL: as today */
    const char *infra, *vm;                  /* as the kind needs */
    const char *tosca;
    int is_forced;
    int (*before)(orc_task_t *task); /* just before it is sent; false: it isn't, and the task was ended */
    orc_task_answer_t *answer;
} orc_call_t;

/** An IM endpoint: at most config->im_max_in_flight calls at once, in their order. */
typedef struct orc_endpoint_t {
    const char *url;
    int in_flight;
    int long_ones;            /* of these, deletions that are waited for, which may last for minutes */
    int useless;              /* answers in a row that told nothing */
    orc_task_t *first, *last; /* that wait for a slot */
} orc_endpoint_t;

struct orc_task_t {
    orc_engine_t *engine;
    apr_pool_t *pool;
    orc_work_t *work;
    json_t *progress; /* work->progress */
    json_t *changes;  /* what others can see; NULL: nothing */
    orc_phase_t phase;
    apr_time_t claimed; /* monotonic */
    apr_time_t lease_until;
    int is_lost; /* somebody else has the lease: nothing of it counts any more */

    /* the call at hand */
    orc_call_t call;
    orc_http_call_t *http_call;
    orc_endpoint_t *endpoint; /* whose slot it has, or waits for */
    orc_task_t *next;         /* that waits there */
    const char *token;        /* open */
    int token_renewed;        /* in this step */
    int token_fetching;

    /* the end of the step */
    apr_interval_time_t due;
    int is_finished, is_forgotten; /* forgotten: the deployment's row goes */

    /* what the files of the room keep between calls */
    void *removal, *search, *collection;
};

struct orc_engine_t {
    apr_pool_t *pool;
    const orc_service_t *service;
    const orc_config_t *config;
    orc_engine_status_t *status;
    const char *owner;  /* this instance, in lease_owner */
    const char *prefix; /* what the names of all instances of this host begin with */
    int stop_pipe[2];
    volatile sig_atomic_t is_stopping;

    /* of the poller's thread */
    orc_http_t *http;
    orc_oidc_t *oidc;
    orc_db_source_t *source;
    apr_hash_t *tasks;            /* operation id -> orc_task_t *, the ones that have the lease */
    int task_count;               /* all, those without a lease included */
    apr_hash_t *endpoints;        /* url -> orc_endpoint_t * */
    apr_array_header_t *finished; /* of orc_task_t *, to be stored */
    apr_hash_t *tags;             /* infrastructure id -> its attempt's tag, "" for none: never changes at IM */
    apr_pool_t *tags_pool;
    apr_time_t database_after; /* it is left alone until then; monotonic */
    int database_failures;
    apr_time_t claim_at, renew_at, probe_at; /* monotonic */
    int probing;
};

/* ---- orc_engine.c ---- */

/** Microseconds of a clock that nobody sets; goes on while a process is stopped. */
apr_time_t orc_engine_monotonic(void);

/* ---- orc_engine_claims.c: leases ---- */

/** The name of this process as owner of leases, and the prefix of its host's. */
void orc_engine_name(const char **owner, const char **prefix, apr_pool_t *pool);

/** Takes over what processes of this host had in hand that are gone. */
orc_error_t *orc_engine_adopt(orc_engine_t *engine, orc_db_t *db, apr_pool_t *pool);

/** Claims what is due and starts it. *claimed: how many. */
orc_error_t *orc_engine_claim(int *claimed, orc_engine_t *engine, orc_db_t *db, apr_pool_t *pool);

/** Prolongs the leases of all tasks in hand; forgets those that were lost. */
orc_error_t *orc_engine_renew(orc_engine_t *engine, orc_db_t *db, apr_pool_t *pool);

/** Stores the steps that ended. */
orc_error_t *orc_engine_store(orc_engine_t *engine, orc_db_t *db, apr_pool_t *pool);

/** Hands all leases back. */
void orc_engine_release(orc_engine_t *engine);

/* ---- orc_engine_task.c ---- */

/** Starts a step of a claimed operation; `pool` becomes the task's. */
void orc_task_start(orc_engine_t *engine, orc_work_t *work, apr_time_t claimed, apr_pool_t *pool);

/** The database's time. */
apr_time_t orc_task_now(const orc_task_t *task);

/** Microseconds by the database's clock since a time kept in the progress. */
apr_interval_time_t orc_task_since(const orc_task_t *task, const json_t *object, const char *key);

/** The visible changes, made at the first call. */
json_t *orc_task_changes(orc_task_t *task);

/** A list among the changes. */
json_t *orc_task_change_list(orc_task_t *task, const char *key);

/** An event: the next phase by the table, and its action, which is done at once. */
void orc_task_event(orc_task_t *task, orc_event_t event);

/** Puts secret inputs in their places. False: they can't be opened, and the step has ended. */
int orc_task_open_inputs(orc_task_t *task);

/** What it waits for or does, for people; a change only when it is another text. */
void orc_task_describe(orc_task_t *task, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Ends the step: everything is stored at the end of the engine's turn; the next look is after `due`. */
void orc_task_end(orc_task_t *task, apr_interval_time_t due);

/** Ends the step; the next look is a poll interval later, which grows from poll_min to poll_max. */
void orc_task_poll(orc_task_t *task);

/** Lets the next poll intervals begin small again. */
void orc_task_poll_soon(orc_task_t *task);

/** Ends the operation in a final state. */
void orc_task_finish(orc_task_t *task, const char *state);

/** Ends an operation as failed whose row can't be worked on, with a line for the administrator: it must neither take
 * the daemon down, which the next would follow, nor be looked at for ever. What it made goes when the deployment is
 * deleted.
 */
void orc_task_give_up(orc_task_t *task, const char *what);

/** Stores what is known now, in the middle of a step. False: not stored, and the task was ended. */
int orc_task_note(orc_task_t *task);

/** Drops a task without a trace: its lease is somebody else's or will lapse. */
void orc_task_drop(orc_task_t *task);

/* ---- orc_engine_call.c ---- */

/** A call about what an entry or attempt says of {endpoint, provider, region, project, infra}; orc_task_call makes it.
 */
orc_call_t orc_task_call_about(const json_t *entry, orc_call_kind_t kind, orc_task_answer_t *answer);

/** Calls IM when a slot of the endpoint is free; with a token that is valid, renewed when IM rejects it. Ends in the
 * call's answer, or in the task's end when there is no token. */
void orc_task_call(orc_task_t *task, const orc_call_t *call);

/** Gives its call up: queued, it isn't sent; under way, its connection is closed. */
void orc_task_leave_endpoint(orc_task_t *task);

/** Lets waiting calls go on. */
void orc_engine_pump(orc_engine_t *engine);

/** What is waited for, a sentence, when a result says nothing of the infrastructure because IM is ill; else NULL. */
const char *orc_engine_sickness(const orc_im_result_t *result);

/** Until an IM that was ill so many times in a row is asked again: longer and longer, and not before its breaker lets
 * the next call through. */
apr_interval_time_t orc_task_back_off(const orc_task_t *task, json_int_t times);

/** The result says nothing of the infrastructure because IM is ill, or doesn't take the token: the task was ended, to
 * look again later. */
int orc_task_is_sick(orc_task_t *task, const orc_im_result_t *result);

/* ---- orc_engine_token.c ---- */

/** Opens the stored token, or gets a new one, then goes on; or ends the step, to wait for the person. */
void orc_task_with_token(orc_task_t *task, orc_task_step_t *next);

/** The same after IM rejected the token at hand. */
void orc_task_renew_token(orc_task_t *task, orc_task_step_t *next);

/** Ends the step, to wait until the deployment's creator brings a token. */
void orc_task_wait_for_person(orc_task_t *task);

/* ---- the kinds of operation ---- */

orc_task_step_t orc_create_turn, orc_create_act_place, orc_create_act_submit, orc_create_act_watch,
    orc_create_act_collect, orc_create_act_clean, orc_create_act_settle, orc_create_act_succeed, orc_create_act_fail;

/** orc_task_is_sick for an attempt's infrastructure: when the time of the provider is over, the attempt has failed. */
int orc_create_is_sick(orc_task_t *task, const orc_im_result_t *result);

orc_task_step_t orc_delete_turn, orc_delete_act_delete, orc_delete_act_succeed, orc_delete_act_fail;

/* ---- orc_engine_removal.c ---- */

/*
 * An entry is what may be at IM: {endpoint, provider, region, project, infra | tag, since, operation?, number} and the
 * removal's own memory {stage, due, sent, sends, refusals, sick, ill, reason, begun}: `reason` is what IM said when it
 * refused, `ill` what it last said instead of an answer. Stages: look (for the tag), delete, wait, recheck, gone,
 * stuck. An IM that is ill puts off its own entries only.
 */

/** Takes every entry of a list that is due one step on, then goes on with `after`; or ends the step (no token). */
void orc_task_remove(orc_task_t *task, json_t *entries, int is_forced, orc_task_step_t *after);

/** True when the entry's infrastructure answered 404 at least once and did not come back. */
int orc_removal_is_gone(const json_t *entry);

/** True when it is gone for good, or never was. */
int orc_removal_is_confirmed(const json_t *entry);

/** True when IM refuses to delete it. */
int orc_removal_is_stuck(const json_t *entry);

/** How often in a row the entry's IM was ill. */
json_int_t orc_removal_sick(const json_t *entry);

/** True when it is being removed for longer than anybody should have to wait for. */
int orc_removal_is_overdue(const orc_task_t *task, const json_t *entry);

/** True when something of it may be at IM for ever once nobody looks any more: it is not gone for good, or what may
 * have been made with its tag was never found. */
int orc_removal_is_left(const json_t *entry);

/** Why it is left, a part of a sentence: what IM said, or `otherwise`. In the task's pool. */
const char *orc_removal_reason(const orc_task_t *task, const json_t *entry, const char *otherwise);

/** Names what an end leaves at IM: a warning in the administrator's log and in the operation's, and, unless it is just
 * not found, a sentence for the operation's errors. `step`: its number in the operation's log. */
void orc_removal_tell(orc_task_t *task, const json_t *entry, int step, const char *otherwise);

/** The same, in the administrator's log alone, of what a creation made whose deployment is gone. */
void orc_removal_tell_late(orc_task_t *task, const json_t *attempt, const char *infra);

/** The same of all that the memory of an operation names, as far as it can be read. */
void orc_removal_tell_damaged(orc_task_t *task);

/** Until the next of the entries that are not done is due. */
apr_interval_time_t orc_removal_due(const orc_task_t *task, const json_t *entries);

/* ---- orc_engine_search.c ---- */

/** Takes what was found: the infrastructure, or NULL when IM has none with that tag. */
typedef void orc_search_found_t(orc_task_t *task, const char *infra);

/** Looks for the infrastructure of an entry's tag at IM; ends in `found`, in `failed` with IM's answer when that
 * doesn't tell, or in the step's end. */
void orc_task_search(orc_task_t *task, const json_t *entry, orc_search_found_t *found, orc_task_answer_t *failed);

/* ---- orc_engine_collect.c ---- */

/** Fetches outputs, machines and log of the attempt, and puts them into the changes; then COMPLETE, or a later look. */
void orc_task_collect(orc_task_t *task);

#endif
