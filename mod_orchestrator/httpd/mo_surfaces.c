/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_surfaces.h"

#include "orc_api.h"

const orc_surface_t *const mo_surfaces[] = {
    &orc_api_surface,
    NULL,
};
