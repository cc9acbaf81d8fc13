/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_ENGINE_TOKEN_H
#define ORC_ENGINE_TOKEN_H

#include "orc_engine_state.h"

/*
 * The token of the deployment's creator: IM knows infrastructures by it. The stored one while it lives, else a new one
 * for the refresh token, or for the old token while that lives; else the person has to come. One renewal of a person's
 * tokens is sent at a time, because issuers rotate refresh tokens and take a second use for a theft; who needs the
 * token meanwhile waits for it, in this daemon, or rests.
 */

typedef enum {
    ORC_TOKEN_HAD,    /* job->token */
    ORC_TOKEN_ABSENT, /* the person has to bring one */
    ORC_TOKEN_OUTAGE, /* the issuer does not answer as it should */
    ORC_TOKEN_BUSY,   /* somebody else renews it, or the database is away: again after job->again */
} orc_token_outcome_t;

typedef void orc_token_done_t(orc_job_t *job, orc_token_outcome_t outcome);

/** Opens the stored token, or gets a new one. `done` is called, perhaps at once; the job may have lost its lease. */
void orc_token_get(orc_job_t *job, orc_token_done_t *done);

/** The same after IM rejected the token at hand. */
void orc_token_renew(orc_job_t *job, orc_token_done_t *done);

/** Stores what renewals brought while the database was away. */
void orc_token_settle(orc_engine_t *engine);

/** True while an issuer has been asked for a token and has not answered. */
int orc_token_is_awaited(const orc_engine_t *engine);

#endif
