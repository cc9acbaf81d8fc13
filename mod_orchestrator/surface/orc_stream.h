/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_STREAM_H
#define ORC_STREAM_H

#include <apr_pools.h>
#include <apr_time.h>

#include "orc_error.h"

/*
 * A body that is made while it is sent: a producer is asked for one piece after the other. Between two questions
 * nothing of it runs, so it must hold nothing that others wait for: one that needs the database opens a unit of work
 * when it is asked and closes it before it returns. Different threads ask it, never two at a time.
 */

/** What comes behind a piece. */
typedef enum orc_stream_then_t {
    ORC_STREAM_MORE,  /* the producer may be asked at once */
    ORC_STREAM_LATER, /* nothing for now: asked again after `pause`, or sooner when somebody wakes the stream */
    ORC_STREAM_END
} orc_stream_then_t;

typedef struct orc_piece_t {
    const char *bytes; /* in the pool of the question, or living longer */
    apr_size_t length; /* may be 0 */
    orc_stream_then_t then;
    apr_interval_time_t pause; /* of LATER; at least ORC_STREAM_MIN_PAUSE is waited */
} orc_piece_t;

#define ORC_STREAM_MIN_PAUSE (APR_USEC_PER_SEC / 10)

/**
 * Gives the next piece. What it needs from one question to the next is the baton's.
 * @param piece empty and MORE when it comes
 * @param pool  lives until the piece is sent
 * @return an error ends the stream: what was sent already stays without its end, so that a client can tell
 */
typedef orc_error_t *orc_producer_t(orc_piece_t *piece, void *baton, apr_pool_t *pool);

typedef struct orc_stream_t {
    orc_producer_t *next;
    void *baton;
    int is_follower; /* it may say LATER: it takes one of the few places of those who wait */
    int is_over;     /* it has ended, or failed: it is asked no more */
    int is_awake;    /* somebody woke it since it was asked; only for orc_stream_wake and those below */
    apr_time_t due;  /* when it is to be asked, by orc_time_monotonic; 0: at once */
} orc_stream_t;

/** A stream in the pool, which may be given up without ever having been asked: clean up with the pool. */
orc_stream_t *orc_stream_make(orc_producer_t *next, void *baton, int is_follower, apr_pool_t *pool);

/** Asks for the next piece; END without a question once the stream is over. */
orc_error_t *orc_stream_ask(orc_piece_t *piece, orc_stream_t *stream, apr_pool_t *pool);

/** There is something new: it is asked soon, whatever it waits for. From any thread, as long as the stream lives; what
 * comes while it is being asked is not lost. */
void orc_stream_wake(orc_stream_t *stream);

/** Whether a stream that waits is to be asked; `now` is orc_time_monotonic's. */
int orc_stream_is_due(const orc_stream_t *stream, apr_time_t now);

#endif
