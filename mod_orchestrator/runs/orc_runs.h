/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_RUNS_H
#define ORC_RUNS_H

#include "orc_surface.h"

/** Creations as the runs of an orchestrator. */
extern const orc_surface_t orc_runs_surface;

#endif
