/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include <apr_strings.h>
#include <string.h>

#include "orc_kinds.h"

const orc_kind_t *orc_kinds_find(const char *word)
{
    int i;

    for (i = 0; orc_kinds[i]; i++) {
        if (strcmp(orc_kinds[i]->word, word) == 0)
            break;
    }
    return orc_kinds[i];
}

/* "KIND/PHASE" of those that a function tells the phases of; the last phase is the end, from where nothing is done. */
static const apr_array_header_t *named(unsigned (*phases_of)(const orc_kind_t *kind), apr_pool_t *pool)
{
    apr_array_header_t *names = apr_array_make(pool, 16, sizeof(const char *));
    const orc_kind_t *const *kind;
    int phase;

    for (kind = orc_kinds; *kind; kind++) {
        for (phase = 0; (*kind)->phases[phase + 1]; phase++) {
            if (phases_of(*kind) & ORC_IN(phase))
                APR_ARRAY_PUSH(names, const char *) =
                    apr_pstrcat(pool, (*kind)->word, "/", (*kind)->phases[phase], NULL);
        }
    }
    return names;
}

static unsigned all(const orc_kind_t *kind)
{
    return ~0u;
}

static unsigned with_template(const orc_kind_t *kind)
{
    return kind->with_template;
}

static unsigned with_resources(const orc_kind_t *kind)
{
    return kind->with_resources;
}

static unsigned watching(const orc_kind_t *kind)
{
    return kind->watching;
}

static unsigned deleting(const orc_kind_t *kind)
{
    return kind->deleting;
}

const apr_array_header_t *orc_kinds_phases(apr_pool_t *pool)
{
    return named(all, pool);
}

const apr_array_header_t *orc_kinds_with_template(apr_pool_t *pool)
{
    return named(with_template, pool);
}

const apr_array_header_t *orc_kinds_with_resources(apr_pool_t *pool)
{
    return named(with_resources, pool);
}

const apr_array_header_t *orc_kinds_watching(apr_pool_t *pool)
{
    return named(watching, pool);
}

const apr_array_header_t *orc_kinds_deleting(apr_pool_t *pool)
{
    return named(deleting, pool);
}
