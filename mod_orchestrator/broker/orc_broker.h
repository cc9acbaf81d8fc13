/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_BROKER_H
#define ORC_BROKER_H

#include "orc_surface.h"

/** Operations in the form of a service manager. */
extern const orc_surface_t orc_broker_surface;

#endif
