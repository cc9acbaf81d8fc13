/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_RULES_DELETION_H
#define ORC_RULES_DELETION_H

#include "orc_rules.h"

/** The deletion of a deployment that somebody asks for. */
typedef struct orc_rules_deletion_t {
    const char *id;                  /* of the deployment */
    int is_forced, is_unsecure;      /* for administrators */
    int is_lenient;                  /* others get an ordinary deletion in place of a 403, and the log says so */
    const char *run_id;              /* a creation of it that is to be no run any more, too; or NULL */
    orc_rules_condition_t condition; /* on the object's versions, without the template's text and with it */
} orc_rules_deletion_t;

/**
 * Asks for the deletion: a new operation, or the one that is at work, which becomes forced or unsecure with it.
 * @param operation_id the operation that deletes; NULL: the deployment is deleted already, and with is_forced its row
 * is gone now
 * @return 403, 404; with a run 409 while that one, or the deployment at something else than its deletion, is at work
 */
orc_error_t *orc_rules_delete(const char **operation_id, const orc_rules_call_t *call,
                              const orc_rules_deletion_t *deletion);

#endif
