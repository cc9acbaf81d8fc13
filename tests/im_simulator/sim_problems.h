/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef SIM_PROBLEMS_H
#define SIM_PROBLEMS_H

/* What tosca-parser finds wrong with a document. Most it collects, and refuses the document at the end if it still
 * verifies documents; some make it crash, and then the document is refused always. */

#include "sim_node.h"

#include <apr_tables.h>

typedef struct {
    apr_pool_t *pool;
    apr_array_header_t *collected; /* "Class: words" (const char *), each once */
    const char *crash;             /* the words of the first exception that nobody caught, or NULL */
} sim_problems_t;

void sim_problems_init(sim_problems_t *problems, apr_pool_t *pool);

/* One more, "Class: words". */
void sim_collect(sim_problems_t *problems, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The first counts. */
void sim_crash(sim_problems_t *problems, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "X contains unknown field". */
void sim_collect_unknown(sim_problems_t *problems, const char *what, const sim_node_t *field);

/* Crashes as Python does when a value has not what is asked of it: "'int' object has no attribute 'get'". */
void sim_crash_without(sim_problems_t *problems, const sim_node_t *node, const char *attribute);

/* The words of tosca-parser's ValidationError with the stack of each problem; NULL when nothing was collected. */
const char *sim_problems_report(const sim_problems_t *problems);

/* The words of what would be raised at once where nothing collects: of the crash, or of the first problem. NULL:
 * nothing is wrong. */
const char *sim_problems_first(const sim_problems_t *problems);

#endif
