/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_REDACT_H
#define ORC_REDACT_H

#include "orc_json.h"

#define ORC_REDACTED "REDACTED"

/**
 * A copy of a value without its secrets: the one rule for inputs, outputs, metadata and logs. ORC_REDACTED takes the
 * place of
 *   - the value of every member whose name's last dotted part ends in password, passphrase, secret, token, private_key
 * or the like, however it is spelt (IM's "disk.0.os.credentials.password", "adminPassword2", "API-Keys");
 *   - a string that holds a private key, a JSON web token, or a URL with a password or with such a parameter.
 * null, true, false and "" stay as they are.
 * @param redacted whether anything was replaced; may be NULL
 * @return the copy, in `pool`
 */
json_t *orc_redact(const json_t *value, int *redacted, apr_pool_t *pool);

/**
 * A text without its secrets, by the same names and forms: ORC_REDACTED takes the place of a private key, a token, what
 * follows the scheme of such a URL, and of what follows such a name in "name: value" (to the end of the line, or of
 * what is quoted), "name=value", "\"name\": value" and "--name value"; lists and objects go as a whole.
 * @param redacted whether anything was replaced
 * @return the text, in `pool`; NULL for NULL
 */
const char *orc_redact_text(const char *text, int *redacted, apr_pool_t *pool);

#endif
