/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_RULES_SSH_PAIR_H
#define ORC_RULES_SSH_PAIR_H

#include "orc_error.h"

/** A pair of SSH keys, in the pool. */
typedef struct orc_ssh_pair_t {
    const char *public_key;  /* one line, as in a .pub file: type, base64, comment */
    const char *private_key; /* "BEGIN OPENSSH PRIVATE KEY", without a passphrase */
} orc_ssh_pair_t;

/**
 * Makes a new Ed25519 pair.
 * @param comment printable ASCII
 * @return 500 when OpenSSL has no such key to give
 */
orc_error_t *orc_rules_ssh_pair_make(orc_ssh_pair_t *pair, const char *comment, apr_pool_t *pool);

#endif
