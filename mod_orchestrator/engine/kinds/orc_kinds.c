/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_kinds.h"

#include <apr_strings.h>
#include <string.h>

#include "create/orc_create.h"
#include "orc_delete.h"
#include "orc_infrastructure.h"
#include "orc_sweep.h"

const orc_kind_t *const orc_kinds[] = {&orc_kind_create, &orc_kind_delete, &orc_kind_infrastructure, &orc_kind_sweep,
                                       NULL};

const orc_kind_t *orc_kinds_find(const char *word)
{
    int i;

    for (i = 0; orc_kinds[i]; i++) {
        if (strcmp(orc_kinds[i]->word, word) == 0)
            break;
    }
    return orc_kinds[i];
}

const apr_array_header_t *orc_kinds_phases(apr_pool_t *pool)
{
    apr_array_header_t *phases = apr_array_make(pool, 16, sizeof(const char *));
    const orc_kind_t *const *kind;
    const char *const *phase;

    for (kind = orc_kinds; *kind; kind++) {
        /* The last one is the end, from where nothing is done. */
        for (phase = (*kind)->phases; phase[1]; phase++)
            APR_ARRAY_PUSH(phases, const char *) = apr_pstrcat(pool, (*kind)->word, "/", *phase, NULL);
    }
    return phases;
}
