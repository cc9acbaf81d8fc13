/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_gate.h"

#include <apr_strings.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* Between two looks at places that another process may have given back: it can't wake us. */
static const apr_interval_time_t look_again = 10 * 1000;

struct orc_gate_t {
    orc_gate_memory_t *memory;
    pthread_cond_t left; /* somebody of this process has left */
    int is_shared;
    int all, each, inside;
};

/* ---- who is inside ---- */

int orc_gate_memory_init(orc_gate_memory_t *memory)
{
    pthread_mutexattr_t attributes;
    int is_made;

    memset(memory, 0, sizeof *memory);
    if (pthread_mutexattr_init(&attributes) != 0)
        return 0;
    is_made = pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) == 0 &&
              pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST) == 0 &&
              pthread_mutex_init(&memory->lock, &attributes) == 0;
    pthread_mutexattr_destroy(&attributes);
    return is_made;
}

/* Each change of a guest is one store: whatever a dead process was at, what it left is sound. */
static void recover(orc_gate_memory_t *memory, int result)
{
    if (result == EOWNERDEAD)
        pthread_mutex_consistent(&memory->lock);
}

static void lock(orc_gate_memory_t *memory)
{
    recover(memory, pthread_mutex_lock(&memory->lock));
}

static orc_gate_guest_t *bucket_of(orc_gate_memory_t *memory, const char *key)
{
    unsigned hash = 2166136261u;

    for (; *key; key++)
        hash = (hash ^ (unsigned char)*key) * 16777619u;
    return memory->guests[hash % ORC_GATE_BUCKETS];
}

/* This process's guest of the key, or a free one, or NULL; *inside is how many are inside for the key. */
static orc_gate_guest_t *guest_of(int *inside, orc_gate_t *gate, const char *key)
{
    orc_gate_guest_t *bucket = bucket_of(gate->memory, key), *vacant = NULL, *own = NULL;
    apr_uint32_t self = (apr_uint32_t)getpid();
    int i;

    *inside = 0;
    for (i = 0; i < ORC_GATE_WAYS; i++) {
        orc_gate_guest_t *guest = &bucket[i];

        if (guest->inside == 0) {
            vacant = vacant ? vacant : guest;
        }
        else if (strcmp(guest->key, key) == 0) {
            *inside += (int)guest->inside;
            own = guest->pid == self ? guest : own;
        }
    }
    return own ? own : vacant;
}

/* Those whose process died inside are there no more; true when there was one. */
static int send_the_dead_away(orc_gate_t *gate, const char *key)
{
    orc_gate_guest_t *bucket = bucket_of(gate->memory, key);
    int i, found = 0;

    for (i = 0; gate->is_shared && i < ORC_GATE_WAYS; i++) {
        orc_gate_guest_t *guest = &bucket[i];

        if (guest->inside > 0 && kill((pid_t)guest->pid, 0) != 0 && errno == ESRCH) {
            guest->inside = 0;
            found = 1;
        }
    }
    return found;
}

/* ---- the gate ---- */

static apr_status_t destroy(void *baton)
{
    orc_gate_t *gate = baton;

    pthread_cond_destroy(&gate->left);
    if (!gate->is_shared)
        pthread_mutex_destroy(&gate->memory->lock);
    return APR_SUCCESS;
}

orc_gate_t *orc_gate_make(orc_gate_memory_t *shared, int all, int each, apr_pool_t *pool)
{
    orc_gate_t *gate = apr_pcalloc(pool, sizeof *gate);

    gate->is_shared = shared != NULL;
    gate->memory = shared ? shared : apr_palloc(pool, sizeof *gate->memory);
    gate->all = all;
    gate->each = each;
    if ((!shared && !orc_gate_memory_init(gate->memory)) || pthread_cond_init(&gate->left, NULL) != 0)
        return NULL;
    apr_pool_cleanup_register(pool, gate, destroy, apr_pool_cleanup_null);
    return gate;
}

static int take_free_place(orc_gate_t *gate, const char *key)
{
    int inside;
    orc_gate_guest_t *guest = guest_of(&inside, gate, key);

    if (!guest || inside >= gate->each || gate->inside >= gate->all)
        return 0;
    if (guest->inside == 0) {
        apr_cpystrn(guest->key, key, sizeof guest->key);
        guest->pid = (apr_uint32_t)getpid();
    }
    guest->inside++;
    gate->inside++;
    return 1;
}

static int take_place(orc_gate_t *gate, const char *key)
{
    return take_free_place(gate, key) || (send_the_dead_away(gate, key) && take_free_place(gate, key));
}

/* Until somebody leaves, or may have left. */
static void wait_until(orc_gate_t *gate, apr_time_t until)
{
    apr_time_t soon = apr_time_now() + look_again;
    apr_time_t at = gate->is_shared && soon < until ? soon : until;
    const struct timespec time = {.tv_sec = apr_time_sec(at), .tv_nsec = apr_time_usec(at) * 1000};

    recover(gate->memory, pthread_cond_timedwait(&gate->left, &gate->memory->lock, &time));
}

int orc_gate_enter(orc_gate_t *gate, const char *key, apr_interval_time_t patience)
{
    apr_time_t until = patience > 0 ? apr_time_now() + patience : 0;
    int is_inside;

    lock(gate->memory);
    while (!(is_inside = take_place(gate, key)) && patience > 0 && apr_time_now() < until)
        wait_until(gate, until);
    pthread_mutex_unlock(&gate->memory->lock);
    return is_inside;
}

void orc_gate_leave(orc_gate_t *gate, const char *key)
{
    int inside;

    lock(gate->memory);
    guest_of(&inside, gate, key)->inside--;
    gate->inside--;
    pthread_cond_broadcast(&gate->left);
    pthread_mutex_unlock(&gate->memory->lock);
}
