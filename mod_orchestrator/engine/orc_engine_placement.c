/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_engine_placement.h"

#include <apr_strings.h>
#include <string.h>
#include <strings.h>

#include "orc_engine_ranking.h"

/* Of a provider that serves the group, whatever its regions have; NULL when it fits. */
static const char *refusal(const orc_provider_t *provider, const orc_provider_project_t *share,
                           const orc_placement_wish_t *wish, apr_pool_t *pool)
{
    const char *sla = wish->fit.needs ? wish->fit.needs->sla : NULL;

    if (!provider->is_enabled)
        return "it is disabled";
    if (wish->provider && strcmp(wish->provider, provider->name) != 0)
        return apr_psprintf(pool, "the deployment asks for %s", wish->provider);
    if (!orc_provider_is_meant(provider, share, sla))
        return apr_psprintf(pool, "the template's policy asks for the SLA %s", sla);
    if (wish->type && strcasecmp(wish->type, provider->type) != 0)
        return apr_psprintf(pool, "it is of the type %s, the template is for %s", provider->type, wish->type);
    return NULL;
}

static int is_asked_for(const char *region, const char *wanted)
{
    return !wanted || (region && !strcmp(region, wanted));
}

/* What is missing in a region (NULL: the provider has none); NULL: it fits. */
static const char *refusal_at(const orc_provider_t *provider, const char *region, const char *project,
                              const orc_placement_wish_t *wish, apr_pool_t *pool)
{
    const orc_offer_t offer = orc_provider_offer(provider, region);
    const char *of_policy = wish->fit.needs ? wish->fit.needs->region : NULL;

    if (!is_asked_for(region, wish->region))
        return apr_psprintf(pool, "it has no region %s", wish->region);
    if (!is_asked_for(region, of_policy))
        return apr_psprintf(pool, "it has no region %s, which the template's policy asks for", of_policy);
    return orc_engine_fit(NULL, &offer, project, &wish->fit, pool);
}

/* Among the regions of a provider the first one that fits. What is told is what is missing where it was looked for. */
static const char *find_region(const char **region, const orc_provider_t *provider, const char *project,
                               const orc_placement_wish_t *wish, apr_pool_t *pool)
{
    const char *reason = NULL, *missing;
    int i, is_told = 0;

    *region = NULL;
    if (provider->regions->nelts == 0)
        return refusal_at(provider, NULL, project, wish, pool);
    for (i = 0; i < provider->regions->nelts; i++) {
        const char *name = APR_ARRAY_IDX(provider->regions, i, orc_region_t).name;
        int is_wanted =
            is_asked_for(name, wish->region) && is_asked_for(name, wish->fit.needs ? wish->fit.needs->region : NULL);

        missing = refusal_at(provider, name, project, wish, pool);
        if (!missing) {
            *region = name;
            return NULL;
        }
        if (!reason || (is_wanted && !is_told))
            reason = missing;
        is_told |= is_wanted;
    }
    return reason;
}

static orc_address_t *address_at(const orc_provider_t *provider, const char *region, const char *project,
                                 const char *im_url, apr_pool_t *pool)
{
    orc_address_t *address = apr_pcalloc(pool, sizeof *address);

    address->endpoint = provider->im_url ? provider->im_url : im_url;
    address->provider = provider->name;
    address->region = region;
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

static void consider(orc_placement_t *placement, const orc_provider_t *provider, const orc_placement_wish_t *wish,
                     apr_pool_t *pool)
{
    const orc_provider_project_t *share = orc_provider_share(provider, wish->issuer, wish->group);
    const char *reason = share ? refusal(provider, share, wish, pool) : NULL, *region = NULL;

    if (share && !reason)
        reason = find_region(&region, provider, share->project, wish, pool);
    if (!share)
        json_array_append_new(placement->strangers, json_string(provider->name));
    else if (reason)
        json_array_append_new(placement->refusals,
                              json_pack("{s:s, s:s}", "provider", provider->name, "reason", reason));
    else
        APR_ARRAY_PUSH(placement->candidates, orc_address_t *) =
            address_at(provider, region, share->project, wish->im_url, pool);
}

void orc_engine_place(orc_placement_t *placement, const orc_providers_t *providers, const orc_placement_wish_t *wish,
                      const apr_array_header_t *records, apr_pool_t *pool)
{
    int i;

    placement->candidates = apr_array_make(pool, 4, sizeof(orc_address_t *));
    placement->ranking = apr_array_make(pool, 4, sizeof(const char *));
    placement->refusals = orc_json_own(json_array(), pool);
    placement->strangers = orc_json_own(json_array(), pool);
    for (i = 0; i < providers->list->nelts; i++)
        consider(placement, APR_ARRAY_IDX(providers->list, i, const orc_provider_t *), wish, pool);
    rank(placement, records, wish->max, pool);
}

orc_error_t *orc_engine_choose(apr_array_header_t **choices, const orc_providers_t *providers, const orc_address_t *at,
                               const orc_tosca_template_t *tosca, const json_t *inputs, apr_pool_t *pool)
{
    const orc_provider_t *provider = at->provider ? orc_providers_find(providers, at->provider) : NULL;
    const orc_offer_t offer = provider ? orc_provider_offer(provider, at->region) : (orc_offer_t){0};
    const char *missing;
    json_t *complete;

    *choices = NULL;
    if (!offer.flavors && !offer.images)
        return NULL;
    ORC_TRY(orc_tosca_inputs(&complete, tosca, inputs, "", pool));
    missing = orc_engine_fit(choices, &offer, at->project,
                             &(orc_fit_wish_t){.needs = orc_tosca_needs(tosca, complete, pool)}, pool);
    if (missing)
        return orc_error(pool, 422, "provider.offer", "the provider does not serve this deployment any more: %s",
                         missing);
    return NULL;
}
