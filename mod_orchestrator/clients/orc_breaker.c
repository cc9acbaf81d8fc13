/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_breaker.h"

#include <string.h>

enum {
    PASSING = 4, /* the part of a passing second that is paid by itself: a quarter. An endpoint that loses more of every
                    second, and pays less back, is ill */
    LONGEST = 5, /* pauses: a debt is no higher, lest a long outage is paid for days */
};

void orc_breaker_init(orc_breaker_t *breaker, int limit, apr_interval_time_t min, apr_interval_time_t max)
{
    memset(breaker, 0, sizeof *breaker);
    breaker->limit = limit;
    breaker->min = min;
    breaker->max = max < min ? min : max;
}

apr_interval_time_t orc_breaker_remaining(const orc_breaker_t *breaker, apr_time_t now)
{
    return breaker->is_open && breaker->until > now ? breaker->until - now : 0;
}

orc_breaker_state_t orc_breaker_state(const orc_breaker_t *breaker)
{
    return breaker->is_open                                           ? ORC_BREAKER_OPEN
           : breaker->failures && breaker->failures >= breaker->limit ? ORC_BREAKER_PROBATION
                                                                      : ORC_BREAKER_CLOSED;
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

void orc_breaker_succeeded(orc_breaker_t *breaker, apr_interval_time_t elapsed, apr_time_t now)
{
    breaker->is_open = 0;
    breaker->is_probing = 0;
    breaker->debt -= elapsed + (now - breaker->judged) / PASSING;
    breaker->judged = now;
    if (breaker->debt > 0)
        return;
    breaker->debt = 0;
    breaker->failures = 0;
    breaker->pause = 0;
}

void orc_breaker_failed(orc_breaker_t *breaker, int is_probe, apr_interval_time_t elapsed, apr_time_t now, double dice)
{
    if (!breaker->failures)
        breaker->judged = now;
    breaker->lost += elapsed;
    breaker->debt += elapsed;
    if (breaker->debt > LONGEST * breaker->max)
        breaker->debt = LONGEST * breaker->max;
    if (breaker->failures < breaker->limit)
        breaker->failures++;
    if (breaker->is_open ? !is_probe : breaker->failures < breaker->limit)
        return;
    breaker->pause = breaker->pause ? 2 * breaker->pause : breaker->min;
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
