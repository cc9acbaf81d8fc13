/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_DELETE_H
#define ORC_DELETE_H

#include "../orc_engine_step.h"

/** DELETE: whatever the deployment's operations ever made at IM, or may have made, goes. */
extern const orc_kind_t orc_kind_delete;

#endif
