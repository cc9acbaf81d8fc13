/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_providers.h"

#include <apr_strings.h>
#include <string.h>

#include "orc_url.h"
#include "orc_words.h"

const char *orc_providers_unknown(const char *auth, const char *const *known, apr_pool_t *pool)
{
    const char *brace;

    for (brace = auth ? strchr(auth, '{') : NULL; brace; brace = strchr(brace + 1, '{')) {
        size_t length = strspn(brace + 1, "abcdefghijklmnopqrstuvwxyz_");
        const char *name = apr_pstrmemdup(pool, brace + 1, length);

        if (length > 0 && brace[length + 1] == '}' && !orc_words_find(known, name))
            return name;
    }
    return NULL;
}

const orc_provider_t *orc_providers_find(const orc_providers_t *providers, const char *name)
{
    int i;

    for (i = 0; i < providers->list->nelts; i++) {
        const orc_provider_t *provider = APR_ARRAY_IDX(providers->list, i, const orc_provider_t *);

        if (strcmp(provider->name, name) == 0)
            return provider;
    }
    return NULL;
}

static int is_same(const char *url, const char *other)
{
    apr_size_t length = orc_url_length(url);

    return length == orc_url_length(other) && strncmp(url, other, length) == 0;
}

int orc_providers_have_endpoint(const orc_providers_t *providers, const char *im_url, const char *endpoint)
{
    int i;

    if (im_url && is_same(im_url, endpoint))
        return 1;
    for (i = 0; i < providers->list->nelts; i++) {
        const orc_provider_t *provider = APR_ARRAY_IDX(providers->list, i, const orc_provider_t *);

        if (provider->im_url && is_same(provider->im_url, endpoint))
            return 1;
    }
    return 0;
}

static int serves_issuer(const orc_provider_t *provider, const char *issuer)
{
    int i;

    for (i = 0; i < provider->issuers->nelts; i++) {
        if (orc_url_is(issuer, APR_ARRAY_IDX(provider->issuers, i, const char *)))
            return 1;
    }
    return provider->issuers->nelts == 0;
}

const orc_provider_project_t *orc_provider_share(const orc_provider_t *provider, const char *issuer, const char *group)
{
    const orc_provider_project_t *of_everybody = NULL;
    int i;

    if (!serves_issuer(provider, issuer))
        return NULL;
    for (i = 0; i < provider->projects->nelts; i++) {
        const orc_provider_project_t *entry = &APR_ARRAY_IDX(provider->projects, i, orc_provider_project_t);

        if (strcmp(entry->group, group) == 0)
            return entry;
        if (strcmp(entry->group, "*") == 0)
            of_everybody = entry;
    }
    return of_everybody;
}

int orc_provider_is_meant(const orc_provider_t *provider, const orc_provider_project_t *share, const char *sla)
{
    return !sla || (share->sla && strcmp(share->sla, sla) == 0) || strcmp(provider->name, sla) == 0;
}

const char *orc_provider_project(const orc_provider_t *provider, const char *issuer, const char *group)
{
    const orc_provider_project_t *share = orc_provider_share(provider, issuer, group);

    return share ? share->project : NULL;
}

static const orc_region_t *region_of(const orc_provider_t *provider, const char *name)
{
    int i;

    for (i = 0; name && i < provider->regions->nelts; i++) {
        const orc_region_t *region = &APR_ARRAY_IDX(provider->regions, i, orc_region_t);

        if (strcmp(region->name, name) == 0)
            return region;
    }
    return NULL;
}

int orc_provider_has_region(const orc_provider_t *provider, const char *region)
{
    return !region || region_of(provider, region);
}

orc_offer_t orc_provider_offer(const orc_provider_t *provider, const char *region)
{
    const orc_region_t *place = region_of(provider, region);
    orc_offer_t offer = provider->offer;

    if (place && place->offer.flavors)
        offer.flavors = place->offer.flavors;
    if (place && place->offer.images)
        offer.images = place->offer.images;
    if (place && place->offer.networks)
        offer.networks = place->offer.networks;
    return offer;
}
