/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_ID_H
#define ORC_ID_H

#include <apr_pools.h>

enum { ORC_ID_LENGTH = 36 };

/** A new UUID of version 7 (RFC 9562: milliseconds, then random bits), lower case, so that ids sort by time. */
const char *orc_id_new(apr_pool_t *pool);

/**
 * True for the canonical text of a UUID of any version, 8-4-4-4-12 hexadecimal digits in either case.
 * @param out when given, the lower-case text, ORC_ID_LENGTH + 1 bytes
 */
int orc_id_parse(const char *text, char *out);

#endif
