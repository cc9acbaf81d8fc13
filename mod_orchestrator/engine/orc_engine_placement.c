/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_engine_placement.h"

#include <apr_strings.h>
#include <string.h>
#include <strings.h>

enum { MIN_RECORD = 5 /* attempts before a provider's record says anything */ };

/* Of a provider that serves the group; NULL when it fits. */
static const char *refusal(const orc_provider_t *provider, const orc_placement_wish_t *wish, apr_pool_t *pool)
{
    if (!provider->is_enabled)
        return "it is disabled";
    if (wish->provider && strcmp(wish->provider, provider->name) != 0)
        return apr_psprintf(pool, "the deployment asks for %s", wish->provider);
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
    return provider->regions && provider->regions->nelts ? APR_ARRAY_IDX(provider->regions, 0, orc_region_t).name : NULL;
}

static void add(apr_array_header_t *candidates, const orc_provider_t *provider, const orc_placement_wish_t *wish,
                const char *project, const char *im_url)
{
    orc_address_t *address = apr_pcalloc(candidates->pool, sizeof *address);

    address->endpoint = provider->im_url ? provider->im_url : im_url;
    address->provider = provider->name;
    address->region = region_of(provider, wish);
    address->project = project;
    APR_ARRAY_PUSH(candidates, orc_address_t *) = address;
}

void orc_engine_place(orc_placement_t *placement, const orc_providers_t *providers, const orc_placement_wish_t *wish,
                      const apr_array_header_t *records, int max, const char *im_url, apr_pool_t *pool)
{
    apr_array_header_t *candidates = apr_array_make(pool, 4, sizeof(orc_address_t *));
    apr_array_header_t *doubtful = apr_array_make(pool, 4, sizeof(orc_address_t *));
    int i;

    placement->candidates = candidates;
    placement->refusals = orc_json_own(json_array(), pool);
    placement->strangers = orc_json_own(json_array(), pool);
    for (i = 0; i < providers->list->nelts; i++) {
        const orc_provider_t *provider = APR_ARRAY_IDX(providers->list, i, const orc_provider_t *);
        const char *project = orc_provider_project(provider, wish->issuer, wish->group);
        const char *reason = project ? refusal(provider, wish, pool) : NULL;

        if (!project)
            json_array_append_new(placement->strangers, json_string(provider->name));
        else if (reason)
            json_array_append_new(placement->refusals,
                                  json_pack("{s:s, s:s}", "provider", provider->name, "reason", reason));
        else
            add(is_doubtful(provider, records) ? doubtful : candidates, provider, wish, project, im_url);
    }
    apr_array_cat(candidates, doubtful);
    if (max > 0 && candidates->nelts > max)
        candidates->nelts = max;
}
