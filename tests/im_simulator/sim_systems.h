/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef SIM_SYSTEMS_H
#define SIM_SYSTEMS_H

/* The machines of a template, as IM's translation into RADL finds them. */

#include "sim_tosca.h"

/* Fills the template's computes from its parsed document, in the order in which IM launches them. NULL, or IM's words
 * (in pool) for what it can not translate, also when it verifies nothing. */
const char *sim_make_systems(sim_template_t *tmpl, int generation, apr_pool_t *pool);

#endif
