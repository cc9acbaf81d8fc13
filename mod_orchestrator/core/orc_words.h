/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_WORDS_H
#define ORC_WORDS_H

#include <apr_tables.h>

/** True when one of the words (of const char *, or NULL: none) is that word. */
int orc_words_contain(const apr_array_header_t *words, const char *word);

/** Those of some words that others don't have, in their order; in `pool`. Quick, however many there are. */
apr_array_header_t *orc_words_without(const apr_array_header_t *words, const apr_array_header_t *others,
                                      apr_pool_t *pool);

/** The words, and their texts, in `pool`. */
apr_array_header_t *orc_words_copy(const apr_array_header_t *words, apr_pool_t *pool);

/** As orc_words_contain of a list that ends with NULL: the word as it stands there, or NULL. */
const char *orc_words_find(const char *const *words, const char *word);

#endif
