/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_POOL_H
#define ORC_POOL_H

#include <apr_pools.h>

/** A pool of its own that threads may make subpools of at the same time, which APR's other pools don't allow. Whoever
 * makes it destroys it. */
apr_pool_t *orc_pool_shared(void);

#endif
