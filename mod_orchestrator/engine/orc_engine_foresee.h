/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_ENGINE_FORESEE_H
#define ORC_ENGINE_FORESEE_H

#include "orc_rules_conduct.h"

/** An orc_rules_placer_t: where a creation would be made if it began now, a sentence in the pool. */
orc_rules_placer_t orc_engine_foresee;

#endif
