/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_ENGINE_WINDOW_H
#define ORC_ENGINE_WINDOW_H

#include "orc_engine_state.h"

/*
 * The window of an IM endpoint: how many calls may be under way at once, and how many jobs may wait for one. IM gets
 * slower with more calls than it can do, and loses deletions, so all daemons that live share one window; and what can't
 * be called soon is put off, lest the jobs of a slow endpoint fill a daemon's hands. The calls that last for minutes
 * get half of the slots, so that the others are never behind them. Of deletions IM 2.0 loses the more the more it is
 * asked for at once, and none one at a time.
 */

/** The endpoint of a URL, a new one at its first call; slashes at its end say nothing. */
orc_endpoint_t *orc_window_of(orc_engine_t *engine, const char *url);

/** How many calls this daemon may have under way at once at an endpoint: its share, one at least. */
int orc_window_size(const orc_engine_t *engine);

orc_lane_kind_t orc_window_lane(orc_call_kind_t kind);

/** True when no call may begin, of whatever kind. */
int orc_window_is_full(const orc_engine_t *engine, const orc_endpoint_t *endpoint);

/** True when a call may begin. */
int orc_window_has_slot(const orc_engine_t *engine, const orc_endpoint_t *endpoint, orc_lane_kind_t lane);

/** A call begins. */
void orc_window_began(orc_endpoint_t *endpoint, orc_lane_kind_t lane);

/** A call ended. `elapsed`: the time that it took; 0 when it was not sent. */
void orc_window_ended(orc_endpoint_t *endpoint, orc_lane_kind_t lane, apr_interval_time_t elapsed);

/** A job waits for a slot, or, with -1, does no more. */
void orc_window_waits(orc_endpoint_t *endpoint, orc_lane_kind_t lane, int count);

/** How many more jobs would come to their turn soon; negative: so many of those that wait don't. */
int orc_window_room(const orc_engine_t *engine, const orc_endpoint_t *endpoint, orc_lane_kind_t lane);

/** True when calls there take longer than most calls have: IM is as good as ill for what waits for them. */
int orc_window_is_stuck(const orc_engine_t *engine, const orc_endpoint_t *endpoint, orc_lane_kind_t lane);

/** What each that is put off waits longer than the one before. */
apr_interval_time_t orc_window_pace(const orc_engine_t *engine, const orc_endpoint_t *endpoint, orc_lane_kind_t lane);

/** So many are put off from now on, and behind those that were before; how long that is for the first one of them, less
 * its own part. */
apr_interval_time_t orc_window_put_off(const orc_engine_t *engine, orc_endpoint_t *endpoint, orc_lane_kind_t lane,
                                       int count);

/** For how long to put a job off that waits there: each a little longer than the one before. */
apr_interval_time_t orc_window_rest(const orc_engine_t *engine, orc_endpoint_t *endpoint, orc_lane_kind_t lane);

#endif
