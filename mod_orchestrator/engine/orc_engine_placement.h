/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef ORC_ENGINE_PLACEMENT_H
#define ORC_ENGINE_PLACEMENT_H

#include "orc_engine_step.h"

/* Which providers may serve a deployment, and in what order. Pure. */

/** What a deployment asks of a provider. */
typedef struct orc_placement_wish_t {
    const char *group, *issuer;
    const char *type;              /* the template's target_provider_type */
    const char *provider, *region; /* targets, or NULL */
} orc_placement_wish_t;

/** What came of it; in the pool that it was made with. */
typedef struct orc_placement_t {
    apr_array_header_t *candidates; /* of orc_address_t *, best first; region may be NULL */
    json_t *refusals;               /* list of {provider, reason} for others that serve the group */
    json_t *strangers;              /* names of those that don't: nobody of the group may know of them */
} orc_placement_t;

/**
 * The providers that fit, in the file's order; but those that succeeded in less than half of their last attempts (of at
 * least MIN_RECORD) come after the others.
 * @param records    of orc_store_record_t
 * @param max        at most so many candidates; 0: no limit
 * @param im_url     the default endpoint
 */
void orc_engine_place(orc_placement_t *placement, const orc_providers_t *providers, const orc_placement_wish_t *wish,
                      const apr_array_header_t *records, int max, const char *im_url, apr_pool_t *pool);

#endif
