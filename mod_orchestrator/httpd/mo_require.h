/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef MO_REQUIRE_H
#define MO_REQUIRE_H

#include "mo_private.h"

/* What the Require directives of a section come to: who is let in without being asked who they are. */

/** Who comes in without a user; in this order. */
typedef enum { MO_NOBODY, MO_SOMEBODY, MO_EVERYBODY } mo_who_t;

typedef struct mo_verdict_t {
    mo_who_t who;
    const ap_directive_t *because; /* the directive that lets them in; NULL: there is no Require */
} mo_verdict_t;

/** What stands directly in a section, and in its <RequireAny> and the like and <Limit>s. */
mo_verdict_t mo_require_judge(const ap_directive_t *section, apr_pool_t *pool);

/** Of several that must all be met, the strictest one decides; else the most generous one. */
mo_verdict_t mo_require_join(mo_verdict_t one, mo_verdict_t other, int must_all);

#endif
