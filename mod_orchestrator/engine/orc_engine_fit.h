/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_ENGINE_FIT_H
#define ORC_ENGINE_FIT_H

#include "orc_providers.h"
#include "orc_tosca.h"

/* Whether a region of a provider has what a template needs, and what of it is taken. Pure. */

/** What a template needs. */
typedef struct orc_fit_wish_t {
    const orc_tosca_needs_t *needs; /* or NULL: nothing is known */
    int wants_public;               /* an address */
} orc_fit_wish_t;

/**
 * Looks for what each machine needs: a flavor by its name, else the smallest one that is large enough (in GPUs, CPUs,
 * memory, disk; a machine that says nothing of these takes any); an image by its name or URL, else by what is said of
 * the operating system; a public network when an address is wanted. What is not listed may be there.
 * @param choices when given: what is taken, of orc_tosca_choice_t, in the pool
 * @return NULL when all is there, else what is missing, a part of a sentence
 */
const char *orc_engine_fit(apr_array_header_t **choices, const orc_offer_t *offer, const char *project,
                           const orc_fit_wish_t *wish, apr_pool_t *pool);

#endif
