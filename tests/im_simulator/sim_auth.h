/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef SIM_AUTH_H
#define SIM_AUTH_H

/* IM's Authorization header: one line a credential, joined with the two characters backslash and n. */

#include <apr_pools.h>
#include <apr_tables.h>

typedef struct {
    apr_array_header_t *lines; /* of apr_table_t *, one a credential, in the order of the header */
    const char *bad_id;        /* the first id that IM does not take, or NULL */
} sim_auth_t;

/* Who calls, by the line of type InfrastructureManager. */
typedef struct {
    const char *username; /* "__OPENID__" + name for a token */
    const char *password; /* issuer/subject for a token */
    const char *problem;  /* IM's words when the credentials are no good, else NULL */
    int malformed;        /* the token is not a JWT: 400 on every route */
} sim_identity_t;

/* Parses the header by IM's rules, its silent drops included. Lives in pool; never NULL. */
sim_auth_t *sim_auth_read(const char *header, apr_pool_t *pool);

/* The identity; issuers holds the accepted values of iss (const char *), all are taken when it is empty. A token's
 * signature is not looked at. generation is IM's, 1 or 2. */
sim_identity_t sim_auth_identity(const sim_auth_t *auth, const apr_array_header_t *issuers, int generation,
                                 apr_pool_t *pool);

/* The first line for a cloud, NULL when there is none. */
const apr_table_t *sim_auth_cloud(const sim_auth_t *auth);

/* The line for a cloud with this id, NULL when there is none. */
const apr_table_t *sim_auth_cloud_by_id(const sim_auth_t *auth, const char *id);

/* Whether IM has a connector of this type. */
int sim_auth_is_cloud_type(const char *type);

#endif
