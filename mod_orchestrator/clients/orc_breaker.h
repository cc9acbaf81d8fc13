/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_BREAKER_H
#define ORC_BREAKER_H

#include <apr_time.h>

#include "orc_engine_status.h"

/*
 * A circuit breaker: after some failures calls are refused for a while, then one call probes. Failures are counted
 * until they are paid for: the time that they took is a debt, which answers pay with the time that they took, and
 * which shrinks while time passes. So an answer forgets failures that were quick, as a refused connection is, and the
 * thousand quick answers of a service whose other calls time out forget nothing. Pure: the clock, which nobody sets,
 * and the dice are the caller's. For one thread.
 */

typedef struct orc_breaker_t {
    int limit;                    /* failures that open it */
    apr_interval_time_t min, max; /* first and longest pause */
    int failures;                 /* that are not paid for, up to the limit */
    apr_interval_time_t debt;     /* what is lost and not paid for, by several calls at once perhaps */
    apr_interval_time_t lost;     /* in all; never less */
    apr_time_t judged;            /* when the last answer paid */
    int is_open;
    int is_probing;            /* open, and one call is on its way to see */
    apr_interval_time_t pause; /* of this opening, before jitter; 0: there was none since everything was paid */
    apr_time_t until;          /* open: no call before */
} orc_breaker_t;

/** A closed breaker. */
void orc_breaker_init(orc_breaker_t *breaker, int limit, apr_interval_time_t min, apr_interval_time_t max);

/** True when a call may go out now; when the breaker is open that call is the probe. */
int orc_breaker_admit(orc_breaker_t *breaker, apr_time_t now);

/**
 * A call was answered: closes the breaker. While the debt isn't paid the next failure opens it again, for longer.
 * @param elapsed the time that the call took
 */
void orc_breaker_succeeded(orc_breaker_t *breaker, apr_interval_time_t elapsed, apr_time_t now);

/**
 * A call failed.
 * @param is_probe whether it was the call that orc_breaker_admit let through while open
 * @param elapsed  the time that was lost with it
 * @param dice     0 to 1: where in the 75 to 125 % of the pause the next probe falls
 */
void orc_breaker_failed(orc_breaker_t *breaker, int is_probe, apr_interval_time_t elapsed, apr_time_t now, double dice);

/** The probe was given up without a result: the next call probes. */
void orc_breaker_forget_probe(orc_breaker_t *breaker);

/** Closed, open, or on probation. */
orc_breaker_state_t orc_breaker_state(const orc_breaker_t *breaker);

/** Time from now until the next probe may go; 0 when closed or due. */
apr_interval_time_t orc_breaker_remaining(const orc_breaker_t *breaker, apr_time_t now);

#endif
