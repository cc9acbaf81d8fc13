/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef MO_DBD_H
#define MO_DBD_H

#include "mo_config.h"
#include "mo_shared.h"
#include "orc_db.h"

/**
 * Database connections out of mod_dbd's pool, one per unit of work. mod_dbd waits without end for a free connection
 * and for others that are being made, so at most DBDMax are asked for at once and one after the other; who can't ask
 * within two seconds gets none (503). A statement has OrchestratorDatabaseTimeout.
 * @param pool the child's
 * @return NULL when the system refuses a mutex
 */
orc_db_source_t *mo_dbd_source(mo_config_t *config, mo_slot_t *slot, server_rec *server, apr_pool_t *pool);

#endif
