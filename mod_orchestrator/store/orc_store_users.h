/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_STORE_USERS_H
#define ORC_STORE_USERS_H

#include <apr_time.h>

#include "orc_db.h"

/** What a registration stores. */
typedef struct orc_store_person_t {
    const char *id;               /* UUID; a new one to register */
    const char *issuer, *subject; /* who it is */
    const char *name, *username, *email;
    const char *picture;      /* or NULL */
    const char *sealed_token; /* access token, or NULL */
    apr_time_t expires;       /* of the token */
} orc_store_person_t;

/** What is known of a registered caller. */
typedef struct orc_store_caller_t {
    char id[37];
    apr_time_t token_expires; /* of the stored access token, 0: none */
    int waits;                /* an operation on a deployment that they created waits for a token */
} orc_store_caller_t;

/** Looks a person up. */
orc_error_t *orc_store_users_find(int *found, orc_store_caller_t *caller, const char *issuer, const char *subject,
                                  orc_db_source_t *source, apr_pool_t *pool);

/** The same on an open connection. */
orc_error_t *orc_store_users_find_on(int *found, orc_store_caller_t *caller, orc_db_t *db, const char *issuer,
                                     const char *subject, apr_pool_t *pool);

/** Registers a person. *created is false when the pair (issuer, subject) is there already; waits for a registration of
 * the same person that is at work. */
orc_error_t *orc_store_users_register(int *created, orc_db_t *db, const orc_store_person_t *person, apr_pool_t *pool);

/**
 * Stores a newer access token, brings name, user name and e-mail up to date where `person` has them (others NULL), and
 * wakes the operations that wait for a token.
 */
orc_error_t *orc_store_users_refresh(const orc_store_person_t *person, int wake, orc_db_source_t *source,
                                     apr_pool_t *pool);

/** Locks a person for a change. *tag: their version for this reader; NULL: there is no such person.
 * *is_caller_there: false when the caller is registered no more. */
orc_error_t *orc_store_users_lock(const char **tag, int *is_caller_there, orc_db_t *db, const char *id,
                                  const char *caller, apr_pool_t *pool);

/** A value to be set, NULL to clear it; not touched unless given. */
typedef struct orc_store_change_t {
    int is_given;
    const char *value;
} orc_store_change_t;

typedef struct orc_store_user_changes_t {
    orc_store_change_t picture, public_ssh_key, refresh_token; /* the last one sealed */
} orc_store_user_changes_t;

/** Changes a person; a new refresh token wakes the operations that wait for one. */
orc_error_t *orc_store_users_update(orc_db_t *db, const char *id, const orc_store_user_changes_t *changes,
                                    apr_pool_t *pool);

/** Whether a person has a public SSH key. */
orc_error_t *orc_store_users_has_key(int *has_key, orc_db_t *db, const char *id, apr_pool_t *pool);

/** Removes a person. 409 "conflict.reference" while something refers to them. */
orc_error_t *orc_store_users_delete(orc_db_t *db, const char *id, apr_pool_t *pool);

#endif
