/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_INFRASTRUCTURE_H
#define ORC_INFRASTRUCTURE_H

#include "../orc_engine_step.h"

/** infrastructure: one that nobody wants any more goes, and stays gone. */
extern const orc_kind_t orc_kind_infrastructure;

#endif
