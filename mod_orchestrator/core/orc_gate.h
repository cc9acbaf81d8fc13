/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_GATE_H
#define ORC_GATE_H

#include <apr_pools.h>
#include <apr_time.h>
#include <pthread.h>

/*
 * Lets few at once do something: so many for each key (a person, a deployment), so many in all. Who waits comes in
 * before those who came later. It is entered before anything that others need (a connection of the database, a
 * transaction) is taken. Thread-safe; of one process, or of all that share the memory which says who is there.
 */
typedef struct orc_gate_t orc_gate_t;

enum { ORC_GATE_KEY = 63 }; /* bytes of a key */

/** Those of one process who are inside for a key, or one who waits. What a dead process left behind counts for nothing.
 */
typedef struct orc_gate_guest_t {
    char key[ORC_GATE_KEY + 1];
    apr_uint32_t pid, inside;
    apr_uint64_t ticket; /* of one who waits: the lowest comes first; 0: those are inside */
    apr_time_t until;    /* how long that one waits: nobody waits longer for them */
    apr_uint32_t first,
        next; /* places of guests, from 1: where the chain of this place begins, where this one goes on */
} orc_gate_guest_t;

/** Who is there. May lie in memory that processes share. */
typedef struct orc_gate_memory_t {
    pthread_mutex_t lock; /* robust: whoever dies with it leaves it to the next one */
    apr_uint32_t changes; /* what those who wait look at */
    apr_uint32_t places;  /* for guests */
    apr_uint32_t vacant;  /* the first of those that nobody has, from 1 */
    apr_uint64_t tickets; /* that were given out */
    orc_gate_guest_t guests[];
} orc_gate_memory_t;

/** Bytes of a memory for so many guests: as many as may be inside or wait at the same time. */
apr_size_t orc_gate_memory_size(int guests);

/** Makes it empty; once, before any process uses it. False when the system refuses a mutex. */
int orc_gate_memory_init(orc_gate_memory_t *memory, int guests);

/**
 * One for each memory and process.
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
