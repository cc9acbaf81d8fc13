/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_JWKS_H
#define ORC_JWKS_H

#include "orc_oidc.h"

/* All issuers' signing keys in one JSON Web Key Set (RFC 7517, section 5): each key has a further member `iss`, the URL
 * of the one issuer it belongs to, so that a token signed by one issuer can't speak for another, and a member `seen`:
 * the time, to an hour, at which the issuer last published it, in seconds since 1970. Beside the keys, `issuers` lists
 * the URLs of those whose keys are known, which may be none. */

enum { ORC_JWKS_MAX_FILE = 64 * 1024 * 1024 }; /* bytes; far more than the limits of many issuers' keys come to */

/**
 * Adds an issuer's key set to a merged one: the public members of its RSA keys of 2048 to 8192 bits and its EC keys, as
 * far as they may verify (`use`, `key_ops`). What other issuers publish is of no account. Left out, with a warning that
 * names the issuer, is a key without `kid` beside others of its type, one with the `kid` and type of another, and what
 * is beyond the first 100 keys or 64 KiB of the set.
 * @param merged {"keys": [...]}, changed
 * @param set    the issuer's answer
 * @param seen   what the keys' `seen` becomes; 0: it stays as it is in the set
 * @param count  how many were added
 * @param why    why the last one that was left out was; NULL when none was
 * @return 503 "jwks" when it is no key set
 */
orc_error_t *orc_jwks_add(json_t *merged, const json_t *set, const char *issuer, apr_int64_t seen, int *count,
                          const char **why, apr_pool_t *pool);

/**
 * Fetches the keys of every configured issuer and writes the merged set to config->jwks_file, atomically (a new file
 * that is renamed) and only when it changed. A key set replaces the issuer's keys, also when nothing in
 * it can be used; an issuer that doesn't answer with one keeps the keys that the file has of it, for a day.
 * Blocks for up to `timeout`, however many issuers do not answer: for a thread of its own.
 * @param changed true when the file was written; may be NULL
 * @return 500 "jwks.file" when the file can't be written; 503 "jwks" when some issuer's keys could not be had (the rest
 * is written)
 */
orc_error_t *orc_jwks_update(int *changed, orc_oidc_t *oidc, const orc_config_t *config, apr_interval_time_t timeout,
                             apr_pool_t *pool);

#endif
