/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_RULES_MACHINES_H
#define ORC_RULES_MACHINES_H

#include "orc_rules.h"
#include "orc_store_machines.h"

typedef enum {
    ORC_RULES_START,
    ORC_RULES_STOP,
    ORC_RULES_REBOOT,
    ORC_RULES_RESET, /* the status is ERROR, and what is at work with the machine has failed */
} orc_rules_machine_wish_t;

/** What somebody asks of a machine. */
typedef struct orc_rules_machine_t {
    const char *deployment_id, *id; /* of the resource */
    orc_rules_machine_wish_t wish;
    orc_rules_condition_t condition; /* on the resource's version */
} orc_rules_machine_t;

/**
 * Asks for it. Several machines of a deployment may be at work at once, but none while the whole deployment is.
 * @param operation_id a new operation; of a reset the one that it ended, else the last one
 * @return 403, 404; 409: it is no machine, its status does not allow it, or something is at work with it, which
 * `location` names
 */
orc_error_t *orc_rules_machine_ask(const char **operation_id, const orc_rules_call_t *call,
                                   const orc_rules_machine_t *machine);

/**
 * Asks for it once more, in the transaction at hand, whatever the machine's status is. All of `action` is the caller's
 * to set but for the statuses.
 * @return 409: the machine is not there any more
 */
orc_error_t *orc_rules_machine_ask_again(orc_db_t *db, orc_store_action_t *action, apr_pool_t *pool);

#endif
