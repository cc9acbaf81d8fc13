/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_STORE_OPERATIONS_H
#define ORC_STORE_OPERATIONS_H

#include "orc_db.h"
#include "orc_json.h"

/* What cancels operations and asks for them once more. */

/** Where an operation of a locked deployment stands. Texts live in the pool. */
typedef struct orc_store_operation_t {
    int has_resource; /* the resource that it was asked for below is one of the deployment's, or it was not so asked */
    const char *tag;  /* its version; NULL: there is no such operation there, and nothing below is set */
    const char *type, *state;
    const char *resource_id; /* of one on a machine, else NULL */
    const json_t *options;
    const char *former_id;                      /* what the deployment's last operation was before it, or NULL */
    int is_dry_run, is_last;                    /* is_last: no later one does the same to the same */
    const char *busy_id;                        /* an operation that is at work there, or NULL */
    int is_changed;                             /* by a later update */
    const char *user_group, *user_group_issuer; /* the deployment's */
} orc_store_operation_t;

/** `resource_id`: NULL: whatever it is on. */
orc_error_t *orc_store_operation_find(orc_store_operation_t *operation, orc_db_t *db, const char *deployment_id,
                                      const char *resource_id, const char *id, const char *caller, apr_pool_t *pool);

/**
 * Cancels one that has not ended, or all of a locked deployment: what waits for its turn is over at once, what is at
 * work is told.
 * @param id          NULL: all, for a deletion:
 * @param deletion_id what comes behind, or NULL
 */
orc_error_t *orc_store_operation_cancel(orc_db_t *db, const char *deployment_id, const char *id,
                                        const char *deletion_id, const char *caller, apr_pool_t *pool);

/** A creation that is asked for once more. */
typedef struct orc_store_again_t {
    const char *deployment_id, *operation_id; /* UUID, a new one */
    const char *parent_id;                    /* the former creation */
    const char *user_group, *user_group_issuer;
    const char *caller, *correlation_id;
    int max_queued; /* submissions of the group that may wait for their turn */
} orc_store_again_t;

/** Makes the new creation the last operation of a locked deployment. *is_full: the group's queue was full; the
 * transaction is to be rolled back. */
orc_error_t *orc_store_operation_create_again(int *is_full, orc_db_t *db, const orc_store_again_t *again,
                                              apr_pool_t *pool);

#endif
