/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef MO_TREE_H
#define MO_TREE_H

#include "mo_private.h"

/* The configuration as it was written: httpd's tree of directives (ap_conftree). What <IfModule>, <IfDefine>, Include
 * and Use bring along stands in it in their place. */

/** True for the directive of that name; a section's begins with "<". */
int mo_tree_is(const ap_directive_t *node, const char *name);

/** True when a word is among `words`, which a NULL ends; in any case. */
int mo_tree_is_one_of(const char *word, const char *const *words);

/** What stands behind a directive's name, of a section without the closing ">". */
const char *mo_tree_arguments(const ap_directive_t *node, apr_pool_t *pool);

/** First argument without its quotes; "" when there is none. */
const char *mo_tree_word(const ap_directive_t *node, apr_pool_t *pool);

/** The <VirtualHost> around a directive, or NULL. */
const ap_directive_t *mo_tree_host(const ap_directive_t *node);

/** The last directive of that name among `node` and those behind it: in a <VirtualHost>, or outside of all of them. */
const ap_directive_t *mo_tree_last(const ap_directive_t *node, const char *name, int is_in_host);

/** "NAME on line N of FILE", for messages. */
const char *mo_tree_place(const ap_directive_t *node, apr_pool_t *pool);

#endif
