/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_gate.h"

#include <apr_strings.h>
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "orc_time.h"

/*
 * Guests of a key stand in a chain, whichever process they are of. What a guest is, is said by the guest alone: the
 * chains, and that of the places that nobody has, are made anew when a process died while it changed them.
 *
 * Who waits sleeps at a futex, which keeps nothing of a process that is killed; a condition that processes share would.
 */

enum { OWN_GUESTS = 1024 }; /* of a process that shares with nobody: more than it has threads */

/* Between two looks whether somebody has died: they wake nobody. */
static const apr_interval_time_t look_again = APR_USEC_PER_SEC / 10;

/* One of this process who waits. */
typedef struct waiter_t {
    orc_gate_guest_t *guest;
    struct waiter_t *next;
} waiter_t;

struct orc_gate_t {
    orc_gate_memory_t *memory;
    waiter_t *waiters; /* of this process, the last one first */
    int is_shared;
    int all, each, inside;
};

/* ---- guests ---- */

/* Where the chain of a key begins. */
static apr_uint32_t *chain_of(orc_gate_memory_t *memory, const char *key)
{
    unsigned hash = 2166136261u;

    for (; *key; key++)
        hash = (hash ^ (unsigned char)*key) * 16777619u;
    return &memory->guests[hash % memory->places].first;
}

static orc_gate_guest_t *guest_at(orc_gate_memory_t *memory, apr_uint32_t place)
{
    return place ? &memory->guests[place - 1] : NULL;
}

static int is_there(const orc_gate_guest_t *guest)
{
    return guest->inside > 0 || guest->ticket > 0;
}

static void push(orc_gate_memory_t *memory, apr_uint32_t *chain, orc_gate_guest_t *guest)
{
    guest->next = *chain;
    *chain = (apr_uint32_t)(guest - memory->guests) + 1;
}

static void make_chains(orc_gate_memory_t *memory)
{
    apr_uint32_t i;

    memory->vacant = 0;
    for (i = 0; i < memory->places; i++)
        memory->guests[i].first = 0;
    for (i = memory->places; i > 0; i--) {
        orc_gate_guest_t *guest = guest_at(memory, i);

        push(memory, is_there(guest) ? chain_of(memory, guest->key) : &memory->vacant, guest);
    }
}

/* A guest of this process, who is not there before `inside` or `ticket` is set by one store; NULL: there is no room. */
static orc_gate_guest_t *add(orc_gate_memory_t *memory, const char *key)
{
    orc_gate_guest_t *guest = guest_at(memory, memory->vacant);

    if (!guest)
        return NULL;
    memory->vacant = guest->next;
    apr_cpystrn(guest->key, key, sizeof guest->key);
    guest->pid = (apr_uint32_t)getpid();
    push(memory, chain_of(memory, key), guest);
    return guest;
}

static void drop(orc_gate_memory_t *memory, orc_gate_guest_t *guest)
{
    apr_uint32_t place = (apr_uint32_t)(guest - memory->guests) + 1, *at = chain_of(memory, guest->key);

    __atomic_store_n(&guest->inside, 0, __ATOMIC_RELEASE);
    __atomic_store_n(&guest->ticket, 0, __ATOMIC_RELEASE);
    while (*at != place)
        at = &guest_at(memory, *at)->next;
    *at = guest->next;
    push(memory, &memory->vacant, guest);
}

/* ---- memory ---- */

apr_size_t orc_gate_memory_size(int guests)
{
    return sizeof(orc_gate_memory_t) + sizeof(orc_gate_guest_t) * (apr_size_t)guests;
}

int orc_gate_memory_init(orc_gate_memory_t *memory, int guests)
{
    pthread_mutexattr_t attributes;
    int is_made;

    memset(memory, 0, orc_gate_memory_size(guests));
    memory->places = (apr_uint32_t)guests;
    make_chains(memory);
    if (pthread_mutexattr_init(&attributes) != 0)
        return 0;
    is_made = pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) == 0 &&
              pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST) == 0 &&
              pthread_mutex_init(&memory->lock, &attributes) == 0;
    pthread_mutexattr_destroy(&attributes);
    return is_made;
}

static void lock(orc_gate_memory_t *memory)
{
    if (pthread_mutex_lock(&memory->lock) != EOWNERDEAD)
        return;
    make_chains(memory);
    pthread_mutex_consistent(&memory->lock);
}

static void unlock(orc_gate_memory_t *memory)
{
    pthread_mutex_unlock(&memory->lock);
}

/* Those who wait look again. */
static void tell(orc_gate_memory_t *memory)
{
    (void)__atomic_add_fetch(&memory->changes, 1, __ATOMIC_SEQ_CST);
    syscall(SYS_futex, &memory->changes, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/* Until they are told, or `until`; without the lock meanwhile. */
static void wait_until(orc_gate_memory_t *memory, apr_time_t until)
{
    apr_interval_time_t time = until - orc_time_monotonic();
    apr_uint32_t seen = memory->changes;
    struct timespec most;

    time = time > look_again ? look_again : time > 0 ? time : 0;
    most = (struct timespec){.tv_sec = apr_time_sec(time), .tv_nsec = apr_time_usec(time) * 1000};
    unlock(memory);
    syscall(SYS_futex, &memory->changes, FUTEX_WAIT, seen, &most, NULL, 0);
    lock(memory);
}

/* ---- those whose process is no more ---- */

static int is_dead(const orc_gate_guest_t *guest)
{
    return kill((pid_t)guest->pid, 0) != 0 && errno == ESRCH;
}

static int send_away_when_dead(orc_gate_memory_t *memory, orc_gate_guest_t *guest)
{
    int is_to_go = is_there(guest) && is_dead(guest);

    if (is_to_go)
        drop(memory, guest);
    return is_to_go;
}

/* Of a key's chain; and where there is no room for another guest, of all: those who never come back would have their
 * places for ever. True when there was one. */
static int send_the_dead_away(const orc_gate_t *gate, const char *key)
{
    orc_gate_memory_t *memory = gate->memory;
    orc_gate_guest_t *guest, *next;
    apr_uint32_t i;
    int found = 0;

    if (!gate->is_shared)
        return 0;
    for (i = memory->vacant ? 0 : memory->places; i > 0; i--)
        found |= send_away_when_dead(memory, guest_at(memory, i));
    for (guest = guest_at(memory, *chain_of(memory, key)); guest; guest = next) {
        next = guest_at(memory, guest->next);
        found |= send_away_when_dead(memory, guest);
    }
    return found;
}

/* This process has just begun: whoever had its number before is dead. */
static void forget_namesakes(orc_gate_memory_t *memory)
{
    apr_uint32_t i;

    lock(memory);
    for (i = 1; i <= memory->places; i++) {
        orc_gate_guest_t *guest = guest_at(memory, i);

        if (is_there(guest) && guest->pid == (apr_uint32_t)getpid())
            drop(memory, guest);
    }
    unlock(memory);
}

/* ---- the gate ---- */

static apr_status_t destroy(void *baton)
{
    orc_gate_t *gate = baton;

    if (!gate->is_shared)
        pthread_mutex_destroy(&gate->memory->lock);
    return APR_SUCCESS;
}

orc_gate_t *orc_gate_make(orc_gate_memory_t *shared, int all, int each, apr_pool_t *pool)
{
    orc_gate_t *gate = apr_pcalloc(pool, sizeof *gate);

    gate->is_shared = shared != NULL;
    gate->memory = shared ? shared : apr_palloc(pool, orc_gate_memory_size(OWN_GUESTS));
    gate->all = all;
    gate->each = each;
    if (shared)
        forget_namesakes(shared);
    else if (!orc_gate_memory_init(gate->memory, OWN_GUESTS))
        return NULL;
    apr_pool_cleanup_register(pool, gate, destroy, apr_pool_cleanup_null);
    return gate;
}

/* Who waits with that ticket, or is about to (0), comes behind this one. */
static int is_before(const orc_gate_guest_t *guest, apr_uint64_t ticket, apr_time_t now)
{
    return guest->ticket > 0 && (ticket == 0 || guest->ticket < ticket) && now < guest->until;
}

/* Whether the key has a place for that ticket. */
static int has_room(const orc_gate_t *gate, const char *key, apr_uint64_t ticket)
{
    const orc_gate_guest_t *guest = guest_at(gate->memory, *chain_of(gate->memory, key));
    apr_time_t now = orc_time_monotonic();
    int inside = 0;

    for (; guest; guest = guest_at(gate->memory, guest->next)) {
        if (strcmp(guest->key, key) != 0)
            continue;
        if (is_before(guest, ticket, now))
            return 0;
        inside += (int)guest->inside;
    }
    return inside < gate->each;
}

/* Whether this process has a place for that ticket: those for whom one is left come first. */
static int is_turn(const orc_gate_t *gate, apr_uint64_t ticket)
{
    int vacant = gate->all - gate->inside;
    const waiter_t *waiter;

    if (gate->all == INT_MAX)
        return 1;
    for (waiter = gate->waiters; waiter && vacant > 0; waiter = waiter->next) {
        const orc_gate_guest_t *guest = waiter->guest;

        if (is_before(guest, ticket, 0) && has_room(gate, guest->key, guest->ticket))
            vacant--;
    }
    return vacant > 0;
}

/* Those of this process who are inside for a key, or NULL. */
static orc_gate_guest_t *own_guest(const orc_gate_t *gate, const char *key)
{
    orc_gate_guest_t *guest = guest_at(gate->memory, *chain_of(gate->memory, key));
    apr_uint32_t self = (apr_uint32_t)getpid();

    while (guest && (guest->inside == 0 || guest->pid != self || strcmp(guest->key, key) != 0))
        guest = guest_at(gate->memory, guest->next);
    return guest;
}

static int take_free_place(orc_gate_t *gate, const char *key, apr_uint64_t ticket)
{
    orc_gate_guest_t *own;

    if (!has_room(gate, key, ticket) || !is_turn(gate, ticket))
        return 0;
    own = own_guest(gate, key);
    own = own ? own : add(gate->memory, key);
    if (!own)
        return 0;
    __atomic_store_n(&own->inside, own->inside + 1, __ATOMIC_RELEASE);
    gate->inside++;
    return 1;
}

static int take_place(orc_gate_t *gate, const char *key, apr_uint64_t ticket)
{
    return take_free_place(gate, key, ticket) || (send_the_dead_away(gate, key) && take_free_place(gate, key, ticket));
}

static void forget_waiter(orc_gate_t *gate, const waiter_t *waiter)
{
    waiter_t **at = &gate->waiters;

    while (*at != waiter)
        at = &(*at)->next;
    *at = waiter->next;
    drop(gate->memory, waiter->guest);
    tell(gate->memory);
}

static int wait_for_place(orc_gate_t *gate, const char *key, apr_time_t until)
{
    waiter_t waiter = {add(gate->memory, key), gate->waiters};
    int is_inside;

    if (!waiter.guest)
        return 0;
    waiter.guest->until = until;
    __atomic_store_n(&waiter.guest->ticket, ++gate->memory->tickets, __ATOMIC_RELEASE);
    gate->waiters = &waiter;
    while (!(is_inside = take_place(gate, key, waiter.guest->ticket)) && orc_time_monotonic() < until)
        wait_until(gate->memory, until);
    forget_waiter(gate, &waiter);
    return is_inside;
}

int orc_gate_enter(orc_gate_t *gate, const char *key, apr_interval_time_t patience)
{
    int is_inside;

    lock(gate->memory);
    is_inside =
        take_place(gate, key, 0) || (patience > 0 && wait_for_place(gate, key, orc_time_monotonic() + patience));
    unlock(gate->memory);
    return is_inside;
}

void orc_gate_leave(orc_gate_t *gate, const char *key)
{
    orc_gate_guest_t *own;

    lock(gate->memory);
    own = own_guest(gate, key);
    if (own->inside > 1)
        __atomic_store_n(&own->inside, own->inside - 1, __ATOMIC_RELEASE);
    else
        drop(gate->memory, own);
    gate->inside--;
    tell(gate->memory);
    unlock(gate->memory);
}
