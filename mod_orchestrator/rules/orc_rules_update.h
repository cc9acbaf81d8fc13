/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_RULES_UPDATE_H
#define ORC_RULES_UPDATE_H

#include "orc_rules.h"

/** Other inputs that somebody asks for. */
typedef struct orc_rules_update_t {
    const char *id;       /* of the deployment */
    const json_t *inputs; /* an object; mistakes are about its members, "template_inputs/..." */
    int is_whole;         /* these are all; else they come over those that the deployment has */
    orc_rules_condition_t condition;
} orc_rules_update_t;

/**
 * Asks for a re-deployment with other inputs on the same provider. The inputs are the deployment's when it succeeded.
 * A list of what is to go (orc_tosca_removal_input) counts for this update only, and isn't kept. Where the last update
 * failed, the same inputs are deployed anew, too.
 * @param operation_id NULL: nothing changes
 * @return 404, 403, 422 about the inputs, 409 when the deployment is at work (with the location of the operation),
 * deleted, or has no infrastructure
 */
orc_error_t *orc_rules_update(const char **operation_id, const orc_rules_call_t *call, const orc_rules_update_t *wish);

#endif
