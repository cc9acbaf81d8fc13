/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef MO_AUTH_H
#define MO_AUTH_H

#include "mo_private.h"
#include "orc_error.h"
#include "orc_identity.h"

/* Who asks, as httpd sees it: "AuthType Bearer" on a place of ours is answered here. */

/**
 * check_access hook, last: nobody is the user before a token was looked at. Whom another module has named by then
 * (mod_ssl by a client certificate, SSLUserName), Require valid-user would let in unasked.
 */
int mo_auth_begin(request_rec *r);

/** Where AuthType Bearer is, writes an Authorization that old clients send, "bearer TOKEN" or "BearerTOKEN", as the
 * standard has it. Another module's authentication gets it as it was sent. */
void mo_auth_mend(request_rec *r);

/** check_authn hook: lets in whom the request's token speaks for, and everybody where a route is open. */
int mo_auth_check(request_rec *r);

/**
 * check_authz hook, first: no Require that speaks of users is asked about an open route, which has none. What Require
 * says of addresses and the like was asked before.
 */
int mo_auth_admit(request_rec *r);

/** fixups hook, last: asks for token and user after all when a rewrite of the section hands an open route to a proxy.
 */
int mo_auth_check_proxied(request_rec *r);

/**
 * The person whom mo_auth_check let in with this very request; its own to change.
 * @return 401 "token.missing" when it was not asked
 */
orc_error_t *mo_auth_identity(orc_identity_t **identity, request_rec *r);

/** Puts WWW-Authenticate into the answer; `refusal` is why a token was refused, or NULL when there was none. */
void mo_auth_challenge(request_rec *r, const orc_error_t *refusal);

#endif
