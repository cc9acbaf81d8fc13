/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef SIM_PARSER_H
#define SIM_PARSER_H

/* A document as tosca-parser reads it: what it collects, and what it crashes on. What the definition of a type says of
 * a node (its properties, capabilities, requirements) is not looked at. */

#include "sim_problems.h"

/* In the order in which tosca-parser looks. The document is any value but None or a scalar that Python can not search.
 */
void sim_parse(sim_problems_t *problems, const sim_node_t *document);

/* Parts of the topology template, for sim_parse(): sim_parser_nodes.c ... */
void sim_parse_nodes(sim_problems_t *problems, const sim_node_t *document);
void sim_parse_relationships(sim_problems_t *problems, const sim_node_t *document);

/* ... what the nodes require, and the calls in them, which come after outputs and groups ... */
void sim_parse_requirements(sim_problems_t *problems, const sim_node_t *document);
void sim_parse_calls(sim_problems_t *problems, const sim_node_t *document);

/* What is wrong with the requirements of one node template; returns how many of them lead to a node template. */
int sim_parse_requirements_of(sim_problems_t *problems, const sim_node_t *document, const char *name);

/* ... and sim_parser_groups.c. */
void sim_parse_groups(sim_problems_t *problems, const sim_node_t *document);
void sim_parse_policies(sim_problems_t *problems, const sim_node_t *document);

/* The section of the topology template when it is a map; an empty or absent one is NULL. Anything else crashes. */
const sim_node_t *sim_parse_section(sim_problems_t *problems, const sim_node_t *document, const char *name);

/* Collects the keys of a map that are none of the names, which end with NULL. with_metadata: "metadata" is one too, by
 * a comparison of texts that takes parts of the word and crashes on keys that are no texts. */
void sim_parse_keys(sim_problems_t *problems, const sim_node_t *map, const char *const *names, int with_metadata,
                    const char *what);

#endif
