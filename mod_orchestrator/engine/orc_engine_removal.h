/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_ENGINE_REMOVAL_H
#define ORC_ENGINE_REMOVAL_H

#include "orc_engine_story.h"

/*
 * Deleting at IM, which IM 2.0 makes hard: it loses deletions, brings infrastructures back after a 404, and says
 * nothing when the cloud refuses an asynchronous deletion (README.md, "Decisions"). So a deletion is sent again
 * when nothing moves, sent synchronously when that doesn't help (only then IM tells why), and an infrastructure is gone
 * when it answers 404, and later 404 again, and is absent from the list.
 */

/** What may be at IM, and how far its removal came. */
typedef struct orc_entry_t {
    orc_address_t at;
    const char *infra, *tag; /* one of them at least */
    const char *operation;   /* that made it, unless it is the task's own */
    const char *name;        /* of the attempt */
    apr_int64_t number;      /* of the step */
    apr_int64_t since;       /* when its creation was asked for */
    const char *stage;       /* NULL: to be deleted, or looked for; wait, recheck, gone, stuck */
    apr_int64_t due, begun, sent;
    apr_int64_t sends, refusals;
    apr_int64_t sick;     /* answers in a row that an ill IM gave */
    apr_int64_t rejected; /* looks in a row without a token that IM takes */
    const char *reason;   /* what IM said when it refused */
    const char *ill;      /* what it last said instead of an answer */
    int hold;             /* it isn't looked at yet */
    int noted;
} orc_entry_t;

extern const orc_fields_t orc_entry_fields;

/** Takes every entry of a list that is due one step on, then goes on with `after`. An IM that is ill, or rejects the
 * token, puts off its own entries only. `is_in_the_open`: people are told what it waits for. */
orc_step_t orc_task_remove(orc_task_t *task, apr_array_header_t *entries, int is_forced, int is_in_the_open,
                           orc_turn_t *after);

/** True when the entry's infrastructure answered 404 at least once and did not come back. */
int orc_removal_is_gone(const orc_entry_t *entry);

/** True when it is gone for good, or never was. */
int orc_removal_is_confirmed(const orc_entry_t *entry);

/** True when IM refuses to delete it. */
int orc_removal_is_stuck(const orc_entry_t *entry);

/** True when it is being removed for longer than anybody should have to wait for. */
int orc_removal_is_overdue(const orc_task_t *task, const orc_entry_t *entry);

/** True when something of it may be at IM for ever once nobody looks any more: it is not gone for good, or what may
 * have been made with its tag was never found. */
int orc_removal_is_left(const orc_entry_t *entry);

/** Looks again when the next of the entries that are not done is due; or when the person has brought a token, if that
 * is what all of these wait for. */
orc_step_t orc_removal_later(orc_task_t *task, const apr_array_header_t *entries);

/** Until the next of the entries that are not done is due. */
apr_interval_time_t orc_removal_due(const orc_task_t *task, const apr_array_header_t *entries);

/** Why it is left, a part of a sentence: what IM said, or `otherwise`. In the task's pool. */
const char *orc_removal_reason(const orc_task_t *task, const orc_entry_t *entry, const char *otherwise);

/** Names what an end leaves at IM: a warning in the administrator's log and in the operation's, and, unless it is just
 * not found, a sentence for the operation's errors. `step`: its number in the operation's log. */
void orc_removal_tell(orc_task_t *task, orc_story_t *story, const orc_entry_t *entry, int step, const char *otherwise);

/** The same, in the administrator's log alone, of all that a row names whose memory can't be read. */
void orc_removal_tell_damaged(orc_task_t *task);

#endif
