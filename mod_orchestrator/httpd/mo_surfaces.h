/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef MO_SURFACES_H
#define MO_SURFACES_H

#include "orc_surface.h"

/** Every surface that SetHandler can name, ended by NULL. The first one is the service's own: its URL is the public
 * one. */
extern const orc_surface_t *const mo_surfaces[];

#endif
