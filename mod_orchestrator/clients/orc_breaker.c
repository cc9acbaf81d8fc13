/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_breaker.h"

#include <string.h>

void orc_breaker_init(orc_breaker_t *breaker, int limit, apr_interval_time_t min, apr_interval_time_t max)
{
    memset(breaker, 0, sizeof *breaker);
    breaker->limit = limit;
    breaker->min = min;
    breaker->max = max < min ? min : max;
}

apr_interval_time_t orc_breaker_remaining(const orc_breaker_t *breaker, apr_time_t now)
{
    apr_interval_time_t remaining = breaker->until - now;

    /* A clock that was set back must not keep an endpoint away for hours. */
    if (!breaker->is_open || remaining <= 0 || remaining > 2 * breaker->max)
        return 0;
    return remaining;
}

int orc_breaker_admit(orc_breaker_t *breaker, apr_time_t now)
{
    if (!breaker->is_open)
        return 1;
    if (breaker->is_probing || orc_breaker_remaining(breaker, now) > 0)
        return 0;
    breaker->is_probing = 1;
    return 1;
}

void orc_breaker_succeeded(orc_breaker_t *breaker)
{
    breaker->failures = 0;
    breaker->is_open = 0;
    breaker->is_probing = 0;
    breaker->pause = 0;
}

void orc_breaker_failed(orc_breaker_t *breaker, int is_probe, apr_time_t now, double dice)
{
    if (breaker->failures < breaker->limit)
        breaker->failures++;
    if (breaker->is_open ? !is_probe : breaker->failures < breaker->limit)
        return;
    breaker->pause = breaker->is_open ? 2 * breaker->pause : breaker->min;
    if (breaker->pause > breaker->max)
        breaker->pause = breaker->max;
    breaker->is_open = 1;
    breaker->is_probing = 0;
    breaker->until = now + (apr_interval_time_t)((double)breaker->pause * (0.75 + dice / 2));
}

void orc_breaker_forget_probe(orc_breaker_t *breaker)
{
    breaker->is_probing = 0;
}
