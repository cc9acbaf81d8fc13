/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef MO_DBD_H
#define MO_DBD_H

#include "mo_config.h"
#include "mo_shared.h"
#include "orc_db.h"

/**
 * Database connections out of mod_dbd's pool, one per unit of work. mod_dbd waits for a free connection without end, so
 * at most DBDMax are asked for at once; who finds none free within two seconds gets none (503).
 * @param pool the child's
 */
orc_db_source_t *mo_dbd_source(mo_config_t *config, mo_slot_t *slot, server_rec *server, apr_pool_t *pool);

#endif
