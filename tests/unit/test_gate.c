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

/* Until so many have begun to wait, since ever. */
static void await_tickets(const orc_gate_memory_t *memory, apr_uint64_t number)
{
    while (__atomic_load_n(&memory->tickets, __ATOMIC_SEQ_CST) < number)
        apr_thread_yield();
}

static orc_gate_memory_t *shared_memory(void)
{
    enum { PLACES = 64 };
    orc_gate_memory_t *memory =
        mmap(NULL, orc_gate_memory_size(PLACES), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    assert_ptr_not_equal(memory, MAP_FAILED);
    assert_true(orc_gate_memory_init(memory, PLACES));
    return memory;
}

typedef struct line_t {
    orc_gate_t *gate;
    const char *keys[GUESTS];
    int inside[GUESTS]; /* in the order in which they came in */
    volatile int number;
} line_t;

typedef struct place_t {
    line_t *line;
    int number;
} place_t;

static void *APR_THREAD_FUNC stand_in_line(apr_thread_t *thread, void *baton)
{
    const place_t *place = baton;
    line_t *line = place->line;

    assert_true(orc_gate_enter(line->gate, line->keys[place->number], long_patience));
    line->inside[line->number++] = place->number;
    orc_gate_leave(line->gate, line->keys[place->number]);
    return NULL;
}

/* They come one after the other while "x" is inside of a gate with so many places; then "x" leaves, and the first ones
 * are not passed by the next one who comes. */
static void come_in_line(line_t *line, int all, const char *next)
{
    orc_gate_memory_t *memory = shared_memory();
    apr_thread_t *threads[GUESTS];
    place_t places[GUESTS];
    apr_status_t status;
    int i;

    line->gate = orc_gate_make(memory, all, 1, pool);
    assert_true(orc_gate_enter(line->gate, "x", 0));
    for (i = 0; i < GUESTS; i++) {
        places[i] = (place_t){line, i};
        assert_int_equal(apr_thread_create(&threads[i], NULL, stand_in_line, &places[i], pool), APR_SUCCESS);
        await_tickets(memory, (apr_uint64_t)i + 1);
    }
    assert_false(orc_gate_enter(line->gate, next, 0));
    orc_gate_leave(line->gate, "x");
    assert_true(orc_gate_enter(line->gate, next, long_patience));
    assert_int_equal(line->number, GUESTS);
    orc_gate_leave(line->gate, next);
    for (i = 0; i < GUESTS; i++)
        apr_thread_join(&status, threads[i]);
    for (i = 0; i < GUESTS; i++)
        assert_int_equal(line->inside[i], i);
}

static void who_comes_first_comes_in_first(void **state)
{
    line_t same = {.keys = {"x", "x", "x", "x", "x", "x", "x", "x"}};
    line_t others = {.keys = {"a", "b", "c", "d", "e", "f", "g", "h"}};

    come_in_line(&same, 16, "x");
    come_in_line(&others, 1, "i");
}

/* ---- several processes ---- */

/* Another process that is inside for "a" until it is told to leave, by closing *told, or is killed. */
static pid_t somebody_inside(orc_gate_memory_t *memory, int *told, int each)
{
    int said[2], heard[2];
    char byte;
    pid_t pid;

    assert_int_equal(pipe(said), 0);
    assert_int_equal(pipe(heard), 0);
    pid = fork();
    if (pid == 0) {
        orc_gate_t *gate = orc_gate_make(memory, 16, each, pool);

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
    pid_t other = somebody_inside(memory, &told, 1);

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
    pid_t other = somebody_inside(memory, &told, 1);

    assert_false(orc_gate_enter(gate, "a", 0));
    assert_int_equal(kill(other, SIGKILL), 0);
    assert_int_equal(waitpid(other, NULL, 0), other);
    assert_true(orc_gate_enter(gate, "a", 0));
    close(told);
}

static void what_killed_people_had_is_free_for_anybody(void **state)
{
    orc_gate_memory_t *memory = shared_memory();
    orc_gate_t *gate = orc_gate_make(memory, (int)memory->places, 1, pool);
    pid_t other = fork();
    apr_uint32_t i;

    if (other == 0) {
        for (i = 0; i < memory->places; i++)
            orc_gate_enter(gate, apr_psprintf(pool, "gone %u", i), 0);
        _exit(0);
    }
    assert_int_equal(waitpid(other, NULL, 0), other);
    assert_int_equal(memory->vacant, 0);
    for (i = 0; i < memory->places; i++)
        assert_true(orc_gate_enter(gate, apr_psprintf(pool, "new %u", i), 0));
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

/* Another process that waits for a place for "a". */
static pid_t somebody_waiting(orc_gate_memory_t *memory, apr_interval_time_t patience)
{
    apr_uint64_t tickets = memory->tickets;
    pid_t pid = fork();

    if (pid == 0)
        _exit(!orc_gate_enter(orc_gate_make(memory, 16, 1, pool), "a", patience));
    await_tickets(memory, tickets + 1);
    return pid;
}

static void who_is_killed_while_they_wait_is_waited_for_no_more(void **state)
{
    orc_gate_memory_t *memory = shared_memory();
    orc_gate_t *gate = orc_gate_make(memory, 16, 1, pool);
    pid_t first, second;
    int status;

    assert_true(orc_gate_enter(gate, "a", 0));
    first = somebody_waiting(memory, long_patience);
    second = somebody_waiting(memory, long_patience);
    assert_int_equal(kill(first, SIGKILL), 0);
    assert_int_equal(waitpid(first, NULL, 0), first);
    orc_gate_leave(gate, "a");
    assert_int_equal(waitpid(second, &status, 0), second);
    assert_int_equal(status, 0);
    assert_true(orc_gate_enter(gate, "a", 0));
}

static void who_does_not_come_when_it_is_their_turn_is_passed(void **state)
{
    orc_gate_memory_t *memory = shared_memory();
    orc_gate_t *gate = orc_gate_make(memory, 16, 1, pool);
    pid_t first;

    assert_true(orc_gate_enter(gate, "a", 0));
    first = somebody_waiting(memory, APR_USEC_PER_SEC);
    pthread_mutex_lock(&memory->lock); /* so that it doesn't have it */
    assert_int_equal(kill(first, SIGSTOP), 0);
    assert_int_equal(waitpid(first, NULL, WUNTRACED), first);
    pthread_mutex_unlock(&memory->lock);
    orc_gate_leave(gate, "a");
    assert_true(orc_gate_enter(gate, "a", long_patience));
    assert_int_equal(kill(first, SIGKILL), 0);
    assert_int_equal(waitpid(first, NULL, 0), first);
}

/* As many as the memory has room for, whatever their keys are. */
static void many_processes_have_their_places(void **state)
{
    enum { MANY = 60 };
    orc_gate_memory_t *memory = shared_memory();
    orc_gate_t *gate = orc_gate_make(memory, 16, MANY + 1, pool);
    int told[MANY], i;
    pid_t others[MANY];

    for (i = 0; i < MANY; i++)
        others[i] = somebody_inside(memory, &told[i], MANY + 1);
    assert_true(orc_gate_enter(gate, "a", 0));
    assert_false(orc_gate_enter(gate, "a", 0));
    assert_true(orc_gate_enter(gate, "b", 0));
    for (i = 0; i < MANY; i++) {
        assert_int_equal(kill(others[i], SIGKILL), 0);
        assert_int_equal(waitpid(others[i], NULL, 0), others[i]);
        close(told[i]);
    }
    for (i = 0; i < 14; i++)
        assert_true(orc_gate_enter(gate, "a", 0));
}

static void what_a_killed_process_was_changing_is_made_anew(void **state)
{
    orc_gate_memory_t *memory = shared_memory();
    orc_gate_t *gate = orc_gate_make(memory, 16, 1, pool);
    pid_t other;
    apr_uint32_t i;

    assert_true(orc_gate_enter(gate, "a", 0));
    other = fork();
    if (other == 0) {
        pthread_mutex_lock(&memory->lock);
        memory->vacant = 0;
        for (i = 0; i < memory->places; i++)
            memory->guests[i].first = memory->guests[i].next = memory->places;
        _exit(0);
    }
    assert_int_equal(waitpid(other, NULL, 0), other);
    assert_false(orc_gate_enter(gate, "a", 0));
    assert_true(orc_gate_enter(gate, "b", 0));
    orc_gate_leave(gate, "a");
    assert_true(orc_gate_enter(gate, "a", 0));
}

/* A process may have the number of one that died. */
static void a_process_begins_with_nobody_inside(void **state)
{
    orc_gate_memory_t *memory = shared_memory();

    assert_true(orc_gate_enter(orc_gate_make(memory, 16, 1, pool), "a", 0));
    assert_true(orc_gate_enter(orc_gate_make(memory, 16, 1, pool), "a", 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_has_so_many_places),
        cmocka_unit_test(a_gate_has_so_many_places),
        cmocka_unit_test(a_crowd_comes_in_two_by_two),
        cmocka_unit_test(who_waits_comes_in),
        cmocka_unit_test(who_comes_first_comes_in_first),
        cmocka_unit_test(processes_share_their_places),
        cmocka_unit_test(what_a_killed_process_had_is_free),
        cmocka_unit_test(what_killed_people_had_is_free_for_anybody),
        cmocka_unit_test(who_is_killed_with_the_lock_leaves_it_to_others),
        cmocka_unit_test(who_is_killed_while_they_wait_is_waited_for_no_more),
        cmocka_unit_test(who_does_not_come_when_it_is_their_turn_is_passed),
        cmocka_unit_test(many_processes_have_their_places),
        cmocka_unit_test(what_a_killed_process_was_changing_is_made_anew),
        cmocka_unit_test(a_process_begins_with_nobody_inside),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
