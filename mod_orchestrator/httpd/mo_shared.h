/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef MO_SHARED_H
#define MO_SHARED_H

#include <apr_pools.h>

#include "orc_db.h"
#include "orc_engine_status.h"
#include "orc_gate.h"

/** What one child is at; a slot of a dead process is taken over by the next child. */
typedef struct mo_slot_t {
    volatile apr_uint32_t pid;
    volatile apr_uint32_t in_flight;   /* requests between their first hook and their last byte */
    volatile apr_uint32_t connections; /* database connections in use */
    volatile apr_uint32_t waiting;     /* threads that wait for one */
    volatile apr_uint32_t followers;   /* streams that may wait */
} mo_slot_t;

/** Counters in shared memory: written by children and daemon with atomic operations, kept across graceful restarts. */
typedef struct mo_shared_t {
    orc_engine_status_t engine;
    apr_time_t started;                /* when this httpd was started; monotonic */
    volatile apr_uint32_t database;    /* an orc_db_state_t: what the daemon found, of its schema too */
    char way[65];                      /* SHA-256 of what leads to that database; the parent's */
    volatile apr_uint32_t keys_wanted; /* a token named a key that we don't know */
    volatile apr_uint32_t daemon_deaths;
    volatile apr_uint32_t daemon_quick_deaths; /* in a row, by its own fault: the next one waits before it starts */
    volatile apr_uint64_t responses[6];        /* by hundreds of the status */
    volatile apr_uint64_t refused_tokens;
    volatile apr_uint64_t shed; /* requests turned away because no database connection was free in time */
    mo_slot_t *slots;
    int slot_count; /* the last one is shared by those who find no other */
    /* Persons' requests that hold a worker, those that cost much, and streams that may wait; and of an issuer and of a
     * person, what asks userinfo where a child has one thread; and looks at IM's log of a deployment. A child that was
     * killed needs no cleaning up. */
    orc_gate_memory_t *here, *costly, *following, *of_issuer, *of_person, *looks;
} mo_shared_t;

/** A number that ap_mpm_query knows, at least 1. */
int mo_mpm_number(int what);

/** The memory of this httpd for this version of the module, made at the first call and kept in the process pool; NULL
 * when there is none to be had. `pool` is for the moment. */
mo_shared_t *mo_shared_get(apr_pool_t *process_pool, apr_pool_t *pool);

/** A slot for this process; given back when `pool` dies. Never NULL: the last slot is shared when all are taken. */
mo_slot_t *mo_shared_slot(mo_shared_t *shared, apr_pool_t *pool);

/** Sums of all living slots. */
mo_slot_t mo_shared_sum(mo_shared_t *shared);

#define mo_add(counter, amount) ((void)__atomic_add_fetch(&(counter), (amount), __ATOMIC_RELAXED))
#define mo_sub(counter, amount) ((void)__atomic_sub_fetch(&(counter), (amount), __ATOMIC_RELAXED))
#define mo_read(counter)        (__atomic_load_n(&(counter), __ATOMIC_RELAXED))
#define mo_set(counter, value)  (__atomic_store_n(&(counter), (value), __ATOMIC_RELAXED))

#endif
