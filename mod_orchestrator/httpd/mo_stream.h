/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef MO_STREAM_H
#define MO_STREAM_H

#include <apr_buckets.h>

#include "mo_shared.h"
#include "orc_rules_visit.h"
#include "orc_stream.h"

#include <httpd.h>

/* Streams on their way to the client. One that waits holds no worker where httpd can do without (mo_waiting.h), and
 * else one of a few that are there for it. */

/** A stream that is being sent. */
typedef struct mo_stream_t {
    request_rec *r; /* NULL once it is answered */
    conn_rec *c;
    orc_stream_t *stream;
    apr_bucket_brigade *out;
    apr_pool_t *piece; /* of one question */
    int yields;        /* a client that reads nothing is not waited for in a worker */
} mo_stream_t;

/** child_init hook. */
void mo_stream_init(apr_pool_t *pchild, server_rec *main_server);

/** Places for followers on this host, and how many of these one person may have. */
int mo_stream_places(void);
int mo_stream_share(void);

/**
 * Takes a place among the followers of this host, until the request's end; for a stream that is a follower, before its
 * first byte.
 * @param visit  of whom it is for, or NULL
 * @param slot   this child's, one of `shared`
 * @return 429 when that person has their share, 503 when all are taken
 */
orc_error_t *mo_stream_take_place(request_rec *r, orc_rules_visit_t *visit, mo_shared_t *shared, mo_slot_t *slot);

/** Sends what a stream gives behind the request's headers, which are set; returns what a handler returns. To HEAD the
 * headers alone. */
int mo_stream_send(request_rec *r, orc_stream_t *stream);

/** What came of asking and sending until there was nothing more for now. */
typedef enum mo_stream_end_t {
    MO_STREAM_WAITS, /* until orc_stream_is_due */
    MO_STREAM_ENDS,  /* all of it is sent */
    MO_STREAM_BROKEN /* the client can tell that it is not; what happened is logged */
} mo_stream_end_t;

/** Asks and sends until there is nothing for now, or no more. */
mo_stream_end_t mo_stream_pump(mo_stream_t *sending);

/** Whether something can be sent without waiting for the client. */
int mo_stream_is_free(const mo_stream_t *sending);

/** Whether anybody waits for a stream: false when the client went away, or this httpd is about to end. */
int mo_stream_is_wanted(const mo_stream_t *sending);

/** Ends a stream that is not wanted, so that a client who is still there can tell that it isn't complete. */
void mo_stream_give_up(mo_stream_t *sending);

#endif
