/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_WATCH_H
#define ORC_WATCH_H

#include "../orc_engine_step.h"

/** A complete deployment is looked at now and then. */
extern const orc_kind_t orc_kind_watch;

#endif
