/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_ENGINE_CALLS_H
#define ORC_ENGINE_CALLS_H

#include "orc_engine_state.h"

/*
 * Calls to IM. Each endpoint has a window of our own instead of the HTTP client's queue: what happens just before a
 * call is sent (what it may make is stored, the lease is looked at) must not lie minutes before it.
 */

/** Goes on with a job whose call was answered; without a result when none will come: see orc_job_t.again. */
typedef void orc_calls_done_t(orc_job_t *job, const orc_im_result_t *result);

/** Calls IM when a slot of the endpoint is free; with a token that is valid, renewed when IM rejects it. */
void orc_calls_ask(orc_job_t *job, const orc_call_t *call, orc_calls_done_t *done);

/** Gives a job's call up: queued, it isn't sent; under way, its connection is closed. */
void orc_calls_leave(orc_job_t *job);

/** A job among engine->announced: says what its call may do, which is to be stored now. */
void orc_calls_announce(orc_job_t *job);

/** Sends it, when that is stored; else the job may have lost its lease. */
void orc_calls_announced(orc_job_t *job, int is_stored);

/** Lets waiting calls go on. */
void orc_calls_pump(orc_engine_t *engine);

#endif
