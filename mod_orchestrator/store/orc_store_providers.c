/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#include "orc_store_providers.h"

#include "orc_id.h"
#include "orc_json.h"

#define OF_THE_FILE "file"

/* ---- as JSON, as sql/queries/providers.sql reads it ---- */

static json_t *texts(const apr_array_header_t *list)
{
    json_t *array = json_array();
    int i;

    for (i = 0; i < list->nelts; i++)
        json_array_append_new(array, json_string(APR_ARRAY_IDX(list, i, const char *)));
    return array;
}

/* Whose it is; nothing for everybody's. */
static void put_projects(json_t *entry, const apr_array_header_t *projects)
{
    if (projects)
        json_object_set_new(entry, "projects", texts(projects));
}

static json_t *flavors_of(const apr_array_header_t *flavors)
{
    json_t *array = json_array(), *entry;
    int i;

    for (i = 0; i < flavors->nelts; i++) {
        const orc_flavor_t *flavor = &APR_ARRAY_IDX(flavors, i, orc_flavor_t);

        entry = json_pack("{s:s, s:I, s:I, s:I, s:I}", "name", flavor->name, "vcpus", (json_int_t)flavor->vcpus, "ram",
                          (json_int_t)flavor->ram, "disk", (json_int_t)flavor->disk, "gpus", (json_int_t)flavor->gpus);
        put_projects(entry, flavor->projects);
        json_array_append_new(array, entry);
    }
    return array;
}

static json_t *images_of(const apr_array_header_t *images)
{
    json_t *array = json_array(), *entry;
    int i;

    for (i = 0; i < images->nelts; i++) {
        const orc_image_t *image = &APR_ARRAY_IDX(images, i, orc_image_t);

        entry = json_pack("{s:s, s:s?, s:s?, s:s?, s:s?, s:s?}", "name", image->name, "url", image->url, "type",
                          image->type, "distribution", image->distribution, "version", image->version, "architecture",
                          image->architecture);
        put_projects(entry, image->projects);
        json_array_append_new(array, entry);
    }
    return array;
}

static json_t *networks_of(const apr_array_header_t *networks)
{
    json_t *array = json_array(), *entry;
    int i;

    for (i = 0; i < networks->nelts; i++) {
        const orc_network_t *network = &APR_ARRAY_IDX(networks, i, orc_network_t);

        entry = json_pack("{s:s, s:b}", "name", network->name, "public", network->is_public);
        put_projects(entry, network->projects);
        json_array_append_new(array, entry);
    }
    return array;
}

/* A region with all that it offers; a list that is not known is left out. */
static json_t *region_of(const orc_provider_t *provider, const char *name)
{
    const orc_offer_t offer = orc_provider_offer(provider, name);
    json_t *region = json_object();

    orc_json_put(region, "name", name);
    if (offer.flavors)
        json_object_set_new(region, "flavors", flavors_of(offer.flavors));
    if (offer.images)
        json_object_set_new(region, "images", images_of(offer.images));
    if (offer.networks)
        json_object_set_new(region, "networks", networks_of(offer.networks));
    return region;
}

static json_t *regions_of(const orc_provider_t *provider)
{
    json_t *array = json_array();
    int i;

    for (i = 0; i < provider->regions->nelts; i++)
        json_array_append_new(array, region_of(provider, APR_ARRAY_IDX(provider->regions, i, orc_region_t).name));
    if (provider->regions->nelts == 0)
        json_array_append_new(array, region_of(provider, NULL));
    return array;
}

static json_t *projects_of(const orc_provider_t *provider)
{
    json_t *array = json_array();
    int i;

    for (i = 0; i < provider->projects->nelts; i++) {
        const orc_provider_project_t *share = &APR_ARRAY_IDX(provider->projects, i, orc_provider_project_t);

        json_array_append_new(
            array, json_pack("{s:s, s:s, s:s?}", "group", share->group, "project", share->project, "sla", share->sla));
    }
    return array;
}

static const char *as_text(const orc_providers_t *providers, apr_pool_t *pool)
{
    json_t *array = orc_json_own(json_array(), pool);
    int i;

    for (i = 0; i < providers->list->nelts; i++) {
        const orc_provider_t *provider = APR_ARRAY_IDX(providers->list, i, const orc_provider_t *);

        json_array_append_new(array, json_pack("{s:s, s:s, s:s, s:b, s:o, s:o, s:o}", "id", orc_id_new(pool), "name",
                                               provider->name, "type", provider->type, "enabled", provider->is_enabled,
                                               "issuers", texts(provider->issuers), "projects", projects_of(provider),
                                               "regions", regions_of(provider)));
    }
    return orc_json_text(array, pool);
}

/* ---- writing ---- */

orc_error_t *orc_store_providers_write(orc_db_source_t *source, const orc_providers_t *providers, apr_pool_t *pool)
{
    const char *text = as_text(providers, pool);
    orc_db_step_t steps[] = {
        {.call = orc_sql_provider_lock(.source = OF_THE_FILE)},
        {.call = orc_sql_provider_forget(.source = OF_THE_FILE, .providers = text)},
        {.call = orc_sql_provider_write(.source = OF_THE_FILE, .providers = text)},
        {.call = orc_sql_provider_clear(.source = OF_THE_FILE)},
        {.call = orc_sql_provider_fill(.source = OF_THE_FILE, .providers = text)},
    };

    return orc_db_write(source, steps, sizeof steps / sizeof *steps, 0, pool);
}
