/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef MO_MERGE_H
#define MO_MERGE_H

#include "mo_require.h"

/* What the <Location>s and their likes say of a path, read from the tree of directives as httpd merges them. */

/** What the sections say of a path, as far as they were read. */
typedef struct mo_merged_t {
    const ap_directive_t *handler, *auth_type, *satisfy; /* the last ones */
    const ap_directive_t *denial;                        /* the last Order or Deny, mod_access_compat's */
    mo_verdict_t verdict;
    const ap_directive_t *unmerged;  /* the AuthMerging that left no Require of those before it */
    const ap_directive_t *own_proxy; /* the last ProxyPass of the sections; it comes before the server's */
    const ap_directive_t *proxy;     /* the server's first one for the path */
    apr_array_header_t *conditions;  /* of const ap_directive_t *: <If>s and their likes, which httpd merges last */
} mo_merged_t;

/** Adds what the sections among `node` and those behind it, of one host or outside of all, say of a path. */
void mo_merge_sections(mo_merged_t *merged, const ap_directive_t *node, const char *path, apr_pool_t *pool);

/** True for a <Location> or <LocationMatch> that has the path. */
int mo_merge_covers(const ap_directive_t *section, const char *path, apr_pool_t *pool);

/** Adds what one section says. */
void mo_merge_section(mo_merged_t *merged, const ap_directive_t *section, apr_pool_t *pool);

/** True for an <If>, <ElseIf> or <Else>. */
int mo_merge_is_condition(const ap_directive_t *node);

/** True when an <If> may have a Require that counts. */
int mo_merge_is_conditional(const mo_merged_t *merged, apr_pool_t *pool);

/** The ProxyPass that answers, whatever the handler is, or NULL. "!" keeps a path from the proxies that come later. */
const ap_directive_t *mo_merge_proxy(const mo_merged_t *merged, apr_pool_t *pool);

#endif
