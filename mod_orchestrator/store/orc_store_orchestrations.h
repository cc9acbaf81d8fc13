/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_STORE_ORCHESTRATIONS_H
#define ORC_STORE_ORCHESTRATIONS_H

#include "orc_db.h"
#include "orc_json.h"
#include "orc_store_where.h"

/* Orchestrations: their targets, and what becomes of these. Reading them is in sql/queries/orchestrations.sql. */

/** What there is to know of one, for who carries it out. Texts live in the pool. */
typedef struct orc_store_orchestration_t {
    const char *id, *type, *state;
    const char *parameters;    /* JSON object, without secrets */
    const char *inputs_sealed; /* or NULL */
    int is_admin, is_dry_run, keeps_windows, workers;
    int is_resolved;                                         /* its targets are known */
    const char *after_created_at, *after_id, *after_machine; /* the last target that was found so far, or NULL */
    const char *correlation_id;
    const char *user_id, *issuer, *subject; /* who began it */
} orc_store_orchestration_t;

/** *exists false: there is none. */
orc_error_t *orc_store_orchestration(int *exists, orc_store_orchestration_t *one, orc_db_source_t *source,
                                     const char *id, apr_pool_t *pool);

/** For the transaction at hand: whoever stands still within it for ten seconds loses it, and the locks that it has. */
orc_error_t *orc_store_orchestration_haste(orc_db_t *db, apr_pool_t *pool);

/** *are_known: the database knows the time zones of all windows (of orc_maintenance_t), so that they can be kept. */
orc_error_t *orc_store_windows_check(int *are_known, orc_db_source_t *source, const apr_array_header_t *windows,
                                     apr_pool_t *pool);

/** The first free parameter of conditions on deployments that are targets, "b". */
int orc_store_targets_first(void);

/**
 * Finds more targets, at most a thousand, in the order of their creation, and stores them with how far that is, unless
 * somebody else has done so.
 * @param where   which deployments, or machines
 * @param windows of orc_maintenance_t: what counts for those who keep them
 */
orc_error_t *orc_store_targets_find(orc_db_source_t *source, const orc_store_orchestration_t *one, int is_of_machines,
                                    int with_deleted, const orc_store_where_t *where, const apr_array_header_t *windows,
                                    apr_pool_t *pool);

/** One whose turn it is. */
typedef struct orc_store_target_t {
    const char *id, *deployment_id, *resource_id; /* resource_id: or NULL */
    const char *last_operation_id;                /* of the deployment, or NULL */
    int attempt;                                  /* 0: the first */
} orc_store_target_t;

/** At most so many whose turn it is; *targets: of orc_store_target_t. Windows that were missed are moved before. */
orc_error_t *orc_store_targets_due(apr_array_header_t **targets, orc_db_source_t *source, const char *id, int room,
                                   const apr_array_header_t *windows, apr_pool_t *pool);

/** Those whose operations were made and wait for their turn; *targets as above, with their ids only. */
orc_error_t *orc_store_targets_queued(apr_array_header_t **targets, orc_db_source_t *source, const char *id,
                                      apr_pool_t *pool);

/**
 * Makes an operation of the transaction at hand the orchestration's, if it was made.
 * @param is_its false: its target's turn is not now, or as many are at work as may be: it must not be made
 */
orc_error_t *orc_store_target_adopt(int *is_its, orc_db_t *db, const char *orchestration_id, const char *id,
                                    apr_pool_t *pool);

/** A creation that would begin, with all that its place depends on. */
typedef struct orc_store_creation_t {
    const char *deployment_id;
    const char *content;                /* of the template */
    const char *inputs, *inputs_sealed; /* JSON object without secrets; all of them, sealed, or NULL */
    const char *user_group, *user_group_issuer, *provider_type;
    const char *provider, *region; /* that are asked for, or NULL */
    int max_providers;             /* 0: no limit */
} orc_store_creation_t;

/** What an operation would have been. */
typedef struct orc_store_rehearsal_t {
    json_t *row;                          /* of the operation, which says in its description what it would do */
    const orc_store_creation_t *creation; /* or NULL: it is none */
} orc_store_rehearsal_t;

/** Tells of an operation of the transaction at hand; *rehearsal NULL: it was not made. In the pool. */
orc_error_t *orc_store_target_rehearsed(const orc_store_rehearsal_t **rehearsal, orc_db_t *db,
                                        const char *orchestration_id, const char *id, apr_pool_t *pool);

/** Stores the outcome of a dry run: an operation that has ended. */
orc_error_t *orc_store_target_rehearse(orc_db_source_t *source, const json_t *row, apr_pool_t *pool);

/** What becomes of one without an operation. */
typedef struct orc_store_decision_t {
    const char *state; /* pending: it waits for `rest` */
    const char *description;
    int is_skipped;
    apr_interval_time_t rest;
} orc_store_decision_t;

orc_error_t *orc_store_target_decide(orc_db_source_t *source, const char *id, const orc_store_decision_t *decision,
                                     apr_pool_t *pool);

/** How far an orchestration is. */
typedef struct orc_store_progress_t {
    int exists;
    int is_resolved, is_canceling, is_ended;
    apr_int64_t waiting, running; /* targets */
    apr_interval_time_t next; /* until the turn of the next one, as far as anybody knows; may be past; 0: none waits */
} orc_store_progress_t;

/** Tells how far it is, after telling people how many it is about. */
orc_error_t *orc_store_orchestration_progress(orc_store_progress_t *progress, orc_db_source_t *source, const char *id,
                                              apr_pool_t *pool);

/** Deletes some that ended so long ago and have no operation any more; *deleted: how many. */
orc_error_t *orc_store_orchestrations_retire(int *deleted, orc_db_t *db, apr_interval_time_t retention,
                                             apr_pool_t *pool);

/** Ends it, when nothing of it waits or is at work. */
orc_error_t *orc_store_orchestration_end(orc_db_source_t *source, const char *id, apr_pool_t *pool);

#endif
