/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_GATE_H
#define ORC_GATE_H

#include <apr_pools.h>
#include <apr_time.h>

/*
 * Lets few at once do something that costs much: so many for each key (a person, a deployment), so many in all. It is
 * entered before anything that others need (a connection of the database) is taken. One process; thread-safe.
 */
typedef struct orc_gate_t orc_gate_t;

/**
 * @param all  places of all keys together, at most 1024
 * @param each places of one key
 * @return NULL when the system refuses a mutex
 */
orc_gate_t *orc_gate_make(int all, int each, apr_pool_t *pool);

/**
 * Takes a place for the key, of at most ORC_GATE_KEY bytes; waits for one up to `patience` unless as many wait for that
 * key as may be inside.
 * @return true when it is taken: orc_gate_leave gives it back
 */
int orc_gate_enter(orc_gate_t *gate, const char *key, apr_interval_time_t patience);

void orc_gate_leave(orc_gate_t *gate, const char *key);

enum { ORC_GATE_KEY = 63 };

#endif
