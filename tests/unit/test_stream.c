/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "unit.h"

#include "orc_request.h"
#include "orc_time.h"

/* What a producer may rely on, and what it owes. */

typedef struct script_t {
    const orc_piece_t *pieces; /* one a question; the last one is an error */
    int asked;
    orc_stream_t *wakes; /* itself, while it is asked; or NULL */
} script_t;

static orc_error_t *play(orc_piece_t *piece, void *baton, apr_pool_t *in)
{
    script_t *script = baton;

    assert_int_equal(piece->then, ORC_STREAM_MORE);
    assert_int_equal(piece->length, 0);
    if (script->wakes)
        orc_stream_wake(script->wakes);
    *piece = script->pieces[script->asked++];
    return piece->bytes && strcmp(piece->bytes, "error") == 0 ? orc_error(in, 503, "test", "wanted") : NULL;
}

static orc_error_t *ask(orc_piece_t *piece, orc_stream_t *stream)
{
    return orc_stream_ask(piece, stream, pool);
}

static void it_gives_one_piece_a_question_until_its_end(void **state)
{
    static const orc_piece_t pieces[] = {{"a", 1, ORC_STREAM_MORE, 0}, {"b", 1, ORC_STREAM_END, 0}};
    script_t script = {pieces, 0, NULL};
    orc_stream_t *stream = orc_stream_make(play, &script, 0, pool);
    orc_piece_t piece;

    assert_null(ask(&piece, stream));
    assert_memory_equal(piece.bytes, "a", 1);
    assert_null(ask(&piece, stream));
    assert_memory_equal(piece.bytes, "b", 1);
    assert_int_equal(piece.then, ORC_STREAM_END);
    assert_null(ask(&piece, stream));
    assert_int_equal(piece.then, ORC_STREAM_END);
    assert_int_equal(piece.length, 0);
    assert_int_equal(script.asked, 2);
}

static void after_an_error_it_is_asked_no_more(void **state)
{
    static const orc_piece_t pieces[] = {{"error", 5, ORC_STREAM_MORE, 0}};
    script_t script = {pieces, 0, NULL};
    orc_stream_t *stream = orc_stream_make(play, &script, 0, pool);
    orc_piece_t piece;

    assert_int_equal(ask(&piece, stream)->status, 503);
    assert_null(ask(&piece, stream));
    assert_int_equal(piece.then, ORC_STREAM_END);
    assert_int_equal(script.asked, 1);
}

static void it_waits_for_its_time(void **state)
{
    static const orc_piece_t pieces[] = {
        {"", 0, ORC_STREAM_LATER, 60 * APR_USEC_PER_SEC}, {"", 0, ORC_STREAM_LATER, 0}, {"a", 1, ORC_STREAM_MORE, 0}};
    script_t script = {pieces, 0, NULL};
    orc_stream_t *stream = orc_stream_make(play, &script, 1, pool);
    apr_time_t before = orc_time_monotonic();
    orc_piece_t piece;

    assert_null(ask(&piece, stream));
    assert_false(orc_stream_is_due(stream, before));
    assert_true(stream->due >= before + 60 * APR_USEC_PER_SEC);
    assert_true(orc_stream_is_due(stream, stream->due));
    assert_null(ask(&piece, stream));
    assert_true(stream->due >= before + ORC_STREAM_MIN_PAUSE);
    assert_null(ask(&piece, stream));
    assert_true(orc_stream_is_due(stream, before));
}

static void it_can_be_woken_and_what_comes_during_a_question_is_not_lost(void **state)
{
    static const orc_piece_t pieces[] = {{"", 0, ORC_STREAM_LATER, 60 * APR_USEC_PER_SEC},
                                         {"", 0, ORC_STREAM_LATER, 60 * APR_USEC_PER_SEC},
                                         {"", 0, ORC_STREAM_LATER, 60 * APR_USEC_PER_SEC}};
    script_t script = {pieces, 0, NULL};
    orc_stream_t *stream = orc_stream_make(play, &script, 1, pool);
    orc_piece_t piece;

    assert_null(ask(&piece, stream));
    orc_stream_wake(stream);
    assert_true(orc_stream_is_due(stream, 0));
    assert_null(ask(&piece, stream));
    assert_false(orc_stream_is_due(stream, 0));
    script.wakes = stream;
    assert_null(ask(&piece, stream));
    assert_true(orc_stream_is_due(stream, 0));
}

static void only_a_follower_may_wait(void **state)
{
    static const orc_piece_t pieces[] = {{"", 0, ORC_STREAM_LATER, 0}};
    script_t script = {pieces, 0, NULL};
    orc_stream_t *stream = orc_stream_make(play, &script, 0, pool);
    orc_piece_t piece;

    assert_int_equal(ask(&piece, stream)->status, 500);
    assert_true(stream->is_over);
}

static void a_response_has_it_in_place_of_a_text(void **state)
{
    orc_response_t *response = orc_response_make(pool);
    orc_stream_t *stream = orc_stream_make(play, NULL, 1, pool);

    orc_response_stream(response, "application/x-ndjson", stream);
    assert_int_equal(response->status, 200);
    assert_string_equal(response->content_type, "application/x-ndjson");
    assert_ptr_equal(response->stream, stream);
    assert_null(response->body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_gives_one_piece_a_question_until_its_end),
        cmocka_unit_test(after_an_error_it_is_asked_no_more),
        cmocka_unit_test(it_waits_for_its_time),
        cmocka_unit_test(it_can_be_woken_and_what_comes_during_a_question_is_not_lost),
        cmocka_unit_test(only_a_follower_may_wait),
        cmocka_unit_test(a_response_has_it_in_place_of_a_text),
    };

    return cmocka_run_group_tests_name("stream", tests, setup, teardown);
}
