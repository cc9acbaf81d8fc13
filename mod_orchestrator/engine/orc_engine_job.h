/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_ENGINE_JOB_H
#define ORC_ENGINE_JOB_H

#include "orc_engine_state.h"

/* Carries out what steps return. */

/** Starts a step of a claimed row; `pool` becomes the job's. */
void orc_job_start(orc_engine_t *engine, orc_work_t *work, apr_time_t claimed, apr_pool_t *pool);

/** What a job among engine->reading asks of the database: one or two statements. Returns how many. */
int orc_job_read_steps(orc_db_step_t *steps, const orc_job_t *job);

/** Goes on with what they gave, or without it. */
void orc_job_read_done(orc_job_t *job, const orc_db_step_t *steps, const orc_error_t *error);

/** Goes on with what came of job->order; NULL: it could not be done. */
void orc_job_ordered(orc_job_t *job, const orc_store_progress_t *progress);

/** Drops a job without a trace: its lease is somebody else's or will lapse. A creation that was sent goes on, so that
 * what IM made can be noted. */
void orc_job_drop(orc_job_t *job);

#endif
