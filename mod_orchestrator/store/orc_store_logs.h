/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_STORE_LOGS_H
#define ORC_STORE_LOGS_H

#include "orc_db.h"

/** A deployment's log as it is stored, and where a fresher part of IM may be had. Texts live in the pool, NULL: none.
 */
typedef struct orc_store_log_t {
    int is_known;          /* the person who asks is registered; else nothing below is set */
    int exists;            /* there is such a deployment */
    int is_allowed;        /* that person may see it */
    const char *timestamp; /* RFC 3339 */
    const char *im_logs;
    const char *orchestrator_logs;
    const char *im_endpoint, *im_infra_id;
    int is_creator;           /* the person who asks is the one whom the infrastructure belongs to at IM */
    const char *access_token; /* of the creator, sealed, when it is still valid */
    const char *creator_id;
} orc_store_log_t;

orc_error_t *orc_store_log_read(orc_store_log_t *log, orc_db_source_t *source, const char *deployment_id,
                                const char *caller, int is_admin, apr_pool_t *pool);

/**
 * Keeps what IM said.
 * @param timestamp of the log as it is now, when the text was another one before; else it stays as it is
 */
orc_error_t *orc_store_log_keep_im(const char **timestamp, orc_db_source_t *source, const char *deployment_id,
                                   const char *im_logs, apr_pool_t *pool);

#endif
