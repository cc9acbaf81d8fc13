/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_shared.h"

#include <apr_shm.h>
#include <apr_strings.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "mo_private.h"

/*
 * The module is unloaded and loaded again by a graceful restart, perhaps in another version and at another address:
 * what the process pool keeps must not point into it (apr_pool_userdata_set copies the key), and is this version's
 * only.
 */
static const char *key_of(apr_pool_t *pool)
{
    return apr_psprintf(pool, "mod_orchestrator:shared:" MO_VERSION ":%" APR_SIZE_T_FMT, sizeof(mo_shared_t));
}

mo_shared_t *mo_shared_get(apr_pool_t *process_pool, apr_pool_t *pool)
{
    const char *key = key_of(pool);
    void *found = NULL;
    mo_shared_t *shared;
    apr_shm_t *memory;

    apr_pool_userdata_get(&found, key, process_pool);
    if (found)
        return found;
    if (apr_shm_create(&memory, sizeof(mo_shared_t), NULL, process_pool) != APR_SUCCESS)
        return NULL;
    shared = apr_shm_baseaddr_get(memory);
    memset(shared, 0, sizeof *shared);
    if (!orc_gate_memory_init(&shared->here) || !orc_gate_memory_init(&shared->costly))
        return NULL;
    shared->started = apr_time_now();
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

    for (i = 0; i < MO_SHARED_SLOTS - 1; i++) {
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
    return &shared->slots[MO_SHARED_SLOTS - 1];
}

mo_slot_t mo_shared_sum(mo_shared_t *shared)
{
    mo_slot_t sum = {0};
    int i;

    for (i = 0; i < MO_SHARED_SLOTS; i++) {
        mo_slot_t *slot = &shared->slots[i];
        apr_uint32_t pid = mo_read(slot->pid);

        if (i < MO_SHARED_SLOTS - 1 && (pid == 0 || !is_alive(pid)))
            continue;
        sum.pid += pid != 0;
        sum.in_flight += mo_read(slot->in_flight);
        sum.connections += mo_read(slot->connections);
        sum.waiting += mo_read(slot->waiting);
        sum.followers += mo_read(slot->followers);
    }
    return sum;
}
