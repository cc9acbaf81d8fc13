/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_RULES_CALLERS_H
#define ORC_RULES_CALLERS_H

#include <apr_pools.h>
#include <apr_time.h>

#include "orc_identity.h"

/* Callers that a process knows, in a table of fixed size, so that a known caller costs no trip to the database. Their
 * row is looked at again after ten seconds. Thread-safe. */

typedef struct orc_rules_callers_t orc_rules_callers_t;

/** NULL when the system refuses a mutex. */
orc_rules_callers_t *orc_rules_callers_make(apr_pool_t *pool);

/** Sets who->user_id when the caller is known, was looked at lately, and brings no better token than the stored one.
 * @return true when it did */
int orc_rules_callers_recall(orc_rules_callers_t *callers, orc_identity_t *who);

/** Remembers who->user_id, whose stored token lives until then. */
void orc_rules_callers_remember(orc_rules_callers_t *callers, const orc_identity_t *who, apr_time_t token_expires);

/** Forgets a caller whose row turned out to be gone. */
void orc_rules_callers_forget(orc_rules_callers_t *callers, orc_identity_t *who);

/** True when a token that expires then is worth storing in place of one that expires at `stored`. An expiry more than a
 * year ahead counts for nothing. */
int orc_rules_callers_is_better(apr_time_t expires, apr_time_t stored, apr_time_t now);

#endif
