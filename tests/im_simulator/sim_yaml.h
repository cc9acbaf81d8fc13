/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef SIM_YAML_H
#define SIM_YAML_H

/* YAML as PyYAML's safe_load and safe_dump see it: read into a tree, merged, written again with sorted keys. A scalar
 * keeps its text, so that what is written loads back as the same value. */

#include <apr_pools.h>
#include <jansson.h>

typedef enum {
    SIM_NULL,
    SIM_BOOL,
    SIM_INT,
    SIM_FLOAT,
    SIM_STRING,
    SIM_OTHER, /* a date or another plain scalar that is no string and that JSON does not know */
    SIM_LIST,
    SIM_MAP
} sim_kind_t;

typedef struct sim_node_t sim_node_t;
struct sim_node_t {
    sim_kind_t kind;
    const char *text;    /* of a scalar */
    int size;            /* nodes in this subtree, each use of an alias counted */
    int count, room;     /* children */
    sim_node_t **keys;   /* of a map */
    sim_node_t **values; /* of a map or list */
};

/* Reads one document into pool. An empty text gives a SIM_NULL node. Returns NULL, or IM's words for what is wrong.
 * Limits: depth 64, 50000 nodes, 4096 entries a map. */
const char *sim_yaml_read(sim_node_t **node, const char *text, apr_size_t length, apr_pool_t *pool);

/* The document as safe_dump writes it: block style, keys sorted. NULL when memory ran out. */
const char *sim_yaml_write(const sim_node_t *node, apr_pool_t *pool);

/* The value of a key of a map, NULL when absent or when map is NULL or no map. */
sim_node_t *sim_node_get(const sim_node_t *map, const char *key);

/* The same down a path of keys that ends with NULL. */
sim_node_t *sim_node_path(const sim_node_t *map, ...) __attribute__((sentinel));

/* The text of a scalar that is a string; NULL otherwise. */
const char *sim_node_string(const sim_node_t *node);

/* The number of an integer scalar, or of a string that holds one; otherwise the fallback. */
json_int_t sim_node_integer(const sim_node_t *node, json_int_t fallback);

/* Makes the node a string scalar in place. */
void sim_node_set_string(sim_node_t *node, const char *text);

/* A new reference; null for a missing node. Dates become strings. */
json_t *sim_node_json(const sim_node_t *node);

/* A deep copy of from merged into to as IM merges an update: maps by key, lists by position, scalars replaced. Returns
 * the merged node; what is new lives in pool. */
sim_node_t *sim_node_merge(sim_node_t *to, const sim_node_t *from, apr_pool_t *pool);

#endif
