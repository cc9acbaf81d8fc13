/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_IDENTITY_H
#define ORC_IDENTITY_H

#include <apr_tables.h>
#include <apr_time.h>

#include "orc_json.h"

/** A person as the verified token tells. The pair (issuer, subject) is who they are. */
typedef struct orc_identity_t {
    const char *issuer; /* without trailing slashes */
    const char *subject;
    const char *name, *username, *email; /* from the token, or NULL: looked up at userinfo at registration */
    const apr_array_header_t *groups;    /* of const char *, as orc_group_name has them */
    int is_admin;                        /* member of the issuer's admin group */
    int is_service;                      /* the token is a service account's (OrchestratorServiceAccounts) */
    apr_time_t expires;                  /* of the access token */
    const char *access_token;
    char user_id[37]; /* UUID of the registered person; "" until orc_rules_persons_find looked it up */
} orc_identity_t;

/** The name of a user group as it is compared and stored: without the leading slash that IAM and Keycloak write. */
const char *orc_group_name(const char *group);

#endif
