/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_STORE_DEPLOYMENTS_H
#define ORC_STORE_DEPLOYMENTS_H

#include "orc_db.h"

/* What changes deployments at a person's request. Reading them is in sql/queries/deployments.sql. */

/** A deployment to be. All texts stay the caller's. */
typedef struct orc_store_submission_t {
    const char *id, *operation_id;              /* UUIDs, new ones */
    const char *template_id, *template_version; /* the version that was checked */
    const struct orc_store_template_t *brought; /* that template, which comes with it; NULL: it is there */
    const char *template_inputs;                /* JSON object, as given but without secrets */
    const char *template_inputs_sealed;         /* all of them, sealed, when some are secret, or NULL */
    const char *user_group, *user_group_issuer;
    int per_provider_max_retries;
    int max_providers; /* 0: no limit */
    int tot_timeout_mins, per_provider_timeout_mins;
    int keep_last_attempt;
    const char *target_provider, *target_region; /* or NULL */
    const char *callback;                        /* URL that its states are told, or NULL */
    const char *callback_host;                   /* who is called for it, "name:port"; NULL: nobody is */
    const char *caller;                          /* UUID of who asks, who becomes its first owner */
    const char *correlation_id;
    const char *resources;       /* JSON array of {id, position, name, type, is_compute, required_by: [ids]} */
    const char *notes;           /* lines of its log: JSON array of texts */
    int max_queued;              /* submissions of the group that may wait for their turn */
    apr_interval_time_t checked; /* how long it took to check it */
} orc_store_submission_t;

/**
 * Stores a deployment with its owner, resources and operation, all or nothing, in one round trip, and
 * wakes the engines. The group's queue is counted exactly, however many submissions come at once.
 * @param is_full     true: the queue was full and nothing was stored
 * @param is_outdated true: the template is gone or has another version, and nothing was stored
 * @param first   a statement to run before in the same transaction, or NULL
 * @param last    one to run behind it, which gets its rows, or NULL
 * @return 409 "conflict.reference" when the caller is gone, 409 "conflict" when `first` was in the way
 * of another; orc_error_breaks tells
 */
orc_error_t *orc_store_deployment_submit(int *is_full, int *is_outdated, orc_db_source_t *source,
                                         const orc_store_submission_t *submission, const orc_db_step_t *first,
                                         orc_db_step_t *last, apr_pool_t *pool);

/** Where a deployment stands for who wants to change it. Texts live in the pool. */
typedef struct orc_store_standing_t {
    int is_known;        /* the person who asks is registered; else nothing below is set */
    int exists;          /* there is such a deployment */
    int is_allowed;      /* that person may see it */
    const char *tags[2]; /* its versions for that person: of the object, and of the object with the template's text */
    int status;          /* orc_deployment_status_t */
    const char *deletion_id; /* of the DELETE operation that has not ended yet, or NULL */
    const char *last_id;     /* of the last operation on it, rather than on one of its machines; or NULL */
    const char *active_id;   /* of the last one that sets the status while that has not ended, else NULL */
    const char *im_infra_id; /* what it has at IM and somebody wants, or NULL */
} orc_store_standing_t;

/** Locks a deployment with its operations until the end of the transaction and tells where it stands. */
orc_error_t *orc_store_deployment_lock(orc_store_standing_t *standing, orc_db_t *db, const char *id, const char *caller,
                                       int is_admin, apr_pool_t *pool);

/** Locks, before the deployment itself, all that goes with its row: for who may want to remove that. */
orc_error_t *orc_store_deployment_lock_rest(orc_db_t *db, const char *id, apr_pool_t *pool);

/** Removes the row of a deployment of which everything is locked, and what belongs to it; what is at IM stays known. */
orc_error_t *orc_store_deployment_forget(orc_db_t *db, const char *id, apr_pool_t *pool);

/** What the states of a locked deployment are told from now on: as in orc_store_submission_t; `caller` names it. */
orc_error_t *orc_store_deployment_set_callback(orc_db_t *db, const char *id, const char *callback,
                                               const char *callback_host, const char *caller, apr_pool_t *pool);

/** A deletion that is asked for. */
typedef struct orc_store_deletion_t {
    const char *id;           /* of the deployment */
    const char *operation_id; /* UUID, a new one */
    const char *parent_id;    /* the operation that it is once more, or NULL */
    const char *caller;
    int is_forced, is_unsecure;
    const char *note; /* a line of the log, or NULL */
    const char *correlation_id;
} orc_store_deletion_t;

/** Makes the DELETE operation of a locked deployment its last one, and tells the others to end. */
orc_error_t *orc_store_deployment_delete(orc_db_t *db, const orc_store_deletion_t *deletion, apr_pool_t *pool);

/**
 * A creation of a locked deployment is no run any more.
 * @param is_hidden false: it has not ended, or there is no such one
 */
orc_error_t *orc_store_deployment_hide_run(int *is_hidden, orc_db_t *db, const char *id, const char *run_id,
                                           apr_pool_t *pool);

/** Adds `force` or `unsecure` to a DELETE operation that is at work; `operation_id` is that one's. */
orc_error_t *orc_store_deployment_delete_harder(orc_db_t *db, const orc_store_deletion_t *deletion, apr_pool_t *pool);

/** Gives a locked deployment to another group. */
orc_error_t *orc_store_deployment_set_group(orc_db_t *db, const char *id, const char *user_group, const char *caller,
                                            apr_pool_t *pool);

/** Ends the operation of a locked deployment that has not ended as failed, for a reason. */
orc_error_t *orc_store_deployment_reset(orc_db_t *db, const char *operation_id, const char *reason, const char *caller,
                                        apr_pool_t *pool);

/** A change of a locked deployment's infrastructure, which the engine carries out. */
typedef struct orc_store_update_t {
    const char *id, *operation_id;     /* of the deployment; UUID, a new one */
    const char *type;                  /* UPDATE, ADD_OWNER, REMOVE_OWNER */
    const char *options;               /* JSON object */
    const char *inputs;                /* JSON object without secrets, or NULL: they stay */
    const char *inputs_sealed;         /* all of them, sealed for the operation, when some are secret, or NULL */
    const char *template_id;           /* another template that it is to have, held in the transaction; or NULL */
    const char *notes;                 /* lines of its log: JSON array of texts; or NULL */
    const char *added;                 /* resources that come: JSON array of {id, position, name, type, is_compute} */
    const char *relations;             /* of these: JSON array of {resource, required_by} */
    const apr_array_header_t *removed; /* ids of resources that go, of const char * */
    const char *parent_id;             /* the operation that it is once more, or NULL */
    const char *former_id;             /* what the deployment goes back to when it says so; NULL: its last operation */
    const char *caller, *correlation_id;
} orc_store_update_t;

/** Makes the operation the deployment's last one. */
orc_error_t *orc_store_deployment_update(orc_db_t *db, const orc_store_update_t *update, apr_pool_t *pool);

#endif
