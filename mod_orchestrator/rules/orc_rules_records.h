/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_RULES_RECORDS_H
#define ORC_RULES_RECORDS_H

#include "orc_json.h"
#include "orc_rules.h"

/* Operations as records of what was done: what people write on them, and when they may be forgotten. */

/** One of them, where it is looked for: below a deployment, below one of its resources, or by its id alone. */
typedef struct orc_rules_record_t {
    const char *deployment_id, *resource_id; /* or NULL */
    const char *id;
    orc_rules_condition_t condition;
} orc_rules_record_t;

/**
 * Gives it labels, in place of those that it has.
 * @param labels {"name": ["value", ...], ...}, of the form that the contract has but for the names
 * @return 403, 404, 412; 422 on what is wrong with a name
 */
orc_error_t *orc_rules_record_label(const orc_rules_call_t *call, const orc_rules_record_t *record,
                                    const json_t *labels);

/**
 * Forgets one that has ended, with its log. The last one of what it is about stays, and so does the one that the
 * deployment's status is read off; a dry run is neither.
 * @return 403 unless the caller is an administrator, 404, 409, 412
 */
orc_error_t *orc_rules_record_delete(const orc_rules_call_t *call, const orc_rules_record_t *record);

#endif
