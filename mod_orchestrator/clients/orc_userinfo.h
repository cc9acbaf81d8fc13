/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_USERINFO_H
#define ORC_USERINFO_H

#include "orc_gate.h"
#include "orc_oidc.h"

/* What token issuers tell of people. Source: OpenID Connect Core 1.0 section 5.3.
 *
 * Whoever asks blocks a thread, so each asks in turn: of one person one at a time, of one issuer few; and those who
 * wait for it leave threads to other people and to other issuers. For some seconds it is not asked about a person again
 * about whom it gave no answer of use, and about nobody when it gave two people, one after the other, none at all: so
 * that neither an issuer that hangs nor somebody's broken account holds up anybody else. */

/** The askers of one process. Thread-safe. */
typedef struct orc_userinfo_t orc_userinfo_t;

enum {
    ORC_USERINFO_ASKED = 4, /* threads that ask one issuer */
    ORC_USERINFO_REST = 5   /* seconds */
};

/** How long one waits for one's turn, and then for the answer, discovery included; microseconds. */
#define ORC_USERINFO_PATIENCE (2 * APR_USEC_PER_SEC)

/** The threads for requests, and who of them asks. */
typedef struct orc_userinfo_host_t {
    orc_gate_memory_t *of_issuer, *of_person; /* of processes that share them; NULL: of this one alone */
    int threads;                              /* of those together */
} orc_userinfo_host_t;

/**
 * One for each process.
 * @param config  is kept, as `oidc` is
 * @param host   whose threads one issuer's people take at most three quarters of, and one person half
 */
orc_error_t *orc_userinfo_make(orc_userinfo_t **userinfo, const orc_config_t *config, orc_oidc_t *oidc,
                               const orc_userinfo_host_t *host, apr_pool_t *pool);

/** A turn to ask; the caller's memory. */
typedef struct orc_userinfo_turn_t {
    const orc_issuer_config_t *issuer;
    const char *subject;
    const char *issuer_key, *person_key; /* in the gates */
} orc_userinfo_turn_t;

/**
 * Waits for a person's turn. What another turn of the same person has brought meanwhile is for the caller to look at.
 * @param turn keeps `issuer` and `subject`; its texts are in `pool`
 * @return NULL: orc_userinfo_end gives it back; else 503, retriable, with retry_after: "oidc.busy"
 * (ORC_REASON_TOO_MANY, which says nothing of the issuer) or "oidc.userinfo" (ORC_REASON_AWAY)
 */
orc_error_t *orc_userinfo_begin(orc_userinfo_turn_t *turn, orc_userinfo_t *userinfo, const orc_issuer_config_t *issuer,
                                const char *subject, apr_pool_t *pool);

/**
 * The issuer's claims on the turn's person.
 * @param claims an object in `pool`; its `sub` is the turn's subject
 * @return 503 "oidc.userinfo" or "oidc.discovery", retriable when it may be another one in some seconds;
 * 401 "oidc.token" when the issuer refuses the token
 */
orc_error_t *orc_userinfo_ask(json_t **claims, orc_userinfo_t *userinfo, const orc_userinfo_turn_t *turn,
                              const char *access_token, apr_pool_t *pool);

void orc_userinfo_end(orc_userinfo_t *userinfo, const orc_userinfo_turn_t *turn);

#endif
