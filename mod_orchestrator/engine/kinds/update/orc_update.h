/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_UPDATE_H
#define ORC_UPDATE_H

#include "../../orc_engine_operation.h"

/*
 * What changes an infrastructure that is there: UPDATE (other inputs, another template, more or fewer machines) and
 * what gives an owner's key to its machines or takes it from them. All of them send IM the whole document anew, which
 * IM merges into the one that it has. What its files share; the kinds themselves are in orc_update.c.
 */

extern const orc_kind_t orc_kind_update, orc_kind_add_owner, orc_kind_remove_owner;

enum {
    ORC_UPDATE_QUEUED,
    ORC_UPDATE_SUBMITTING,
    ORC_UPDATE_PROVISIONING,
    ORC_UPDATE_COLLECTING,
    ORC_UPDATE_RESTORING,
    ORC_UPDATE_ENDED,
};

enum {
    ORC_UPDATE_TAKEN = ORC_OPERATION_OWN, /* IM has merged it */
    ORC_UPDATE_NOTHING,                   /* there is nothing that IM would have to change */
    ORC_UPDATE_FAILED,                    /* what it did is to be undone */
    ORC_UPDATE_CONFIGURED,                /* every machine is configured */
    ORC_UPDATE_UNFINISHED,                /* not any more */
    ORC_UPDATE_COMPLETE,                  /* outputs and machines are known */
    ORC_UPDATE_RESTORED,                  /* what was there before is there again, as far as it will be */
};

/** What it remembers between steps. */
typedef struct orc_update_t {
    orc_pace_t pace;
    apr_int64_t since; /* it began then; moves on while a person is awaited */

    /* what IM was asked for */
    int is_touched;           /* anything at all */
    int asked;                /* to merge the document: it may have, and may until then: */
    apr_int64_t until, sends; /* how often */
    int is_merged;            /* it has */
    int is_undoing;           /* the same of the document that undoes it */
    apr_int64_t restorations; /* times in a row that IM was too ill to undo it */
    const char *reason;       /* why it failed */
    const char *failing;      /* the same, until IM's log was read */

    /* what is awaited */
    json_t *outputs; /* names */
    apr_int64_t machines;
    int is_public;
    json_t *stopped; /* machines that were stopped before: they stay so */
    json_t *before;  /* machines that were there before IM was asked for anything */

    /* what it showed */
    apr_int64_t doubts, misses, shortages; /* looks in a row */
    apr_int64_t configured_since;

    /* within a step */
    orc_address_t at;                    /* where the infrastructure is */
    const char *tag;                     /* what it is found by, or NULL */
    int is_unwanted;                     /* nobody wants it any more: it goes */
    const apr_array_header_t *resources; /* of orc_store_resource_t */
    const apr_array_header_t *vms;       /* that are there; NULL: not known */
    const struct orc_collected_t *collected;
    struct orc_vm_t **assigned; /* of each resource, or NULL */
} orc_update_t;

/* ---- orc_update.c ---- */

/** True for a change of owners, which touches no machine's being there. */
int orc_update_is_of_owners(const orc_task_t *task);

/** The inputs that the infrastructure is to have. */
const json_t *orc_update_inputs(const orc_task_t *task);

/** The template that it is to have. */
const char *orc_update_content(const orc_task_t *task);

/** True when its time is over. */
int orc_update_is_late(const orc_task_t *task);

orc_step_t orc_update_call(orc_task_t *task, orc_call_kind_t kind, orc_answer_t *answer);

/** Removes machines, of const char *. */
orc_step_t orc_update_remove(orc_task_t *task, const apr_array_header_t *vms, orc_answer_t *answer);

/** It failed, for a reason (a part of a sentence). */
orc_step_t orc_update_fail(orc_task_t *task, const char *reason);

/** The same, and IM's log may say more. */
orc_step_t orc_update_fail_with_log(orc_task_t *task, const char *reason);

/** What follows on an answer that is none of those that were hoped for: IM is ill, takes no token, knows the
 * infrastructure no more, or refuses to tell of it. */
orc_step_t orc_update_on_trouble(orc_task_t *task, const orc_im_result_t *result);

/** The machines of a state, those that failed as well. */
apr_array_header_t *orc_update_vms(const orc_task_t *task, const orc_im_result_t *result);

/** True when the machine was stopped before. */
int orc_update_was_stopped(const orc_task_t *task, const char *vm);

/** True when the machine was not there before IM was asked for anything. */
int orc_update_is_new(const orc_task_t *task, const char *vm);

/** Resources as after an update that did nothing: what was to come is ERROR, or DELETED when the update was canceled
 * before IM was asked for anything; what was to go is what it was when it is among the machines that are known to be
 * there, or none are known. */
void orc_update_give_back(orc_task_t *task);

/* ---- actions, a file each: submitting, watching, collecting, restoring ---- */

orc_turn_t orc_update_submit, orc_update_watch, orc_update_collect, orc_update_restore;

#endif
