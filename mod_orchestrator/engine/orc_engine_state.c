/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_engine_state.h"

#include <time.h>

apr_time_t orc_engine_monotonic(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return apr_time_from_sec(now.tv_sec) + now.tv_nsec / 1000;
}

void orc_job_tick(orc_job_t *job)
{
    job->task.now = job->task.work->clock + (orc_engine_monotonic() - job->claimed);
}

void orc_job_finished(orc_job_t *job)
{
    if (job->is_finished)
        return;
    job->is_finished = 1;
    APR_ARRAY_PUSH(job->engine->finished, orc_job_t *) = job;
}
