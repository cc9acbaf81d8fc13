/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef MO_AUTH_H
#define MO_AUTH_H

#include "mo_private.h"
#include "orc_request.h"

/* Who asks. mod_auth_openidc verifies signatures, with the keys of all issuers together; it fetches keys for any token
 * that names a key it doesn't know, and leaves iss, aud, nbf and a missing exp unchecked. So only tokens that a key of
 * their own issuer has signed come to it, and the claims of those that it verified too are checked behind it. */

/** check_authn hook, in front of mod_auth_openidc. */
int mo_auth_check(request_rec *r);

/**
 * The person behind a request whose token was verified.
 * @return 401 "token" when it was not, or when its claims are not acceptable; 403 "groups"
 */
orc_error_t *mo_auth_identity(orc_identity_t **identity, request_rec *r);

/** Puts WWW-Authenticate into the answer; `error` is a 401, or NULL when there was no token. */
void mo_auth_challenge(request_rec *r, const orc_error_t *error);

#endif
