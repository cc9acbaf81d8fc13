/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_RULES_SELECTORS_H
#define ORC_RULES_SELECTORS_H

#include "orc_json.h"
#include "orc_store_where.h"

/*
 * Which deployments, or machines, an orchestration is over: {"include": [selector, ...], "exclude": [...]}. What a
 * selector has holds all at once; of several one is enough. A text has to be like the whole value, with * for any text;
 * nothing else in it means anything.
 */

/**
 * Adds the condition of these targets, over a row "b" of orchestration_deployments or orchestration_machines
 * (sql/queries/orchestrations.sql). Keys that are not known are nobody's: who takes the targets from outside has them
 * checked by their schema.
 * @param is_of_machines tosca_node_name is the machine's, not that of any node
 */
void orc_rules_selectors_compile(orc_store_where_t *where, const json_t *targets, int is_of_machines);

/** True when a list of selectors asks for that status by name or code. */
int orc_rules_selectors_name_status(const json_t *selectors, const char *name, int code);

#endif
