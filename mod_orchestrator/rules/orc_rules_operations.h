/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_RULES_OPERATIONS_H
#define ORC_RULES_OPERATIONS_H

#include "orc_rules.h"

/** An operation that somebody wants to end, or wants once more. */
typedef struct orc_rules_operation_t {
    const char *deployment_id; /* of which it is; NULL: of whichever */
    const char *resource_id;   /* on which it is; NULL: on whatever */
    const char *id;
    orc_rules_condition_t condition; /* on the operation's version */
    const char *new_id;              /* of a retry: UUID of the operation to be */
    const orc_db_step_t *also;       /* of a retry: a statement to run in the same transaction, or NULL */
} orc_rules_operation_t;

/**
 * Cancels it. One that waits for its turn is over at once, and leaves what was true before. One that is at work is
 * canceling until its next step ends it, or, when IM has taken what it asks for, until IM is done; asking again changes
 * nothing then.
 * @return 404, 403; 409 when it has ended, or is a deletion that is at work: IM is asked for all of it then
 */
orc_error_t *orc_rules_operation_cancel(const orc_rules_call_t *call, const orc_rules_operation_t *wish);

/**
 * Asks for it once more, with the same options: a new operation, whose parent is the old one. A creation begins again
 * from the first provider, and what is left of the former ones goes. Owners are not changed by a retry: the keys of
 * those who are owners now come to the machines.
 * @return 404, 403 (also when it was forced, or unsecure, and the caller is no administrator); 409 unless it has failed
 * or was canceled, is the last of its type on what it is about, and nothing is at work there (`location` names what
 * is), or when what it asked for is not possible any more; 429 when too many creations of the group wait
 */
orc_error_t *orc_rules_operation_retry(const orc_rules_call_t *call, const orc_rules_operation_t *wish);

#endif
