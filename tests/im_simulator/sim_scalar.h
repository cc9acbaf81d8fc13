/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef SIM_SCALAR_H
#define SIM_SCALAR_H

/* What PyYAML makes of a plain scalar by the rules of YAML 1.1: `NO` is a boolean, `0640` is 416, `1:30` is 90. */

#include <apr_pools.h>
#include <jansson.h>

typedef enum {
    SIM_NULL,
    SIM_BOOL,
    SIM_INT,
    SIM_FLOAT,
    SIM_STRING,
    SIM_DATE,  /* a date, or a date with a time */
    SIM_VALUE, /* `=`, which PyYAML takes as a key alone */
    SIM_MERGE, /* `<<`, likewise */
    SIM_LIST,
    SIM_MAP
} sim_kind_t;

/* Never SIM_LIST or SIM_MAP. */
sim_kind_t sim_scalar_kind(const char *text);

/* The kind that a tag of YAML's own asks for ("tag:yaml.org,2002:int"); 0 when PyYAML has no scalar for the tag. */
int sim_scalar_kind_of_tag(sim_kind_t *kind, const char *tag);

/* Python's words when a text can not be a scalar of its kind ("month must be in 1..12"), in pool; NULL when it can. */
const char *sim_scalar_problem(sim_kind_t kind, const char *text, apr_pool_t *pool);

/* Of texts of these kinds. */
int sim_scalar_bool(const char *text);
json_int_t sim_scalar_integer(const char *text);
double sim_scalar_float(const char *text);

/* Whether a date has a time. */
int sim_scalar_has_time(const char *text);

#endif
