/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_URL_H
#define ORC_URL_H

#include <apr_pools.h>

/* URLs of issuers and endpoints: slashes at their end say nothing. */

/** The length of a URL without the slashes at its end. */
apr_size_t orc_url_length(const char *url);

/** A copy without them. */
const char *orc_url_trimmed(const char *url, apr_pool_t *pool);

/** True when a URL is that one, which has none at its end. */
int orc_url_is(const char *url, const char *trimmed);

/**
 * Looks at a URL that an administrator wrote, of an issuer or endpoint or of the service: http or https, absolute, with
 * nothing behind its path, and of the characters that a URL has.
 * @return what it must be or have ("must be ..."); NULL when nothing is wrong
 */
const char *orc_url_mistake(const char *url, apr_pool_t *pool);

/** The same for what is asked as it stands, with nothing put behind it: it may have a query. */
const char *orc_url_endpoint_mistake(const char *url, apr_pool_t *pool);

#endif
