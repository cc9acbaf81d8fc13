/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef SIM_PYTHON_H
#define SIM_PYTHON_H

/* Values in the words of Python, which IM's messages and its `concat` are made of. NULL is None. */

#include "sim_node.h"

/* "NoneType", "int", "datetime.date". */
const char *sim_python_type(const sim_node_t *node);

/* None, False, 0, "", [] and {} are not. */
int sim_python_is_true(const sim_node_t *node);

/* Whether it is an int, a float or a bool, and its value then. */
int sim_python_is_number(const sim_node_t *node);
double sim_python_number(const sim_node_t *node);

/* str() and repr(), in pool. */
const char *sim_python_str(const sim_node_t *node, apr_pool_t *pool);
const char *sim_python_repr(const sim_node_t *node, apr_pool_t *pool);
const char *sim_python_repr_text(const char *text, apr_pool_t *pool);

/* The shortest text that reads back as the number; size is 64 at least. */
void sim_python_float(char *buffer, size_t size, double value);

/* Why json can not write the value ("Object of type date is not JSON serializable"), in pool; NULL when it can.
 * is_strict: infinite numbers are refused too. */
const char *sim_python_json_problem(const sim_node_t *node, int is_strict, apr_pool_t *pool);

#endif
