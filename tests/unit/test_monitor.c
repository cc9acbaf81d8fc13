/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_thread_proc.h>
#include <unistd.h>

#include "unit.h"

#include "orc_gate.h"
#include "orc_monitor.h"
#include "orc_stream.h"
#include "orc_time.h"

/* Waits, in a process whose clock somebody sets back again and again. */

static const apr_interval_time_t moment = APR_USEC_PER_SEC / 100;

/* The time of day, as all of this process see it: an hour less at each look. */
apr_time_t apr_time_now(void)
{
    static apr_time_t now = APR_INT64_C(4000000000000000);

    return now -= apr_time_from_sec(3600);
}

/* Whoever waits for that clock waits for ever. */
static int give_up_late(void **state)
{
    alarm(120);
    return 0;
}

static void a_wait_ends_though_the_clock_is_set_back(void **state)
{
    orc_monitor_t *monitor = orc_monitor_make(pool);

    orc_monitor_lock(monitor);
    while (orc_monitor_wait_for(monitor, moment)) /* it may wake up for no reason */
        ;
    orc_monitor_unlock(monitor);
}

static void a_lock_that_others_keep_is_waited_for_no_longer(void **state)
{
    orc_monitor_t *monitor = orc_monitor_make(pool);

    orc_monitor_lock(monitor);
    assert_false(orc_monitor_lock_within(monitor, moment));
    assert_false(orc_monitor_lock_within(monitor, -moment));
    orc_monitor_unlock(monitor);
    assert_true(orc_monitor_lock_within(monitor, moment));
    orc_monitor_unlock(monitor);
}

typedef struct letter_t {
    orc_monitor_t *monitor;
    int has_come, was_read;
} letter_t;

static void *APR_THREAD_FUNC answer(apr_thread_t *thread, void *baton)
{
    letter_t *letter = baton;

    orc_monitor_lock(letter->monitor);
    while (!letter->has_come)
        orc_monitor_wait(letter->monitor);
    letter->was_read = 1;
    orc_monitor_tell(letter->monitor);
    orc_monitor_unlock(letter->monitor);
    return NULL;
}

static void who_is_told_goes_on(void **state)
{
    letter_t letter = {.monitor = orc_monitor_make(pool)};
    apr_thread_t *thread;
    apr_status_t status;

    assert_int_equal(apr_thread_create(&thread, NULL, answer, &letter, pool), APR_SUCCESS);
    orc_monitor_lock(letter.monitor);
    letter.has_come = 1;
    orc_monitor_tell(letter.monitor);
    while (!letter.was_read)
        assert_true(orc_monitor_wait_for(letter.monitor, apr_time_from_sec(100)));
    orc_monitor_unlock(letter.monitor);
    apr_thread_join(&status, thread);
}

static void patience_at_a_gate_ends(void **state)
{
    orc_gate_t *gate = orc_gate_make(NULL, 1, 1, pool);

    assert_true(orc_gate_enter(gate, "a", 0));
    assert_false(orc_gate_enter(gate, "a", moment));
    orc_gate_leave(gate, "a");
}

static orc_error_t *later(orc_piece_t *piece, void *baton, apr_pool_t *question)
{
    piece->then = ORC_STREAM_LATER;
    return NULL;
}

static void a_stream_is_due_after_its_pause(void **state)
{
    orc_stream_t *stream = orc_stream_make(later, NULL, 1, pool);
    orc_piece_t piece;

    assert_null(orc_stream_ask(&piece, stream, pool));
    assert_false(orc_stream_is_due(stream, orc_time_monotonic() - apr_time_from_sec(100)));
    assert_true(orc_stream_is_due(stream, orc_time_monotonic() + ORC_STREAM_MIN_PAUSE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_wait_ends_though_the_clock_is_set_back, give_up_late),
        cmocka_unit_test_setup(a_lock_that_others_keep_is_waited_for_no_longer, give_up_late),
        cmocka_unit_test_setup(who_is_told_goes_on, give_up_late),
        cmocka_unit_test_setup(patience_at_a_gate_ends, give_up_late),
        cmocka_unit_test_setup(a_stream_is_due_after_its_pause, give_up_late),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
