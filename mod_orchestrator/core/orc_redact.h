/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_REDACT_H
#define ORC_REDACT_H

#include "orc_json.h"

#define ORC_REDACTED "REDACTED"

/**
 * A copy of a value without its secrets: a string that holds a PEM private key, and the value of every member whose
 * name's last dotted part is or ends in the word password, passwd, passphrase, secret, token, private_key, ... (IM's
 * "disk.0.os.credentials.password") becomes ORC_REDACTED. The members `public_key` and `token_type` and the like stay.
 * @param redacted whether anything was replaced; may be NULL
 * @return the copy, in `pool`; the value itself, kept alive by `pool`, when nothing had to be replaced
 */
json_t *orc_redact(const json_t *value, int *redacted, apr_pool_t *pool);

#endif
