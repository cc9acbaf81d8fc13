/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_stream.h"

#include "orc_time.h"

orc_stream_t *orc_stream_make(orc_producer_t *next, void *baton, int is_follower, apr_pool_t *pool)
{
    orc_stream_t *stream = apr_pcalloc(pool, sizeof *stream);

    stream->next = next;
    stream->baton = baton;
    stream->is_follower = is_follower;
    return stream;
}

static orc_error_t *ask(orc_piece_t *piece, orc_stream_t *stream, apr_pool_t *pool)
{
    /* Before the question: what comes during it may be in the answer or not. */
    __atomic_store_n(&stream->is_awake, 0, __ATOMIC_SEQ_CST);
    ORC_TRY(stream->next(piece, stream->baton, pool));
    if (piece->then == ORC_STREAM_LATER && !stream->is_follower)
        return orc_error(pool, 500, "stream", "A stream that is no follower wants to wait.");
    return NULL;
}

static apr_interval_time_t pause_of(const orc_piece_t *piece)
{
    return piece->pause > ORC_STREAM_MIN_PAUSE ? piece->pause : ORC_STREAM_MIN_PAUSE;
}

orc_error_t *orc_stream_ask(orc_piece_t *piece, orc_stream_t *stream, apr_pool_t *pool)
{
    orc_error_t *error;

    *piece = (orc_piece_t){.then = stream->is_over ? ORC_STREAM_END : ORC_STREAM_MORE};
    if (stream->is_over)
        return NULL;
    error = ask(piece, stream, pool);
    stream->is_over = error || piece->then == ORC_STREAM_END;
    stream->due = piece->then == ORC_STREAM_LATER ? orc_time_monotonic() + pause_of(piece) : 0;
    return error;
}

void orc_stream_wake(orc_stream_t *stream)
{
    __atomic_store_n(&stream->is_awake, 1, __ATOMIC_SEQ_CST);
}

int orc_stream_is_due(const orc_stream_t *stream, apr_time_t now)
{
    return now >= stream->due || __atomic_load_n(&stream->is_awake, __ATOMIC_SEQ_CST);
}
