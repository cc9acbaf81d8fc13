/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_LEGACY_H
#define ORC_LEGACY_H

#include "orc_surface.h"

/** The wire form of the former orchestrator, whose clients work unchanged. */
extern const orc_surface_t orc_legacy_surface;

#endif
