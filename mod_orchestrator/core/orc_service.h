/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_SERVICE_H
#define ORC_SERVICE_H

#include "orc_config.h"

/** What handlers and the engine work with; made once per process, shared by its threads, never changed. */
typedef struct orc_service_t {
    const orc_config_t *config;
    struct orc_db_source_t *db;            /* store/orc_db.h: where connections come from */
    struct orc_db_probe_t *db_probe;       /* store/orc_db_probe.h: whether the database answers; NULL in the daemon */
    const struct orc_tosca_types_t *types; /* tosca/orc_tosca.h: the installed type files */
    const struct orc_providers_t *providers;  /* core/orc_providers.h: the administrator's provider file */
    const struct orc_engine_status_t *engine; /* core/orc_engine_status.h: of this host's daemon, in shared memory */
    struct orc_api_callers_t *callers;        /* api/orc_api_callers.h: who is registered already; NULL in the daemon */
} orc_service_t;

#endif
