/* Licensed under the Apache License, Version 2.0; see LICENSE. */

#include "unit.h"

#include <apr_thread_proc.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "orc_gate.h"

enum { GUESTS = 8 };

static const apr_interval_time_t long_patience = 60 * APR_USEC_PER_SEC;

static void a_key_has_so_many_places(void **state)
{
    orc_gate_t *gate = orc_gate_make(NULL, 3, 2, pool);

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
    orc_gate_t *gate = orc_gate_make(NULL, 2, 2, pool);

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

/* Who has to wait comes in when somebody leaves, and nothing is left of them. */
static void a_crowd_comes_in_two_by_two(void **state)
{
    crowd_t crowd = {orc_gate_make(NULL, 16, 2, pool), 0, 0, 0};
    apr_thread_t *threads[GUESTS];
    apr_status_t status;
    int i;

    for (i = 0; i < GUESTS; i++)
        assert_int_equal(apr_thread_create(&threads[i], NULL, come, &crowd, pool), APR_SUCCESS);
    for (i = 0; i < GUESTS; i++)
        apr_thread_join(&status, threads[i]);
    assert_true(crowd.most <= 2);
    assert_int_equal(crowd.refused, 0);
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
    orc_gate_t *gate = orc_gate_make(NULL, 1, 1, pool);
    apr_thread_t *thread;
    apr_status_t status;

    assert_true(orc_gate_enter(gate, "b", 0));
    assert_int_equal(apr_thread_create(&thread, NULL, wait_for_it, gate, pool), APR_SUCCESS);
    orc_gate_leave(gate, "b");
    apr_thread_join(&status, thread);
    assert_int_equal(status, APR_SUCCESS);
}

/* ---- several processes ---- */

static orc_gate_memory_t *shared_memory(void)
{
    orc_gate_memory_t *memory = mmap(NULL, sizeof *memory, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    assert_ptr_not_equal(memory, MAP_FAILED);
    assert_true(orc_gate_memory_init(memory));
    return memory;
}

/* Another process that is inside for "a" until it is told to leave, by closing *told, or is killed. */
static pid_t somebody_inside(orc_gate_memory_t *memory, int *told)
{
    int said[2], heard[2];
    char byte;
    pid_t pid;

    assert_int_equal(pipe(said), 0);
    assert_int_equal(pipe(heard), 0);
    pid = fork();
    if (pid == 0) {
        orc_gate_t *gate = orc_gate_make(memory, 16, 1, pool);

        close(heard[1]);
        if (!orc_gate_enter(gate, "a", 0) || write(said[1], "!", 1) != 1)
            _exit(1);
        if (read(heard[0], &byte, 1) == 0)
            orc_gate_leave(gate, "a");
        _exit(0);
    }
    close(said[1]);
    close(heard[0]);
    assert_int_equal(read(said[0], &byte, 1), 1);
    close(said[0]);
    *told = heard[1];
    return pid;
}

static void processes_share_their_places(void **state)
{
    orc_gate_memory_t *memory = shared_memory();
    orc_gate_t *gate = orc_gate_make(memory, 16, 1, pool);
    int told;
    pid_t other = somebody_inside(memory, &told);

    assert_false(orc_gate_enter(gate, "a", 0));
    assert_false(orc_gate_enter(gate, "a", 1000));
    assert_true(orc_gate_enter(gate, "b", 0));
    close(told);
    assert_true(orc_gate_enter(gate, "a", long_patience));
    assert_int_equal(waitpid(other, NULL, 0), other);
    orc_gate_leave(gate, "a");
    orc_gate_leave(gate, "b");
    assert_true(orc_gate_enter(gate, "a", 0));
}

static void what_a_killed_process_had_is_free(void **state)
{
    orc_gate_memory_t *memory = shared_memory();
    orc_gate_t *gate = orc_gate_make(memory, 16, 1, pool);
    int told;
    pid_t other = somebody_inside(memory, &told);

    assert_false(orc_gate_enter(gate, "a", 0));
    assert_int_equal(kill(other, SIGKILL), 0);
    assert_int_equal(waitpid(other, NULL, 0), other);
    assert_true(orc_gate_enter(gate, "a", 0));
    close(told);
}

static void who_is_killed_with_the_lock_leaves_it_to_others(void **state)
{
    orc_gate_memory_t *memory = shared_memory();
    orc_gate_t *gate = orc_gate_make(memory, 16, 1, pool);
    pid_t other = fork();

    if (other == 0) {
        pthread_mutex_lock(&memory->lock);
        _exit(0);
    }
    assert_int_equal(waitpid(other, NULL, 0), other);
    assert_true(orc_gate_enter(gate, "a", 0));
    orc_gate_leave(gate, "a");
    assert_true(orc_gate_enter(gate, "a", 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_has_so_many_places),
        cmocka_unit_test(a_gate_has_so_many_places),
        cmocka_unit_test(a_crowd_comes_in_two_by_two),
        cmocka_unit_test(who_waits_comes_in),
        cmocka_unit_test(processes_share_their_places),
        cmocka_unit_test(what_a_killed_process_had_is_free),
        cmocka_unit_test(who_is_killed_with_the_lock_leaves_it_to_others),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
