/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_STORE_TOKENS_H
#define ORC_STORE_TOKENS_H

#include <apr_time.h>

#include "orc_db.h"

/* Renewals of people's tokens. Tokens are sealed here. */

/** One renewal: whose, and of what. */
typedef struct orc_store_renewal_t {
    const char *id; /* random, a new one each time */
    const char *user_id;
    const char *access;  /* as it was read */
    const char *refresh; /* likewise, or NULL: the person has none */
} orc_store_renewal_t;

/**
 * Asks for the sole right to renew a person's tokens for `time`.
 * @param granted false: another renewal has it, or what was read is not what is stored any more
 * @param elapsed for how long the other one has had it; 0: there is none
 */
orc_error_t *orc_store_renewal_begin(int *granted, apr_interval_time_t *elapsed, orc_db_t *db,
                                     const orc_store_renewal_t *renewal, apr_interval_time_t time, apr_pool_t *pool);

/** The right's time runs anew from now, when the request goes out. *is_ours: false when it has passed to another
 * renewal, or the refresh token is another one by now. */
orc_error_t *orc_store_renewal_send(int *is_ours, orc_db_t *db, const orc_store_renewal_t *renewal,
                                    apr_interval_time_t time, apr_pool_t *pool);

/**
 * Stores what the issuer gave, whoever has the right by now.
 * @param refresh NULL: the issuer left it as it is
 * @param is_kept false when `renewal->refresh` is not what is stored any more, and `refresh` wasn't stored
 */
orc_error_t *orc_store_renewed(int *is_kept, orc_db_t *db, const orc_store_renewal_t *renewal, const char *access,
                               apr_time_t expires, const char *refresh, apr_pool_t *pool);

/** A person's refresh token; NULL: there is none, or nobody like that. */
orc_error_t *orc_store_refresh_token(const char **refresh, orc_db_t *db, const char *user_id, apr_pool_t *pool);

/** Gives the right back without a token. */
orc_error_t *orc_store_renewal_end(orc_db_t *db, const orc_store_renewal_t *renewal, apr_pool_t *pool);

#endif
