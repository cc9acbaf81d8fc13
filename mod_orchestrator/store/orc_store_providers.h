/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_STORE_PROVIDERS_H
#define ORC_STORE_PROVIDERS_H

#include "orc_db.h"
#include "orc_providers.h"

/* Providers as rows. Whoever has read a source writes all of it, in one transaction: nobody ever reads a half. */

/**
 * Writes the administrator's file: providers that it has no more go, those that it still has keep their ids. The rows
 * are those of who wrote last.
 * @return as orc_db_batch
 */
orc_error_t *orc_store_providers_write(orc_db_source_t *source, const orc_providers_t *providers, apr_pool_t *pool);

#endif
