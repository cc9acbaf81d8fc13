/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_RULES_OWNERS_H
#define ORC_RULES_OWNERS_H

#include "orc_rules.h"

/** Who is to own a deployment, or no longer; for administrators. */
typedef struct orc_rules_owner_t {
    const char *id;      /* of the deployment */
    const char *user_id; /* NULL: the caller */
    int is_leaving;
    orc_rules_condition_t condition; /* on the deployment's versions, without the template's text and with it */
} orc_rules_owner_t;

/**
 * Makes somebody an owner, or no owner any more: at once for what they may see and do; an operation changes the keys on
 * the machines.
 * @param operation_id the operation; when there is nothing to do the last one of the deployment, or NULL: it has none
 * @return 404; 412; 422 naming the member "id": nobody is known by it; 409 when the deployment is at work (with the
 * location of the operation), deleted, or it is the only owner who would leave
 */
orc_error_t *orc_rules_owners_change(const char **operation_id, const orc_rules_call_t *call,
                                     const orc_rules_owner_t *owner);

#endif
