/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_CREATE_H
#define ORC_CREATE_H

#include "../../orc_engine_operation.h"

/* CREATE: what its files share. The kind itself is in orc_create.c. */

extern const orc_kind_t orc_kind_create;

enum {
    ORC_CREATE_QUEUED,
    ORC_CREATE_PLACING,
    ORC_CREATE_SUBMITTING,
    ORC_CREATE_PROVISIONING,
    ORC_CREATE_COLLECTING,
    ORC_CREATE_ENDED,
};

enum {
    ORC_CREATE_PLACED = ORC_OPERATION_OWN, /* a provider was chosen for the next attempt */
    ORC_CREATE_NO_PROVIDER,                /* none is left */
    ORC_CREATE_MADE,                       /* IM has an infrastructure */
    ORC_CREATE_REFUSED,                    /* IM refused to make one */
    ORC_CREATE_CONFIGURED,                 /* every machine is configured */
    ORC_CREATE_UNFINISHED,                 /* not any more */
    ORC_CREATE_FAILED,                     /* the attempt failed */
    ORC_CREATE_COMPLETE,                   /* outputs and machines are known */
};

typedef struct orc_attempt_t {
    orc_address_t at;
    apr_int64_t number; /* of its step */
    const char *name;   /* "Attempt 1 at PROVIDER" */
    const char *tag, *infra;
    int asked;                /* IM may have made something */
    apr_int64_t since, until; /* when it was asked, and may carry that out */
    int told;                 /* that it begins */
} orc_attempt_t;

/** Looks at an IM that doesn't list others either that somebody wants, before it is believed: it may have lost its
 * database. */
enum { ORC_CREATE_VOIDS = 20 };

/**
 * What a creation remembers (JSON text, in `pool`) whose one attempt was begun by somebody else, and which goes on from
 * provisioning: `attempt` has its address, name, tag and infrastructure. Nothing is made in its place when it fails.
 * @param outputs  names that the template declares
 * @param machines that there are to be
 */
const char *orc_create_adopted(const orc_attempt_t *attempt, json_t *outputs, int machines, int is_public,
                               apr_time_t now, apr_pool_t *pool);

/** What it remembers between steps. */
typedef struct orc_create_t {
    orc_pace_t pace;
    orc_story_t story; /* why attempts failed */

    /* providers */
    apr_array_header_t *candidates; /* of orc_address_t *, best first */
    apr_int64_t at;                 /* how many of them were begun with */
    apr_int64_t tries, since;       /* attempts at the one at hand, since when */
    int done_there;                 /* no further one there */

    /* what the template declares */
    json_t *outputs;
    apr_int64_t machines;
    int is_public;

    /* the attempt at hand, and what it showed */
    apr_int64_t steps; /* of the operation, so far */
    orc_attempt_t *attempt;
    apr_int64_t unanswered;                /* creations in a row */
    apr_int64_t doubts, misses, shortages; /* looks in a row */
    apr_int64_t configured_since;
    apr_int64_t shown;   /* status of the resources, and 1 */
    const char *failing; /* why, until IM's log was read */

    const char *end; /* why there is no further attempt */

    const struct orc_collected_t *collected; /* within a step */
    orc_tosca_needs_t *needs;                /* the same: what the template asks of its place */
} orc_create_t;

/* ---- orc_create_attempt.c ---- */

/** True when another attempt may follow: here, or at another provider. */
int orc_create_has_more_here(const orc_task_t *task);
int orc_create_has_more(const orc_task_t *task);

int orc_create_is_late_here(const orc_task_t *task);

/** Begins the next attempt, at the candidate at hand. */
void orc_create_open_attempt(orc_task_t *task);

/** Shows the attempt's step, with all that is known of it. */
void orc_create_open_step(orc_task_t *task);

/** Ends the attempt's step; the object, for further members. */
json_t *orc_create_end_step(orc_task_t *task, const char *status, const char *message);

/** The attempt failed, and is over. What it made is unwanted from now on, unless the deployment asks to keep the last
 * one. `nothing_left`: certainly nothing was made. */
void orc_create_fail_attempt(orc_task_t *task, int nothing_left, const char *reason);

/** The attempt is over, because the creation is canceled. The same becomes of what it made. */
void orc_create_cancel_attempt(orc_task_t *task);

/** True when the deployment keeps what its last attempt made, and isn't to be deleted. */
int orc_create_keeps(const orc_task_t *task);

/** Counts the attempt for or against its provider. */
void orc_create_record(orc_task_t *task, int success);

void orc_create_forget_doubts(orc_create_t *memory);

/** Shows a status of all resources. */
void orc_create_show_resources(orc_task_t *task, int status);

/** A call about the attempt's infrastructure. */
orc_step_t orc_create_call(orc_task_t *task, orc_call_kind_t kind, const char *vm, orc_answer_t *answer);

/* ---- actions, a file each: placing, submitting, watching, collecting ---- */

orc_turn_t orc_create_place, orc_create_submit, orc_create_watch, orc_create_wait, orc_create_collect;

/** orc_task_is_sick for the attempt's infrastructure: when the time of the provider is over, the attempt has failed. */
int orc_create_is_sick(orc_step_t *step, orc_task_t *task, const orc_im_result_t *result);

#endif
