/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_RULES_INTERNAL_H
#define ORC_RULES_INTERNAL_H

#include "orc_oidc.h"
#include "orc_rules.h"
#include "orc_rules_callers.h"
#include "orc_rules_parsed.h"

struct orc_rules_t {
    orc_rules_callers_t *callers;
    orc_rules_parsed_t *parsed;
    apr_pool_t *pool;
    apr_thread_mutex_t *lock; /* over the making of what follows */
    orc_oidc_t *oidc;         /* made when it is first needed */
};

#endif
