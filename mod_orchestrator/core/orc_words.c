/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_words.h"

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

const char *orc_words_find(const char *const *words, const char *word)
{
    while (*words && strcmp(*words, word) != 0)
        words++;
    return *words;
}
