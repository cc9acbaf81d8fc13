/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_ENGINE_PLACEMENT_H
#define ORC_ENGINE_PLACEMENT_H

#include "orc_engine_fit.h"
#include "orc_engine_step.h"

/* Which providers may serve a deployment, and in what order. Pure. */

/** What a deployment asks of a provider. */
typedef struct orc_placement_wish_t {
    const char *group, *issuer;
    const char *type;              /* the template's target_provider_type */
    const char *provider, *region; /* targets, or NULL */
    orc_fit_wish_t fit;            /* what must be there; its needs' policies narrow, too */
    int max;                       /* at most so many candidates; 0: no limit */
    const char *im_url;            /* the default endpoint */
} orc_placement_wish_t;

/** What came of it; in the pool that it was made with. */
typedef struct orc_placement_t {
    apr_array_header_t *candidates; /* of orc_address_t *, best first; region may be NULL */
    apr_array_header_t *ranking;    /* why in this order: of const char *, a sentence for each of them */
    json_t *refusals;               /* list of {provider, reason} for others that serve the group */
    json_t *strangers;              /* names of those that don't: nobody of the group may know of them */
} orc_placement_t;

/**
 * The providers that fit, best first (orc_engine_ranking.h), equals in the file's order.
 * @param records of orc_store_record_t
 */
void orc_engine_place(orc_placement_t *placement, const orc_providers_t *providers, const orc_placement_wish_t *wish,
                      const apr_array_header_t *records, apr_pool_t *pool);

/**
 * What the machines of a template are made with at a place that was chosen, for orc_tosca_render.
 * @param choices of orc_tosca_choice_t, in the pool; NULL: nothing is listed there
 * @param inputs  as given, checked before
 * @return 422 "provider.offer" when there is no more what is needed
 */
orc_error_t *orc_engine_choose(apr_array_header_t **choices, const orc_providers_t *providers, const orc_address_t *at,
                               const orc_tosca_template_t *tosca, const json_t *inputs, apr_pool_t *pool);

#endif
