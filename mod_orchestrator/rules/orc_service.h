/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_SERVICE_H
#define ORC_SERVICE_H

#include "orc_config.h"
#include "orc_db.h"
#include "orc_db_probe.h"
#include "orc_engine_status.h"
#include "orc_providers.h"
#include "orc_tosca.h"
#include "orc_userinfo.h"

/** What rules, surfaces and the engine work with; made once per process, shared by its threads, never changed. */
typedef struct orc_service_t {
    const orc_config_t *config;
    orc_db_source_t *db;               /* where connections come from */
    orc_db_probe_t *db_probe;          /* whether the database answers; NULL in the daemon */
    orc_userinfo_t *userinfo;          /* what the token issuers tell of people; NULL in the daemon */
    const orc_tosca_types_t *types;    /* the installed type files */
    const orc_providers_t *providers;  /* the administrator's provider file */
    const orc_engine_status_t *engine; /* of this host's daemon, in shared memory */
    struct orc_rules_t *rules;         /* what rules remember in this process (orc_rules.h); NULL in the daemon */
} orc_service_t;

#endif
