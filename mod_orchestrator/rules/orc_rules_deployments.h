/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_RULES_DEPLOYMENTS_H
#define ORC_RULES_DEPLOYMENTS_H

#include "orc_rules.h"
#include "orc_store_deployments.h"

/* What all changes of a deployment have in common, and the small ones. */

/**
 * Locks a deployment with its operations, in the transaction at hand, for a change that its owners and administrators
 * may make.
 * @return 404, 403, and what the condition says
 */
orc_error_t *orc_rules_deployment_lock(orc_store_standing_t *standing, orc_db_t *db, const orc_rules_call_t *call,
                                       const char *id, const orc_rules_condition_t *condition);

/** 409 with the location of the operation that a locked deployment is at; NULL when it is at none. */
orc_error_t *orc_rules_deployment_busy(const orc_store_standing_t *standing, const char *id, apr_pool_t *pool);

/** Gives it to another group; for administrators. Nothing is deployed anew. */
orc_error_t *orc_rules_deployment_set_group(const orc_rules_call_t *call, const char *id, const char *user_group,
                                            const orc_rules_condition_t *condition);

/**
 * Ends what it is at as failed, whatever an engine has in hand of it. What is at IM lives on, but what a creation made
 * goes, unless the deployment keeps its last attempt.
 * @param only_deletion of nothing else than its deletion
 * @param operation_id the one that was ended
 * @return 409 when it is at nothing, or not at that
 */
orc_error_t *orc_rules_deployment_reset(const char **operation_id, const orc_rules_call_t *call, const char *id,
                                        int only_deletion);

#endif
