/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_ORCHESTRATION_H
#define ORC_ORCHESTRATION_H

#include "../orc_engine_step.h"

/** One request over many deployments. */
extern const orc_kind_t orc_kind_orchestration;

#endif
