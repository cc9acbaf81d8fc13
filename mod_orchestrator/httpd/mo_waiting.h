/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef MO_WAITING_H
#define MO_WAITING_H

#include "mo_stream.h"

/* Streams that wait without a worker: the request is suspended, and whatever worker is free goes on with it. */

/** For child_init. `workers`: how many of a child's may go on with streams at a time. */
void mo_waiting_init(int workers, apr_pool_t *pchild);

/** Whether httpd can suspend a request: HTTP/1 of the event MPM, no subrequest, and no
 * internal redirect, which knows nothing of suspension. */
int mo_waiting_is_possible(const request_rec *r);

/** Lets the worker go: SUSPENDED, which it has to return; from then on the request and, at the end, its connection are
 * seen to here. DECLINED when that can't be. */
int mo_waiting_suspend(mo_stream_t *sending);

/** suspend_connection hook. */
void mo_waiting_begin(conn_rec *c, request_rec *r);

#endif
