/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_gate.h"

#include <apr_strings.h>
#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>
#include <string.h>

enum { MAX_PLACES = 1024 };

/* A key that somebody is inside for, or waits for. */
typedef struct guest_t {
    char key[ORC_GATE_KEY + 1];
    int inside, waiting;
} guest_t;

struct orc_gate_t {
    apr_thread_mutex_t *lock;
    apr_thread_cond_t *left; /* somebody has left */
    int all, each, inside;
    guest_t *guests; /* two for each place: some only wait */
};

orc_gate_t *orc_gate_make(int all, int each, apr_pool_t *pool)
{
    orc_gate_t *gate = apr_pcalloc(pool, sizeof *gate);

    gate->all = all < MAX_PLACES ? all : MAX_PLACES;
    gate->each = each;
    gate->guests = apr_pcalloc(pool, 2 * (apr_size_t)gate->all * sizeof *gate->guests);
    if (apr_thread_mutex_create(&gate->lock, APR_THREAD_MUTEX_DEFAULT, pool) != APR_SUCCESS ||
        apr_thread_cond_create(&gate->left, pool) != APR_SUCCESS)
        return NULL;
    return gate;
}

/* The key's guest, or a free one for it; NULL when there is none. */
static guest_t *guest_of(orc_gate_t *gate, const char *key)
{
    guest_t *vacant = NULL;
    int i;

    for (i = 0; i < 2 * gate->all; i++) {
        guest_t *guest = &gate->guests[i];

        if (guest->inside + guest->waiting == 0)
            vacant = vacant ? vacant : guest;
        else if (strcmp(guest->key, key) == 0)
            return guest;
    }
    if (vacant)
        apr_cpystrn(vacant->key, key, sizeof vacant->key);
    return vacant;
}

static int has_place(const orc_gate_t *gate, const guest_t *guest)
{
    return gate->inside < gate->all && guest->inside < gate->each;
}

static void wait_for_place(orc_gate_t *gate, guest_t *guest, apr_interval_time_t patience)
{
    apr_time_t until = apr_time_now() + patience;

    if (guest->waiting >= gate->each)
        return;
    guest->waiting++;
    while (!has_place(gate, guest) && apr_time_now() < until)
        (void)apr_thread_cond_timedwait(gate->left, gate->lock, until - apr_time_now());
    guest->waiting--;
}

int orc_gate_enter(orc_gate_t *gate, const char *key, apr_interval_time_t patience)
{
    guest_t *guest;
    int is_inside;

    apr_thread_mutex_lock(gate->lock);
    guest = guest_of(gate, key);
    if (guest && !has_place(gate, guest) && patience > 0)
        wait_for_place(gate, guest, patience);
    is_inside = guest && has_place(gate, guest);
    if (is_inside) {
        guest->inside++;
        gate->inside++;
    }
    apr_thread_mutex_unlock(gate->lock);
    return is_inside;
}

void orc_gate_leave(orc_gate_t *gate, const char *key)
{
    apr_thread_mutex_lock(gate->lock);
    guest_of(gate, key)->inside--;
    gate->inside--;
    apr_thread_cond_broadcast(gate->left);
    apr_thread_mutex_unlock(gate->lock);
}
