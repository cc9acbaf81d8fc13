/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_STORE_CALLBACKS_H
#define ORC_STORE_CALLBACKS_H

#include "orc_db.h"

/* What is still to be told to the URLs that deployments name. A trigger writes it whenever a status changes. */

/** A state that is in this process's hand now. Texts live in the pool. */
typedef struct orc_store_callback_t {
    apr_int64_t number, lease_number; /* which one, and which claim of it */
    const char *id;                   /* UUID by which a receiver knows what comes twice */
    const char *deployment_id;
    const char *url, *host;
    int tries;                  /* that failed before */
    const char *object;         /* JSON, its outputs without secrets */
    const char *outputs_sealed; /* all of them, sealed for the deployment; NULL: none is secret, or it has others now */
} orc_store_callback_t;

/** The hosts that somebody has something to be told at, of const char *. */
orc_error_t *orc_store_callback_hosts(apr_array_header_t **hosts, orc_db_t *db, apr_pool_t *pool);

/**
 * Claims what is due at some hosts, of each (`hosts`, of const char *) no more than it has room for (`rooms`, of int),
 * and `most` of all of them, the first hosts' before the others'.
 * @param callbacks of orc_store_callback_t; of a deployment one at most, and none while another is in hand
 */
orc_error_t *orc_store_callback_claim(apr_array_header_t **callbacks, orc_db_t *db, const apr_array_header_t *hosts,
                                      const apr_array_header_t *rooms, int most, const char *owner,
                                      apr_interval_time_t lease, apr_pool_t *pool);

/** It was told: the next one of the deployment is due. Nothing, when somebody else has it in hand meanwhile. */
orc_error_t *orc_store_callback_told(orc_db_t *db, const orc_store_callback_t *callback, apr_pool_t *pool);

/**
 * It was not, and is tried again after a pause, unless it is too old: then it goes, and the deployment's log says why.
 * @param reason for people: a sentence
 */
orc_error_t *orc_store_callback_untold(int *is_given_up, orc_db_t *db, const orc_store_callback_t *callback,
                                       apr_interval_time_t pause, const char *reason, apr_pool_t *pool);

/** Hands back what an owner has in hand. */
orc_error_t *orc_store_callback_release(orc_db_t *db, const char *owner, apr_pool_t *pool);

/** What a host is still to be told. */
typedef struct orc_store_callback_load_t {
    const char *host;
    apr_int64_t waiting;
    apr_int64_t failures;       /* tries to tell it what waits */
    apr_interval_time_t oldest; /* for so long the first one waits */
} orc_store_callback_load_t;

/** What waits for each host that something waits for, of orc_store_callback_load_t; most of it first. */
orc_error_t *orc_store_callback_load(apr_array_header_t **loads, orc_db_t *db, apr_pool_t *pool);

#endif
