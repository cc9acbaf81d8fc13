/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef SIM_NODE_H
#define SIM_NODE_H

/* A document as a tree. A scalar keeps its text, so that what is written loads back as the same value. */

#include "sim_scalar.h"

typedef struct sim_node_t sim_node_t;
struct sim_node_t {
    sim_kind_t kind;
    const char *text;    /* of a scalar */
    int size;            /* nodes in this subtree, each use of an alias counted */
    int count, room;     /* children */
    sim_node_t **keys;   /* of a map */
    sim_node_t **values; /* of a map or list */
};

/* ---- making ---- */

/* The text is not copied. */
sim_node_t *sim_node_new(sim_kind_t kind, const char *text, apr_pool_t *pool);

/* One more child; key is NULL in a list. */
void sim_node_add(sim_node_t *parent, sim_node_t *key, sim_node_t *value, apr_pool_t *pool);

/* The last of two equal keys wins, as in PyYAML. */
void sim_node_set(sim_node_t *map, sim_node_t *key, sim_node_t *value, apr_pool_t *pool);

sim_node_t *sim_node_copy(const sim_node_t *node, apr_pool_t *pool);

/* Of a JSON value (strings, integers, booleans, null, lists, objects), which is not kept. */
sim_node_t *sim_node_of_json(json_t *value, apr_pool_t *pool);

/* A deep copy of from merged into to as IM merges an update: maps by key, lists by position, scalars replaced. Returns
 * the merged node; what is new lives in pool. */
sim_node_t *sim_node_merge(sim_node_t *to, const sim_node_t *from, apr_pool_t *pool);

/* Makes the node a string scalar in place. */
void sim_node_set_string(sim_node_t *node, const char *text);

/* ---- looking ---- */

/* The place of a key of this kind in a map, -1 when it is not there. */
int sim_node_find(const sim_node_t *map, const char *key, sim_kind_t kind);

/* The value of a key of a map, NULL when absent or when map is NULL or no map. */
sim_node_t *sim_node_get(const sim_node_t *map, const char *key);

/* The same down a path of keys that ends with NULL. */
sim_node_t *sim_node_path(const sim_node_t *map, ...) __attribute__((sentinel));

/* Whether it is a map, or a list; NULL is neither. */
int sim_node_is(const sim_node_t *node, sim_kind_t kind);

/* The text of a scalar that is a string; NULL otherwise. */
const char *sim_node_string(const sim_node_t *node);

/* The number of an integer scalar, or of a string that holds one; otherwise the fallback. */
json_int_t sim_node_integer(const sim_node_t *node, json_int_t fallback);

/* A new reference; null for a missing node. Dates become strings, infinite numbers null. */
json_t *sim_node_json(const sim_node_t *node);

#endif
