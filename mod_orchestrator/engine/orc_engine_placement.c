/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_engine_placement.h"

#include <apr_strings.h>
#include <string.h>
#include <strings.h>

enum { MIN_RECORD = 5 /* attempts before a provider's record says anything */ };

/* NULL when the provider fits. */
static const char *refusal(const orc_provider_t *provider, const orc_placement_wish_t *wish, const char **project,
                           apr_pool_t *pool)
{
    *project = NULL;
    if (!provider->is_enabled)
        return "it is disabled";
    if (wish->provider && strcmp(wish->provider, provider->name) != 0)
        return apr_psprintf(pool, "the deployment asks for %s", wish->provider);
    *project = orc_provider_project(provider, wish->issuer, wish->group);
    if (!*project)
        return apr_psprintf(pool, "it does not serve the group %s of %s", wish->group, wish->issuer);
    if (wish->type && strcasecmp(wish->type, provider->type) != 0)
        return apr_psprintf(pool, "it is of the type %s, the template is for %s", provider->type, wish->type);
    if (wish->region && !orc_provider_has_region(provider, wish->region))
        return apr_psprintf(pool, "it has no region %s", wish->region);
    return NULL;
}

static int is_doubtful(const orc_provider_t *provider, const apr_array_header_t *records)
{
    int i;

    for (i = 0; i < records->nelts; i++) {
        const orc_store_record_t *record = &APR_ARRAY_IDX(records, i, orc_store_record_t);

        if (strcmp(record->name, provider->name) == 0)
            return record->attempts >= MIN_RECORD && record->successes * 2 < record->attempts;
    }
    return 0;
}

static const char *region_of(const orc_provider_t *provider, const orc_placement_wish_t *wish)
{
    if (wish->region)
        return wish->region;
    return provider->regions && provider->regions->nelts ? APR_ARRAY_IDX(provider->regions, 0, const char *) : NULL;
}

void orc_engine_place(json_t **candidates, json_t **refusals, const orc_providers_t *providers,
                      const orc_placement_wish_t *wish, const apr_array_header_t *records, int max, const char *im_url,
                      apr_pool_t *pool)
{
    json_t *doubtful = orc_json_own(json_array(), pool);
    int i;

    *candidates = orc_json_own(json_array(), pool);
    *refusals = orc_json_own(json_array(), pool);
    for (i = 0; i < providers->list->nelts; i++) {
        const orc_provider_t *provider = APR_ARRAY_IDX(providers->list, i, const orc_provider_t *);
        const char *project, *reason = refusal(provider, wish, &project, pool);
        json_t *candidate;

        if (reason) {
            json_array_append_new(*refusals, json_pack("{s:s, s:s}", "provider", provider->name, "reason", reason));
            continue;
        }
        candidate = json_pack("{s:s, s:s?, s:s, s:s}", "provider", provider->name, "region", region_of(provider, wish),
                              "project", project, "endpoint", provider->im_url ? provider->im_url : im_url);
        json_array_append_new(is_doubtful(provider, records) ? doubtful : *candidates, candidate);
    }
    json_array_extend(*candidates, doubtful);
    while (max > 0 && json_array_size(*candidates) > (size_t)max)
        json_array_remove(*candidates, json_array_size(*candidates) - 1);
}
