/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef MO_GROUPS_H
#define MO_GROUPS_H

#include "orc_request.h"

/* The groups of people whose tokens don't tell them: the issuer's userinfo endpoint is asked once a token. */

typedef struct mo_groups_t mo_groups_t;

/** Makes the memory of one process, for all its threads. `pool` has an allocator with a lock. NULL: no memory. */
mo_groups_t *mo_groups_make(const orc_config_t *config, apr_pool_t *pool);

/**
 * The groups claim as userinfo tells it, remembered until the token expires.
 * @param claim in `pool`; NULL when the issuer tells none either
 * @return 503 "oidc.userinfo", retriable, when the issuer can't be asked
 */
orc_error_t *mo_groups_ask(const json_t **claim, mo_groups_t *groups, const orc_identity_t *identity, apr_pool_t *pool);

#endif
