/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_STORE_MACHINES_H
#define ORC_STORE_MACHINES_H

#include "orc_db.h"

/* What changes a machine at a person's request. */

/** Where a resource stands below a locked deployment. Texts live in the pool. */
typedef struct orc_store_machine_t {
    int exists;      /* else nothing below is set */
    const char *tag; /* its version for who asks */
    int status;      /* orc_resource_status_t */
    const char *status_name;
    int is_machine, is_made;       /* is_made: it is at IM */
    const char *operation_id;      /* at work with it, or with the whole deployment; or NULL */
    const char *own_operation_id;  /* at work with it, or NULL */
    const char *last_operation_id; /* on it, else on the deployment */
} orc_store_machine_t;

orc_error_t *orc_store_machine_find(orc_store_machine_t *machine, orc_db_t *db, const char *deployment_id,
                                    const char *id, const char *caller, apr_pool_t *pool);

/** A START, STOP or REBOOT that is asked for. */
typedef struct orc_store_action_t {
    const char *deployment_id, *id;
    const char *operation_id; /* UUID, a new one */
    const char *parent_id;    /* the operation that it is once more, or NULL */
    const char *type;         /* the operation's, a word */
    int former, status;       /* of the resource, before and from now on */
    const char *caller, *correlation_id;
} orc_store_action_t;

orc_error_t *orc_store_machine_act(orc_db_t *db, const orc_store_action_t *action, apr_pool_t *pool);

/** Gives it the status ERROR, and ends what is at work with it, for that reason. */
orc_error_t *orc_store_machine_reset(orc_db_t *db, const char *id, const char *caller, const char *reason,
                                     apr_pool_t *pool);

#endif
