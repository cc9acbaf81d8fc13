/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_shared.h"

#include <apr_shm.h>
#include <apr_strings.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "ap_mpm.h"
#include "mo_private.h"
#include "orc_time.h"

enum { MOST_GUESTS = 65536, GATES = 6 };

int mo_mpm_number(int what)
{
    int number;

    return ap_mpm_query(what, &number) == APR_SUCCESS && number > 1 ? number : 1;
}

/* What the MPM is limited to stays as long as this httpd runs. A child that is no more may have its slot until somebody
 * looks. */
static int slots_needed(void)
{
    return mo_mpm_number(AP_MPMQ_HARD_LIMIT_DAEMONS) * 2 + 1;
}

/* Of a gate: as many as there can be requests. Those of HTTP/2 have threads of their own. */
static int guests_needed(void)
{
    apr_int64_t guests =
        (apr_int64_t)mo_mpm_number(AP_MPMQ_HARD_LIMIT_DAEMONS) * mo_mpm_number(AP_MPMQ_HARD_LIMIT_THREADS) * 2;

    return guests < MOST_GUESTS ? (int)guests : MOST_GUESTS;
}

/*
 * The module is unloaded and loaded again by a graceful restart, perhaps in another version and at another address:
 * what the process pool keeps must not point into it (apr_pool_userdata_set copies the key), and is this version's
 * only.
 */
static const char *key_of(apr_size_t size, apr_pool_t *pool)
{
    return apr_psprintf(pool, "mod_orchestrator:shared:" ORC_VERSION ":%" APR_SIZE_T_FMT, size);
}

/* The next `size` bytes. */
static void *take(char **at, apr_size_t size)
{
    char *taken = *at;

    *at += APR_ALIGN_DEFAULT(size);
    return taken;
}

/* False when the system refuses a mutex. */
static int lay_out(mo_shared_t *shared)
{
    char *at = (char *)shared;
    int guests = guests_needed();
    orc_gate_memory_t **const gates[GATES] = {&shared->here,      &shared->costly,    &shared->following,
                                              &shared->of_issuer, &shared->of_person, &shared->looks};
    int i;

    (void)take(&at, sizeof *shared);
    shared->slot_count = slots_needed();
    shared->slots = take(&at, sizeof *shared->slots * (apr_size_t)shared->slot_count);
    for (i = 0; i < GATES; i++) {
        *gates[i] = take(&at, orc_gate_memory_size(guests));
        if (!orc_gate_memory_init(*gates[i], guests))
            return 0;
    }
    return 1;
}

static apr_size_t size_needed(void)
{
    return APR_ALIGN_DEFAULT(sizeof(mo_shared_t)) + APR_ALIGN_DEFAULT(sizeof(mo_slot_t) * (apr_size_t)slots_needed()) +
           GATES * APR_ALIGN_DEFAULT(orc_gate_memory_size(guests_needed()));
}

mo_shared_t *mo_shared_get(apr_pool_t *process_pool, apr_pool_t *pool)
{
    apr_size_t size = size_needed();
    const char *key = key_of(size, pool);
    void *found = NULL;
    mo_shared_t *shared;
    apr_shm_t *memory;

    apr_pool_userdata_get(&found, key, process_pool);
    if (found)
        return found;
    if (apr_shm_create(&memory, size, NULL, process_pool) != APR_SUCCESS)
        return NULL;
    shared = apr_shm_baseaddr_get(memory);
    memset(shared, 0, size);
    if (!lay_out(shared))
        return NULL;
    shared->started = orc_time_monotonic();
    apr_pool_userdata_set(shared, key, apr_pool_cleanup_null, process_pool);
    return shared;
}

static int is_alive(apr_uint32_t pid)
{
    return kill((pid_t)pid, 0) == 0 || errno != ESRCH;
}

static apr_status_t give_back(void *baton)
{
    mo_slot_t *slot = baton;

    mo_set(slot->in_flight, 0);
    mo_set(slot->connections, 0);
    mo_set(slot->waiting, 0);
    mo_set(slot->followers, 0);
    mo_set(slot->pid, 0);
    return APR_SUCCESS;
}

mo_slot_t *mo_shared_slot(mo_shared_t *shared, apr_pool_t *pool)
{
    apr_uint32_t self = (apr_uint32_t)getpid();
    int i;

    for (i = 0; i < shared->slot_count - 1; i++) {
        mo_slot_t *slot = &shared->slots[i];
        apr_uint32_t pid = mo_read(slot->pid);

        if (pid != 0 && is_alive(pid))
            continue;
        if (!__atomic_compare_exchange_n(&slot->pid, &pid, self, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
            continue;
        mo_set(slot->in_flight, 0);
        mo_set(slot->connections, 0);
        mo_set(slot->waiting, 0);
        mo_set(slot->followers, 0);
        apr_pool_cleanup_register(pool, slot, give_back, apr_pool_cleanup_null);
        return slot;
    }
    return &shared->slots[shared->slot_count - 1];
}

mo_slot_t mo_shared_sum(mo_shared_t *shared)
{
    mo_slot_t sum = {0};
    int i;

    for (i = 0; i < shared->slot_count; i++) {
        mo_slot_t *slot = &shared->slots[i];
        apr_uint32_t pid = mo_read(slot->pid);

        if (i < shared->slot_count - 1 && (pid == 0 || !is_alive(pid)))
            continue;
        sum.pid += pid != 0;
        sum.in_flight += mo_read(slot->in_flight);
        sum.connections += mo_read(slot->connections);
        sum.waiting += mo_read(slot->waiting);
        sum.followers += mo_read(slot->followers);
    }
    return sum;
}
