/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef SIM_CALLS_H
#define SIM_CALLS_H

/* What was called: counters per route, the most calls at once, the last calls. Never credentials. Takes its own lock.
 */

#include <apr_pools.h>
#include <jansson.h>

#include "sim_route.h"

typedef struct sim_calls_t sim_calls_t;

sim_calls_t *sim_calls_create(apr_pool_t *pool);
void sim_calls_begin(sim_calls_t *calls, sim_route_class_t route_class);

/* route_class as at the beginning; status 0: there was no answer. request_id may be NULL; took is in microseconds. */
void sim_calls_end(sim_calls_t *calls, sim_route_class_t route_class, const char *method, const char *path,
                   const char *request_id, int status, apr_time_t began, apr_interval_time_t took);

/* A new object: {"routes", "under_way", "statuses", "total", "in_flight", "most_in_flight", "last"}; routes and
 * under_way are counts by class, last holds at most limit calls, newest first. */
json_t *sim_calls_json(sim_calls_t *calls, int limit);
void sim_calls_reset(sim_calls_t *calls);

#endif
