/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_ENGINE_STEP_H
#define ORC_ENGINE_STEP_H

#include "orc_fields.h"
#include "orc_im.h"
#include "orc_service.h"
#include "orc_store_orchestrations.h"
#include "orc_store_work.h"

/*
 * A step, as a kind of work sees it: a function of what is remembered and of what came, that returns what comes next.
 * Values alone: no connection, no socket. The machinery (orc_engine_job.h) carries out what is returned.
 */

typedef struct orc_task_t orc_task_t;
typedef struct orc_step_t orc_step_t;
typedef struct orc_kind_t orc_kind_t;

/** A step that begins, or goes on by the table. */
typedef orc_step_t orc_turn_t(orc_task_t *task);

/** Goes on with the answer of a call; it lives until the function returns. */
typedef orc_step_t orc_answer_t(orc_task_t *task, const orc_im_result_t *result);

/** Something that is said, or taken back. */
typedef void orc_saying_t(orc_task_t *task);

/** Where an infrastructure is: an IM, and whose credentials go with the calls about it. */
typedef struct orc_address_t {
    const char *endpoint;
    const char *provider, *region, *project; /* or NULL; project: NULL: as today */
} orc_address_t;

typedef enum {
    ORC_CALL_CREATE,
    ORC_CALL_STATE,
    ORC_CALL_OUTPUTS,
    ORC_CALL_CONTMSG,
    ORC_CALL_TOSCA,
    ORC_CALL_RADL,
    ORC_CALL_VMS,
    ORC_CALL_VM,
    ORC_CALL_LIST,
    ORC_CALL_DELETE,
    ORC_CALL_DELETE_AND_WAIT,
    ORC_CALL_UPDATE,
    ORC_CALL_REMOVE, /* machines */
    ORC_CALL_ACT,    /* on a machine */
} orc_call_kind_t;

/** A call to IM in the name of the deployment's creator. */
typedef struct orc_call_t {
    orc_call_kind_t kind;
    orc_address_t at;
    const char *infra, *vm, *tosca; /* as the kind needs; REMOVE: several machines, with commas */
    const char *action;             /* start, stop, reboot */
    const char *tag;                /* of a creation: what its infrastructure is found by */
    int is_forced;
    orc_saying_t *before; /* says what is true from the moment on when it is sent; that is stored first. Or NULL */
    orc_saying_t *undo;   /* takes that back: it certainly had no effect. With `before` */
    orc_answer_t *answer; /* TOKEN_REJECTED: there is no token that IM takes */
} orc_call_t;

/** What a step reads in the database. */
typedef enum {
    ORC_READ_RECORDS,   /* how providers did so far */
    ORC_READ_RESOURCES, /* of the deployment */
    ORC_READ_KNOWN,     /* which infrastructures are known, and what was noted for a tag */
    ORC_READ_TAGS,      /* which tags are known, and not to be another infrastructure's */
    ORC_READ_LIVING,    /* how many infrastructures that are wanted the person has at an IM, beside some */
} orc_read_kind_t;

typedef struct orc_found_t {
    const apr_array_header_t *records;   /* of orc_store_record_t */
    const apr_array_header_t *resources; /* of orc_store_resource_t */
    const apr_array_header_t *known;     /* infrastructures, or tags, of const char * */
    const char *noted;                   /* infrastructure of the tag, or NULL */
    int count;                           /* LIVING */
} orc_found_t;

typedef struct orc_read_t {
    orc_read_kind_t kind;
    const apr_array_header_t *ids; /* infrastructures. KNOWN: of these; LIVING: beside these; TAGS: whose they may be */
    const apr_array_header_t *tags;                                 /* TAGS: of these */
    const char *tag;                                                /* KNOWN: or NULL */
    const char *endpoint;                                           /* LIVING */
    orc_step_t (*then)(orc_task_t *task, const orc_found_t *found); /* in the task's pool */
} orc_read_t;

/** What a step asks of the rules, for the orchestration that the work is about. */
typedef enum {
    ORC_ORDER_FIND,  /* some of its targets */
    ORC_ORDER_BEGIN, /* some of its operations */
    ORC_ORDER_END,   /* if nothing of it is left to be done */
} orc_order_kind_t;

typedef struct orc_order_t {
    orc_order_kind_t kind;
    int room; /* BEGIN: so many at most */
    /** Goes on with how far it is then; NULL: that could not be done. */
    orc_step_t (*then)(orc_task_t *task, const orc_store_progress_t *progress);
} orc_order_t;

typedef enum {
    ORC_STEP_CALL,      /* call IM, go on with the answer */
    ORC_STEP_READ,      /* read, go on with what was found */
    ORC_STEP_ORDER,     /* ask the rules, go on with what came of it */
    ORC_STEP_EVENT,     /* the next phase by the kind's table, and its action at once */
    ORC_STEP_LATER,     /* all is stored; the next look is after `due` */
    ORC_STEP_ENDED,     /* the work is done; an operation has ended in a final state */
    ORC_STEP_FORGOTTEN, /* the same, and the deployment's row goes */
    ORC_STEP_DAMAGED,   /* nobody can work on this row */
} orc_step_kind_t;

struct orc_step_t {
    orc_step_kind_t kind;
    orc_call_t call;
    orc_read_t read;
    orc_order_t order;
    int event;
    apr_interval_time_t due;
    apr_interval_time_t rhythm; /* LATER: so much later again, and so on, while nothing is new; 0: not yet */
    int is_sick;                /* LATER: because IM is ill; else the back-off begins anew */
    int waits;                  /* LATER: for a token of the person */
    const char *text;           /* ENDED: the state's word; DAMAGED: what is wrong, for the administrator */
};

/** What the memory of every kind begins with. */
typedef struct orc_pace_t {
    apr_int64_t interval; /* the last poll's */
    apr_int64_t sick;     /* steps in a row that an ill IM ended */
    apr_int64_t waiting;  /* for a token, since when; 0: it doesn't */
} orc_pace_t;

#define ORC_PACE_FIELDS(type)                                                                                          \
    ORC_FIELD_AS(type, "interval", pace.interval, NUMBER, 0), ORC_FIELD_AS(type, "sick", pace.sick, NUMBER, 0),        \
        ORC_FIELD_AS(type, "waiting", pace.waiting, NUMBER, 0)

/** What this process knows of tags at IM; they never change. */
typedef struct orc_tags_t orc_tags_t;

/** One step of one operation. */
struct orc_task_t {
    apr_pool_t *pool;
    const orc_kind_t *kind;
    const orc_service_t *service;
    const orc_config_t *config; /* the service's */
    orc_work_t *work;           /* the row, and all that came with it */
    void *memory;               /* the kind's struct, which begins with an orc_pace_t */
    int phase;                  /* of the kind */
    apr_time_t now;             /* by the database's clock */
    apr_interval_time_t closed; /* until the breaker of the endpoint that answered lets the next call through */
    json_t *changes;            /* what others can see (orc_store_save_t); NULL: nothing */
    orc_tags_t *tags;
    struct orc_search_t *search;         /* orc_engine_search.h */
    struct orc_collection_t *collection; /* orc_engine_collect.h */
};

enum { ORC_EVENT_TURN /* it is due: every kind has this; its own events follow */ };

/** In a phase, an event leads to a phase and an action. What is in no row is not expected. */
typedef struct orc_transition_t {
    int phase, event, next;
    orc_turn_t *action;
} orc_transition_t;

/** A kind of work. */
struct orc_kind_t {
    const char *word;                    /* in the database */
    const char *const *phases;           /* their words there, ended by NULL; the last one is the end */
    const char *const *events;           /* their words for the log, ended by NULL */
    const orc_transition_t *transitions; /* ended by a NULL action */
    orc_turn_t *turn;                    /* begins a step */
    const orc_fields_t *memory;          /* `needed` is a set of phases, ORC_IN(phase) */
    unsigned with_template;              /* phases whose claim brings the template's text */
    unsigned watching;       /* phases whose claim brings all infrastructures of the deployment, and that are
                                woken when one of these changes */
    unsigned with_resources; /* phases whose claim brings resources */
    unsigned deleting;       /* phases that begin with a deletion at IM */
    int is_idle;             /* nobody waits for it: it comes last everywhere, and has its rhythm, however long */
    void (*give_up)(orc_task_t *task, const char *what); /* the row can't be worked on: says what becomes of it */
};

#define ORC_IN(phase) (1u << (phase))

/** The number of a phase's word, or -1. */
int orc_kind_phase(const orc_kind_t *kind, const char *word);

/** What follows; NULL: the event is not expected in that phase. */
const orc_transition_t *orc_kind_transition(const orc_kind_t *kind, int phase, int event);

/* ---- what a step returns ---- */

orc_step_t orc_step_call(const orc_call_t *call);
orc_step_t orc_step_read(orc_read_t read);
orc_step_t orc_step_order(orc_order_t order);
orc_step_t orc_step_event(int event);
orc_step_t orc_step_later(apr_interval_time_t due);
/** A poll interval later, which grows from poll_min to poll_max; then it is a rhythm. */
orc_step_t orc_step_poll(orc_task_t *task);
/** So much later again, spread a little, and so on, while nothing is new: of what is idle. */
orc_step_t orc_step_idle(apr_interval_time_t interval);
/** Until the deployment's creator brings a token, which wakes it, or its time is over. IM may change its mind about a
 * token, too: so it looks by itself once in a while. */
orc_step_t orc_step_wait_for_person(orc_task_t *task);
orc_step_t orc_step_ended(const char *state);
orc_step_t orc_step_forgotten(void);
orc_step_t orc_step_damaged(const char *what);

/** Goes on by the table until the step is no event any more. */
orc_step_t orc_step_resolve(orc_task_t *task, orc_step_t step);

/* ---- what a step works with ---- */

/** A call about what is at an address; `infra`: NULL for those that are about none. */
orc_call_t orc_call_about(const orc_address_t *at, orc_call_kind_t kind, const char *infra, orc_answer_t *answer);

/** How long an answer is waited for that comes when a cloud has done something. */
apr_interval_time_t orc_engine_long_timeout(const orc_config_t *config);

/** Microseconds since a time that was kept. */
apr_interval_time_t orc_task_since(const orc_task_t *task, apr_int64_t time);

/** True when the time of the whole is over. */
int orc_task_is_late(const orc_task_t *task);

/** The visible changes, made at the first call. */
json_t *orc_task_changes(orc_task_t *task);

/** It does that from now on, as its stages tell it: a word like "CONTEXTUALIZATION", else what its phase says. Worth no
 * change of its own: where nothing else is to be told, it did so before. */
void orc_task_does(orc_task_t *task, const char *name);

/** It does that as a step of its story, an attempt. */
void orc_task_does_as(orc_task_t *task, int step);

/** A list among the changes. */
json_t *orc_task_change_list(orc_task_t *task, const char *key);

/** What it waits for or does, for people; a change only when it is another text. */
void orc_task_describe(orc_task_t *task, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Lets the next poll intervals begin small again. */
void orc_task_poll_soon(orc_task_t *task);

/** True when a creation with this result certainly made nothing. */
int orc_engine_is_unmade(const orc_im_result_t *result);

/** What is waited for, a sentence, when a result says nothing of the infrastructure because IM is ill; else NULL. */
const char *orc_engine_sickness(const orc_im_result_t *result);

/** Until an IM that was ill so many times in a row is asked again: longer and longer, and not before its breaker lets
 * the next call through. */
apr_interval_time_t orc_task_back_off(const orc_task_t *task, apr_int64_t times);

/** True when the result says nothing of the infrastructure because IM is ill, or doesn't take the token: *step looks
 * again later. */
int orc_task_is_sick(orc_step_t *step, orc_task_t *task, const orc_im_result_t *result);

#endif
