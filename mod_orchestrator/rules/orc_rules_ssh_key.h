/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_RULES_SSH_KEY_H
#define ORC_RULES_SSH_KEY_H

#include <apr_pools.h>

/**
 * Checks a public key as OpenSSH writes it into a .pub file: one line of type, base64 and perhaps a comment, without
 * options before it. The type is one that OpenSSH takes today (RSA from 1024 bits, Ed25519, ECDSA over the NIST curves,
 * and the security-key forms of the last two), and the base64 holds a key of just that type, complete and with nothing
 * behind it (RFC 4253 section 6.6, RFC 5656, RFC 8709, OpenSSH's PROTOCOL.u2f).
 * @param out  the line without white space around it, in the pool; may be NULL
 * @return NULL, or what is wrong, for a person
 */
const char *orc_rules_ssh_key_check(const char **out, const char *text, apr_pool_t *pool);

#endif
