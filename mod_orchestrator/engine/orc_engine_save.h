/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_ENGINE_SAVE_H
#define ORC_ENGINE_SAVE_H

#include "orc_engine_state.h"

/* What a job brought, into the database. */

/** The row can't be worked on, or the database does not take what a step brought: an error in the log, and the kind
 * says what becomes of it. */
void orc_save_give_up(orc_job_t *job, const char *what);

/** What is known now, in the middle of a step, as a transaction that is on disk when it has ended. */
void orc_save_note(orc_db_part_t *part, orc_job_t *job, apr_pool_t *pool);

/** How that went; `sent`: when the trip began, on the monotonic clock. False: it is not stored, and the lease may be
 * lost; `due` of the job: after which time it is worth another try. */
int orc_save_noted(const orc_db_part_t *part, orc_job_t *job, apr_time_t sent);

/** True when one whose row somebody had locked is to be tried again. */
int orc_save_is_due(const orc_engine_t *engine);

/** Of the steps that ended, stores those that need a trip of their own, or none; sorts the others. */
orc_error_t *orc_save_special(orc_engine_t *engine, orc_db_t *db, apr_pool_t *pool);

/** The transactions of the others, appended to `parts` (of orc_db_part_t). */
void orc_save_finished(apr_array_header_t *parts, const orc_engine_t *engine, apr_pool_t *pool);

/** How the first `count` of engine->finished went: what the database took leaves it. Others came since. */
orc_error_t *orc_save_settle(orc_engine_t *engine, int count, const orc_db_part_t *parts, apr_pool_t *pool);

#endif
