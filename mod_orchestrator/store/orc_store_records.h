/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_STORE_RECORDS_H
#define ORC_STORE_RECORDS_H

#include "orc_db.h"

/* Operations as records of what was done. */

/** Where one is looked for. */
typedef struct orc_store_record_at_t {
    const char *deployment_id, *resource_id; /* or NULL */
    const char *id;
} orc_store_record_at_t;

/** Where one stands for who wants to change its row. Texts live in the pool. */
typedef struct orc_store_record_of_t {
    int is_known;    /* the person who asks is registered; else nothing below is set */
    int exists;      /* there is such a deployment */
    int is_allowed;  /* that person may see it */
    const char *tag; /* its version; NULL: there is no such operation */
    int is_open;     /* it has not ended */
    int is_needed;   /* something is read off it */
} orc_store_record_of_t;

/** Locks one until the end of the transaction, and tells where it stands. */
orc_error_t *orc_store_record_lock(orc_store_record_of_t *record, orc_db_t *db, const orc_store_record_at_t *at,
                                   const char *caller, int is_admin, apr_pool_t *pool);

/** `labels`: a JSON object. */
orc_error_t *orc_store_record_label(orc_db_t *db, const char *id, const char *labels, apr_pool_t *pool);

orc_error_t *orc_store_record_delete(orc_db_t *db, const char *id, apr_pool_t *pool);

#endif
