/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_GATE_H
#define ORC_GATE_H

#include <apr_pools.h>
#include <apr_time.h>
#include <pthread.h>

/*
 * Lets few at once do something: so many for each key (a person, a deployment), so many in all. It is entered before
 * anything that others need (a connection of the database, a transaction) is taken. Thread-safe; of one process, or of
 * all that share the memory which says who is inside.
 */
typedef struct orc_gate_t orc_gate_t;

enum {
    ORC_GATE_KEY = 63, /* bytes of a key */
    ORC_GATE_BUCKETS = 64,
    ORC_GATE_WAYS = 32, /* keys of a bucket, one for each process */
};

/** Those of one process who are inside for a key. What a dead process left behind counts for nothing. */
typedef struct orc_gate_guest_t {
    char key[ORC_GATE_KEY + 1];
    apr_uint32_t pid, inside;
} orc_gate_guest_t;

/** Who is inside. May lie in memory that processes share. */
typedef struct orc_gate_memory_t {
    pthread_mutex_t lock; /* robust: whoever dies with it leaves it to the next one */
    orc_gate_guest_t guests[ORC_GATE_BUCKETS][ORC_GATE_WAYS];
} orc_gate_memory_t;

/** Makes it empty; once, before any process uses it. False when the system refuses a mutex. */
int orc_gate_memory_init(orc_gate_memory_t *memory);

/**
 * @param shared of all processes that share these places; NULL: they are this process's own
 * @param all    places of all keys together, in this process
 * @param each   places of one key
 * @return NULL when the system refuses a mutex
 */
orc_gate_t *orc_gate_make(orc_gate_memory_t *shared, int all, int each, apr_pool_t *pool);

/**
 * Takes a place for the key, of at most ORC_GATE_KEY bytes; waits for one up to `patience`.
 * @return true when it is taken: orc_gate_leave gives it back
 */
int orc_gate_enter(orc_gate_t *gate, const char *key, apr_interval_time_t patience);

void orc_gate_leave(orc_gate_t *gate, const char *key);

#endif
