/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef SIM_YAML_H
#define SIM_YAML_H

/* YAML as PyYAML's safe_load and safe_dump see it: read into a tree, merged, written again with sorted keys. A scalar
 * keeps its text, so that what is written loads back as the same value. */

#include "sim_node.h"

/* Reads one document into pool. An empty text gives a SIM_NULL node. Returns NULL, or IM's words for what is wrong.
 * Limits: depth 64, 50000 nodes, 4096 entries a map. */
const char *sim_yaml_read(sim_node_t **node, const char *text, apr_size_t length, apr_pool_t *pool);

/* The document as safe_dump writes it: block style, keys sorted. NULL when memory ran out. */
const char *sim_yaml_write(const sim_node_t *node, apr_pool_t *pool);

#endif
