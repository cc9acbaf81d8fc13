/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_RULES_LOGS_H
#define ORC_RULES_LOGS_H

#include "orc_rules.h"
#include "orc_store_logs.h"

/**
 * The log of a deployment: IM's part fresh when IM answers within two seconds, else as it is stored. A host looks at
 * IM for one reader of a deployment at a time, a process for a few deployments at once; everybody else gets what is
 * stored, so that an IM that hangs holds up few. What is secret in IM's part is told to owners only.
 * @return 403, 404
 */
orc_error_t *orc_rules_log_read(orc_store_log_t *log, const orc_rules_call_t *call, const char *deployment_id);

/** The version of a log: another one whenever anything in it reads otherwise. */
const char *orc_rules_log_tag(const orc_store_log_t *log, apr_pool_t *pool);

/**
 * Asks IM for its log as orc_rules_log_read does, and keeps it, for somebody who reads the log of an operation. It is
 * asked with the token that the creator left here.
 */
orc_error_t *orc_rules_log_look(const orc_rules_call_t *call, const char *deployment_id);

/**
 * Creates or overwrites the parts that are given. What the operations told so far goes with the orchestrator's part;
 * IM's next fresh text replaces one that was written. `parts` has IM's as it is; what is secret in it is sealed here.
 * @return 403 unless the caller is an administrator or a service account, 404
 */
orc_error_t *orc_rules_log_write(const orc_rules_call_t *call, const char *deployment_id,
                                 const orc_store_log_parts_t *parts);

/**
 * Leaves nothing in either part, until an operation has something to tell.
 * @param condition on the log's version
 * @return 403 unless the caller is an administrator, 404, 412
 */
orc_error_t *orc_rules_log_delete(const orc_rules_call_t *call, const char *deployment_id,
                                  const orc_rules_condition_t *condition);

#endif
