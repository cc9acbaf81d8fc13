/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_engine_state.h"

const char *orc_job_name(const orc_job_t *job)
{
    return job->task.work->state ? "operation" : job->task.kind->word;
}

void orc_job_tick(orc_job_t *job)
{
    job->task.now = job->task.work->clock + (orc_time_monotonic() - job->claimed);
}

void orc_job_prolong(orc_job_t *job, apr_time_t now)
{
    job->lease = job->engine->config->lease;
    job->lease_until = now + job->lease;
    job->has_rhythm = 0;
}

void orc_job_finished(orc_job_t *job)
{
    if (job->is_finished)
        return;
    job->is_finished = 1;
    APR_ARRAY_PUSH(job->engine->finished, orc_job_t *) = job;
}
