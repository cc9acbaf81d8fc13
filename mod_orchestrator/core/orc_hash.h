/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_HASH_H
#define ORC_HASH_H

#include <apr_hash.h>

/**
 * A hash for names that come from outside: SipHash with a key that this process drew, so that nobody can choose names
 * that fall together. (APR's own function has a seed that moves all texts of one length alike: those that collide,
 * collide under every seed.)
 */
apr_hash_t *orc_hash_make(apr_pool_t *pool);

#endif
