/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "mo_surfaces.h"

#include "orc_api.h"
#include "orc_broker.h"
#include "orc_legacy.h"
#include "orc_runs.h"

const orc_surface_t *const mo_surfaces[] = {
    &orc_api_surface, &orc_runs_surface, &orc_broker_surface, &orc_legacy_surface, NULL,
};
