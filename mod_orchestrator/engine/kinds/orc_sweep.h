/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_SWEEP_H
#define ORC_SWEEP_H

#include "../orc_engine_step.h"

/** sweep: what IM has of a person that is ours, and that nobody knows of. */
extern const orc_kind_t orc_kind_sweep;

#endif
