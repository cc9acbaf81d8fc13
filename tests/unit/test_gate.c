/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "unit.h"

#include <apr_thread_proc.h>

#include "orc_gate.h"

enum { GUESTS = 8 };

static const apr_interval_time_t long_patience = 60 * APR_USEC_PER_SEC;

static void a_key_has_so_many_places(void **state)
{
    orc_gate_t *gate = orc_gate_make(3, 2, pool);

    assert_true(orc_gate_enter(gate, "a", 0));
    assert_true(orc_gate_enter(gate, "a", 0));
    assert_false(orc_gate_enter(gate, "a", 0));
    assert_false(orc_gate_enter(gate, "a", 1000));
    assert_true(orc_gate_enter(gate, "b", 0));
    orc_gate_leave(gate, "a");
    assert_true(orc_gate_enter(gate, "a", 0));
}

static void a_gate_has_so_many_places(void **state)
{
    orc_gate_t *gate = orc_gate_make(2, 2, pool);

    assert_true(orc_gate_enter(gate, "a", 0));
    assert_true(orc_gate_enter(gate, "b", 0));
    assert_false(orc_gate_enter(gate, "c", 0));
    assert_false(orc_gate_enter(gate, "a", 0));
    orc_gate_leave(gate, "b");
    assert_true(orc_gate_enter(gate, "c", 0));
}

typedef struct crowd_t {
    orc_gate_t *gate;
    volatile int inside, most, refused;
} crowd_t;

static void *APR_THREAD_FUNC come(apr_thread_t *thread, void *baton)
{
    crowd_t *crowd = baton;
    int inside, i;

    for (i = 0; i < 100; i++) {
        if (!orc_gate_enter(crowd->gate, "a", long_patience)) {
            (void)__atomic_add_fetch(&crowd->refused, 1, __ATOMIC_SEQ_CST);
            continue;
        }
        inside = __atomic_add_fetch(&crowd->inside, 1, __ATOMIC_SEQ_CST);
        if (inside > crowd->most)
            crowd->most = inside;
        apr_thread_yield();
        (void)__atomic_sub_fetch(&crowd->inside, 1, __ATOMIC_SEQ_CST);
        orc_gate_leave(crowd->gate, "a");
    }
    return NULL;
}

/* Who has to wait comes in when somebody leaves; a crowd is turned away, and nothing is left of it. */
static void a_crowd_waits_or_is_turned_away(void **state)
{
    crowd_t crowd = {orc_gate_make(16, 2, pool), 0, 0, 0};
    apr_thread_t *threads[GUESTS];
    apr_status_t status;
    int i;

    for (i = 0; i < GUESTS; i++)
        assert_int_equal(apr_thread_create(&threads[i], NULL, come, &crowd, pool), APR_SUCCESS);
    for (i = 0; i < GUESTS; i++)
        apr_thread_join(&status, threads[i]);
    assert_true(crowd.most <= 2);
    assert_true(crowd.refused < GUESTS * 100);
    assert_true(orc_gate_enter(crowd.gate, "a", 0));
    assert_true(orc_gate_enter(crowd.gate, "a", 0));
}

static void *APR_THREAD_FUNC wait_for_it(apr_thread_t *thread, void *baton)
{
    apr_thread_exit(thread, orc_gate_enter(baton, "a", long_patience) ? APR_SUCCESS : APR_TIMEUP);
    return NULL;
}

static void who_waits_comes_in(void **state)
{
    orc_gate_t *gate = orc_gate_make(1, 1, pool);
    apr_thread_t *thread;
    apr_status_t status;

    assert_true(orc_gate_enter(gate, "b", 0));
    assert_int_equal(apr_thread_create(&thread, NULL, wait_for_it, gate, pool), APR_SUCCESS);
    orc_gate_leave(gate, "b");
    apr_thread_join(&status, thread);
    assert_int_equal(status, APR_SUCCESS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_has_so_many_places),
        cmocka_unit_test(a_gate_has_so_many_places),
        cmocka_unit_test(a_crowd_waits_or_is_turned_away),
        cmocka_unit_test(who_waits_comes_in),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
