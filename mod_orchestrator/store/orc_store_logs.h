/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_STORE_LOGS_H
#define ORC_STORE_LOGS_H

#include "orc_db.h"

/** A deployment's log as it is stored, and where a fresher part of IM may be had. Texts live in the pool, NULL: none.
 */
typedef struct orc_store_log_t {
    int is_known;               /* the person who asks is registered; else nothing below is set */
    int exists;                 /* there is such a deployment */
    int is_allowed;             /* that person may see it */
    int is_owner;               /* and the secrets in it */
    const char *timestamp;      /* RFC 3339 */
    const char *im_logs;        /* without its secrets */
    const char *im_logs_sealed; /* all of it, when it has any */
    const char *orchestrator_logs;
    const char *im_endpoint, *im_infra_id;
    const char *im_after;     /* when IM's part was deleted, as PostgreSQL writes it */
    int is_creator;           /* the person who asks is the one whom the infrastructure belongs to at IM */
    const char *access_token; /* of the creator, sealed, when it is still valid */
    const char *creator_id;
} orc_store_log_t;

orc_error_t *orc_store_log_read(orc_store_log_t *log, orc_db_source_t *source, const char *deployment_id,
                                const char *caller, int is_admin, apr_pool_t *pool);

/** The same in a transaction that holds orc_store_log_lock. */
orc_error_t *orc_store_log_read_locked(orc_store_log_t *log, orc_db_t *db, const char *deployment_id,
                                       const char *caller, int is_admin, apr_pool_t *pool);

/** The same without the log, for whoever may see it: where a fresher part of IM may be had, and with what. Nothing is
 * set when there is no such deployment. */
orc_error_t *orc_store_log_place(orc_store_log_t *log, orc_db_source_t *source, const char *deployment_id,
                                 apr_pool_t *pool);

/** Of what is given, NULL is not written. */
typedef struct orc_store_log_parts_t {
    const char *im_logs, *orchestrator_logs; /* IM's without its secrets */
    const char *im_logs_sealed;              /* with them, when there are any */
} orc_store_log_parts_t;

/**
 * Keeps what IM said.
 * @param im_infra_id the infrastructure that it said it of
 * @param im_after when IM's part was last deleted, as it was before IM was asked: one that came after is kept
 * @param timestamp of the log as it is now, when the text was another one before; else it stays as it is
 */
orc_error_t *orc_store_log_keep_im(const char **timestamp, orc_db_source_t *source, const char *deployment_id,
                                   const orc_store_log_parts_t *parts, const char *im_infra_id, const char *im_after,
                                   apr_pool_t *pool);

/**
 * Makes sure for the transaction that a deployment stays, and that nobody else writes its log or deletes it.
 * @param is_known false when the caller is registered no more
 */
orc_error_t *orc_store_log_lock(int *is_known, int *exists, orc_db_t *db, const char *deployment_id, const char *caller,
                                apr_pool_t *pool);

/** Creates or overwrites the parts that are given. */
orc_error_t *orc_store_log_write(orc_db_t *db, const char *deployment_id, const orc_store_log_parts_t *parts,
                                 apr_pool_t *pool);

/** Leaves nothing in either part. */
orc_error_t *orc_store_log_delete(orc_db_t *db, const char *deployment_id, apr_pool_t *pool);

#endif
