/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef SIM_VALUE_H
#define SIM_VALUE_H

/* Values against TOSCA's types, as strict and as lax as tosca-parser is. */

#include "sim_problems.h"

/* Whether it is the type of an input that tosca-parser knows. */
int sim_value_is_type(const char *type);

/* Checks a value that is no function; what a list or map holds is not looked at. The type is the scalar of a `type`. */
void sim_value_check(sim_problems_t *problems, const sim_node_t *type, const sim_node_t *value);

/* Whether it is an integer, or Python's int() makes one of it. */
int sim_value_is_integer(const sim_node_t *value);

/* The words for a size that IM can not read ("\"4096\" is not a valid scalar-unit."), in pool; NULL when it can. */
const char *sim_value_size_problem(const sim_node_t *value, apr_pool_t *pool);

#endif
