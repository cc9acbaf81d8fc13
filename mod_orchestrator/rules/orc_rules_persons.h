/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_RULES_PERSONS_H
#define ORC_RULES_PERSONS_H

#include "orc_rules.h"
#include "orc_rules_ssh_pair.h"
#include "orc_store_users.h"

/*
 * Persons: from the pair (issuer, subject) of a verified token to a row of `users`, registered at the first request. A
 * person changes themselves, an administrator everybody.
 */

/**
 * Finds the caller, registers them when they are new, and stores the access token when it outlives the stored one or an
 * operation on a deployment that they created waits for one (those operations are woken). Sets who->user_id.
 *
 * Claims that the token lacks are asked for at the issuer's userinfo endpoint, once, at registration. What is missing
 * then still: the user name falls back to the subject, the name to the user name, the e-mail to "".
 */
orc_error_t *orc_rules_persons_find(const orc_rules_call_t *call);

/** The caller's row is gone: what the process knew of them is forgotten. */
void orc_rules_persons_forget(const orc_rules_call_t *call);

/** What is written with a registration, once who->user_id is known; NULL: nothing. */
typedef orc_error_t *orc_rules_registered_t(orc_db_t *db, void *baton);

/**
 * Registers the caller on purpose.
 * @param also called in the transaction of the registration; or NULL
 * @return 409 "user.exists" with its location when they are registered (who->user_id is set), 422 naming the claims
 * that neither the token nor userinfo has
 */
orc_error_t *orc_rules_persons_register(const orc_rules_call_t *call, orc_rules_registered_t *also, void *baton);

/** A change of a person. What is not given stays. */
typedef struct orc_rules_person_change_t {
    const char *id;
    orc_store_change_t picture, public_ssh_key, refresh_token;
    orc_rules_condition_t condition;
} orc_rules_person_change_t;

/** Adds what is wrong with a change, as it can be told without looking anything up. */
void orc_rules_persons_check(orc_error_t **error, const orc_rules_person_change_t *change, apr_pool_t *pool);

/** @return 422, 403 (a refresh token is set by the person only), 404 */
orc_error_t *orc_rules_persons_change(const orc_rules_call_t *call, const orc_rules_person_change_t *change);

/**
 * Makes a pair of SSH keys for the caller: the public half is kept, the private one is in *pair and nowhere else.
 * @return 409 "user.has_key" when they have a public key; 403 for another person; 404
 */
orc_error_t *orc_rules_persons_make_keys(orc_ssh_pair_t *pair, const orc_rules_call_t *call, const char *id);

/** @return 409 "user.self", 409 "user.in_use", 403, 404 */
orc_error_t *orc_rules_persons_delete(const orc_rules_call_t *call, const char *id,
                                      const orc_rules_condition_t *condition);

#endif
