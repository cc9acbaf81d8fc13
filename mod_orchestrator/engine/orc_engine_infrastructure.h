/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_ENGINE_INFRASTRUCTURE_H
#define ORC_ENGINE_INFRASTRUCTURE_H

#include "orc_engine_story.h"

/* Infrastructures as rows: read of what a claim brought, told of, asked for and given up by changes of a task. */

typedef struct orc_infrastructure_t {
    const char *id; /* the tag on it */
    apr_int64_t step;
    orc_address_t at;
    const char *infra;    /* IM's id, or NULL */
    const char *standing; /* asked, made, unwanted, deleting, gone, stuck */
    int forced, waits;    /* deleted with IM's force; waits for a token */
    apr_int64_t tries;    /* times in a row that IM was ill */
    const char *note;     /* why it is not gone, or NULL */
    apr_int64_t until;    /* IM may carry its creation out until then */
    int is_unwanted;      /* nobody wants it any more */
    apr_int64_t tried;    /* IM's first answer since it has to go; 0: its turn comes */
} orc_infrastructure_t;

/** Those that the claim brought, of orc_infrastructure_t *. */
apr_array_header_t *orc_infrastructures_of(const orc_task_t *task);

int orc_infrastructure_is(const orc_infrastructure_t *one, const char *standing);

/** True when IM was asked to delete it longer ago than anybody should have to wait for its end. That it waits for its
 * turn, behind others, is nothing to look at. */
int orc_infrastructure_is_overdue(const orc_task_t *task, const orc_infrastructure_t *one);

/** Why it is not gone, or was not found, a part of a sentence: what IM said, or `otherwise`. In the task's pool. */
const char *orc_infrastructure_reason(const orc_task_t *task, const orc_infrastructure_t *one, const char *otherwise);

/** Names what may be left at IM: a warning in the administrator's log and in the operation's; the sentence. `step`: its
 * number in the operation's log. */
const char *orc_infrastructure_tell(orc_task_t *task, const orc_infrastructure_t *one, int step, const char *otherwise);

/* ---- changes: see orc_store_save_t ---- */

/** A creation with this tag is about to be asked for; IM may carry it out for `time` from now. */
void orc_infrastructure_asked(orc_task_t *task, const char *tag, const orc_address_t *at, int step,
                              apr_interval_time_t time);

/** It certainly was not made. */
void orc_infrastructure_never(orc_task_t *task, const char *tag);

void orc_infrastructure_made(orc_task_t *task, const char *tag, const char *infra);

/** Nobody wants it any more: from now on it has a life of its own, which ends when it is gone. */
void orc_infrastructure_unwanted(orc_task_t *task, const char *tag);

/** One that no row knows of: it gets one, and is unwanted. `deployment`: NULL: unknown. */
void orc_infrastructure_found(orc_task_t *task, const orc_address_t *at, const char *infra, const char *deployment);

#endif
