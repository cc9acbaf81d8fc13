/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef MO_CHILD_H
#define MO_CHILD_H

#include "mo_config.h"
#include "mo_identity.h"
#include "mo_shared.h"
#include "orc_surface.h"

/** What the threads of one child share. */
typedef struct mo_child_t {
    orc_service_t service;
    orc_surface_process_t **processes; /* of mo_surfaces, in their order */
    mo_identities_t *identities;
    mo_slot_t *slot;
} mo_child_t;

/** What the requests to a surface share in this child. */
orc_surface_process_t *mo_child_process(const mo_child_t *child, const orc_surface_t *surface);

/** child_init hook. */
void mo_child_init(apr_pool_t *pchild, server_rec *main_server);

#endif
