/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_engine_placement.h"

#include <apr_strings.h>
#include <string.h>
#include <strings.h>

#include "orc_engine_ranking.h"

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

static const char *region_of(const orc_provider_t *provider, const orc_placement_wish_t *wish)
{
    if (wish->region)
        return wish->region;
    return provider->regions && provider->regions->nelts ? APR_ARRAY_IDX(provider->regions, 0, orc_region_t).name
                                                         : NULL;
}

static orc_address_t *address_at(const orc_provider_t *provider, const orc_placement_wish_t *wish, const char *project,
                                 apr_pool_t *pool)
{
    orc_address_t *address = apr_pcalloc(pool, sizeof *address);

    address->endpoint = provider->im_url ? provider->im_url : wish->im_url;
    address->provider = provider->name;
    address->region = region_of(provider, wish);
    address->project = project;
    return address;
}

/* ---- their order ---- */

/* A candidate and what is thought of it. */
typedef struct place_t {
    orc_address_t *address;
    orc_rank_t rank;
} place_t;

static const char *tell(const place_t *place, int number, apr_pool_t *pool)
{
    const char *region = place->address->region;

    return apr_psprintf(pool, "%d. Provider %s%s%s: score %.2f, %s.", number, place->address->provider,
                        region ? ", region " : "", region ? region : "", place->rank.score, place->rank.why);
}

/* The better one first; of equals the one that the file has first. */
static void sort(place_t *places, int count)
{
    place_t moved;
    int i, j;

    for (i = 1; i < count; i++) {
        moved = places[i];
        for (j = i; j > 0 && orc_engine_rank_compare(&moved.rank, &places[j - 1].rank) < 0; j--)
            places[j] = places[j - 1];
        places[j] = moved;
    }
}

static void rank(orc_placement_t *placement, const apr_array_header_t *records, int max, apr_pool_t *pool)
{
    apr_array_header_t *candidates = placement->candidates;
    int count = candidates->nelts, i;
    place_t *places = apr_palloc(pool, sizeof(*places) * (apr_size_t)(count + 1));
    orc_rank_t *ranks = apr_pcalloc(pool, sizeof(*ranks) * (apr_size_t)(count + 1));

    for (i = 0; i < count; i++)
        ranks[i].name = APR_ARRAY_IDX(candidates, i, orc_address_t *)->provider;
    orc_engine_rank(ranks, count, records, pool);
    for (i = 0; i < count; i++)
        places[i] = (place_t){APR_ARRAY_IDX(candidates, i, orc_address_t *), ranks[i]};
    sort(places, count);
    apr_array_clear(candidates);
    for (i = 0; i < count && (max <= 0 || i < max); i++) {
        APR_ARRAY_PUSH(candidates, orc_address_t *) = places[i].address;
        APR_ARRAY_PUSH(placement->ranking, const char *) = tell(&places[i], i + 1, pool);
    }
}

void orc_engine_place(orc_placement_t *placement, const orc_providers_t *providers, const orc_placement_wish_t *wish,
                      const apr_array_header_t *records, apr_pool_t *pool)
{
    int i;

    placement->candidates = apr_array_make(pool, 4, sizeof(orc_address_t *));
    placement->ranking = apr_array_make(pool, 4, sizeof(const char *));
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
            APR_ARRAY_PUSH(placement->candidates, orc_address_t *) = address_at(provider, wish, project, pool);
    }
    rank(placement, records, wish->max, pool);
}
