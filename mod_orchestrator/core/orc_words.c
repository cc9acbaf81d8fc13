/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_words.h"

#include <apr_hash.h>
#include <apr_strings.h>
#include <string.h>

int orc_words_contain(const apr_array_header_t *words, const char *word)
{
    int i;

    for (i = 0; words && i < words->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(words, i, const char *), word) == 0)
            return 1;
    }
    return 0;
}

apr_array_header_t *orc_words_without(const apr_array_header_t *words, const apr_array_header_t *others,
                                      apr_pool_t *pool)
{
    apr_array_header_t *rest = apr_array_make(pool, 8, sizeof(const char *));
    apr_hash_t *known = apr_hash_make(pool);
    int i;

    for (i = 0; i < others->nelts; i++)
        apr_hash_set(known, APR_ARRAY_IDX(others, i, const char *), APR_HASH_KEY_STRING, "");
    for (i = 0; i < words->nelts; i++) {
        const char *word = APR_ARRAY_IDX(words, i, const char *);

        if (!apr_hash_get(known, word, APR_HASH_KEY_STRING))
            APR_ARRAY_PUSH(rest, const char *) = word;
    }
    return rest;
}

apr_array_header_t *orc_words_copy(const apr_array_header_t *words, apr_pool_t *pool)
{
    apr_array_header_t *copy = apr_array_make(pool, words->nelts, sizeof(const char *));
    int i;

    for (i = 0; i < words->nelts; i++)
        APR_ARRAY_PUSH(copy, const char *) = apr_pstrdup(pool, APR_ARRAY_IDX(words, i, const char *));
    return copy;
}

const char *orc_words_find(const char *const *words, const char *word)
{
    while (*words && strcmp(*words, word) != 0)
        words++;
    return *words;
}
