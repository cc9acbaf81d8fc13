/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_ENGINE_ORDERS_H
#define ORC_ENGINE_ORDERS_H

#include "orc_engine_state.h"

/*
 * What steps ask of the rules: requests in a person's name, which take many trips to the database and wait for the
 * locks that a request waits for. So they are carried out beside the poller, by a thread with a connection of its own,
 * one after the other; the job goes on with what came of it in the poller's next turn.
 *
 * A claim brings none of a person who has one in hand, so all persons have their turns one after the other, however
 * many orchestrations one of them has.
 */

/** Begins the thread. */
orc_error_t *orc_orders_make(orc_orders_t **orders, const orc_service_t *service, apr_pool_t *pool);

/** Ends it, behind what it has in hand; what waits is left to whoever claims it. */
void orc_orders_end(orc_orders_t *orders);

/** Gives job->order to the thread. */
void orc_orders_give(orc_orders_t *orders, orc_job_t *job);

/** The persons of all orders in hand, done or not: their ids, of const char *, in the pool. */
const apr_array_header_t *orc_orders_in_hand(orc_orders_t *orders, apr_pool_t *pool);

/** Takes the order of a job back that the thread has not begun; false: there is none. */
int orc_orders_leave(orc_orders_t *orders, const orc_job_t *job);

/** Becomes readable when something is done. */
int orc_orders_pipe(const orc_orders_t *orders);

/** Lets all jobs go on whose orders are done. */
void orc_orders_take(orc_orders_t *orders);

#endif
